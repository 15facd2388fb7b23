"""How a value, a name or a text of others stands in a message: whole lines, no control characters, no one's secret."""

import re
from collections.abc import Collection
from typing import Final

_SHOWN: Final = 80


def shown(value: object) -> str:
    """A value as messages show it: quoted, escaped, and cut to what a terminal line can hold and to what is its own."""
    if isinstance(value, str):
        own = _own_part(value)
        text = repr(own) if own.isprintable() else ascii(own)
        if len(own) < len(value):
            return f"{text[:_SHOWN]}... ({len(value)} characters)"
    else:
        try:
            text = repr(value)
        except Exception:  # an object's own repr may fail, and must not hide what is wrong with its value
            text = object.__repr__(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"


def _own_part(text: str) -> str:
    """A text up to where another NAME=value may begin: a lost quote or line break brings other tools' secrets in."""
    line = re.split(r"[\n\r\0]", text, maxsplit=1)[0]
    last = max(line.rfind("="), line.rfind(":"))
    another = re.search(r"(?!^)[\s;,|&=]", line[: last + 1])
    return line[: another.start()] if another else line


def escaped(text: str) -> str:
    """A text whose characters that a terminal would act on, or not show, are escaped; every other one is as it is."""
    return text if text.isprintable() else "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def spelt(name: str) -> str:
    """A variable's name as messages show it: as it is, or quoted and escaped where it is not the usual word."""
    return name if re.fullmatch(r"[A-Za-z0-9_.-]{1,80}", name) else shown(name)


def listed(names: Collection[str], most: int = 10) -> str:
    """Names as messages list them: `a, b, c and 3 more`."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(map(spelt, [*names][:most])) + more


def bytes_escaped(text: str) -> str:
    """A text from the system, with bytes that are not UTF-8 written as `\\xff`, so that JSON can hold it."""
    return text.encode(errors="surrogateescape").decode(errors="backslashreplace")
