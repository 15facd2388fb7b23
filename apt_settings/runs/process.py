"""A job's command as a process: in place of this one, or watched by it."""

import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final, NoReturn

from ..basics.exit_status import NOT_EXECUTABLE, NOT_FOUND

_LOOK_AGAIN_AFTER: Final = 1.0  # seconds
_FROM_KERNEL: Final = 0x80
_FROM_TERMINAL: Final = frozenset({signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGWINCH})
# What stops and continues a process is left to do so; a fault of this process itself is not the command's.
_NOT_PASSED_ON: Final = frozenset(
    {
        signal.SIGKILL,
        signal.SIGSTOP,
        signal.SIGTSTP,
        signal.SIGTTIN,
        signal.SIGTTOU,
        signal.SIGCONT,
        signal.SIGSEGV,
        signal.SIGBUS,
        signal.SIGFPE,
        signal.SIGILL,
        signal.SIGTRAP,
        signal.SIGSYS,
    }
)


class CannotStartError(Exception):
    """The command cannot be started; `status` is what a shell would end with, 127 or 126."""

    def __init__(self, command: str, error: Exception) -> None:
        super().__init__(f"{command or repr(command)}: {getattr(error, 'strerror', None) or error}")
        not_found = isinstance(error, FileNotFoundError | NotADirectoryError | ValueError)
        self.status = NOT_FOUND if not_found else NOT_EXECUTABLE


def become(command: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
    """Replace this process by the command. Raises CannotStartError."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and what is ignored stays so
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvpe(command[0], list(command), environ)  # noqa: S606  no shell in between is what is wanted
    except (OSError, ValueError) as error:  # ValueError: an empty name
        raise CannotStartError(command[0], error) from None


class Watched:
    """A command that runs as a child: signals to this process reach it, and as PID 1 its orphans are reaped.

    All signals are blocked from before the start until this process ends. So no signal is lost before the command runs,
    and no signal that comes after its end can replace its status.
    """

    def __init__(self, command: Sequence[str], environ: Mapping[str, str]) -> None:
        """Start it. Raises CannotStartError."""
        self._signals = signal.valid_signals() - _NOT_PASSED_ON
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # whoever started us may ignore it, and the end would be missed
        before = signal.pthread_sigmask(signal.SIG_BLOCK, self._signals)
        defaults = [signal.SIGPIPE, signal.SIGXFSZ]
        try:
            self._pid = os.posix_spawnp(command[0], list(command), environ, setsigmask=before, setsigdef=defaults)
        except (OSError, ValueError) as error:
            raise CannotStartError(command[0], error) from None

    def wait(self) -> int:
        """Its exit status once it has ended, negative for the signal that ended it, as subprocess has it."""
        while True:
            # With a limit: a thread that holds no signals can be given the SIGCHLD, and this one would wait for ever.
            info = signal.sigtimedwait(self._signals, _LOOK_AGAIN_AFTER)
            if info is None or info.si_signo == signal.SIGCHLD:
                status = self._reap()
                if status is not None:
                    return status
            elif not (info.si_code == _FROM_KERNEL and info.si_signo in _FROM_TERMINAL):  # those it gets itself
                with suppress(ProcessLookupError):
                    os.kill(self._pid, info.si_signo)

    def _reap(self) -> int | None:
        """The command's status if it is among the children that have ended."""
        ended = None
        with suppress(ChildProcessError):
            while (child := os.waitpid(-1, os.WNOHANG)) != (0, 0):
                if child[0] == self._pid:
                    ended = os.waitstatus_to_exitcode(child[1])
        return ended
