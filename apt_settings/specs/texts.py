"""The text of a spec: how large it may be, and whether it may name one of ours."""

from typing import Final

from ..basics.files import UnreadableError, as_text

SIZE_LIMIT: Final = 1024 * 1024
"""The most bytes that a spec may have."""
OURS: Final = rb"(?i)apt[_.-]"
"""A spec without this sets no setting and needs no check. A `.env` is checked all the same, for faulty lines."""
NAMED: Final = b"APT_"
"""Of code and prose that has it, a folder's files are counted."""


def decode(data: bytes) -> str:
    """The text of a spec. Raises UnreadableError if it is too large or no text."""
    if len(data) > SIZE_LIMIT:
        raise too_large()
    try:
        text = as_text(data)
    except UnreadableError as error:
        raise UnreadableError(f"is {error}", error.line) from None
    if "\0" in text:
        raise UnreadableError("is not a text file")
    return text


def too_large() -> UnreadableError:
    """What is said of a spec that is larger than SIZE_LIMIT."""
    return UnreadableError(f"is larger than {SIZE_LIMIT // 1024} KiB, the most that a job spec may have")
