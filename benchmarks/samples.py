"""Measure samples against grids, and against other designs, and write it into docs/performance.md.

    python benchmarks/samples.py

Needs `pip install -e '.[cli,benchmark]'`. Times are CPU seconds, the median of rounds in turns.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from statistics import fmean, median
from typing import Any, Final, NamedTuple

from compare import Goal, machine, table, write_between
from growth import checker_of, cpu_seconds

from apt_settings.sweeps.grid import GridEntry, Sweep, sweep_of
from apt_settings.sweeps.halton import Halton
from apt_settings.sweeps.sample import Given, sample_of
from apt_settings.sweeps.survey import survey

POINTS: Final = 100_000
ROUNDS: Final = 3
SEEDS: Final = range(20)
DESIGNS: Final = ((3, 64), (5, 256), (10, 512))
"""Settings that vary, and points."""
GRID: Final = {
    "learning_rate": "1e-5,3e-5,1e-4,3e-4,1e-3",
    "target_sparsity": "0.3,0.4,0.5,0.6,0.7",
    "batch_size": "8,16,32,64",
    "warmup_ratio": "0,0.05,0.1,0.15,0.2",
    "seed": "1..200",
}
SAMPLE: Final = {
    "learning_rate": "log:1e-5..1e-3",
    "target_sparsity": "0.3..0.7",
    "batch_size": "8,16,32,64",
    "warmup_ratio": "0..0.2",
    "seed": "1..1000000",
}


class Measured(NamedTuple):
    """All that a run found."""

    seconds: Mapping[str, float]
    """`grid` and `sample` -> seconds for checking all points."""
    discrepancies: Mapping[tuple[int, int], Mapping[str, float]]
    """Settings and points -> design -> mean discrepancy over Sobol's."""


def entries(ranges: Mapping[str, str]) -> list[GridEntry]:
    return [GridEntry(name, values, f"--set {name}") for name, values in ranges.items()]


def sweeps() -> dict[str, Sweep]:
    sample = sample_of(entries(SAMPLE), Given(POINTS, "--points"), None)
    return {"grid": sweep_of([[each] for each in entries(GRID)]), "sample": sweep_of([], sample)}


def checking() -> dict[str, float]:
    """Seconds for a point of each, in turns."""
    taken: dict[str, list[float]] = {"grid": [], "sample": []}
    for _ in range(ROUNDS):
        for name, sweep in sweeps().items():
            judge = checker_of(sweep)
            taken[name].append(cpu_seconds(partial(survey, judge, range(POINTS))))
    return {name: median(each) for name, each in taken.items()}


def ours(settings: int, points: int, seed: int) -> Any:
    import numpy

    axes = [Halton(seed, number, f"setting {number}") for number in range(settings)]
    return numpy.array([[axis.at(index) / axis.whole for axis in axes] for index in range(points)])


def designs() -> dict[str, Callable[[int, int, int], Any]]:
    """Design -> settings, points and seed to its points."""
    import numpy
    from scipy.stats import qmc

    return {
        "Sobol, scrambled": lambda settings, points, seed: qmc.Sobol(settings, rng=seed).random(points),
        "`--sample`": ours,
        "Halton, scrambled": lambda settings, points, seed: qmc.Halton(settings, rng=seed).random(points),
        "random": lambda settings, points, seed: numpy.random.default_rng(seed).random((points, settings)),
    }


def discrepancies() -> dict[tuple[int, int], dict[str, float]]:
    from scipy.stats import qmc

    found = {}
    for settings, points in DESIGNS:
        means = {
            name: fmean(qmc.discrepancy(design(settings, points, seed), method="L2-star") for seed in SEEDS)
            for name, design in designs().items()
        }
        found[settings, points] = {name: each / means["Sobol, scrambled"] for name, each in means.items()}
    return found


def goals(found: Measured) -> list[Goal]:
    quick = POINTS / found.seconds["sample"]
    worst = max(each["`--sample`"] for each in found.discrepancies.values())
    return [
        Goal("30,000 points a second of five sampled settings", f"{quick:,.0f}", quick >= 30_000),
        Goal("the discrepancy of a sample is at most 1.5 of Sobol's", f"{worst:.2f}", worst <= 1.5),
    ]


def speed_rows(found: Measured) -> Iterator[Sequence[str]]:
    for name, seconds in found.seconds.items():
        yield f"{POINTS:,} points of a {name}", f"{seconds:.2f} s", f"{POINTS / seconds:,.0f}"


def design_rows(found: Measured) -> Iterator[Sequence[str]]:
    for (settings, points), each in found.discrepancies.items():
        yield str(settings), str(points), *(f"{over:.2f}" for over in each.values())


def page(found: Measured) -> str:
    """All tables."""
    heads = ("settings", "points", *next(iter(found.discrepancies.values())))
    wanted = ((each.wanted, each.measured, "yes" if each.met else "**no**") for each in goals(found))
    parts = [
        f"{machine('scipy')}\n",
        table(("goal", "measured", "met"), wanted),
        table(("five settings vary", "checked in", "points a second"), speed_rows(found)),
        table(heads, design_rows(found)),
    ]
    return "\n".join(parts)


if __name__ == "__main__":
    write_between("samples", page(Measured(checking(), discrepancies())))
