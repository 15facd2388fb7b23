"""What a process that runs was started with: the variables of ours in its environment, by Linux's /proc."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from ..basics.files import UnreadableError, read_bytes
from ..errors import SettingsError
from ..sources.names import is_ours
from ..variables import RUN_DIR

PROC: Final = Path("/proc")
_LIMIT: Final = 16 * 1024 * 1024
"""The most bytes of an environment that are read."""


def variables_of_process(pid: int) -> Mapping[str, str]:
    """Our variables in a process's environment at its start, and no other tool's.

    Of `run --record` itself they are those of its command, which has every setting. Raises SettingsError.
    """
    place = f"--pid {pid}"
    if not PROC.is_dir():
        raise SettingsError.at(place, "needs /proc, which only Linux has")
    try:
        own = _variables(pid)
    except ProcessLookupError:
        raise SettingsError.at(place, "is no process that runs on this machine") from None
    except PermissionError:
        raise SettingsError.at(place, "belongs to another user, and only that user may see its variables") from None
    if RUN_DIR not in own:
        own = next(_of_children(pid), own)
    if not own:
        wrong = "has no APT_ variable: neither apt-settings run nor a shell that sets one has started it"
        raise SettingsError.at(place, wrong)
    return own


def _variables(pid: int) -> Mapping[str, str]:
    """Raises ProcessLookupError and PermissionError."""
    file = PROC / str(pid) / "environ"
    try:
        os.stat(file)
        data = read_bytes(file, _LIMIT)
    except FileNotFoundError:
        raise ProcessLookupError from None
    except UnreadableError as error:  # the process may have ended since
        raise (ProcessLookupError if not file.exists() else PermissionError) from error
    entries = (entry.decode(errors="surrogateescape").partition("=") for entry in data.split(b"\0"))
    return {name: text for name, _, text in entries if is_ours(name)}


def _of_children(pid: int) -> Iterator[Mapping[str, str]]:
    """The variables of each child that `run --record` has started."""
    try:
        children = (PROC / str(pid) / "task" / str(pid) / "children").read_text().split()
    except OSError:  # a kernel without that file
        return
    for child in children:
        try:
            found = _variables(int(child))
        except OSError:
            continue
        if RUN_DIR in found:
            yield found
