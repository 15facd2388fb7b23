"""Draws the points of a sweep: each setting that varies against each other one."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from ..basics.escaping import escaped
from ..basics.pictures import figure_for, save
from ..values import as_text
from .grid import Column, Sweep
from .sample import Logarithmic, Sampled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_POINTS: Final = 5_000
_MOST_NUMBERED: Final = 40
"""The numbers of more points would cover each other: they are dots."""
_MOST_WORDS: Final = 12
_LONGEST_WORD: Final = 12
_PANEL: Final = 2.4
"""Inches."""
_COLOUR: Final = "#0072B2"  # of the palette of Okabe and Ito


class Side(NamedTuple):
    """What one side of a panel shows."""

    label: str
    coordinates: list[float]
    """Of each point its value; for a word, its number among all words, moved a little beside others of it."""
    words: tuple[str, ...] = ()
    """What stands at 0, 1, 2 where values are words."""
    is_logarithmic: bool = False


def draw(sweep: Sweep, indices: range, path: Path) -> None:
    """Write a matrix of scatter plots of these points; a logarithmic range has a logarithmic side.

    Few points are their numbers; of very many, the first are drawn. Raises SettingsError for a suffix that no picture
    has, if matplotlib is missing, or if the file cannot be written.
    """
    drawn = indices[:_MOST_POINTS]
    positions = list(zip(*map(sweep.positions, drawn), strict=True))
    sides = [_side(column, at) for axis, at in zip(sweep.axes, positions, strict=True) for column in axis.columns]
    if len(sides) == 1:
        sides.insert(0, Side("point", [float(index) for index in drawn]))
    count = len(sides) - 1
    figure = figure_for(path, (max(4.0, _PANEL * count + 0.8), max(3.5, _PANEL * count + 0.6)))
    few = f"the first {len(drawn):,} of " if len(drawn) < len(indices) else ""
    figure.suptitle(f"{few}{len(indices):,} points", fontsize="medium")
    panels = figure.subplots(count, count, squeeze=False, sharex="col", sharey="row")
    for y, x in ((y, x) for y in range(count) for x in range(count)):
        panel = panels[y][x]
        if x > y:
            panel.set_visible(False)
            continue
        _scatter(panel, sides[x], sides[y + 1], drawn)
        if y == count - 1:
            panel.set_xlabel(sides[x].label)
        if x == 0:
            panel.set_ylabel(sides[y + 1].label)
    save(figure, path)


def _side(column: Column, positions: Sequence[int]) -> Side:
    setting, values, _ = column
    if isinstance(values, Sampled):
        known, is_logarithmic = values.spread.outermost, isinstance(values.spread, Logarithmic)
        among = [values.halton.at(each) * len(known) / values.halton.whole - 0.5 for each in positions]
    else:
        known, is_logarithmic, among = values, False, list(map(float, positions))
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in known):
        return Side(setting, [values[each] for each in positions], is_logarithmic=is_logarithmic)
    return Side(setting, among, tuple(map(as_text, known)))


def _scatter(panel: "Axes", x: Side, y: Side, indices: range) -> None:
    """Draw the points of two sides into a panel."""
    numbered = len(indices) <= _MOST_NUMBERED
    panel.scatter(x.coordinates, y.coordinates, s=0 if numbered else 24, alpha=0.6, linewidths=0, color=_COLOUR)
    numbers: dict[tuple[float, float], list[str]] = {}
    for index, right, up in zip(indices, x.coordinates, y.coordinates, strict=True) if numbered else ():
        numbers.setdefault((right, up), []).append(str(index))
    for (right, up), together in numbers.items():
        panel.text(right, up, ",".join(together), ha="center", va="center", fontsize=7, color=_COLOUR)
    panel.set_xscale("log" if x.is_logarithmic else "linear")
    panel.set_yscale("log" if y.is_logarithmic else "linear")
    panel.margins(0.1)
    panel.grid(color="0.9", linewidth=0.6)
    panel.set_axisbelow(True)
    panel.tick_params(labelsize=7)
    for side, axis in ((x, panel.xaxis), (y, panel.yaxis)):
        if count := len(side.words):
            shown = range(0, count, -(-count // _MOST_WORDS))
            axis.set_ticks(list(shown), [escaped(side.words[each])[:_LONGEST_WORD] for each in shown])
            axis.set_ticks([each - 0.5 for each in range(count + 1)], minor=True)
            axis.grid(visible=False)
            axis.grid(visible=True, which="minor", color="0.9", linewidth=0.6)
            axis.set_tick_params(which="minor", length=0)
