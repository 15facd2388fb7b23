"""Measure apt-settings against its field, and write what it took into docs/performance.md.

    python benchmarks/compare.py [ROUNDS]

Needs `pip install -e '.[cli,benchmark]'`. Everything that is compared is measured in turns in one run, so that a busy
machine slows all of it; times are CPU seconds where it says nothing else, and medians.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import NamedTuple

from inside import LIBRARIES
from processes import Cost, in_turns

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "performance.md"

ENVIRONMENT = {"APT_TARGET_SPARSITY": "0.4", "APT_SEED": "3", "APT_OUTPUT_DIR": "out"}
ENV_FILE = "".join(f"OTHER_TOOL_{number}=value-{number}\n" for number in range(27))
ENV_FILE += "APT_LEARNING_RATE=1e-4\nAPT_BATCH_SIZE=64\nAPT_WARMUP_RATIO=0.1\n"

OURS, BARE = "apt-settings", "pydantic-settings"
JOBS = {
    OURS: "apt_job",
    BARE: "pydantic_job",
    "hydra-core": "hydra_job",
    "dynaconf": "dynaconf_job",
    "typed-settings": "typed_job",
    "tyro": "tyro_job",
}
"""Distribution -> the module in libraries/ that has the settings in its way."""
COMMANDS = {
    "settings, no command": (str(LIBRARIES / "apt_job.py"),),
    "show --format json": ("-m", "apt_settings", "show", "--format", "json"),
    "show": ("-m", "apt_settings", "show"),
    "check": ("-m", "apt_settings", "check"),
}
OWN = str(LIBRARIES / "own_settings.py")
OWN_SETTINGS = {"ten settings of one's own, imported": (OWN,), "ten settings of one's own, named": (OWN, "named")}
SWEEP = 100_000


class Inside(NamedTuple):
    """Seconds of one resolution, one without a `.env` and one point, and how many points were measured."""

    resolve: float
    alone: float
    point: float
    points: int


class Measured(NamedTuple):
    """All that a run found."""

    cold: Mapping[str, Cost]
    commands: Mapping[str, Cost]
    inside: Mapping[str, Inside]
    sweep: float
    """Seconds for checking a sweep."""
    growth: tuple[str, ...]
    """Tables."""
    schedules: float
    """Seconds for a million evaluations."""
    sizes: Mapping[str, tuple[float, str]]


class Goal(NamedTuple):
    """What we want, and what it is."""

    wanted: str
    measured: str
    met: bool


def inside_in_turns(rounds: int, environ: dict[str, str]) -> dict[str, Inside]:
    """Each library in processes of its own, one after the other."""
    said: dict[str, list[Inside]] = {name: [] for name in JOBS}
    for _ in range(rounds):
        for name, job in JOBS.items():
            command = [sys.executable, str(HERE / "inside.py"), job]
            told = json.loads(subprocess.run(command, check=True, capture_output=True, env=environ).stdout)
            said[name].append(Inside(told["resolve"][0], told["alone"][0], *told["point"]))
    return {name: Inside(*map(median, zip(*each, strict=True))) for name, each in said.items()}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(cells) + " |\n" for cells in (head, ["---"] * len(head), *rows)]
    return "".join(lines)


def ms(seconds: float) -> str:
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds * 1e3:,.0f} ms"


def process_rows(costs: Mapping[str, Cost], against: str) -> Iterator[Sequence[str]]:
    for name, (wall, cpu, peak) in costs.items():
        yield name, ms(wall), ms(cpu), f"{cpu / costs[against].cpu:.2f}", f"{peak:.0f} MiB"


def inside_rows(inside: Mapping[str, Inside], sweep: float) -> Iterator[Sequence[str]]:
    bare = inside[BARE].resolve
    yield f"{OURS}, `sweep`", "", "", f"{sweep:,.1f} s", "1", f"{SWEEP:,}"
    for name, (resolve, _, point, points) in inside.items():
        over = f"{point * SWEEP / sweep:,.0f}"
        yield name, ms(resolve), f"{resolve / bare:.2f}", f"{point * SWEEP:,.1f} s", over, f"{points:,.0f}"


def goals(found: Measured) -> list[Goal]:
    bare, ours, point = found.inside[BARE], found.inside[OURS], found.sweep / SWEEP
    added = (found.cold[OURS].cpu - found.cold[BARE].cpu) * 1e3
    imported, named = (found.commands[name].cpu * 1e3 for name in OWN_SETTINGS)
    resolve, alone, hydra = ours.resolve / bare.resolve, bare.alone / point, found.inside["hydra-core"].point / point
    show = found.commands["show --format json"].cpu / found.commands["settings, no command"].cpu
    slowest = max(seconds for name, (seconds, _) in found.sizes.items() if not name.startswith("a job spec"))
    less = "a point of a sweep costs 30 times less than a bare `BaseSettings()` without a `.env`"
    return [
        Goal("a cold start adds at most 20 ms of CPU to a bare class", f"{added:.0f} ms", added <= 20),
        Goal("ten settings of one's own add at most 5 ms of CPU", f"{named - imported:.1f} ms", named - imported <= 5),
        Goal("resolve with origins costs less than a bare `BaseSettings()`", f"{resolve:.2f} of it", resolve < 1),
        Goal(less, f"{alone:.0f} times", alone >= 30),
        Goal("and 1,000 times less than Hydra's compose", f"{hydra:,.0f} times", hydra >= 1_000),
        Goal("`show --format json` takes at most 1.25 of a cold start", f"{show:.2f}", show <= 1.25),
        Goal(
            "no size of `.env`, value, names or record takes 2 s: settled, or refused",
            f"{slowest:.2f} s",
            slowest < 2,
        ),
    ]


def machine(*distributions: str) -> str:
    """What it was measured on, and the versions of these."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
    others = ", ".join(f"{name} {version(name)}" for name in distributions)
    return f"{os.cpu_count()} cores of {cpu}, Linux, Python {platform.python_version()}; {others}."


def measured(rounds: int) -> Measured:
    """In a folder with the `.env`."""
    environ = {**{name: text for name, text in os.environ.items() if not name.startswith("APT_")}, **ENVIRONMENT}
    cold = in_turns(rounds, {name: (str(LIBRARIES / f"{job}.py"),) for name, job in JOBS.items()}, environ)
    commands = in_turns(rounds, {**COMMANDS, **OWN_SETTINGS}, environ)
    inside = inside_in_turns(max(1, rounds // 5), environ)

    import growth  # only now: a process begins with the peak memory of whoever starts it
    import hostile

    sweep = median(growth.checking(SWEEP) for _ in range(3))
    tables = tuple(table(head, rows()) for head, rows in growth.TABLES)
    return Measured(cold, commands, inside, sweep, tables, growth.evaluating(), hostile.measured())


def page(found: Measured) -> str:
    """All tables."""
    process = ("whole process", "wall", "CPU", f"CPU over {BARE}", "peak memory")
    command = ("whole process", "wall", "CPU", "CPU over settings alone", "peak memory")
    inside = ("library", "resolve", f"over {BARE}", f"{SWEEP:,} points", "a point over `sweep`", "points measured")
    wanted = ((each.wanted, each.measured, "yes" if each.met else "**no**") for each in goals(found))
    sizes = ((name, f"{seconds:.2f} s", told) for name, (seconds, told) in found.sizes.items())
    parts = [
        f"{machine(*list(JOBS)[1:])}\n",
        table(("goal", "measured", "met"), wanted),
        "## Cold start\n",
        table(process, process_rows(found.cold, BARE)),
        "## In a running process\n",
        table(inside, inside_rows(found.inside, found.sweep)),
        "## Commands\n",
        table(command, process_rows(found.commands, "settings, no command")),
        "## Growth\n",
        *found.growth,
        f"1,000,000 evaluations of a job's four schedules take {found.schedules:.2f} s.\n",
        "## Hostile sizes\n",
        table(("input", "CPU", "what comes of it"), sizes),
    ]
    return "\n".join(parts)


def write_between(part: str, text: str) -> None:
    """Replace a part of the page: what stands between `<!-- PART: begin -->` and `<!-- PART: end -->`."""
    begin, end = f"<!-- {part}: begin -->", f"<!-- {part}: end -->"
    before, _, rest = PAGE.read_text().partition(begin)
    _, _, after = rest.partition(end)
    PAGE.write_text(f"{before}{begin}\n{text}{end}{after}")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path(".env").write_text(ENV_FILE)
        told = page(measured(rounds))
        os.chdir(HERE)
    write_between("measured", told)


if __name__ == "__main__":
    main()
