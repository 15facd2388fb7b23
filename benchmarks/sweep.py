"""What checking a sweep costs: points a second on one core, against `load` for each, and the memory it takes.

    python benchmarks/sweep.py [POINTS]

The environment has 30 variables, as a job's may: what points share is read once, so that they hardly matter.
"""

import sys
import time
import tracemalloc
from collections.abc import Callable

from apt_settings import load
from apt_settings.base import AptSettings
from apt_settings.reading import read
from apt_settings.sweeps import Checker, Sweep, Written, survey, sweep_of
from apt_settings.variables import variables

SPARSITIES = "0.3,0.35,0.4,0.45,0.5"


def grid(points: int) -> Sweep:
    axes = {"task": "mnli,sst2", "target_sparsity": SPARSITIES, "seed": f"1..{points // 10}"}
    return sweep_of([[Written(name, values, f"--grid {name}")] for name, values in axes.items()])


def environment() -> dict[str, str]:
    """30 settings, but for those that vary."""
    given = variables(load({}, None))
    varying = ("APT_TASK", "APT_DATASET", "APT_TARGET_SPARSITY", "APT_SEED")
    return dict([(name, text) for name, text in given.items() if name not in varying][:30])


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def peak(points: int) -> int:
    checker = Checker(grid(points), read(environment(), None, {}, AptSettings.model_fields))
    tracemalloc.start()
    survey(checker, range(points))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def main(points: int) -> None:
    sweep, environ = grid(points), environment()
    checker = Checker(sweep, read(environ, None, {}, AptSettings.model_fields))
    few = min(points, 2_000)
    checked = seconds(lambda: survey(checker, range(points))) / points
    loaded = seconds(lambda: [load(environ, None, **sweep.point(index)) for index in range(few)]) / few
    peak(10)  # what is loaded once, whatever the number of points
    few_memory, many_memory = peak(few // 2), peak(few * 2)
    print(f"checked    {points:,} points at {1 / checked:,.0f} a second")
    print(f"load       {few:,} points at {1 / loaded:,.0f} a second: {loaded / checked:.1f} times as long for each")
    print(f"memory     {few_memory / 1024:.0f} KiB for {few // 2:,} points, {many_memory / 1024:.0f} for {few * 2:,}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
