"""Runs a job with its settings in the environment, and keeps a record from before its start until after its end."""

import errno
import os
import platform
import signal
import socket
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import Any, Final, NamedTuple

from ..base import AptSettings, background_of, settings_of
from ..basics.escaping import bytes_escaped, escaped
from ..basics.files import remove_drafts
from ..basics.packages import UNKNOWN, version_of
from ..errors import CannotWriteError, SettingsError
from ..fingerprint import changed
from ..pin import Pin
from ..sources.controls import CONTROLS
from ..sources.names import variable_of
from ..sources.record import FILE_NAME, SIZE_LIMIT, Record, Run, read
from ..variables import (
    CONTAINER_IMAGE,
    ENV_FILE,
    EXPECT,
    FOREIGN,
    NO_FILE,
    RUN_DIR,
    given_by,
    let_pass,
    secrets_of,
    variables,
    without_secrets,
)
from .conflicts import conflicts_with
from .git import repository
from .joining import Newcomer, is_of_start
from .nodes import COMPLETION_INDEX, STARTS
from .peers import Peer, write_peer
from .process import CannotStartError, ChildProcess
from .store import as_json, find_finished, new_folder, record_of, write, written_time
from .traces import log_here, note_on_code

_PACKAGES: Final = ("apt-settings", "pydantic", "pydantic-settings", "python-dotenv")
_TRAINERS: Final = ("torch", "transformers", "peft")
"""Packages whose versions are recorded where they are installed."""
_SCHEDULER: Final = (
    *STARTS,
    "SLURM_ARRAY_JOB_ID",
    "SLURM_ARRAY_TASK_ID",
    "SLURM_PROCID",
    "SLURM_JOB_NAME",
    "SLURM_JOB_NODELIST",
    COMPLETION_INDEX,
)


_IMAGES: Final = (CONTAINER_IMAGE, "APPTAINER_CONTAINER", "SINGULARITY_CONTAINER")
"""Who says in which image a process runs: `job kubernetes` and `job docker`, and Apptainer and Singularity themselves
(apptainer.org, user guide, "Environment and Metadata")."""
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
    ours = {variable_of(name) for name in (*settings_of(settings), *CONTROLS)} - {FOREIGN, *secrets}
    others = {name: value for name, value in environ.items() if name not in ours}
    controls = {variable_of(name): word for name, word in settings.controls.items()}
    texts = variables(settings)
    told = given_by(settings.origins, texts)
    pin = {EXPECT: str(Pin.of(settings))} if background_of(settings).layers.winner("expect") else {}
    return {**let_pass(settings), **others, **secrets, **texts, **controls, **told, **pin, ENV_FILE: NO_FILE}


def run_recorded(
    settings: AptSettings,
    command: Sequence[str],
    environ: Mapping[str, str],
    template: Path,
    *,
    resume: bool,
    once: bool,
    rank: str = "",
    sample: str = "",
    here: Run | None = None,
    warn: Callable[[str], None] = print,
    begin: Callable[[Path], None] = lambda _folder: None,
) -> Outcome:
    """Run a command and keep its record in a new folder below `template`, or with `resume` in that folder itself.

    `{fingerprint}` in `template` is the fingerprint. `begin` gets the folder before the command starts. With `once`,
    nothing runs if the folder has a run with the same fingerprint that ended well. A process of a job that is not its
    first one has a `rank`: it writes no record, and joins that of the first one if its settings are the same. `here` is
    what `run_here` has found out already.

    Raises SettingsError before the start if the folder holds the record of other settings, and on systems other than
    Linux; of its kind CannotWriteError if the folder cannot be written or is in use.
    """
    if not hasattr(signal, "sigtimedwait") or find_spec("fcntl") is None:  # macOS, Windows
        fix = "leave it out, and the command runs without a record"
        raise SettingsError.at("--record", "needs signals that this system does not have: it runs on Linux", fix=fix)
    record = record_of(settings, sample)
    parent = Path(str(template).replace("{fingerprint}", record.fingerprint))
    if once and (earlier := find_finished(parent, record)):
        file, finished = earlier
        if not (rank and is_of_start(finished)):
            return Outcome(0, f"skipped: {file} has ended well with the same settings")
    if rank:
        return _join(Newcomer(record, template, resume=resume), rank, command, environ, warn, begin)
    with ExitStack() as until_the_end:
        with _explain_os_errors(parent):
            folder = parent if resume else new_folder(parent, record.fingerprint)
            folder.mkdir(parents=True, exist_ok=True)
            until_the_end.enter_context(_hold(folder, warn))
            remove_drafts(folder / FILE_NAME)
            record = _begin(folder, record, here or run_here(command, settings), warn)
            _refuse_too_long(folder, record)
            write(folder, record)
        begin(folder)
        return _watch(folder, record, command, {**environ, RUN_DIR: str(folder.absolute())})


def _join(
    newcomer: Newcomer,
    rank: str,
    command: Sequence[str],
    environ: Mapping[str, str],
    warn: Callable[[str], None],
    begin: Callable[[Path], None],
) -> Outcome:
    """Run the command of a process that is not the first of its job."""
    found = newcomer.wait(warn)
    if found is None:
        end, message = _end_of(command, environ)
        return Outcome(end["exit_status"], message)
    folder, attempt = found
    begin(folder)
    peer = Peer(rank=rank, host=bytes_escaped(socket.gethostname()), attempt=attempt, start=_now())
    write_peer(folder, peer)
    end, message = _end_of(command, {**environ, RUN_DIR: str(folder.absolute())})
    write_peer(folder, peer.model_copy(update=end))
    return Outcome(end["exit_status"], message)


def _refuse_too_long(folder: Path, record: Record) -> None:
    """Raise SettingsError for a record that nothing could read again."""
    size = len(as_json(record).encode())
    if size > SIZE_LIMIT - _MARGIN:
        wrong = f"would have a record of {size:,} bytes, with {len(record.runs)} runs, and {SIZE_LIMIT:,} are the most"
        raise SettingsError.at(f"--record {escaped(str(folder))}", wrong, fix="take a new folder, or a shorter command")


@contextmanager
def _explain_os_errors(parent: Path) -> Generator[None, None, None]:
    """Raise a CannotWriteError that names the folder in place of an OSError."""
    try:
        yield
    except OSError as error:
        in_use = isinstance(error, BlockingIOError)
        wrong = f"is in use by {_holder_of(parent)}" if in_use else f"cannot be written: {error.strerror}"
        raise CannotWriteError.at(f"--record {escaped(str(parent))}", wrong) from None


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
    """Run a command to its end, and write into its record how it ended; if that fails, the message says so."""
    end, message = _end_of(command, environ)
    try:
        write(folder, record.with_last_run(**end))
    except OSError as error:
        lost = f"the end of the run is not in {folder / FILE_NAME}: {error.strerror}"
        message = f"{message}; {lost}" if message else lost
    return Outcome(end["exit_status"], message)


def _end_of(command: Sequence[str], environ: Mapping[str, str]) -> tuple[dict[str, Any], str]:
    """Run a command to its end: how it ended, and why it could not start."""
    start, message, by_signal = monotonic(), "", None
    try:
        status = ChildProcess(command, environ).wait()
    except CannotStartError as error:
        status, message = error.status, str(error)
    if status < 0:
        status, by_signal = 128 - status, _signal_name(-status)
    seconds = round(monotonic() - start, 1)
    return {"end": _now(), "seconds": seconds, "exit_status": status, "signal": by_signal}, message


def _signal_name(number: int) -> str:
    """The name of a signal: `SIGTERM`, `SIGRTMIN+3`."""
    names = {each.value: each.name for each in signal.Signals}
    return names.get(number, f"SIGRTMIN+{number - signal.SIGRTMIN}" if hasattr(signal, "SIGRTMIN") else str(number))


def _begin(folder: Path, record: Record, run: Run, warn: Callable[[str], None]) -> Record:
    """The record with this run behind those that the folder's record has.

    `warn` gets where the code is not that of the run before. Raises SettingsError if the folder's record is of other
    settings, was edited, or cannot be read.
    """
    if not (folder / FILE_NAME).exists():
        return record.model_copy(update={"runs": (run,)})
    stored = read(folder)
    if wrong := changed(stored):
        raise SettingsError.at(escaped(str(folder)), wrong)
    why = ": --resume goes on only with the same settings"
    if conflicts := [*conflicts_with(stored, folder, record, why)]:
        raise SettingsError(conflicts)
    if stored.runs and (note := note_on_code(stored.runs[-1], run, str(folder))):
        warn(note)
    here = {name: each for name, each in record.settings.items() if not each.is_compared}
    return stored.model_copy(update={"runs": (*stored.runs, run), "settings": {**stored.settings, **here}})


def run_here(command: Sequence[str], settings: AptSettings) -> Run:
    """A run of a command that starts now and here: in this job, with this code, on this machine."""
    return Run(
        command=tuple(map(bytes_escaped, without_secrets(command, settings))),
        start=_now(),
        host=bytes_escaped(socket.gethostname()),
        scheduler={name: bytes_escaped(os.environ[name]) for name in _SCHEDULER if name in os.environ},
        log=log_here(),
        git=repository(),
        versions=_versions(),
        image=next((bytes_escaped(os.environ[name]) for name in _IMAGES if os.environ.get(name)), ""),
    )


def _versions() -> dict[str, str]:
    """Package -> version, by what pip installed: nothing is imported for it."""
    trainers = {name: version for name in _TRAINERS if (version := version_of(name)) != UNKNOWN}
    return {**{name: version_of(name) for name in _PACKAGES}, **trainers, "python": platform.python_version()}


def _now() -> str:
    return written_time(datetime.now(UTC))
