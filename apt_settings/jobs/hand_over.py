"""Hand a job to the program that launches it, such as sbatch or kubectl."""

import os
import subprocess
from collections.abc import Sequence

from ..basics.exit_status import NOT_EXECUTABLE, NOT_FOUND


class RefusedError(Exception):
    """A launcher refused a job. `status` is the launcher's exit status, or 127 if the launcher is missing."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


def hand_over(command: Sequence[str], text: str, where: str) -> str:
    """Run a launcher with a text as its stdin and return what it prints. Raises RefusedError.

    `where` completes the message for a missing program: `submit where SLURM is`.
    """
    program = command[0]
    try:
        done = subprocess.run(command, input=os.fsencode(text), capture_output=True)
    except FileNotFoundError:
        message = f"there is no {program} on the PATH: submit where {where} is, or leave out --submit"
        raise RefusedError(NOT_FOUND, message) from None
    except OSError as error:
        raise RefusedError(NOT_EXECUTABLE, f"{program} cannot be started: {error.strerror}") from None
    if done.returncode:
        message = os.fsdecode(done.stderr).strip()
        status = done.returncode if done.returncode > 0 else 128 - done.returncode
        raise RefusedError(status, message or f"{program} ended with status {status}")
    return os.fsdecode(done.stdout).strip()
