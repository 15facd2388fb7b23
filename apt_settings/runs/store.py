"""The run record: a `run.json` that says what a job ran with, who set it, where it ran and how it ended."""

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError
from pydantic.fields import FieldInfo

from ..base import AptSettings
from ..basics.escaping import printable, shown, spelt
from ..basics.origins import RELEASE_PLACE, Origin
from ..errors import Problem, SettingsError
from ..fingerprint import VERSION, fingerprint, fingerprint_of
from ..sources.readers import Source

FILE_NAME: Final = "run.json"
FORMAT: Final[Literal[1]] = 1
SIZE_LIMIT: Final = 16 * 1024 * 1024
"""The most bytes that a record may have."""


class Part(BaseModel):
    """What all parts of a record share."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class RecordedSetting(Part):
    """One setting: its value as JSON has it, and its origin as `show` prints it."""

    value: JsonValue
    origin: str


class Repository(Part):
    """Where the working directory of a run is in git."""

    commit: str
    dirty: bool
    """Whether a file that git tracks is changed and not committed."""


class Run(Part):
    """One start of a job's command. Times are UTC in ISO 8601."""

    command: tuple[str, ...]
    start: str
    end: str | None = None
    """None while it runs, and where it was ended together with whoever watched it."""
    exit_status: int | None = None
    """As a shell has it: 128 + n where signal n ended it."""
    signal: str | None = None
    """The signal's name where one ended it."""
    host: str
    scheduler: dict[str, str]
    """The ids of SLURM and Kubernetes, by the name of their variable."""
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
    def is_finished(self) -> bool:
        """Whether the last run ended with status 0."""
        return bool(self.runs) and self.runs[-1].exit_status == 0

    def with_last_run(self, **changes: Any) -> "Record":
        """The same, where its last run ended otherwise."""
        return self.model_copy(update={"runs": (*self.runs[:-1], self.runs[-1].model_copy(update=changes))})


class Difference(NamedTuple):
    """One setting in which two records differ; None where one has no such setting."""

    setting: str
    one: RecordedSetting | None
    other: RecordedSetting | None


def record_of(settings: AptSettings) -> Record:
    """A record of settings that have not run yet."""
    values = settings.model_dump(mode="json")
    told = {name: RecordedSetting(value=values[name], origin=str(by)) for name, by in settings.origins.items()}
    return Record(
        format=FORMAT,
        task=settings.task,
        fingerprint=fingerprint(settings),
        controls=dict(settings.controls),
        settings=told,
    )


def is_record(path: str | os.PathLike[str]) -> bool:
    """Whether a path is that of a record or of a folder that may have one, and not of a `.env`."""
    try:
        if not Path(path).is_file():
            return Path(path).is_dir()  # what a pipe holds can be read once only
        with Path(path).open("rb") as stream:
            return stream.read(64).lstrip().startswith(b"{")
    except (OSError, ValueError):  # ValueError: a path with a NUL
        return False


def read(path: str | os.PathLike[str]) -> Record:
    """The record in a file, or in a folder's `run.json`. Raises SettingsError with what is wrong with it."""
    try:
        file = _file_of(Path(path))
        data, wrong = _content(file)
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        file, data = Path(path), b""
        wrong = f"cannot be read: {getattr(error, 'strerror', None) or error}"
    if not wrong:
        try:
            return Record.model_validate_json(data)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = printable(".".join(map(str, first["loc"])))
            wrong = f"is not a record: {f'{where}: ' if where else ''}{first['msg']}"
    raise SettingsError([Problem("", printable(str(file)), None, wrong)])


def _file_of(path: Path) -> Path:
    """The path itself, or a folder's `run.json`. Raises SettingsError where a folder has none, and OSError."""
    file = path / FILE_NAME if path.is_dir() else path
    if file != path and not file.exists():
        latest = max(path.glob(f"*/{FILE_NAME}"), default=None, key=lambda each: each.stat().st_mtime)
        fix = f"the latest in a folder of it is {printable(str(latest.parent))}" if latest else ""
        raise SettingsError([Problem("", printable(str(path)), None, f"has no {FILE_NAME}", fix=fix)])
    return file


def _content(file: Path) -> tuple[bytes, str]:
    """What a file holds, and what is wrong with it, if anything. Raises OSError."""
    if file.exists() and not file.is_file():
        return b"", "is not a file"
    with file.open("rb") as stream:
        data = stream.read(SIZE_LIMIT + 1)
    if len(data) > SIZE_LIMIT:
        return b"", f"is larger than {SIZE_LIMIT // 1024**2} MiB, the most that a record may have"
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return b"", "is not a record: it is not JSON"
    version = content.get("format") if isinstance(content, dict) else None
    if isinstance(version, int) and version > FORMAT:
        return b"", f"is of format {version}, of a newer apt-settings; this one reads format {FORMAT}"
    return data, ""


def verify(record: Record, fields: Mapping[str, FieldInfo] = AptSettings.model_fields) -> bool:
    """Whether fingerprint and task are those of the values: no one has changed what the experiment is.

    `fields` are those of the settings' class, where that is a user's own.
    """
    values = {name: each.value for name, each in record.settings.items()}
    return record.fingerprint == fingerprint_of(values, fields) and record.task == values.get("task")


def changed(record: Record, path: str, fields: Mapping[str, FieldInfo] = AptSettings.model_fields) -> list[Problem]:
    """What is wrong with a record that does not verify."""
    version = record.fingerprint.partition("-")[0]
    wrong = "was changed after it was written: its settings are not those of its fingerprint"
    if version != VERSION:
        wrong = f"has a fingerprint of {shown(version)}, and this apt-settings knows {VERSION}: read it with its own"
    return [] if verify(record, fields) else [Problem("", printable(path), None, wrong)]


def differences(one: Record, other: Record) -> list[Difference]:
    """The settings whose values differ, in the order of the first record."""
    names = dict.fromkeys((*one.settings, *other.settings))
    pairs = [Difference(name, one.settings.get(name), other.settings.get(name)) for name in names]
    return [pair for pair in pairs if not (pair.one and pair.other and pair.one.value == pair.other.value)]


def source_of(record: Record, path: str, defaults: Mapping[str, Any]) -> Source:
    """What a record says, as a source: its values, but for defaults that are those of `defaults` still."""
    origins = [
        _origin(path, name, each)
        for name, each in record.settings.items()
        if name == "task" or not (each.origin.startswith("class default") and defaults.get(name, ...) == each.value)
    ]
    given = {origin.variable: origin for origin in origins if origin.variable in defaults}
    if word := record.controls.get("reference"):
        given["reference"] = Origin("record", printable(path), "reference", word, shown(word))
    return Source(given, tuple(origin for origin in origins if origin.variable not in defaults))


def _origin(path: str, name: str, recorded: RecordedSetting) -> Origin:
    """Who gives a recorded value; the release's stays the release's, which no rule of ours can refuse."""
    if re.fullmatch(RELEASE_PLACE, recorded.origin):
        return Origin("release", recorded.origin, name, recorded.value, shown(recorded.value))
    place = printable(f"{path} ({recorded.origin})")
    return Origin("record", place, spelt(name), recorded.value, shown(recorded.value))


def new_folder(parent: Path, name: str) -> Path:
    """A folder that no other run has, below one that is made where it is missing. Raises OSError."""
    parent.mkdir(parents=True, exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    number = 1
    while True:
        folder = parent / f"{name}-{stamp}-{number}"
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder


def write(folder: Path, record: Record) -> None:
    """Put a record into a folder: the old one stands, or the new one, never half of it. Raises OSError."""
    draft = folder / f".{FILE_NAME}"  # one name, as a folder is one run's: what a killed one leaves is written over
    try:
        with draft.open("w", encoding="utf-8") as stream:
            stream.write(as_json(record))
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(folder / FILE_NAME)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    descriptor = os.open(folder, os.O_RDONLY)
    with suppress(OSError):  # not every file system can do this for a folder
        os.fsync(descriptor)
    os.close(descriptor)


def as_json(record: Record) -> str:
    """The record as a person reads it: one line for each setting."""
    content = record.model_dump(mode="json")
    settings = content.pop("settings")
    rows = ",\n".join(f"    {json.dumps(name)}: {json.dumps(each)}" for name, each in settings.items())
    head = json.dumps(content, indent=2).removesuffix("\n}")
    return f'{head},\n  "settings": {{\n{rows}\n  }}\n}}\n'


def last_run(folder: Path) -> str:
    """How the last run of a folder's record ended: `well`, `with 3`, `by SIGTERM`, `not yet`; empty without one."""
    try:
        runs = read(folder).runs if (folder / FILE_NAME).exists() else ()
    except (OSError, SettingsError):
        return "the record cannot be read"
    if not runs:
        return ""
    run = runs[-1]
    if run.end is None:
        return f"not yet, since {run.start}"
    return f"by {run.signal}" if run.signal else f"with {run.exit_status}" if run.exit_status else "well"


def finished(folder: Path, wanted: str) -> Path | None:
    """The record of a finished run with this fingerprint, in a folder or in one below it that begins with it."""
    for file in (folder / FILE_NAME, *sorted(folder.glob(f"{wanted}*/{FILE_NAME}"))):
        try:
            record = read(file)
        except SettingsError:
            continue
        if record.fingerprint == wanted and record.is_finished and verify(record):
            return file
    return None
