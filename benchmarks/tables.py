"""The tables of docs/performance.md, and how they get into it."""

import os
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

from goals import goals
from jobs import BARE, JOBS, OURS
from measured import Measured
from processes import HERE, Cost

PAGE = HERE.parent / "docs" / "performance.md"
Rows = Iterator[Sequence[str]]


def tables(run: Measured) -> dict[str, str]:
    """Part of the page -> its table."""
    over, records, scripts = (
        f"over {BARE}",
        [f"{number:,} records" for number in next(iter(run.runs.values()))],
        run.scripts,
    )
    return {
        "goals": table(("goal", "measured", "met"), goal_rows(run)),
        "start": table(("cold start", "wall", "CPU", f"CPU {over}", "peak memory"), process_rows(run.starts, BARE)),
        "steps": table(("what a start has behind it", "CPU", "of which this step"), step_rows(run.steps)),
        "inside": table(("library", "resolve", over, "a point of a sweep", "over `sweep`"), inside_rows(run)),
        "commands": table(
            ("whole process", "wall", "CPU", "over no command", "peak memory"),
            process_rows(run.commands, "settings, no command"),
        ),
        "pins": table(("what starts", "verifying its pin"), ((name, ms(each)) for name, each in run.pins.items())),
        "points": table(("points", "checked in", "points a second", "memory allocated at most"), point_rows(run)),
        "designs": table(
            ("varied", *next(iter(run.samples["discrepancies"].values()))),
            ((name, *map("{:.2f}".format, each.values())) for name, each in run.samples["discrepancies"].items()),
        ),
        "settings": table(("settings, all set", "bare `BaseSettings()`", "`load()`", "ratio"), setting_rows(run)),
        "scripts": table(
            ("scripts", "faults made", "found", "other findings", "a script", "peak memory"),
            [
                (
                    *(f"{scripts[name]:,}" for name in ("scripts", "faults", "found", "others")),
                    ms(scripts["seconds"] / scripts["scripts"]),
                    mib(run.peaks["scripts"]),
                )
            ],
        ),
        "runs": table(("command", *records, f"peak memory, {records[-1]}"), run_rows(run)),
        "tests": table(("what runs", "CPU"), ((name, ms(each)) for name, each in run.tests.items())),
        "sizes": table(
            ("input", "CPU", "what comes of it"),
            ((name, f"{seconds:.2f} s", told) for name, (seconds, told) in run.sizes.items()),
        ),
    }


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows))


def ms(seconds: float) -> str:
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds * 1e3:,.0f} ms"


def mib(size: float) -> str:
    return f"{size:.0f} MiB"


def goal_rows(run: Measured) -> Rows:
    for wanted, found, met in goals(run):
        yield wanted, found, "yes" if met else "**no**"


def process_rows(costs: Mapping[str, Cost], against: str) -> Rows:
    for name, (wall, cpu, peak) in costs.items():
        yield name, ms(wall), ms(cpu), f"{cpu / costs[against].cpu:.2f}", mib(peak)


def step_rows(steps: Mapping[str, Cost]) -> Rows:
    first, *others = steps.items()
    yield first[0], ms(first[1].cpu), ms(first[1].cpu)
    for (_, before), (name, cost) in pairwise([first, *others]):
        yield name, ms(cost.cpu), ms(cost.cpu - before.cpu)


def inside_rows(run: Measured) -> Rows:
    count, (seconds, _) = max((int(number), each) for number, each in run.growth["points"].items())
    yield f"{OURS}, `sweep`", "", "", ms(seconds / count), "1"
    for name, each in run.inside.items():
        resolve, point = each["resolve"], each["point"]
        over = resolve / run.inside[BARE]["resolve"]
        yield name, ms(resolve), f"{over:.2f}", ms(point), f"{point / (seconds / count):,.0f}"


def point_rows(run: Measured) -> Rows:
    rows = [(f"{int(number):,} of a grid", int(number), *each) for number, each in run.growth["points"].items()]
    most = rows[-1][1]
    rows += [(f"{most:,} of a {name} of five settings", most, *each) for name, each in run.samples["speeds"].items()]
    for name, number, seconds, size in rows:
        memory = f"{size:,.0f} KiB" if size < 1024 else mib(size / 1024)
        yield name, f"{seconds:.2f} s", f"{number / seconds:,.0f}", memory


def setting_rows(run: Measured) -> Rows:
    for number, (bare, ours) in run.growth["settings"].items():
        yield number, ms(bare), ms(ours), f"{ours / bare:.2f}"


def run_rows(run: Measured) -> Rows:
    for name, costs in run.runs.items():
        yield name, *(f"{cost.wall:.2f} s" for cost in costs.values()), mib(list(costs.values())[-1].peak)


def machine() -> str:
    """What it was measured on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
    others = ", ".join(f"{name} {version(name)}" for name in (*list(JOBS)[1:], "pydantic", "scipy", "pytest"))
    return f"{os.cpu_count()} cores of {cpu}, Linux, Python {platform.python_version()}; {others}."


def write_between(part: str, text: str) -> None:
    """Replace a part of the page: what stands between `<!-- PART: begin -->` and `<!-- PART: end -->`."""
    begin, end = f"<!-- {part}: begin -->", f"<!-- {part}: end -->"
    before, found, rest = PAGE.read_text().partition(begin)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        raise ValueError(f"{PAGE} has no part {part}")
    PAGE.write_text(f"{before}{begin}\n{text}\n{end}{after}")
