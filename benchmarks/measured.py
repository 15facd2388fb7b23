"""All that a run measures: whole processes in turns, and each module of this folder by itself."""

from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import jobs
import plugin
from processes import Cost, Process, ask, in_turns

RECORDS = (1_000, 10_000)
FORMS = {"runs": (), "runs --html": ("--html", "runs.html")}
PINS = ("a job", "a point of a sweep", "a point of a sweep over five tasks")


class Measured(NamedTuple):
    """All that a run found; seconds are of CPU where nothing else is said."""

    starts: Mapping[str, Cost]
    steps: Mapping[str, Cost]
    commands: Mapping[str, Cost]
    inside: Mapping[str, Mapping[str, float]]
    """Library -> seconds of `resolve`, of `alone` (without a `.env`) and of a `point`."""
    pins: Mapping[str, float]
    """What starts -> seconds for verifying its pin."""
    runs: Mapping[str, Mapping[int, Cost]]
    """Command -> number of records -> what it takes."""
    tests: Mapping[str, float]
    """What a test is -> its seconds."""
    scripts: Mapping[str, float]
    """What `scripts.py` prints."""
    growth: Mapping[str, Any]
    """What `growth.py` prints."""
    samples: Mapping[str, Any]
    """What `samples.py` prints."""
    sizes: Mapping[str, tuple[float, str]]
    """What `hostile.py` prints."""
    peaks: Mapping[str, float]
    """Module -> MiB of memory of its process, at most."""


def measure(rounds: int) -> Measured:
    """In the working directory, which has the `.env` of the jobs."""
    some, few = max(1, rounds // 2), max(1, rounds // 15)  # of what takes long
    found = {name: ask(name) for name in ("scripts", "growth", "samples", "hostile")}
    values = {name: value for name, (value, _) in found.items()}
    return Measured(
        starts=in_turns(rounds, jobs.starts()),
        steps=in_turns(rounds, jobs.steps()),
        commands=in_turns(some, jobs.commands()),
        inside=_inside(few),
        pins=_pins(some),
        runs=_runs(Path("records"), few),
        tests=_tests(Path(), few),
        scripts=values["scripts"],
        growth=values["growth"],
        samples=values["samples"],
        sizes=values["hostile"],
        peaks={name: cost.peak for name, (_, cost) in found.items()},
    )


def _inside(rounds: int) -> dict[str, dict[str, float]]:
    """Each library in processes of its own, one after the other."""
    told: dict[str, list[dict[str, float]]] = {name: [] for name in jobs.JOBS}
    for _ in range(rounds):
        for name, job in jobs.JOBS.items():
            told[name].append(ask("inside", job, environ=jobs.ENVIRONMENT)[0])
    return {name: {what: median(each[what] for each in all_) for what in all_[0]} for name, all_ in told.items()}


def _pins(rounds: int) -> dict[str, float]:
    """The first verification in a process, in as many processes."""
    pins = {kind: ask("pins", kind)[0] for kind in PINS}
    taken: dict[str, list[float]] = {kind: [] for kind in PINS}
    for _ in range(rounds):
        for kind, pin in pins.items():
            taken[kind].append(ask("pins", kind, environ={"APT_EXPECT": pin})[0])
    return {kind: median(seconds) for kind, seconds in taken.items()}


def _runs(folder: Path, rounds: int) -> dict[str, dict[int, Cost]]:
    found: dict[str, dict[int, Cost]] = {form: {} for form in FORMS}
    for number in RECORDS:
        records = str(folder / str(number))
        ask("records", records, str(number))
        commands = {
            form: Process(("-m", "apt_settings", "runs", *words, records), {"APT_ENV_FILE": "/dev/null"})
            for form, words in FORMS.items()
        }
        for form, cost in in_turns(rounds, commands).items():
            found[form][number] = cost
    return found


def _tests(folder: Path, rounds: int) -> dict[str, float]:
    """What one test more takes: Python, pytest and imports are in the run of one test, too."""
    costs = in_turns(rounds, {name: each for kind in plugin.KINDS for name, each in plugin.runs(folder, kind).items()})
    return {
        kind: (costs[plugin.name_of(kind, plugin.TESTS)].cpu - costs[plugin.name_of(kind, 1)].cpu) / (plugin.TESTS - 1)
        for kind in plugin.KINDS
    }
