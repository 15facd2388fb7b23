"""The values that `--grid`, `--zip` and `--sample` of our commands list: each of them is judged by itself."""

import json
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import Any, Final

from ..errors import SettingsError
from ..sources.names import variable_of
from ..sweeps.grid import GridEntry, Sweep, sweep_of
from ..sweeps.sample import Given, sample_of, spreads_of
from ..values import as_text
from .spec import MARK, Assignment, Fault, assigned, known

OPTIONS: Final = ("--grid", "--zip", "--sample")
_OF_SAMPLE: Final = ("--points", "--sample-seed")
_MOST_VALUES: Final = 1_000
"""The most values of one option that are judged."""


def values_in(option: str, texts: Sequence[tuple[str, int]]) -> Iterator[Assignment | Fault]:
    """Each value that these texts of an option give a setting, or why they cannot be read.

    `seed=1..3` is APT_SEED=1 and APT_SEED=3: what is between two numbers is as good as they are.
    """
    for text, line in texts:
        for setting, written in _pairs(text):
            variable = variable_of(setting)
            if MARK in setting:
                continue
            if isinstance(written, str) and MARK in written:
                yield assigned(variable, written, line)
            elif setting not in (*known().settings, "reference"):
                yield Assignment(variable, "", line)  # its name is judged
            else:
                yield from _values(option, GridEntry(setting, written, option), line)


def sweep_in(words: Sequence[tuple[str, int]]) -> Sweep | None:
    """The sweep that the options of a command make; None without any, and where they are wrong or not all known."""
    given: dict[str, list[str]] = {option: [] for option in (*OPTIONS, *_OF_SAMPLE)}
    for (option, _), (text, _) in pairwise(_split(words)):
        if option in given:
            given[option].append(text)
    grids, zips, samples = ([_pairs(text) for text in given[option]] for option in OPTIONS)
    points, seed = (Given(given[option][-1], option) if given[option] else None for option in _OF_SAMPLE)
    listed = [*grids, *zips, *samples]
    if not listed or not all(listed) or any(MARK in text for texts in given.values() for text in texts):
        return None
    whole = [pairs for pairs, text in zip(zips, given["--zip"], strict=True) if text.startswith("{")]
    alone = [pair for pairs in zips if pairs not in whole for pair in pairs]
    axes = [*grids, *([alone] if alone else []), *whole]
    try:
        sample = sample_of([GridEntry(*pair, "--sample") for pairs in samples for pair in pairs], points, seed)
        return sweep_of([[GridEntry(*pair, "--grid") for pair in axis] for axis in axes], sample)
    except SettingsError:
        return None


def _split(words: Sequence[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    """The words with `--grid=seed=1` as two."""
    for word, line in words:
        option, equals, value = word.partition("=")
        is_ours = equals and option in (*OPTIONS, *_OF_SAMPLE)
        yield from ((option, line), (value, line)) if is_ours else ((word, line),)


def _pairs(text: str) -> list[tuple[str, Any]]:
    """`seed=1..5` -> `[("seed", "1..5")]`; `{"epochs": [20, 40]}` -> `[("epochs", [20, 40])]`."""
    if not text.startswith("{"):
        setting, equals, values = text.partition("=")
        return [(setting, values)] if equals else []
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return list(content.items()) if isinstance(content, dict) else []


def _values(option: str, entry: GridEntry, line: int) -> Iterator[Assignment | Fault]:
    variable = variable_of(entry.setting)
    try:
        if option == "--sample":
            values: Sequence[Any] = spreads_of([entry])[entry.setting].outermost
        else:
            values = sweep_of([[entry]]).columns[0].values
    except SettingsError as error:
        problem = error.problems[0]
        value = f"={problem.value}" if problem.value else ""
        yield Fault(line, variable, f"in {option} {entry.setting}{value} {problem.message}")
        return
    ends = (values[0], values[-1]) if isinstance(values, range) else values
    for value in islice(dict.fromkeys(map(_text, ends)), _MOST_VALUES):
        yield Assignment(variable, value, line)


def _text(value: Any) -> str:
    """A value as a variable would hold it."""
    return value if isinstance(value, str) else as_text(value)
