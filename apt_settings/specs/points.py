"""The values that `--grid`, `--zip` and `--sample` of our commands list: each of them is judged by itself."""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice, pairwise
from typing import Any, Final

from ..basics.escaping import spelt
from ..errors import SettingsError
from ..sources.names import variable_of
from ..sweeps.grid import GridEntry, Sweep, axes_of, lone_zip, sweep_of, wrong_index
from ..sweeps.sample import NumberEntry, sample_of, spreads_of
from ..values import as_text
from .spec import MARK, Assignment, Fault, Words, assigned, known

OPTIONS: Final = ("--grid", "--zip", "--sample")
_OF_SAMPLE: Final = ("--points", "--sample-seed")
_ALONE: Final = "write --grid for a setting alone"
_MOST_VALUES: Final = 1_000
"""The most values of one option that are judged."""


def values_in(option: str, texts: Words) -> Iterator[Assignment | Fault]:
    """Each value that these texts of an option give a setting, or why they cannot be read.

    `seed=1..3` is APT_SEED=1 and APT_SEED=3: what is between two numbers is as good as they are.
    """
    for text, line in texts:
        for entry in _entries(option, text):
            setting, written, _ = entry
            variable = variable_of(setting)
            if MARK in setting:
                continue
            if isinstance(written, str) and MARK in written:
                yield assigned(variable, written, line)
            elif setting not in (*known().settings, "reference"):
                yield Assignment(variable, "", line)  # its name is judged
            else:
                yield from _values(option, entry, line)


def sweep_in(words: Words) -> Sweep | None:
    """The sweep that the options of a command make; None without any, and where not all is known.

    Raises SettingsError where they are wrong.
    """
    given: dict[str, list[str]] = {option: [] for option in (*OPTIONS, *_OF_SAMPLE)}
    for (option, _), (text, _) in pairwise(_split(words)):
        if option in given:
            given[option].append(text)
    grids, zips, samples = ([_entries(option, text) for text in given[option]] for option in OPTIONS)
    points, seed = (NumberEntry(given[option][-1], option) if given[option] else None for option in _OF_SAMPLE)
    if not all([*grids, *zips, *samples]) or any(MARK in text for texts in given.values() for text in texts):
        return None
    zipped = [each if text.startswith("{") else each[0] for each, text in zip(zips, given["--zip"], strict=True)]
    if lone := lone_zip(zipped):
        raise SettingsError.at(lone.place, "has no other --zip to vary with", fix=_ALONE)
    sweep = sweep_of(axes_of(chain(*grids), zipped), sample_of([*chain(*samples)], points, seed))
    return sweep if sweep.axes else None


def faults_of_run(sweep: Sweep, sets: Words, indices: Words, line: int) -> Iterator[Fault]:
    """Why `run` refuses its options whatever their values are: what --set and --index say, and the sweep."""
    lines = {text.partition("=")[0]: line for text, line in sets}
    for column in (each for each in sweep.columns if each.setting in lines):
        wrong = f"is given two values: --set {column.setting}, {column.place}"
        yield Fault(lines[column.setting], variable_of(column.setting), wrong)
    if not indices:
        setting, size = variable_of(sweep.columns[0].setting), f"{sweep.size:,}"
        yield Fault(line, setting, f"varies over {size} points, and no --index chooses one")
    for index, place in indices[-1:]:
        if re.fullmatch("[0-9]{1,9}", index) and (wrong := wrong_index(sweep, int(index))):
            yield Fault(place, "", wrong)


def _split(words: Words) -> Iterator[tuple[str, int]]:
    """The words with `--grid=seed=1` as two."""
    for word, line in words:
        option, equals, value = word.partition("=")
        is_ours = equals and option in (*OPTIONS, *_OF_SAMPLE)
        yield from ((option, line), (value, line)) if is_ours else ((word, line),)


def _entries(option: str, text: str) -> list[GridEntry]:
    """That of `seed=1..5`, or those of `{"epochs": [20, 40], "distill_epochs": [10, 20]}`; none of any other text."""
    if not text.startswith("{"):
        setting, equals, values = text.partition("=")
        return [GridEntry(setting, values, f"{option} {spelt(setting)}")] if equals else []
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return [GridEntry(setting, values, f"{option} {spelt(setting)}") for setting, values in content.items()]


def _values(option: str, entry: GridEntry, line: int) -> Iterator[Assignment | Fault]:
    setting, _, place = entry
    variable = variable_of(setting)
    try:
        if option == "--sample":
            values: Sequence[Any] = spreads_of([entry])[setting].outermost
        else:
            values = sweep_of([[entry]]).columns[0].values
    except SettingsError as error:
        problem = error.problems[0]
        value = f"={problem.value}" if problem.value else ""
        yield Fault(line, variable, f"in {place}{value} {problem.message}")
        return
    ends = (values[0], values[-1]) if isinstance(values, range) else values
    for value in islice(dict.fromkeys(map(as_text, ends)), _MOST_VALUES):
        yield Assignment(variable, value, line)
