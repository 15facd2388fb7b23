"""Runs a job's command: in place of this process, or as a child of it."""

import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final, NoReturn

from ..basics.environment import for_a_child
from ..basics.exit_status import NOT_EXECUTABLE, NOT_FOUND

_FIRST_LOOK: Final = 0.02  # seconds
_LOOK_AGAIN_AFTER: Final = 1.0
_FROM_KERNEL: Final = 0x80
_FROM_TERMINAL: Final = frozenset(
    getattr(signal, name) for name in ("SIGINT", "SIGQUIT", "SIGHUP", "SIGWINCH") if hasattr(signal, name)
)
# The signals that stop and continue a process act on this process as usual. The signals for faults, such as SIGSEGV,
# concern this process and not the command.
_NOT_PASSED_ON: Final = frozenset(
    getattr(signal, name)
    for name in (
        *("SIGKILL", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGCONT"),
        *("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGTRAP", "SIGSYS"),
    )
    if hasattr(signal, name)
)


class CannotStartError(Exception):
    """The command cannot be started. `status` is a shell's exit status for this: 127 if not found, else 126."""

    def __init__(self, command: str, error: Exception) -> None:
        not_found = isinstance(error, FileNotFoundError | NotADirectoryError | ValueError)
        why = getattr(error, "strerror", None) or error
        if isinstance(error, FileNotFoundError) and command and "/" not in command:
            why = "not found on PATH"
        if isinstance(error, FileNotFoundError) and " " in command:
            why = f"{why}; quotes make it one word: write it without them"
        super().__init__(f"{command or repr(command)}: {why}")
        self.status = NOT_FOUND if not_found else NOT_EXECUTABLE


def become(command: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
    """Replace this process by the command. Raises CannotStartError."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores these, and the command would inherit that
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvpe(command[0], list(command), for_a_child(environ))  # noqa: S606  a shell is not wanted here
    except (OSError, ValueError) as error:  # ValueError: an empty name
        raise CannotStartError(command[0], error) from None


class ChildProcess:
    """A command that runs as a child. It gets the signals that this process gets; as PID 1, this process reaps orphans.

    All signals are blocked from before the start until this process ends. So no signal is lost before the command runs,
    and no signal that comes after its end can replace its status.
    """

    def __init__(self, command: Sequence[str], environ: Mapping[str, str]) -> None:
        """Start the command. Raises CannotStartError."""
        self._signals = signal.valid_signals() - _NOT_PASSED_ON
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # inherited as ignored, it would lose the status
        before = signal.pthread_sigmask(signal.SIG_BLOCK, self._signals)
        defaults = [signal.SIGPIPE, signal.SIGXFSZ]
        try:
            own = for_a_child(environ)
            self._pid = os.posix_spawnp(command[0], list(command), own, setsigmask=before, setsigdef=defaults)
        except (OSError, ValueError) as error:
            raise CannotStartError(command[0], error) from None

    def wait(self) -> int:
        """Wait for the command to end. Returns its exit status, or minus the number of the signal that ended it."""
        limit = _FIRST_LOOK
        while True:
            # Another thread, one that blocks no signals, can take the SIGCHLD: a wait without a limit may never end.
            info = signal.sigtimedwait(self._signals, limit)
            limit = min(2 * limit, _LOOK_AGAIN_AFTER)
            if info is None or info.si_signo == signal.SIGCHLD:
                status = self._reap()
                if status is not None:
                    return status
            elif not self._gets(info):
                with suppress(ProcessLookupError):
                    os.kill(self._pid, info.si_signo)

    def _gets(self, info: signal.struct_siginfo) -> bool:
        """Whether the command gets a signal by itself, from its terminal.

        A hang-up goes to the leader of the session alone, which is this process where ssh or docker starts it.
        """
        leads_session = os.getsid(0) == os.getpid()
        alone = info.si_signo == signal.SIGHUP and leads_session
        return info.si_code == _FROM_KERNEL and info.si_signo in _FROM_TERMINAL and not alone

    def _reap(self) -> int | None:
        """Reap all children that have ended. Returns the command's status if it is among them."""
        status = None
        with suppress(ChildProcessError):
            while (child := os.waitpid(-1, os.WNOHANG)) != (0, 0):
                if child[0] == self._pid:
                    status = os.waitstatus_to_exitcode(child[1])
        return status
