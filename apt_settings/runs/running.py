"""Running a job: its environment, and a record of it from before the start until after the end."""

import fcntl
import os
import platform
import signal
import socket
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple

from ..base import AptSettings, settings_of
from ..basics.escaping import escaped, shown
from ..differences import Side, differences
from ..errors import Problem, SettingsError
from ..fingerprint import changed
from ..sources.controls import CONTROLS
from ..sources.names import variable_of
from ..sources.record import FILE_NAME, Record, Run, read
from ..variables import ENV_FILE, NO_FILE, variables
from .git import repository
from .process import CannotStartError, Watched
from .store import finished, new_folder, record_of, write

_PACKAGES: Final = ("apt-settings", "pydantic", "pydantic-settings", "python-dotenv")
_SCHEDULER_IDS: Final = (
    "SLURM_JOB_ID",
    "SLURM_ARRAY_JOB_ID",
    "SLURM_ARRAY_TASK_ID",
    "SLURM_PROCID",
    "SLURM_RESTART_COUNT",
    "JOB_COMPLETION_INDEX",
)


class Outcome(NamedTuple):
    """How a recorded run ended."""

    status: int
    """The exit status as a shell has it."""
    message: str = ""
    """What the user must know of it; empty where it is as usual."""


def job_environment(environ: Mapping[str, str], settings: AptSettings) -> dict[str, str]:
    """What a job's command gets: the environment, with every setting as a variable and no `.env` left to read."""
    ours = {variable_of(name) for name in (*settings_of(settings), *CONTROLS)}
    others = {name: value for name, value in environ.items() if name not in ours}
    controls = {variable_of(name): word for name, word in settings.controls.items()}
    return {**others, **variables(settings), **controls, ENV_FILE: NO_FILE}


def run_recorded(
    settings: AptSettings, command: Sequence[str], environ: Mapping[str, str], parent: Path, *, resume: bool, once: bool
) -> Outcome:
    """Run a command and keep its record, in a new folder below `parent`, or in `parent` itself to resume.

    With `once`, nothing runs where a run with the same fingerprint has ended well below `parent`. Raises SettingsError
    before the start: where the folder cannot be written, is in use, or holds the record of other settings.
    """
    record = record_of(settings)
    done = finished(parent, record.fingerprint) if once else None
    if done:
        return Outcome(0, f"skipped: {done} has ended well with the same settings")
    with ExitStack() as until_the_end:
        with _refusing(parent):
            folder = parent if resume else new_folder(parent, record.fingerprint)
            folder.mkdir(parents=True, exist_ok=True)
            until_the_end.enter_context(_hold(folder))
            record = _begin(folder, record, command)
            write(folder, record)
        return _watch(folder, record, command, environ)


@contextmanager
def _refusing(parent: Path) -> Generator[None, None, None]:
    """Make a SettingsError of what keeps a record from being written."""
    try:
        yield
    except OSError as error:
        in_use = isinstance(error, BlockingIOError)
        wrong = f"is in use by {_user_of(parent)}" if in_use else f"cannot be written: {error.strerror}"
        raise SettingsError.at(f"--record {escaped(str(parent))}", wrong) from None


def _user_of(folder: Path) -> str:
    """Whoever is in a folder, as far as its record says."""
    try:
        run = read(folder).runs[-1]
    except (SettingsError, IndexError):
        return "a run that has not ended"
    job = f" as SLURM job {run.scheduler['SLURM_JOB_ID']}" if "SLURM_JOB_ID" in run.scheduler else ""
    return f"a run that has not ended: on {run.host} since {run.start}{job}"


@contextmanager
def _hold(folder: Path) -> Generator[None, None, None]:
    """Keep other runs out of a folder, as long as the command lives. Raises BlockingIOError where one is in."""
    first = os.open(folder, os.O_RDONLY)
    descriptor = fcntl.fcntl(first, fcntl.F_DUPFD, 3)  # it goes to the command, and must not be its stdin
    os.close(first)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _watch(folder: Path, record: Record, command: Sequence[str], environ: Mapping[str, str]) -> Outcome:
    try:
        status = Watched(command, environ).wait()
    except CannotStartError as error:
        outcome = _finish(folder, record, error.status, None)
        return outcome._replace(message="; ".join(filter(None, [str(error), outcome.message])))
    if status < 0:
        return _finish(folder, record, 128 - status, _signal_name(-status))
    return _finish(folder, record, status, None)


def _finish(folder: Path, record: Record, status: int, by_signal: str | None) -> Outcome:
    """Complete the record; where that fails, the status is what it is all the same."""
    try:
        write(folder, record.with_last_run(end=_now(), exit_status=status, signal=by_signal))
    except OSError as error:
        return Outcome(status, f"the end of the run is not in {folder / FILE_NAME}: {error.strerror}")
    return Outcome(status)


def _signal_name(number: int) -> str:
    """`SIGTERM`; real-time signals have no names of their own."""
    known = {each.value: each.name for each in signal.Signals}
    return known.get(number, f"SIGRTMIN+{number - signal.SIGRTMIN}")


def _begin(folder: Path, record: Record, command: Sequence[str]) -> Record:
    """The record with a run that starts now, after those that the folder's record holds."""
    run = Run(
        command=tuple(map(_as_json_has_it, command)),
        start=_now(),
        host=socket.gethostname(),
        scheduler={name: _as_json_has_it(os.environ[name]) for name in _SCHEDULER_IDS if name in os.environ},
        git=repository(),
        versions={**{name: version(name) for name in _PACKAGES}, "python": platform.python_version()},
    )
    if not (folder / FILE_NAME).exists():
        return record.model_copy(update={"runs": (run,)})
    before = read(folder)
    if wrong := changed(before):
        raise SettingsError.at(escaped(str(folder)), wrong)
    if conflicts := list(_conflicts(folder, before, record)):
        raise SettingsError(conflicts)
    return before.model_copy(update={"runs": (*before.runs, run)})


def _conflicts(folder: Path, before: Record, now: Record) -> Iterator[Problem]:
    """A problem for each setting that is not what the folder's record says."""
    place = escaped(str(folder / FILE_NAME))
    for name, one, other in differences(_sides(before), _sides(now)):
        wrong = f"was {_described(one)}, and is {_described(other)}: --resume goes on only with the same settings"
        yield Problem(f"{place} {name}", wrong, setting=name)


def _sides(record: Record) -> dict[str, Side]:
    return {name: Side(each.value, each.origin) for name, each in record.settings.items()}


def _described(side: Side | None) -> str:
    return "no setting" if side is None else f"{shown(side.value)} ({escaped(side.origin)})"


def _as_json_has_it(text: str) -> str:
    """A text whose bytes may be no UTF-8."""
    return os.fsencode(text).decode(errors="backslashreplace")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
