"""The files to check: those that are named, and those of a folder. Nothing outside of the folder is followed."""

import os
import re
import stat
import subprocess
from collections.abc import Iterator
from typing import BinaryIO, Final

from .texts import OURS, SIZE_LIMIT, too_large

_MOST_READ: Final = 256 * SIZE_LIMIT
_GIT: Final = ("git", "-c", "core.fsmonitor=false", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
"""No program runs that a repository names: that is what core.fsmonitor would do."""
_SECONDS: Final = 20
_RECORDS: Final = r"run\.json|node-.+\.json"
_RECORD: Final = rb"""\{\s*"(format|rank)":"""
"""The names of the files in the folder of a record, and how these begin."""
_NOT_ENTERED: Final = frozenset({".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", "venv", ".tox"})


def files_in(folder: str) -> Iterator[str]:
    """The paths of the files below a folder: those that git knows or would add; without git, all."""
    listed = _listed_by_git(folder)
    for path in _walked(folder) if listed is None else listed:
        name = os.path.join(folder, path)
        yield name.removeprefix("./")


def is_in_git(path: str) -> bool:
    """Whether git has a file, or would add it."""
    return bool(_listed_by_git(os.path.dirname(path) or ".", os.path.basename(path)))


def _listed_by_git(folder: str, *paths: str) -> list[str] | None:
    environ = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(
            (*_GIT, "--", *paths), cwd=folder, capture_output=True, check=True, timeout=_SECONDS, env=environ
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return sorted(set(map(os.fsdecode, filter(None, done.stdout.split(b"\0")))))


def _walked(folder: str) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - _NOT_ENTERED)
        yield from (os.path.relpath(os.path.join(parent, name), folder) for name in sorted(names))


def read_found(path: str) -> bytes:
    """What a file of a folder holds, if it may name one of ours; else nothing. A link is not followed.

    Raises UnreadableError for a file that is too large.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return b""  # a link, or gone since it was listed
    with open(descriptor, "rb", buffering=0) as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return b""
        head = stream.read(4096)
        if b"\0" in head:
            return b""  # no text
        if re.fullmatch(_RECORDS, os.path.basename(path)) and re.match(_RECORD, head):
            return b""  # what has run, and no spec
        data = head if len(head) < 4096 else head + _read(stream, SIZE_LIMIT + 1 - len(head))
        return _unless_large(data, stream) if re.search(OURS, data) or len(data) > SIZE_LIMIT else b""


def read(stream: BinaryIO) -> bytes:
    """What a stream holds; nothing where it is large and names nothing of ours. Raises UnreadableError and OSError."""
    return _unless_large(_read(stream, SIZE_LIMIT + 1), stream)


def _read(stream: BinaryIO, size: int) -> bytes:
    """So many bytes, or all there are: a pipe may give fewer at a time."""
    parts = []
    while size > 0 and (part := stream.read(min(size, SIZE_LIMIT))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _unless_large(data: bytes, stream: BinaryIO) -> bytes:
    if len(data) <= SIZE_LIMIT:
        return data
    total, part = len(data), data
    while part and not re.search(OURS, part):
        if total > _MOST_READ:
            break
        behind = _read(stream, SIZE_LIMIT)
        total += len(behind)
        part = part[-4:] + behind if behind else b""
    if not part:
        return b""
    raise too_large()
