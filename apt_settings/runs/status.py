"""How a run has ended, or that it runs: in the same words wherever runs are listed."""

import os
import socket
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final, Literal, get_args

from ..basics.escaping import bytes_escaped
from ..sources.record import Run
from .peers import Peer

Status = Literal["done", "failed", "running", "died", "unknown", "missing"]
STATUSES: Final[tuple[Status, ...]] = get_args(Status)
"""done: ended with status 0. failed: ended otherwise. running: something holds its folder. died: it has no end, and
nothing on its host holds its folder. unknown: it has no end, and its host is another one. missing: a point of a sweep
that no record knows."""


def status_of(folder: Path, run: Run | None) -> Status:
    """The status of the last run in a folder; None is a record that no run has written."""
    if run is None:
        return "unknown"
    if run.end is not None:
        return "failed" if run.exit_status else "done"
    held = _is_held(folder)
    if held:
        return "running"
    is_here = run.host == bytes_escaped(socket.gethostname())
    return "died" if is_here and held is False else "unknown"


def how_ended(status: Status, run: Run | None, peers: Sequence[Peer] = ()) -> str:
    """`done`, `failed with 3`, `failed by SIGKILL`, `running`, `done, process 1 failed with 3`."""
    own = _failure(run) if run and status == "failed" else status
    others = [each for each in peers if each.exit_status or (each.end is None and status in ("done", "failed"))]
    if not others:
        return own
    first = others[0]
    ended = _failure(first) if first.exit_status else "has no end"
    more = f" and {len(others) - 1} more" if len(others) > 1 else ""
    return f"{own}, process {first.rank} {ended}{more}"


def _failure(run: Run | Peer) -> str:
    return f"failed by {run.signal}" if run.signal else f"failed with {run.exit_status}"


def covers(words: Collection[str], status: Status) -> bool:
    """Whether words that a user gives mean a status: what died has failed, too."""
    return status in words or (status == "died" and "failed" in words)


def _is_held(folder: Path) -> bool | None:
    """Whether a run holds a folder, which it does while its command lives; None where that cannot be known."""
    try:
        import fcntl  # not on Windows

        descriptor = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)  # for a moment: a run that starts then is refused
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return None
    finally:
        os.close(descriptor)
    return False
