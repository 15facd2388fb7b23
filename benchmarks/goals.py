"""What we want, and whether a run met it: each a ratio or a difference within the run, where it can be one."""

from typing import NamedTuple, Self

from jobs import BARE, OURS, OWN
from measured import Measured
from plugin import LOADED, PLAIN


class Goal(NamedTuple):
    """What we want, and what it is."""

    wanted: str
    found: str
    met: bool

    @classmethod
    def at_most(cls, limit: float, wanted: str, found: float, form: str = "{:.2f}") -> Self:
        """A goal in whose words `{}` stands for the limit."""
        return cls(wanted.format(f"{limit:,}"), form.format(found), found <= limit)

    @classmethod
    def at_least(cls, limit: float, wanted: str, found: float, form: str = "{:,.0f}") -> Self:
        return cls(wanted.format(f"{limit:,}"), form.format(found), found >= limit)


def goals(run: Measured) -> list[Goal]:
    at_most, at_least, starts, scripts = Goal.at_most, Goal.at_least, run.starts, run.scripts
    job, *points = (seconds * 1e3 for seconds in run.pins.values())
    count, (seconds, _) = max((int(number), each) for number, each in run.growth["points"].items())
    point, ours, bare = seconds / count, run.inside[OURS], run.inside[BARE]
    grid, sample = (count / taken for taken, _ in run.samples["speeds"].values())
    uneven = max(each["`--sample`"] for each in run.samples["discrepancies"].values())
    show, start = run.commands["show --format json"].cpu, run.commands["settings, no command"].cpu
    few, many = (cost.wall for cost in run.runs["runs"].values())
    plugin = (run.tests[LOADED] - run.tests[PLAIN]) * 1e3
    slowest = max(taken for name, (taken, _) in run.sizes.items() if not name.startswith("a job spec"))
    wrong = scripts["faults"] - scripts["found"] + scripts["others"]
    each = scripts["seconds"] / scripts["scripts"] * 1e3
    own = (starts[OWN].cpu - starts[OURS].cpu) * 1e3
    return [
        at_most(
            1.05, "a cold start is at most {} of a bare pydantic-settings class's", starts[OURS].cpu / starts[BARE].cpu
        ),
        at_most(10, "a module with ten settings of one's own adds at most {} ms", own, "{:.1f} ms"),
        at_most(
            0.1, "resolve, with origins, is at most {} of a bare `BaseSettings()`", ours["resolve"] / bare["resolve"]
        ),
        at_most(2, "a job's pin adds at most {} ms to a start", job, "{:.2f} ms"),
        at_most(10, "a sweep's pin adds at most {} ms to the start of a point", max(points), "{:.2f} ms"),
        at_most(1.25, "`show --format json` is at most {} of a start without a command", show / start),
        at_least(30_000, "{} points a second of a grid of five settings", grid),
        at_least(30_000, "{} points a second of a sample of five settings", sample),
        at_least(
            30, "a point of a sweep is {} times cheaper than `BaseSettings()` without a `.env`", bare["alone"] / point
        ),
        at_least(1_000, "and {} times cheaper than Hydra's compose", run.inside["hydra-core"]["point"] / point),
        at_most(1, "1,000,000 evaluations of a job's schedules take at most {} s", run.growth["schedules"], "{:.2f} s"),
        at_most(1.5, "the discrepancy of a sample is at most {} of Sobol's", uneven),
        at_most(0, "`check` makes {} mistakes in 1,700 scripts: a fault missed, or something else found", wrong, "{}"),
        at_most(5, "and takes at most {} ms a script", each, "{:.1f} ms"),
        at_most(1, "`runs` takes at most {} s for 1,000 records", few, "{:.2f} s"),
        at_most(5, "and at most {} s for 10,000", many, "{:.2f} s"),
        at_most(0.5, "the plugin for pytest adds at most {} ms to a test", plugin, "{:.2f} ms"),
        at_most(
            2,
            "no size of `.env`, value, names or record takes more than {} s: settled, or refused",
            slowest,
            "{:.2f} s",
        ),
    ]
