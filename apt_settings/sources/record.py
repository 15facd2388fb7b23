"""The run record, a `run.json`: what a job ran with, who set it, where it ran and how it ended; and it as a source."""

import json
import os
import re
from collections.abc import Collection, Mapping
from glob import escape
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from ..basics.escaping import escaped, shown, spelt
from ..basics.files import UnreadableError, read_bytes
from ..basics.origins import Kind, Origin
from ..errors import SettingsError
from ..facts.release import scripts
from ..values import literal, names_in, says
from .names import Names, variable_of
from .readers import Source, source_of
from .release import source_of as released_by

FILE_NAME: Final = "run.json"
FORMAT: Final[Literal[1]] = 1
SIZE_LIMIT: Final = 16 * 1024 * 1024
"""The most bytes that a record may have."""

_DEFAULTS: Final = ("class default", "project default")
_LISTED: Final = 6
"""The most records that a message lists."""
# What records say that were written before they said it themselves.
_RELEASE: Final = r"release (\S+\.(sh|py)(:[\d, -]+)?|transformers [\w. ]+)"
_WHERE_IT_RUNS: Final = ("output_dir", "per_device_batch_size")


class Part(BaseModel):
    """What all parts of a record share."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class RecordedSetting(Part):
    """One setting: its value as JSON has it, and who set it."""

    value: JsonValue
    origin: str
    """As `show` prints it: `environment APT_EPOCHS`, `.env:3`."""
    kind: Kind | None = None
    """What kind of giver that is; None in records that were written before it was recorded."""
    where_it_runs: bool = False
    """Whether it says where the job runs and not what it is, so that the fingerprint leaves it out."""
    group: str = ""
    """The group beside the task's class that it is of, as APT_EXTEND names it; empty for the class's own."""
    at_default: bool = False
    """Whether a setting that is new has its default, so that the fingerprint leaves it out."""
    secret: bool = False
    """Whether its value is not recorded."""
    filled: str = ""
    """Of output_dir, what became of a value with names in braces; empty where it has none."""

    @property
    def is_compared(self) -> bool:
        """Whether two records must share it to be of the same experiment."""
        return not (self.where_it_runs or (self.secret and self.group))


class Repository(Part):
    """Where the working directory of a run is in git."""

    commit: str
    dirty: bool
    """Whether a file that git tracks is changed and not committed."""
    diff: str = ""
    """The first 16 hexadecimal digits of the SHA-256 of `git diff HEAD --binary`; empty where nothing is changed."""


class Run(Part):
    """One start of a job's command. Times are UTC in ISO 8601."""

    command: tuple[str, ...]
    start: str
    end: str | None = None
    """None while it runs, and where it was ended together with whoever watched it."""
    seconds: float | None = None
    """How long it took, by a clock that nobody sets; None where `end` is."""
    exit_status: int | None = None
    """As a shell has it: 128 + n where signal n ended it."""
    signal: str | None = None
    """The signal's name where one ended it."""
    host: str
    scheduler: dict[str, str]
    """The ids, names and nodes of SLURM and Kubernetes, by the name of their variable."""
    image: str = ""
    """The image of the container, where the launcher says it; empty where it does not, or there is none."""
    log: str = ""
    """The file that stderr, or else stdout, of the run goes to; empty where both go elsewhere."""
    git: Repository | None
    versions: dict[str, str]


class Record(Part):
    """What `run.json` holds."""

    format: Literal[1]
    task: str
    fingerprint: str
    runs: tuple[Run, ...] = ()
    """The first start first; a resumed job has several."""
    controls: dict[str, str]
    settings: dict[str, RecordedSetting]

    @property
    def counted(self) -> dict[str, JsonValue]:
        """Name -> value, for all that the fingerprint is made of; a group's setting goes by its variable."""
        return {
            variable_of(name) if each.group else name: each.value
            for name, each in self.settings.items()
            if each.is_compared and not each.at_default
        }

    @property
    def compared(self) -> dict[str, JsonValue]:
        """Setting -> value, for all that two records must share to be of the same experiment."""
        return {name: each.value for name, each in self.settings.items() if each.is_compared}

    @property
    def is_finished(self) -> bool:
        """Whether the last run ended with status 0."""
        return bool(self.runs) and self.runs[-1].exit_status == 0

    def without(self, names: Collection[str]) -> "Record":
        """The same without some of its settings."""
        return self.model_copy(update={"settings": {k: v for k, v in self.settings.items() if k not in names}})

    def with_last_run(self, **changes: Any) -> "Record":
        """The same, where its last run ended otherwise."""
        return self.model_copy(update={"runs": (*self.runs[:-1], self.runs[-1].model_copy(update=changes))})


def locate(path: Path) -> Path:
    """The path itself, or the folder of the one record whose path it begins: `runs/apt1-e6b8`.

    Raises SettingsError where several begin so, and OSError for a path that is none.
    """
    if not path.name or path.exists():
        return path
    found = sorted(str(each.parent) for each in path.parent.glob(f"{escape(path.name)}*/{FILE_NAME}"))
    if len(found) > 1:
        wrong = f"is the beginning of {len(found)} records: {', '.join(map(escaped, found[:_LISTED]))}"
        more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
        raise SettingsError.at(escaped(str(path)), wrong + more, fix="write more of the name")
    return Path(found[0]) if found else path


def is_record(path: str | os.PathLike[str]) -> bool:
    """Whether a path is that of a record or of a folder that may have one, and not of a `.env`."""
    try:
        if not Path(path).is_file():
            return Path(path).is_dir()  # what a pipe holds can be read once only
        with Path(path).open("rb") as stream:
            return stream.read(64).lstrip().startswith(b"{")
    except (OSError, ValueError):  # pragma: no cover - whoever is root may read every file, and newer Pythons a NUL
        return False


def read(path: str | os.PathLike[str]) -> Record:
    """The record in a file, or in the `run.json` of a folder, which may be named by its beginning: `runs/apt1-e6b8`.

    Raises SettingsError with what is wrong with it.
    """
    try:
        file = _file_of(Path(path))
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        wrong = f"cannot be read: {getattr(error, 'strerror', None) or error}"
        raise SettingsError.at(escaped(str(path)), wrong) from None
    record = _parsed(file)
    if all(each.kind is not None for each in record.settings.values()):
        return record
    return record.model_copy(
        update={"settings": {name: _completed(name, each) for name, each in record.settings.items()}}
    )


def _file_of(path: Path) -> Path:
    """The path itself, or a folder's `run.json`. Raises SettingsError where a folder has none, and OSError."""
    path = locate(path)
    if path.name == str(path) and path.name.startswith("apt1-") and not path.exists():
        fix = f"write its folder, too: runs/{escaped(path.name)}"
        raise SettingsError.at(escaped(path.name), "is the beginning of no record here", fix=fix)
    file = path / FILE_NAME if path.is_dir() else path
    if file != path and not file.exists():
        latest = max(path.glob(f"*/{FILE_NAME}"), default=None, key=lambda each: each.stat().st_mtime)
        fix = f"the latest in a folder of it is {escaped(str(latest.parent))}" if latest else ""
        raise SettingsError.at(escaped(str(path)), f"has no {FILE_NAME}", fix=fix)
    return file


def _parsed(file: Path) -> Record:
    name = escaped(str(file))
    if file.exists() and not file.is_file():
        raise SettingsError.at(name, "is not a file")
    try:
        data = read_bytes(file, SIZE_LIMIT)
    except UnreadableError as error:
        raise SettingsError.at(name, f"cannot be read: {error}") from None
    try:
        return Record.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        raise SettingsError.at(name, "is not a record: it is not JSON") from None
    version = content.get("format") if isinstance(content, dict) else None
    if isinstance(version, int) and version > FORMAT:
        wrong = f"is of format {version}, of a newer apt-settings; this one reads format {FORMAT}"
        raise SettingsError.at(name, wrong)
    where = escaped(".".join(map(str, first["loc"])))
    raise SettingsError.at(name, f"is not a record: {f'{where}: ' if where else ''}{first['msg']}")


def _completed(name: str, recorded: RecordedSetting) -> RecordedSetting:
    """A setting of a record that was written before kinds and marks were recorded, with both; any other as it is."""
    if recorded.kind is not None:
        return recorded
    kind: Kind = "environment"
    if recorded.origin.startswith("class default"):
        kind = "class default"
    elif re.fullmatch(_RELEASE, recorded.origin):
        kind = "release"
    return recorded.model_copy(update={"kind": kind, "where_it_runs": name in _WHERE_IT_RUNS})


def source(record: Record, path: str, defaults: Mapping[str, Any], names: Names, *, same: bool) -> Source:
    """What a record gives. A default that is still the default is left out, so that its origin stays that of a default.

    `defaults` are those of today, as JSON has them. `same` says that the job is the recorded one: then an `{index}` in
    output_dir is the number of its point. Another job has none, as the folder of that point is not its own.
    """
    released = _released(record)
    origins = [
        _origin(path, name, _without_index(each) if same else each, released.get(name))
        for name, each in record.settings.items()
        if not each.secret
        if name == "task" or not (each.kind in _DEFAULTS and defaults.get(name, ...) == each.value)
    ]
    if word := record.controls.get("reference"):
        origins.append(Origin("record", escaped(path), "reference", word, shown(word)))
    known = {name: name for name in (*names.settings, "reference")}
    return source_of(origins, names, known)


def _released(record: Record) -> Mapping[str, Origin]:
    """What the release gives to the job of a record that had it for a reference, by its own table."""
    if record.controls.get("reference") != "release":
        return {}
    dataset, architecture = (record.settings.get(name) for name in ("dataset", "architecture"))
    script = scripts().get((str(dataset.value), str(architecture.value))) if dataset and architecture else None
    return released_by(script).values if script else {}


def _without_index(recorded: RecordedSetting) -> RecordedSetting:
    """A setting as it was written; where the number of a point stands in it, as that point had it."""
    has_index = recorded.filled and "index" in names_in(str(recorded.value))
    return recorded.model_copy(update={"value": literal(recorded.filled)}) if has_index else recorded


def _origin(path: str, name: str, recorded: RecordedSetting, released: Origin | None) -> Origin:
    """Who gives a recorded value; only what really is the release's is given by it, which no rule of ours refuses."""
    if recorded.kind == "release" and released and says(released.value, recorded.value):
        return Origin("release", released.source, name, recorded.value, shown(recorded.value))
    place = escaped(f"{path} ({recorded.origin})")
    return Origin("record", place, spelt(name), recorded.value, shown(recorded.value))
