"""Reads the grid and the sample of a sweep from a TOML file."""

import re
import tomllib
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..basics.escaping import escaped, shown, spelt
from ..basics.files import UnreadableError, read_text
from ..errors import SettingsError
from .grid import GridEntry
from .sample import NumberEntry

FILE_LIMIT: Final = 64 * 1024
"""The most bytes that a file with a sweep may have."""
_MANY_DOTS: Final = r"""(?<![\w"'-])(?:[\w"'-]++\s*+\.\s*+){17}"""  # tomllib takes quadratic memory for a.a.a = 1
_BARE_RANGE: Final = r"""^[ \t]*([\w."-]+)[ \t]*=[ \t]*((?:log:)?[-+.eE0-9]+\.\.[-+.:eE0-9]+)"""


class SweepFile(NamedTuple):
    """What a file has of a sweep, as the user wrote it."""

    axes: list[list[GridEntry]]
    """Those of `[grid]`, one for each setting, then one for each `[[zip]]`."""
    sample: list[GridEntry]
    points: NumberEntry | None
    seed: NumberEntry | None


def from_file(path: Path) -> SweepFile:
    """What a TOML file has: the tables `[grid]`, `[[zip]]` and `[sample]`, and `points` and `seed` above them.

    Raises SettingsError if the file cannot be read or has another form.
    """
    name = escaped(str(path))
    content = _read_toml(path, name)
    grid, zipped, sample = content.pop("grid", {}), content.pop("zip", []), content.pop("sample", {})
    numbers = {key: NumberEntry(content.pop(key), f"{name} {key}") for key in ("points", "seed") if key in content}
    wrong = f"has {shown(next(iter(content)))} at its top" if content else ""
    if not isinstance(grid, dict):
        wrong = "has a grid that is not a table [grid]"
    elif not isinstance(zipped, list) or not all(map(_is_table, zipped)):
        wrong = "has a zip that is not a table [[zip]]"
    elif not isinstance(sample, dict):
        wrong = "has a sample that is not a table [sample]"
    if wrong:
        fix = "write [grid], and [[zip]] for settings that vary together, or [sample], with points = 64 above them"
        raise SettingsError.at(name, wrong, fix=fix)
    if isinstance(sample.get("points"), int):  # which no setting takes: TOML gives the last table what stands below it
        raise SettingsError.at(f"{name} [sample] points", "stands in a table", fix="write it above all tables")
    tables = [*({each: grid[each]} for each in grid), *zipped]
    axes = [
        _entries(table, f"{name} {'[grid]' if number < len(grid) else '[[zip]]'}")
        for number, table in enumerate(tables)
    ]
    return SweepFile(axes, _entries(sample, f"{name} [sample]"), numbers.get("points"), numbers.get("seed"))


def _read_toml(path: Path, name: str) -> dict[str, Any]:
    try:
        text = read_text(path, FILE_LIMIT)
    except UnreadableError as error:
        raise SettingsError.at(name, f"cannot be read: {error}") from None
    try:
        if re.search(_MANY_DOTS, text):
            raise ValueError("a key has more than 16 parts")
        return tomllib.loads(text)
    except RecursionError:
        raise SettingsError.at(name, "is nested too deeply") from None
    except ValueError as error:
        bare = re.search(_BARE_RANGE, text, re.MULTILINE)
        fix = f'a range needs quotes: {bare[1]} = "{bare[2]}"' if bare else ""
        raise SettingsError.at(name, f"is not a grid in TOML: {error}", fix=fix) from None


def _entries(table: dict[str, Any], place: str) -> list[GridEntry]:
    return [GridEntry(setting, values, f"{place} {spelt(setting)}") for setting, values in table.items()]


def _is_table(value: object) -> bool:
    return isinstance(value, dict) and bool(value)
