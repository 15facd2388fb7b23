"""What the user most likely meant: the nearest name, the value with its slip mended."""

import re
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from typing import Final

from .escaping import shown

_LONGEST_SLIP: Final = 100
_PERCENT: Final = 10


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
    # A guess is printed as it is: never what a message would escape or cut.
    return next((each for each in candidates if each != text and shown(each)[1:-1] == each and allows(each)), None)


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
