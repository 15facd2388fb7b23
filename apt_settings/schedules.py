"""What settings amount to over the steps of a job: sparsity, distillation, ranks, learning rate.

A function here takes a group of settings and the steps of an epoch or of a job, and gives a function of the step, which
holds for every step: before the first, between, and past the last.
"""

import math
from bisect import bisect_right
from collections.abc import Callable
from itertools import pairwise
from typing import Final, NamedTuple, TypeAlias

from .groups import DistillationSettings, PruningSettings, TrainingSettings, TuningSettings

Schedule: TypeAlias = Callable[[float], float]
"""Step -> value."""

PRUNING_START: Final = 200
"""The step at which the release's main scripts start to prune: pre_pruning_tuning_steps. (LLaMA 2 13B: 257.)"""


class PruningPoint(NamedTuple):
    """A step at which blocks are pruned and ranks grow."""

    step: int
    sparsity: float
    """The fraction of prunable parameters that is gone then."""

    @property
    def kept(self) -> float:
        """The fraction that is left."""
        return 1 - self.sparsity


def pruning_end(pruning: PruningSettings, steps_per_epoch: int) -> int:
    """The last pruning: pruning_end_epoch x steps_per_epoch (trainer/param_control.py:478)."""
    return pruning.pruning_end_epoch * steps_per_epoch


def cubic_sparsity(pruning: PruningSettings, steps_per_epoch: int) -> Schedule:
    """The release's cubic, as its schedule has it at every step (trainer/param_control.py:478).

        kept(s) = min(start, keep + (start - keep) ((end - s) / (end - warmup_end))^3)

    as sparsity, 1 - kept: start = 1 - initial_sparsity, keep = 1 - target_sparsity, end as `pruning_end`, warmup_end =
    200 + sparsity_warmup_epochs x steps_per_epoch. initial_sparsity until warmup_end, target_sparsity from the end on,
    never falling. Where the warmup ends past the end, it rises at once, at the end.
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
    """The paper's cubic over a whole job: high - (high - low) (1 - t/T)^3, its gamma read as density (section 4.2)."""
    low, high = pruning.initial_sparsity, pruning.target_sparsity

    def at(step: float) -> float:
        if step <= 0:
            return low
        return high if step >= total_steps else high - (high - low) * (1 - step / total_steps) ** 3

    return at


def pruning_points(pruning: PruningSettings, steps_per_epoch: int) -> list[PruningPoint]:
    """When the release prunes, and what is left then: num_prunings steps, equally far apart, the last at the end.

    numpy.linspace(200, end, num_prunings + 1) without its first, in whole steps (trainer_minus.py:1568-1570). Where the
    end is before the start, all are at the end.
    """
    at, number = cubic_sparsity(pruning, steps_per_epoch), pruning.num_prunings
    end = pruning_end(pruning, steps_per_epoch)
    first = min(PRUNING_START, end)
    steps = ((first * number + (end - first) * index) // number for index in range(1, number + 1))
    return [PruningPoint(step, at(step)) for step in steps]


def sparsity(pruning: PruningSettings, steps_per_epoch: int) -> Schedule:
    """The sparsity in force: that of the last pruning point, initial_sparsity before the first."""
    points = pruning_points(pruning, steps_per_epoch)
    steps = [point.step for point in points]
    values = [pruning.initial_sparsity, *(point.sparsity for point in points)]

    def in_force(step: float) -> float:
        return values[bisect_right(steps, step)]

    return in_force


def distillation_weight(distillation: DistillationSettings, pruning: PruningSettings, steps_per_epoch: int) -> Schedule:
    """mu, the weight of distillation against the task (section 4.4; trainer_minus.py:630-636).

    Rises linearly from distill_weight_start at the start of pruning to distill_weight_end at its end; 0 before pruning,
    and wherever nothing is distilled: from the end of distill_epochs on, counted from the start of the job, or always
    where they are none.
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
    """The step from which on nothing is distilled; 0 where nothing ever is."""
    return (distillation.distill_epochs or 0) * steps_per_epoch


def tuning_budget(tuning: TuningSettings, pruning: PruningSettings, steps_per_epoch: int) -> Schedule:
    """Adapter parameters over those at the start: from 1 to tuning_budget_ratio, in equal parts at the pruning points.

    trainer/param_control.py:491-517.
    """
    steps, values = [point.step for point in pruning_points(pruning, steps_per_epoch)], _budgets(tuning, pruning)

    def budget(step: float) -> float:
        return values[bisect_right(steps, step)]

    return budget


def _budgets(tuning: TuningSettings, pruning: PruningSettings) -> list[float]:
    """Before the first pruning, and from each on."""
    number, ratio = pruning.num_prunings, tuning.tuning_budget_ratio
    return [*(1 + (ratio - 1) * index / number for index in range(number)), ratio]


def rank_bound(tuning: TuningSettings, pruning: PruningSettings, steps_per_epoch: int) -> Schedule:
    """The largest rank that an adapter can have by the paper's rule, if it grows at every pruning point.

    Each time r becomes r x budget now / budget before, rounded down, and never more than max_rank. The release grows
    the top half of all adapters by another rule, up to max_rank (trainer/param_control.py:721-787).
    """
    steps = [point.step for point in pruning_points(pruning, steps_per_epoch)]
    most = max(tuning.max_rank, tuning.initial_rank)
    ranks = [tuning.initial_rank]
    for before, after in pairwise(_budgets(tuning, pruning)):
        ranks.append(min(most, math.floor(ranks[-1] * after / before)))

    def bound(step: float) -> float:
        return ranks[bisect_right(steps, step)]

    return bound


def learning_rate(training: TrainingSettings, total_steps: int) -> Schedule:
    """Linear warmup over warmup_ratio of all steps, then lr_scheduler, as in transformers: 0 at the end.

    linear: peak x (T - t) / (T - w); cosine: peak x (1 + cos(pi (t - w) / (T - w))) / 2; constant: the peak. w is
    warmup_ratio x T, rounded up. (The release resets its schedule when distillation ends, and applies it to a discarded
    optimizer before: trainer_minus.py:690-727, 1818-1828.)
    """
    peak, kind = training.learning_rate, training.lr_scheduler
    warmup = math.ceil(total_steps * training.warmup_ratio)

    def rate(step: float) -> float:
        if warmup and step < warmup:
            return peak * max(step, 0.0) / warmup
        if kind == "constant":
            return peak
        done = max(step - warmup, 0.0) / (total_steps - warmup) if step < total_steps else 1.0
        return peak * (1 - done) if kind == "linear" else peak * (1 + math.cos(math.pi * done)) / 2

    return rate
