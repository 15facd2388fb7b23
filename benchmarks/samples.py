"""Samples against grids, and against other designs.

    python benchmarks/samples.py

Prints seconds of CPU, KiB and discrepancies as JSON. Needs the extra `benchmark`.
"""

import json
from collections.abc import Callable
from statistics import fmean, median
from typing import Any, Final

from growth import checking, entries, peak

from apt_settings.sweeps.grid import Sweep, sweep_of
from apt_settings.sweeps.halton import Halton
from apt_settings.sweeps.sample import NumberEntry, sample_of

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


def sweeps() -> dict[str, Sweep]:
    sample = sample_of(entries(SAMPLE), NumberEntry(POINTS, "--points"), None)
    return {"grid": sweep_of([[each] for each in entries(GRID)]), "sample": sweep_of([], sample)}


def speeds() -> dict[str, tuple[float, float]]:
    """Seconds for all points of each, in turns, and the KiB that this allocates."""
    taken: dict[str, list[float]] = {"grid": [], "sample": []}
    for _ in range(ROUNDS):
        for name, sweep in sweeps().items():
            taken[name].append(checking(sweep, POINTS))
    return {name: (median(taken[name]), peak(sweep, POINTS)) for name, sweep in sweeps().items()}


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
    """Settings and points -> design -> mean discrepancy over Sobol's."""
    from scipy.stats import qmc

    found = {}
    for settings, points in DESIGNS:
        means = {
            name: fmean(qmc.discrepancy(design(settings, points, seed), method="L2-star") for seed in SEEDS)
            for name, design in designs().items()
        }
        found[settings, points] = {name: each / means["Sobol, scrambled"] for name, each in means.items()}
    return found


if __name__ == "__main__":
    found = {f"{settings} settings, {points} points": each for (settings, points), each in discrepancies().items()}
    print(json.dumps({"speeds": speeds(), "discrepancies": found}))
