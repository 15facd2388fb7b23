"""What the official release does with a job (commit 56eaf8b): its steps, prunings, distillation and learning rate."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Final, NamedTuple

from ..base import AptSettings
from ..facts.architectures import ARCHITECTURES
from ..facts.datasets import DATASETS
from ..facts.release import PRUNING_BATCHES
from ..schedules import PRUNING_START, PruningPoint, Schedule, even_steps, gaps, stepwise, warmed_up

_SHARE_OF_ALPACA: Final = 99
"""Per cent of Alpaca that the release trains on (utils/utils.py:594-601)."""
_AFTER_DISTILLATION: Final = 0.1
"""What the peak of a linear schedule is multiplied by after distillation, but for LLaMA (trainer_minus.py:690-727)."""


class ReleasePlan(NamedTuple):
    """A job of the paper as the release runs it, as far as it gets."""

    settings: AptSettings
    examples: int
    """What it trains on: of Alpaca 99 %."""
    steps_per_epoch: int
    """len(dataloader) // accumulation: what is left of the batches is not counted."""
    total_steps: int
    start: int
    """The step from which on it spreads its prunings."""
    end: int
    """The last pruning; the last step at most."""
    points: tuple[PruningPoint, ...]
    """Its prunings; none where the end is not after the start, which it refuses."""
    distillation: tuple[int, int] | None
    """The first step of distillation, and the step at which it ends; None if it does not distil, or fails before."""

    @property
    def gaps(self) -> list[int]:
        """The steps between one pruning and the next."""
        return gaps([point.step for point in self.points])

    @property
    def warmup_end(self) -> int:
        """The step until which it keeps everything."""
        return self.start + self.settings.sparsity_warmup_epochs * self.steps_per_epoch

    @property
    def schedules(self) -> Mapping[str, Schedule]:
        """Name -> schedule, a function from the step to the value, as far as the release has its own."""
        values = [self.settings.initial_sparsity, *(point.sparsity for point in self.points)]
        return {
            "sparsity": stepwise(self.points, values),
            "distillation weight": self._weight,
            "learning rate": self._rate,
        }

    def _weight(self, step: float) -> float:
        """mu (trainer_minus.py:630-636): it counts from the start of pruning, and within the window alone."""
        first, last = self.distillation or (0, 0)
        if not first <= step < last:
            return 0.0
        return min(1.0, (step - self.start) / (self.end - self.start))

    def _rate(self, step: float) -> float:
        """The schedule until the first pruning; the peak until distillation ends; then a new, smaller schedule.

        Each pruning makes a new optimizer, which the schedule does not reach (trainer_minus.py:690-727, 1818-1828). A
        pruning after the end of distillation does so once more.
        """
        job = self.settings
        resets = [point.step for point in self.points if point.step <= step]
        end = self.distillation[1] if self.distillation else None
        if end is not None and step >= end and end >= max(resets, default=0):
            left, is_smaller = self.total_steps - end, job.lr_scheduler == "linear" and not self._is_llama
            peak = job.learning_rate * (_AFTER_DISTILLATION if is_smaller else 1)
            return warmed_up(peak, job.lr_scheduler, ceil(left * job.warmup_ratio), left)(step - end)
        if resets:
            return job.learning_rate
        warmup = ceil(self.total_steps * job.warmup_ratio)
        return warmed_up(job.learning_rate, job.lr_scheduler, warmup, self.total_steps)(step)

    @property
    def _is_llama(self) -> bool:
        return ARCHITECTURES[self.settings.architecture].family == "llama"


def release_plan(settings: AptSettings, examples: int, batch: int, accumulation: int) -> ReleasePlan | None:
    """The release's plan of a job; None for a task that is none of the paper's.

    `examples` are those of the dataset, `batch` those of one micro-batch on all devices together.
    """
    if settings.task not in DATASETS or settings.architecture not in ARCHITECTURES:
        return None
    seen = examples * _SHARE_OF_ALPACA // 100 if settings.task == "alpaca" else examples
    steps = max(ceil(seen / batch) // accumulation, 1)
    total = steps * settings.epochs
    batches, _ = PRUNING_BATCHES.get(settings.architecture, PRUNING_BATCHES[""])
    start, end = min(total, max(batches + 1, PRUNING_START)), min(total, settings.pruning_end_epoch * steps)
    points = _points(settings, start, end, settings.sparsity_warmup_epochs * steps)
    distillation = _window(settings, points, steps)
    return ReleasePlan(settings, seen, steps, total, start, end, points, distillation)


def _points(settings: AptSettings, start: int, end: int, warmup: int) -> tuple[PruningPoint, ...]:
    """Its prunings, with what its formula gives for them (param_control.py:471-478)."""
    if end <= start:
        return ()
    first, keep, warmup_end = 1 - settings.initial_sparsity, 1 - settings.target_sparsity, start + warmup

    def kept(step: int) -> float:
        if end == warmup_end:  # it divides by zero
            return first if step < end else keep
        return min(first, keep + (first - keep) * ((end - step) / (end - warmup_end)) ** 3)

    return tuple(PruningPoint(step, 1 - kept(step)) for step in even_steps(start, end, settings.num_prunings))


def _window(settings: AptSettings, points: Sequence[PruningPoint], steps: int) -> tuple[int, int] | None:
    """Its distillation (trainer_minus.py:1267-1286).

    It pairs its prunings from the second on with the kept fractions from the first on. It starts one step after the
    first pair that is sparser than the model was, or else after the last.
    """
    if not settings.distill_epochs or len(points) < 2:
        return None
    pairs = zip(points[1:], points, strict=False)
    sparse = (later.step for later, earlier in pairs if earlier.kept < 1 - settings.initial_sparsity)
    first = next(sparse, points[-1].step) + 1
    return first, first + settings.distill_epochs * steps
