"""Files: those of others, of so many bytes and no more, UTF-8, with a sentence where one is not to be had; and ours."""

import os
from codecs import BOM_UTF8
from contextlib import suppress
from errno import EISDIR
from pathlib import Path
from typing import Final

_KIB: Final = 1024


class UnreadableError(Exception):
    """A file cannot be read. `str()` says why, and holds nothing of the file; `line` is where."""

    def __init__(self, reason: str, line: int = 1) -> None:
        super().__init__(reason, line)
        self.line = line

    def __str__(self) -> str:
        return str(self.args[0])


def read_bytes(path: str | os.PathLike[str], limit: int) -> bytes:
    """What a file holds, of at most `limit` bytes. Raises UnreadableError."""
    try:
        with open(path, "rb") as stream:
            data = stream.read(limit + 1)
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        reason = getattr(error, "strerror", None) or str(error)
    else:
        if len(data) <= limit:
            return data
        size = f"{limit // _KIB**2} MiB" if limit >= _KIB**2 else f"{limit // _KIB} KiB"
        reason = f"larger than {size}, the most that is read"
    raise UnreadableError(reason)


def as_text(data: bytes) -> str:
    """Bytes as UTF-8, a byte-order mark left out. Raises UnreadableError, with the line."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableError("UTF-16, not UTF-8: save it as UTF-8")
    try:
        return data.removeprefix(BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        line = len(data[: error.start].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"))
    # Raised outside the except block: a UnicodeDecodeError carries the whole file, other tools' secrets included.
    raise UnreadableError(f"not UTF-8 in line {line}: save it as UTF-8", line)


def read_text(path: str | os.PathLike[str], limit: int) -> str:
    """The text of a file of at most `limit` bytes. Raises UnreadableError."""
    return as_text(read_bytes(path, limit))


def working_directory() -> str:
    """Its path, for a message; words in its place where it is gone."""
    try:
        return os.getcwd()
    except OSError:
        return "a working directory that is gone"


def write_whole(path: Path, data: bytes) -> None:
    """Write a file completely or not at all. A link in its place is replaced, and never followed.

    Raises OSError, which names the path and not what it is written to meanwhile.
    """
    if path.name in ("", ".."):  # that of . and / is empty
        raise IsADirectoryError(EISDIR, os.strerror(EISDIR), str(path))
    try:
        _write_draft(path, data)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


def _write_draft(path: Path, data: bytes) -> None:
    """Write a file beside the path, then put it there."""
    draft = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    try:
        with open(draft, "xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            draft.unlink()
        raise


def remove_drafts(path: Path) -> None:
    """Remove what `write_whole` left of a file where it was killed. Raises OSError."""
    for draft in path.parent.glob(f".{path.name}.{'[0-9a-f]' * 16}"):
        draft.unlink(missing_ok=True)
