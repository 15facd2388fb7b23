"""What the user most likely meant: the nearest name, the value with its slip mended."""

import re
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from typing import Final

_SHOWN: Final = 80
_LONGEST_SLIP: Final = 100
_PERCENT: Final = 10


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


def printable(text: str) -> str:
    """A text as it is, or escaped where a terminal would act on it."""
    return text if text.isprintable() else ascii(text)


def spelt(name: str) -> str:
    """A variable's name as messages show it: as it is, or quoted and escaped where it is not the usual word."""
    return name if re.fullmatch(r"[A-Za-z0-9_.-]{1,80}", name) else shown(name)


def nearest(word: str, names: Iterable[str]) -> tuple[str, ...]:
    """Up to three of the names that a misspelt word may stand for, the likeliest first.

    Case and punctuation do not count; `lr` finds `learning_rate` by its initials, `sparsity` the names it is part of.
    """
    from difflib import get_close_matches

    by_letters = {_letters(name): name for name in names}
    letters = _letters(word)
    if letters in by_letters:
        return (by_letters[letters],)
    initials = [name for name in by_letters.values() if letters == "".join(part[:1] for part in _parts(name))]
    close = [by_letters[match] for match in get_close_matches(letters, by_letters, n=3, cutoff=0.7)]
    part_of = [name for name in by_letters.values() if word.lower() in _parts(name)]
    return tuple(dict.fromkeys(initials + close + part_of))[:3]


def did_you_mean(words: Iterable[str]) -> str:
    """`did you mean a or b?`, or nothing where there is no guess."""
    choices = " or ".join(words)
    return f"did you mean {choices}?" if choices else ""


def mended(text: str, choices: tuple[str, ...], fraction: bool, allows: Callable[[str], bool]) -> str | None:
    """The text with one common slip mended, if that is allowed: `0,4` -> `0.4`, `60%` -> `0.6`, `adma` -> `adam`.

    `choices` are the words that the setting takes, `fraction` says that 60 may mean 0.6, `allows` judges a candidate.
    """
    if len(text) > _LONGEST_SLIP:
        return None
    plain = _plain(text)
    candidates = [plain, *_numbers(plain, fraction), *_words(plain, choices)]
    return next((candidate for candidate in candidates if candidate != text and allows(candidate)), None)


def _plain(text: str) -> str:
    """Without a comment, a semicolon, quotes and surrounding space, its digits ASCII."""
    import unicodedata

    ascii_digits = "".join(str(unicodedata.decimal(char, char)) for char in text)
    return re.split(r"\s*[#;]", ascii_digits)[0].strip().strip("'\"").strip()


def _numbers(plain: str, fraction: bool) -> list[str]:
    try:
        number = Decimal(re.sub(r"[,\u066b](?!\d{3}$)", ".", plain.rstrip("% ").replace("_", "")))
    except InvalidOperation:
        return []
    if not number.is_finite() or abs(number.adjusted()) > 12:
        return []
    percent = [str((number / 100).normalize())] if plain.endswith("%") or (fraction and number >= _PERCENT) else []
    whole = [str(int(number))] if number == int(number) else []
    return [*percent, str(number), *whole]


def _words(plain: str, choices: tuple[str, ...]) -> list[str]:
    if not choices:
        return []
    guesses = [nearest(item.strip(), choices) for item in plain.split(",")]
    return [",".join(dict.fromkeys(guess[0] for guess in guesses))] if all(guesses) else []


def _parts(name: str) -> list[str]:
    return re.split(r"[_\-/]", name.lower())


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
