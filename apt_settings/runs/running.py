"""Runs a job with its settings in the environment, and keeps a record from before its start until after its end."""

import errno
import os
import platform
import signal
import socket
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

from ..base import AptSettings, settings_of
from ..basics.escaping import bytes_escaped, escaped, shown
from ..basics.files import remove_drafts
from ..basics.packages import version_of
from ..differences import Side, differences
from ..errors import Problem, SettingsError
from ..fingerprint import changed
from ..sources.controls import CONTROLS
from ..sources.names import variable_of
from ..sources.record import FILE_NAME, SIZE_LIMIT, Record, Run, read
from ..variables import ENV_FILE, NO_FILE, RUN_DIR, given_by, let_pass, secrets_of, variables
from .git import repository
from .process import CannotStartError, ChildProcess
from .store import as_json, find_finished, new_folder, record_of, write

_PACKAGES: Final = ("apt-settings", "pydantic", "pydantic-settings", "python-dotenv")
_SCHEDULER_IDS: Final = (
    "SLURM_JOB_ID",
    "SLURM_ARRAY_JOB_ID",
    "SLURM_ARRAY_TASK_ID",
    "SLURM_PROCID",
    "SLURM_RESTART_COUNT",
    "JOB_COMPLETION_INDEX",
)


_NO_LOCKS: Final = frozenset({errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP})
"""What flock fails with where a file system, such as Lustre or NFS, is mounted without locks."""
_MARGIN: Final = 4096
"""Bytes that the end of a run may add to a record."""


class Outcome(NamedTuple):
    """How a recorded run ended."""

    status: int
    """The exit status as in a shell: 128 + the signal if one ended the command."""
    message: str = ""
    """What the user must know besides; empty if nothing."""


def job_environment(environ: Mapping[str, str], settings: AptSettings) -> dict[str, str]:
    """The environment of a job's command: `environ` with every setting as a variable, so that it reads no `.env`.

    A secret that a file holds stays in its file. What APT_UNKNOWN let pass is handed on as it stands, also of a `.env`.
    """
    secrets = secrets_of(settings)
    ours = {variable_of(name) for name in (*settings_of(settings), *CONTROLS)} - secrets.keys()
    others = {name: value for name, value in environ.items() if name not in ours}
    controls = {variable_of(name): word for name, word in settings.controls.items()}
    texts = variables(settings)
    told = given_by(settings.origins, texts)
    return {**let_pass(settings), **others, **secrets, **texts, **controls, **told, ENV_FILE: NO_FILE}


def run_recorded(
    settings: AptSettings,
    command: Sequence[str],
    environ: Mapping[str, str],
    parent: Path,
    *,
    resume: bool,
    once: bool,
    sample: str = "",
    warn: Callable[[str], None] = print,
) -> Outcome:
    """Run a command and keep its record in a new folder below `parent`, or with `resume` in `parent` itself.

    With `once`, nothing runs if `parent` has a run with the same fingerprint that ended well. Raises SettingsError
    before the start if the folder cannot be written, is in use, or holds the record of other settings, and on systems
    other than Linux.
    """
    if not hasattr(signal, "sigtimedwait") or find_spec("fcntl") is None:  # macOS, Windows
        fix = "leave it out, and the command runs without a record"
        raise SettingsError.at("--record", "needs signals that this system does not have: it runs on Linux", fix=fix)
    record = record_of(settings, sample)
    earlier = find_finished(parent, record) if once else None
    if earlier:
        return Outcome(0, f"skipped: {earlier} has ended well with the same settings")
    with ExitStack() as until_the_end:
        with _explain_os_errors(parent):
            folder = parent if resume else new_folder(parent, record.fingerprint)
            folder.mkdir(parents=True, exist_ok=True)
            until_the_end.enter_context(_hold(folder, warn))
            remove_drafts(folder / FILE_NAME)
            record = _begin(folder, record, command)
            _refuse_too_long(folder, record)
            write(folder, record)
        return _watch(folder, record, command, {**environ, RUN_DIR: str(folder.absolute())})


def _refuse_too_long(folder: Path, record: Record) -> None:
    """Raise SettingsError for a record that nothing could read again."""
    size = len(as_json(record).encode())
    if size > SIZE_LIMIT - _MARGIN:
        wrong = f"would have a record of {size:,} bytes, with {len(record.runs)} runs, and {SIZE_LIMIT:,} are the most"
        raise SettingsError.at(f"--record {escaped(str(folder))}", wrong, fix="take a new folder, or a shorter command")


@contextmanager
def _explain_os_errors(parent: Path) -> Generator[None, None, None]:
    """Raise a SettingsError that names the folder in place of an OSError."""
    try:
        yield
    except OSError as error:
        in_use = isinstance(error, BlockingIOError)
        wrong = f"is in use by {_holder_of(parent)}" if in_use else f"cannot be written: {error.strerror}"
        raise SettingsError.at(f"--record {escaped(str(parent))}", wrong) from None


def _holder_of(folder: Path) -> str:
    """The run that holds a folder, in words: `a run that has not ended: on node7 since 2024-05-01T10:00:00+00:00`."""
    try:
        run = read(folder).runs[-1]
    except (SettingsError, IndexError):
        return "a run that has not ended"
    job = f" as SLURM job {run.scheduler['SLURM_JOB_ID']}" if "SLURM_JOB_ID" in run.scheduler else ""
    return f"a run that has not ended: on {run.host} since {run.start}{job}"


@contextmanager
def _hold(folder: Path, warn: Callable[[str], None]) -> Generator[None, None, None]:
    """Keep other runs out of a folder while the command lives. Raises BlockingIOError if a run holds it already."""
    import fcntl  # not on Windows

    first = os.open(folder, os.O_RDONLY)
    descriptor = fcntl.fcntl(first, fcntl.F_DUPFD, 3)  # the command inherits it, and it must not become its stdin
    os.close(first)
    try:
        _lock(descriptor, folder, warn)
        yield
    finally:
        with suppress(OSError):  # what the command left behind, such as a daemon, has inherited the lock
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def _lock(descriptor: int, folder: Path, warn: Callable[[str], None]) -> None:
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        warn(f"{escaped(str(folder))} is on a file system without locks: let one run at a time have it")


def _watch(folder: Path, record: Record, command: Sequence[str], environ: Mapping[str, str]) -> Outcome:
    try:
        status = ChildProcess(command, environ).wait()
    except CannotStartError as error:
        outcome = _finish(folder, record, error.status, None)
        return outcome._replace(message="; ".join(filter(None, [str(error), outcome.message])))
    if status < 0:
        return _finish(folder, record, 128 - status, _signal_name(-status))
    return _finish(folder, record, status, None)


def _finish(folder: Path, record: Record, status: int, by_signal: str | None) -> Outcome:
    """Write the end of the run into the record. If that fails, the outcome has the same status and a message."""
    try:
        write(folder, record.with_last_run(end=_now(), exit_status=status, signal=by_signal))
    except OSError as error:
        return Outcome(status, f"the end of the run is not in {folder / FILE_NAME}: {error.strerror}")
    return Outcome(status)


def _signal_name(number: int) -> str:
    """The name of a signal: `SIGTERM`, `SIGRTMIN+3`."""
    names = {each.value: each.name for each in signal.Signals}
    return names.get(number, f"SIGRTMIN+{number - signal.SIGRTMIN}" if hasattr(signal, "SIGRTMIN") else str(number))


def _begin(folder: Path, record: Record, command: Sequence[str]) -> Record:
    """The record with one more run, which starts now, after the runs that the folder's record has.

    Raises SettingsError if the folder's record is of other settings, was edited, or cannot be read.
    """
    run = Run(
        command=tuple(map(bytes_escaped, command)),
        start=_now(),
        host=bytes_escaped(socket.gethostname()),
        scheduler={name: bytes_escaped(os.environ[name]) for name in _SCHEDULER_IDS if name in os.environ},
        git=repository(),
        versions={**{name: version_of(name) for name in _PACKAGES}, "python": platform.python_version()},
    )
    if not (folder / FILE_NAME).exists():
        return record.model_copy(update={"runs": (run,)})
    stored = read(folder)
    if wrong := changed(stored):
        raise SettingsError.at(escaped(str(folder)), wrong)
    if conflicts := list(_conflicts(folder, stored, record)):
        raise SettingsError(conflicts)
    return stored.model_copy(update={"runs": (*stored.runs, run)})


def _conflicts(folder: Path, stored: Record, record: Record) -> Iterator[Problem]:
    """A problem for each setting whose value is another in the folder's stored record."""
    place = escaped(str(folder / FILE_NAME))
    for name, one, other in differences(_sides(stored), _sides(record)):
        if (one is None and record.settings[name].at_default) or (other is None and stored.settings[name].at_default):
            continue  # a group that came or went, and changes nothing
        wrong = f"was {_describe(one)}, and is {_describe(other)}: --resume goes on only with the same settings"
        yield Problem(f"{place} {name}", wrong, setting=name)


def _sides(record: Record) -> dict[str, Side]:
    return {name: Side(each.value, each.origin) for name, each in record.settings.items()}


def _describe(side: Side | None) -> str:
    return "no setting" if side is None else f"{shown(side.value)} ({escaped(side.origin)})"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
