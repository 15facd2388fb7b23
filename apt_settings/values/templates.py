"""Texts with the values of settings in them: `runs/{task}/{seed}`, for a folder that each job shall have for itself."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from .writing import as_text

_PART: Final = re.compile(r"\{\{|\}\}|(?<!\$)\{([A-Za-z_][\w.]*)\}", re.ASCII)
# As Python would take it: `{ seed }`, `{seed:03d}`, `{seed!r}`.
_NEARLY: Final = re.compile(r"\{\{|\}\}|((?<!\$)\{\s*([A-Za-z_][\w.]*)\s*(?:[:!][^{}]*)?\})", re.ASCII)


class UnfitError(Exception):
    """A value that cannot be a part of a path. `str()` says why."""


def names_in(text: str) -> Iterator[str]:
    """The names that stand in braces: `runs/{task}/{{x}}` -> `task`."""
    return (match[1] for match in _PART.finditer(text) if match[1])


def nearly_names_in(text: str) -> Iterator[tuple[str, str]]:
    """What looks like a name in braces and is text, with that name: `runs/{seed:03d}` -> `("{seed:03d}", "seed")`."""
    return ((match[1], match[2]) for match in _NEARLY.finditer(text) if match[1] and not _PART.fullmatch(match[1]))


def fill(text: str, values: Mapping[str, Any]) -> str:
    """The text with each name's value as one part of a path: `runs/{seed}` -> `runs/3`; `{{` and `}}` are braces.

    A `/` in a value becomes `-`. Raises UnfitError for a value that would be no folder, and KeyError for a name that
    has no value.
    """
    return _PART.sub(lambda match: _part(match[1], values) if match[1] else match[0][0], text)


def literal(text: str) -> str:
    """A text that `fill` gives back: `{{` for each brace, where it would read one otherwise, or nearly."""
    return re.sub(r"[{}]", lambda match: match[0] * 2, text) if _NEARLY.search(text) else text


def _part(name: str, values: Mapping[str, Any]) -> str:
    part = as_text(values[name]).replace("/", "-")
    if part.strip(".") == "":
        raise UnfitError(f"{{{name}}} is {part!r}, and no name of a folder")
    return part
