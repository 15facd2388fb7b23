"""The values that `--grid`, `--zip` and `--sample` of our commands list: each of them is judged by itself."""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

from ..errors import SettingsError
from ..sources.names import variable_of
from ..sweeps.grid import GridEntry, sweep_of
from ..sweeps.sample import spreads_of
from ..values import as_text
from .spec import MARK, Assignment, Fault, assigned, known

OPTIONS: Final = ("--grid", "--zip", "--sample")
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
