"""What grows, and with what: a sweep with its points, resolution with the number of settings; and the schedules.

    python benchmarks/growth.py

Prints seconds of CPU and KiB as JSON.
"""

import json
import os
import time
import tracemalloc
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from inside import timed
from pydantic import Field, create_model
from pydantic_settings import BaseSettings, SettingsConfigDict

from apt_settings import GlueBigSettings, load
from apt_settings.base import AptSettings
from apt_settings.plan import plan
from apt_settings.registry import registry
from apt_settings.sources.layers import Inputs, read
from apt_settings.sources.names import variable_of
from apt_settings.sweeps.checker import Checker
from apt_settings.sweeps.grid import GridEntry, Sweep, sweep_of
from apt_settings.sweeps.survey import survey
from apt_settings.variables import variables

POINTS: Final = (1_000, 100_000)
SETTINGS: Final = (10, 40, 160)
EVALUATIONS: Final = 1_000_000
WHOLE = Annotated[int, Field(ge=0, le=9)]


def entries(ranges: Mapping[str, str]) -> list[GridEntry]:
    return [GridEntry(name, values, f"--grid {name}") for name, values in ranges.items()]


def grid(points: int) -> Sweep:
    axes = {"task": "mnli,sst2", "target_sparsity": "0.3,0.35,0.4,0.45,0.5", "seed": f"1..{points // 10}"}
    return sweep_of([[each] for each in entries(axes)])


def checker_of(sweep: Sweep) -> Checker:
    """Of an environment with 30 settings, as a job's may be, but for those that vary."""
    varying = {variable_of(name) for name in ("task", "dataset", *sweep.places)}
    given = [(name, text) for name, text in variables(load({}, None)).items() if name not in varying]
    return Checker(sweep, read(Inputs(dict(given[:30]), None), registry().names_of(AptSettings)))


def cpu_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def checking(sweep: Sweep, points: int) -> float:
    """Seconds of CPU for checking so many points."""
    judge = checker_of(sweep)
    return cpu_seconds(lambda: survey(judge, range(points)))


def peak(sweep: Sweep, points: int) -> float:
    """KiB that checking so many points allocates, at most."""
    judge = checker_of(sweep)
    tracemalloc.start()
    survey(judge, range(points))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 1024


def evaluating() -> float:
    """Seconds of CPU for a million evaluations of a job's schedules."""
    job = plan(load({}, None, task="sst2"))
    each = EVALUATIONS // len(job.schedules)
    steps = [job.total_steps * index / each for index in range(each)]
    return cpu_seconds(lambda: [schedule(step) for schedule in job.schedules.values() for step in steps])


class Prefixed(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="APT_")


def bare_of(settings: int) -> float:
    """Seconds of a bare BaseSettings() of so many settings, all of them set."""
    names = [f"extra_{number}" for number in range(settings)]
    extra: Any = dict.fromkeys(names, (WHOLE, 1))
    bare = create_model("Bare", __base__=Prefixed, **extra)
    os.environ |= {f"APT_{name.upper()}": "2" for name in names}
    try:
        return timed(lambda _: bare())
    finally:
        for name in names:
            del os.environ[f"APT_{name.upper()}"]


def ours_of(settings: int) -> float:
    """Seconds of load() with so many settings set: of our own, and beyond those of a subclass with more."""
    own = list(variables(load({}, None)).items())
    more = [f"extra_{number}" for number in range(settings - len(own))]
    declared = {"__annotations__": dict.fromkeys(more, WHOLE), **dict.fromkeys(more, 1)}
    wide: Any = type("Wide", (GlueBigSettings,), declared)
    environ = dict(own[:settings]) | {f"APT_{name.upper()}": "2" for name in more}
    return timed(lambda _: load(environ, None, settings_class=wide))


def measured() -> dict[str, Any]:
    peak(grid(10), 10)  # what is loaded once, whatever the number of points
    return {
        "points": {points: (checking(grid(points), points), peak(grid(points), points)) for points in POINTS},
        "settings": {settings: (bare_of(settings), ours_of(settings)) for settings in SETTINGS},
        "schedules": evaluating(),
    }


if __name__ == "__main__":
    print(json.dumps(measured()))
