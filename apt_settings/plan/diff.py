"""Where the release does otherwise than the plan says: both, side by side, with the place in the release."""

from collections.abc import Iterator, Sequence
from math import ceil
from typing import NamedTuple

from ..schedules import PruningPoint, warmup_length
from ..values import as_text
from .numbers import Plan
from .release import ReleasePlan


class Row(NamedTuple):
    """One thing that the release does otherwise."""

    what: str
    plan: str
    """What the plan has: the paper's, in the steps of transformers' Trainer."""
    release: str
    place: str
    """Where in the release, at commit 56eaf8b."""


def diff(job: Plan) -> list[Row]:
    """The rows in which they differ; none for a task that the release does not have."""
    rows = _rows(job, job.release) if job.release else ()
    return [row for row in rows if row.plan != row.release]


def _rows(job: Plan, release: ReleasePlan) -> Iterator[Row]:
    settings = job.settings
    yield Row("examples", f"{job.examples:,}", _examples(job, release), _place_of_examples(job))
    yield Row(
        "steps",
        job.length,
        f"{release.total_steps:,} = {settings.epochs} epochs x {release.steps_per_epoch:,}",
        "trainer_minus.py",
    )
    if settings.target_sparsity and release.points:
        yield Row("prunings", _spread(job.points), _spread(release.points), "param_control.py:471")
    if settings.distill_epochs and release.distillation:
        yield Row(
            "distillation", _window(job.distillation), _window(release.distillation), "trainer_minus.py:1267-1286"
        )
    if release.points:
        yield Row("learning rate", _rate(job), _release_rate(release), "trainer_minus.py:690-727, 1818-1828")
        together, single = f"up to {job.ranks[1]}, all alike", f"up to {settings.max_rank}, the top half alone"
        yield Row("ranks", together, single, "param_control.py:721-787")


def _examples(job: Plan, release: ReleasePlan) -> str:
    if job.settings.task == "squad" and not job.settings.origin("train_examples").is_override:
        return f"{release.examples:,} features or more: --examples says how many"
    return f"{release.examples:,}"


def _place_of_examples(job: Plan) -> str:
    if job.settings.task == "alpaca":
        return "utils/utils.py:594-601"
    return "a context longer than max_seq_length gives several features"


def _spread(points: Sequence[PruningPoint]) -> str:
    """`400 to 1,000`: its first and its last."""
    return " to ".join(dict.fromkeys(f"{point.step:,}" for point in (points[0], points[-1])))


def _window(steps: tuple[int, int] | None) -> str:
    return f"steps {steps[0]:,} to {steps[1]:,}" if steps else "none"


def _rate(job: Plan) -> str:
    settings, steps = job.settings, warmup_length(job.settings, job.total_steps)
    falls = "constant" if settings.lr_scheduler == "constant" else f"{settings.lr_scheduler} to 0"
    return f"{as_text(settings.learning_rate)} after {steps:,} steps, then {falls}"


def _release_rate(release: ReleasePlan) -> str:
    """What it does from its first pruning on."""
    peak, first = as_text(release.settings.learning_rate), f"{release.points[0].step:,}"
    end = release.distillation[1] if release.distillation else None
    if end is None or end >= release.total_steps or end < release.points[-1].step:
        return f"constant {peak} from step {first} to the end"
    left = release.total_steps - end
    highest = min(ceil(left * release.settings.warmup_ratio), left - 1)  # where its warmup ends
    after = release.schedules["learning rate"](end + highest)
    return f"constant {peak} from step {first} to {end:,}, then up to {after:.3g} and down"
