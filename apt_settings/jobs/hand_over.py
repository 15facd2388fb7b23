"""Hand a job to the program that launches it, such as sbatch or kubectl."""

import os
import signal
import subprocess
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from ..basics.escaping import escaped
from ..basics.exit_status import NOT_EXECUTABLE, NOT_FOUND


class RefusedError(Exception):
    """A launcher refused a job. `status` is the launcher's exit status, or 127 if the launcher is missing."""

    def __init__(self, status: int, message: str, left: str = "") -> None:
        self.status = status
        self.left = left
        """What the launcher printed before it refused, such as what it had created by then."""
        super().__init__(message)


class Answer(NamedTuple):
    """What a launcher that took a job says, escaped for a terminal."""

    text: str
    """Its stdout, without the space around it."""
    remarks: tuple[str, ...]
    """The lines of its stderr: warnings of a job that was taken all the same."""


def hand_over(command: Sequence[str], text: str, where: str) -> Answer:
    """Run a launcher with a text as its stdin and return what it says. Raises RefusedError.

    `where` completes the message for a missing program: `submit where SLURM is`.
    """
    program = command[0]
    try:
        with _pipes_may_break():  # a launcher may end before it has read all
            done = subprocess.run(command, input=os.fsencode(text), capture_output=True)
    except FileNotFoundError:
        message = f"there is no {program} on the PATH: submit where {where} is, or leave out --submit"
        raise RefusedError(NOT_FOUND, message) from None
    except OSError as error:
        raise RefusedError(NOT_EXECUTABLE, f"{program} cannot be started: {error.strerror}") from None
    out, err = (stream.decode(errors="backslashreplace").strip() for stream in (done.stdout, done.stderr))
    told = "\n".join(map(escaped, out.splitlines()))
    if done.returncode:
        status = done.returncode if done.returncode > 0 else 128 - done.returncode
        raise RefusedError(status, err or f"{program} ended with status {status}", told)
    if not told:
        raise RefusedError(
            NOT_EXECUTABLE, f"{program} ended well and said nothing: nobody knows what became of the job"
        )
    return Answer(told, tuple(map(escaped, filter(None, err.splitlines()))))


@contextmanager
def _pipes_may_break() -> Generator[None, None, None]:
    """Within the block, a reader that ends early is no end of this process."""
    if not hasattr(signal, "SIGPIPE") or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGPIPE, before)
