"""Schedules of a job: sparsity, distillation weight, ranks and learning rate at each step.

`sparsity(settings, steps_per_epoch)` returns a function; calling it with a step returns the sparsity at that step. The
other schedules work the same. Every number is a valid step, also before the first step and past the last.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final, NamedTuple, TypeAlias

from .registry.groups import DistillationSettings, PruningSettings, TrainingSettings, TuningSettings

Schedule: TypeAlias = Callable[[float], float]
"""Step -> value."""

PRUNING_START: Final = 200
"""The step at which the release's main scripts start to prune: pre_pruning_tuning_steps. (LLaMA 2 13B: 257.)"""


class PruningPoint(NamedTuple):
    """A step at which blocks are pruned and ranks grow."""

    step: int
    sparsity: float
    """The fraction of prunable parameters that is removed from this step on."""

    @property
    def kept(self) -> float:
        """The fraction of prunable parameters that is left from this step on."""
        return 1 - self.sparsity


def pruning_end(pruning: PruningSettings, steps_per_epoch: int) -> int:
    """The step of the last pruning: pruning_end_epoch x steps_per_epoch (trainer/param_control.py:478)."""
    return pruning.pruning_end_epoch * steps_per_epoch


def cubic_sparsity(pruning: PruningSettings, steps_per_epoch: int) -> Schedule:
    """The release's cubic sparsity at every step s (trainer/param_control.py:478).

        kept(s) = min(start, keep + (start - keep) ((end - s) / (end - warmup_end))^3)
        sparsity(s) = 1 - kept(s)

    start is 1 - initial_sparsity, keep is 1 - target_sparsity, end is `pruning_end`, and warmup_end is 200 +
    sparsity_warmup_epochs x steps_per_epoch. The sparsity is initial_sparsity until warmup_end, then rises, and is
    target_sparsity from end on. If the warmup ends later than the end, the sparsity rises in one step, at the end.
    """
    low, high = pruning.initial_sparsity, pruning.target_sparsity
    end = pruning_end(pruning, steps_per_epoch)
    warmup_end = PRUNING_START + pruning.sparsity_warmup_epochs * steps_per_epoch

    def at(step: float) -> float:
        if step >= end:
            return high
        return low if step <= warmup_end else high - (high - low) * ((end - step) / (end - warmup_end)) ** 3

    return at


def paper_sparsity(pruning: PruningSettings, total_steps: int) -> Schedule:
    """The paper's cubic sparsity over a whole job: high - (high - low) (1 - t/T)^3 (section 4.2).

    low is initial_sparsity, high is target_sparsity, T is total_steps. The paper's gamma is read as density.
    """
    low, high = pruning.initial_sparsity, pruning.target_sparsity

    def at(step: float) -> float:
        if step <= 0:
            return low
        return high if step >= total_steps else high - (high - low) * (1 - step / total_steps) ** 3

    return at


def pruning_points(pruning: PruningSettings, steps_per_epoch: int) -> list[PruningPoint]:
    """The num_prunings steps at which the release prunes, equally far apart, with the last one at `pruning_end`.

    The steps are torch.linspace(200, end, num_prunings + 1).int() without its first (param_control.py:471), but for its
    float32: in a job of more than a million steps, some point of the release may be off by one. If the end is before
    step 200, all are at the end.
    """
    at, end = cubic_sparsity(pruning, steps_per_epoch), pruning_end(pruning, steps_per_epoch)
    return [PruningPoint(step, at(step)) for step in even_steps(min(PRUNING_START, end), end, pruning.num_prunings)]


def even_steps(start: int, end: int, number: int) -> list[int]:
    """So many steps after the start, equally far apart and rounded down, the last of them at the end."""
    return [(start * number + (end - start) * index) // number for index in range(1, number + 1)]


def gaps(steps: Sequence[int]) -> list[int]:
    """The steps between each of these and the next."""
    return [after - before for before, after in pairwise(steps)]


def sparsity(pruning: PruningSettings, steps_per_epoch: int) -> Schedule:
    """The sparsity of the model: initial_sparsity before the first pruning point, then that of the latest point."""
    points = pruning_points(pruning, steps_per_epoch)
    return stepwise(points, [pruning.initial_sparsity, *(point.sparsity for point in points)])


def stepwise(points: Sequence[PruningPoint], values: Sequence[float]) -> Schedule:
    """A step function: values[0] before the first point, values[i] from the i-th point on."""
    steps = [point.step for point in points]
    return lambda step: values[bisect_right(steps, step)]


def distillation_weight(distillation: DistillationSettings, pruning: PruningSettings, steps_per_epoch: int) -> Schedule:
    """mu, the weight of distillation against the task (section 4.4; trainer_minus.py:630-636).

    mu is 0 before pruning starts. It rises linearly from distill_weight_start, at the start of pruning, to
    distill_weight_end, at its end, and stays there. From `distillation_end` on it is 0, and so it is always 0 in a job
    that does not distil.
    """
    low, high = distillation.distill_weight_start, distillation.distill_weight_end
    end, last = pruning_end(pruning, steps_per_epoch), distillation_end(distillation, steps_per_epoch)

    def weight(step: float) -> float:
        if step < PRUNING_START or step >= last:
            return 0.0
        if step >= end:
            return high
        return low + (high - low) * (step - PRUNING_START) / (end - PRUNING_START)

    return weight


def distillation_end(distillation: DistillationSettings, steps_per_epoch: int) -> int:
    """The step from which on a job does not distil: distill_epochs x steps_per_epoch; 0 if it never distils."""
    return (distillation.distill_epochs or 0) * steps_per_epoch


def tuning_budget(tuning: TuningSettings, pruning: PruningSettings, steps_per_epoch: int) -> Schedule:
    """The ratio of adapter parameters to those at the start (trainer/param_control.py:491-517).

    It is 1 before the first pruning point, rises by the same amount at each, and is tuning_budget_ratio after the last.
    """
    return stepwise(pruning_points(pruning, steps_per_epoch), _budgets(tuning, pruning))


def _budgets(tuning: TuningSettings, pruning: PruningSettings) -> list[float]:
    """The tuning budget before the first pruning, and from each pruning on."""
    number, ratio = pruning.num_prunings, tuning.tuning_budget_ratio
    return [*(1 + (ratio - 1) * index / number for index in range(number)), ratio]


def rank_bound(tuning: TuningSettings, pruning: PruningSettings, steps_per_epoch: int) -> Schedule:
    """The rank of an adapter that grows at every pruning point by the paper's rule: the largest rank at each step.

    At each point, r becomes r x (new budget / old budget), rounded down, and at most max_rank. The release grows the
    top half of all adapters by another rule, up to max_rank (trainer/param_control.py:721-787).
    """
    most = max(tuning.max_rank, tuning.initial_rank)
    ranks = [tuning.initial_rank]
    for before, after in pairwise(_budgets(tuning, pruning)):
        ranks.append(min(most, math.floor(ranks[-1] * after / before)))
    return stepwise(pruning_points(pruning, steps_per_epoch), ranks)


def learning_rate(training: TrainingSettings, total_steps: int) -> Schedule:
    """The learning rate at step t, as in transformers: a linear warmup of w steps, then the schedule lr_scheduler.

        linear:   peak x (T - t) / (T - w)
        cosine:   peak x (1 + cos(pi (t - w) / (T - w))) / 2
        constant: peak

    T is total_steps, w is warmup_steps, or else warmup_ratio x T, rounded up. If w is more than T, the rate never gets
    to its peak. (What the release does instead is in `plan.release`.)
    """
    warmup = warmup_length(training, total_steps)
    return warmed_up(training.learning_rate, training.lr_scheduler, warmup, total_steps)


def warmup_length(training: TrainingSettings, total_steps: int) -> int:
    """The steps in which the rate rises to its peak: warmup_steps, or warmup_ratio of all, rounded up."""
    by_ratio = math.ceil(total_steps * training.warmup_ratio)
    return by_ratio if training.warmup_steps is None else training.warmup_steps


def warmed_up(peak: float, kind: str, warmup: int, total_steps: int) -> Schedule:
    """A rate that rises to its peak in `warmup` steps, and then is `linear`, `cosine` or `constant`."""

    def rate(step: float) -> float:
        if warmup and step < warmup:
            return peak * max(step, 0.0) / warmup
        if kind == "constant":
            return peak
        done = max(step - warmup, 0.0) / (total_steps - warmup) if step < total_steps else 1.0
        return peak * (1 - done) if kind == "linear" else peak * (1 + math.cos(math.pi * done)) / 2

    return rate
