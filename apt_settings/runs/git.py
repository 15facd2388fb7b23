"""What git says of the working directory, without running anything that a repository configures."""

import os
import subprocess
from collections.abc import Sequence
from typing import Final

from ..sources.record import Repository

_GIT_SECONDS: Final = 20
_GIT_ALONE: Final = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "", "LC_ALL": "C"}
"""It writes nothing, fetches nothing, and reads names byte by byte."""


def repository() -> Repository | None:
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
