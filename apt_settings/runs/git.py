"""Asks git for the commit of the working directory, without running programs that a repository configures."""

import os
import subprocess
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from ..sources.record import Repository

_GIT_SECONDS: Final = 20
_GIT_ENVIRONMENT: Final = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "", "LC_ALL": "C"}
"""With these, git takes no locks, fetches nothing, and prints the same in every locale."""


def repository() -> Repository | None:
    """The commit of the working directory's repository; None if there is no git, no repository or no commit.

    A repository may configure programs for git to run: an fsmonitor and filters, also in its submodules. None is run.
    """
    commit = _git_output("rev-parse", "HEAD")
    if commit is None:
        return None
    keys = r"^filter\..*\.(clean|process|required)$"
    filters = _git_output("config", "-z", "--name-only", "--get-regexp", keys) or b""
    off = ["core.fsmonitor", *map(os.fsdecode, filter(None, filters.split(b"\0")))]
    status = ("status", "--porcelain", "--untracked-files=no", "--ignore-submodules=all")
    changes = _git_output(*status, without=off)
    if changes is None:  # pragma: no cover - git has answered before
        return None
    against = ("diff", "HEAD", "--binary", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all")
    diff = _git_output(*against, without=off) if changes else None
    digest = sha256(diff).hexdigest()[:16] if diff else ""
    return Repository(commit=commit.decode().strip(), dirty=bool(changes), diff=digest)


def _git_output(*arguments: str, without: Sequence[str] = ()) -> bytes | None:
    """The standard output of git, with the configuration keys `without` set to empty; None if git fails."""
    try:
        count = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
        environ = {**os.environ, **_GIT_ENVIRONMENT, "GIT_CONFIG_COUNT": str(count + len(without))}
        for number, name in enumerate(without, start=count):
            environ |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": ""}
        done = subprocess.run(("git", *arguments), capture_output=True, check=True, timeout=_GIT_SECONDS, env=environ)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return done.stdout
