"""Work on a file of others in a child of limited time and memory, as parsers have inputs that take all of both."""

import faulthandler
import resource
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final, TypeVar

from ..basics.files import UnreadableError

SECONDS: Final = 10
"""Of CPU."""
MEMORY: Final = 512 * 1024**2
"""Bytes beyond those that this process has."""

T = TypeVar("T")


def confined(work: Callable[[], T]) -> T:
    """What the work gives, or raises. Raises UnreadableError where it takes more than SECONDS or MEMORY."""
    forking = get_context("fork")
    receiving, sending = forking.Pipe(duplex=False)
    child = forking.Process(target=_work_within_limits, args=(work, sending))
    child.start()
    sending.close()
    try:
        given: T | Exception = receiving.recv()
    except EOFError:
        limits = f"{SECONDS} seconds or {MEMORY // 1024**2} MiB"
        raise UnreadableError(f"takes more than {limits} to read, the most that a job spec may take") from None
    finally:
        child.join()
    if isinstance(given, Exception):
        raise given
    return given


def _work_within_limits(work: Callable[[], object], sending: Connection) -> None:
    faulthandler.disable()  # a parser that has no memory left ends with a signal, which is told in our words
    limits = [(resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_CORE, 0)]
    with suppress(FileNotFoundError):  # only Linux tells what there is to begin with
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limits.append((resource.RLIMIT_AS, pages * resource.getpagesize() + MEMORY))
    for kind, most in limits:
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    try:
        given = work()
    except MemoryError:
        return
    except Exception as error:  # it is raised where the work was asked for
        given = error
    sending.send(given)
