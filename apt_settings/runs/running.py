"""Running a job: its environment, and a record of it from before the start until after the end."""

import fcntl
import os
import platform
import signal
import socket
import subprocess
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple

from ..base import AptSettings
from ..basics.escaping import printable, shown
from ..errors import Problem, SettingsError
from ..sources.controls import CONTROLS
from ..sources.names import PREFIX
from ..variables import ENV_FILE, NO_FILE, variables
from .process import CannotStartError, Watched
from .store import (
    FILE_NAME,
    Record,
    RecordedSetting,
    Repository,
    Run,
    changed,
    differences,
    finished,
    new_folder,
    read,
    record_of,
    write,
)

_PACKAGES: Final = ("apt-settings", "pydantic", "pydantic-settings", "python-dotenv")
_SCHEDULER_IDS: Final = (
    "SLURM_JOB_ID",
    "SLURM_ARRAY_JOB_ID",
    "SLURM_ARRAY_TASK_ID",
    "SLURM_PROCID",
    "SLURM_RESTART_COUNT",
    "JOB_COMPLETION_INDEX",
)
_GIT_SECONDS: Final = 20
_GIT_ALONE: Final = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "", "LC_ALL": "C"}
"""It writes nothing, fetches nothing, and reads names byte by byte."""


class Outcome(NamedTuple):
    """How a recorded run ended: the exit status as a shell has it, and what there is to say of it."""

    status: int
    told: str = ""


def job_environment(environ: Mapping[str, str], settings: AptSettings) -> dict[str, str]:
    """What a job's command gets: the environment, with every setting as a variable and no `.env` left to read."""
    ours = {PREFIX + name.upper() for name in (*type(settings).model_fields, *CONTROLS)}
    others = {name: value for name, value in environ.items() if name not in ours}
    controls = {PREFIX + name.upper(): word for name, word in settings.controls.items()}
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
            until_the_end.enter_context(_held(folder))
            record = _begun(folder, record, command)
            write(folder, record)
        return _watched(folder, record, command, environ)


@contextmanager
def _refusing(parent: Path) -> Generator[None, None, None]:
    """Make a SettingsError of what keeps a record from being written."""
    try:
        yield
    except OSError as error:
        in_use = isinstance(error, BlockingIOError)
        wrong = f"is in use by {_user_of(parent)}" if in_use else f"cannot be written: {error.strerror}"
        raise SettingsError([Problem("", f"--record {printable(str(parent))}", None, wrong)]) from None


def _user_of(folder: Path) -> str:
    """Whoever is in a folder, as far as its record says."""
    try:
        run = read(folder).runs[-1]
    except (SettingsError, IndexError):
        return "a run that has not ended"
    job = f" as SLURM job {run.scheduler['SLURM_JOB_ID']}" if "SLURM_JOB_ID" in run.scheduler else ""
    return f"a run that has not ended: on {run.host} since {run.start}{job}"


@contextmanager
def _held(folder: Path) -> Generator[None, None, None]:
    """Keep other runs out of a folder, as long as the command lives. Raises BlockingIOError where one is in."""
    first = os.open(folder, os.O_RDONLY)
    descriptor = fcntl.fcntl(first, fcntl.F_DUPFD, 3)  # it goes to the command, and must not be its stdin
    os.close(first)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _watched(folder: Path, record: Record, command: Sequence[str], environ: Mapping[str, str]) -> Outcome:
    try:
        status = Watched(command, environ).wait()
    except CannotStartError as error:
        outcome = _ended(folder, record, error.status, None)
        return outcome._replace(told="; ".join(filter(None, [str(error), outcome.told])))
    if status < 0:
        return _ended(folder, record, 128 - status, _signal_name(-status))
    return _ended(folder, record, status, None)


def _ended(folder: Path, record: Record, status: int, by_signal: str | None) -> Outcome:
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


def _begun(folder: Path, record: Record, command: Sequence[str]) -> Record:
    """The record with a run that starts now, after those that the folder's record holds."""
    run = Run(
        command=tuple(map(_as_json_has_it, command)),
        start=_now(),
        host=socket.gethostname(),
        scheduler={name: _as_json_has_it(os.environ[name]) for name in _SCHEDULER_IDS if name in os.environ},
        git=_git(),
        versions={**{name: version(name) for name in _PACKAGES}, "python": platform.python_version()},
    )
    if not (folder / FILE_NAME).exists():
        return record.model_copy(update={"runs": (run,)})
    before = read(folder)
    if conflicts := [*changed(before, str(folder)), *_conflicts(folder, before, record)]:
        raise SettingsError(conflicts)
    return before.model_copy(update={"runs": (*before.runs, run)})


def _conflicts(folder: Path, before: Record, now: Record) -> list[Problem]:
    """A problem for each setting that is not what the folder's record says."""
    return [
        Problem(
            name,
            printable(str(folder / FILE_NAME)),
            None,
            f"was {_told(one)}, and is {_told(other)}: --resume goes on only with the same settings",
        )
        for name, one, other in differences(before, now)
    ]


def _told(setting: RecordedSetting | None) -> str:
    return "no setting" if setting is None else f"{shown(setting.value)} ({printable(setting.origin)})"


def _as_json_has_it(text: str) -> str:
    """A text whose bytes may be no UTF-8."""
    return os.fsencode(text).decode(errors="backslashreplace")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _git() -> Repository | None:
    """The commit of the working directory's repository; None where there is no git or no repository.

    No command that a repository configures is run: neither an fsmonitor nor a filter, nor those of its submodules.
    """
    commit = _git_says("rev-parse", "HEAD")
    if commit is None:
        return None
    found = _git_says("config", "-z", "--name-only", "--get-regexp", r"^filter\..*\.(clean|process|required)$") or b""
    off = ["core.fsmonitor", *map(os.fsdecode, filter(None, found.split(b"\0")))]
    status = ("status", "--porcelain", "--untracked-files=no", "--ignore-submodules=all")
    changes = _git_says(*status, without=off)
    return None if changes is None else Repository(commit=commit.decode().strip(), dirty=bool(changes))


def _git_says(*arguments: str, without: Sequence[str] = ()) -> bytes | None:
    """What git prints, with some of its configuration empty; None where it fails."""
    try:
        given = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
        environ = {**os.environ, **_GIT_ALONE, "GIT_CONFIG_COUNT": str(given + len(without))}
        for number, name in enumerate(without, start=given):
            environ |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": ""}
        done = subprocess.run(("git", *arguments), capture_output=True, check=True, timeout=_GIT_SECONDS, env=environ)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return done.stdout
