"""Reading a file of others: so many bytes and no more, UTF-8, and a sentence where it is not to be had."""

import os
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
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = len(data[: error.start].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"))
    # Raised outside the except block: a UnicodeDecodeError carries the whole file, other tools' secrets included.
    raise UnreadableError(f"not UTF-8 in line {line}: save it as UTF-8", line)


def read_text(path: str | os.PathLike[str], limit: int) -> str:
    """The text of a file of at most `limit` bytes. Raises UnreadableError."""
    return as_text(read_bytes(path, limit))
