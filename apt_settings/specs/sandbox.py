"""Run work in a child process with limited time and memory: some inputs make a parser take all of both."""

import faulthandler
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final, TypeVar

from ..basics.files import UnreadableError

SECONDS: Final = 10
"""The most CPU time of the child."""
MEMORY: Final = 512 * 1024**2
"""The most bytes that the child may add to the memory of this process."""
_SMALL: Final = 8 * 1024
"""In bytes. No parser needs much time or memory for less."""

T = TypeVar("T")


def confine_large(work: Callable[[], T], size: int) -> T:
    """Do the work of reading so many bytes, in a child if they are many. Raises UnreadableError as `confine` does."""
    return work() if size < _SMALL else confine(work)


def confine(work: Callable[[], T]) -> T:
    """Run the work in a child and return its result, or raise its exception.

    Raises UnreadableError if it takes more than SECONDS or MEMORY, and where the system has no limits for a process.
    """
    if find_spec("resource") is None:  # Windows
        raise UnreadableError("has more than 8 KiB, and this system cannot limit what reading it takes")
    forking = get_context("fork")
    receiving, sending = forking.Pipe(duplex=False)
    child = forking.Process(target=_work_within_limits, args=(work, sending))
    child.start()
    sending.close()
    try:
        result: T | Exception = receiving.recv()
    except EOFError:
        limits = f"{SECONDS} seconds or {MEMORY // 1024**2} MiB"
        raise UnreadableError(f"takes more than {limits} to read, the most that a job spec may take") from None
    finally:
        child.join()
    if isinstance(result, Exception):
        raise result
    return result


def _work_within_limits(work: Callable[[], object], sending: Connection) -> None:
    import resource

    faulthandler.disable()  # a parser without memory may crash; the parent reports that, so no traceback is needed
    limits = [(resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_CORE, 0)]
    with suppress(FileNotFoundError):  # only Linux has this file
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limits.append((resource.RLIMIT_AS, pages * resource.getpagesize() + MEMORY))
    for kind, most in limits:
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    try:
        result: object = work()
    except MemoryError:
        return
    except Exception as error:  # the parent raises it
        result = error
    sending.send(result)
