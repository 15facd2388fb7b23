"""What settings amount to over the steps of a job: sparsity, distillation, ranks, learning rate.

A function here takes a group of settings and the steps of an epoch or of a job, and gives a function of the step, which
holds for every step: before the first, between, and past the last.
"""

import math
from bisect import bisect_right
from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

from .groups import DistillationSettings, PruningSettings, TrainingSettings, TuningSettings

Schedule: TypeAlias = Callable[[float], float]
"""Step -> value."""

PRUNING_START: Final = 200
"""The step at which the release starts to prune: pre_pruning_tuning_steps 200 in all of its main scripts."""


class PruningPoint(NamedTuple):
    """A step at which blocks are pruned and ranks grow."""

    step: int
    kept: float
    """The fraction of prunable parameters that is left."""


def pruning_end(pruning: PruningSettings, steps_per_epoch: int) -> int:
    """The last pruning: pruning_end_epoch x steps_per_epoch (trainer/param_control.py:478)."""
    return pruning.pruning_end_epoch * steps_per_epoch


def kept_fraction(pruning: PruningSettings, steps_per_epoch: int) -> Schedule:
    """The release's cubic: what is left, as its schedule has it at every step (trainer/param_control.py:478).

        kept(s) = min(start, keep + (start - keep) ((end - s) / (end - warmup_end))^3)

    start = 1 - initial_sparsity, keep = 1 - target_sparsity, end as `pruning_end`, warmup_end = 200 +
    sparsity_warmup_epochs x steps_per_epoch. `start` until warmup_end, `keep` from end on; never rising. Where the
    warmup ends past the end, it falls at once, at the end.
    """
    start, keep = 1 - pruning.initial_sparsity, 1 - pruning.target_sparsity
    end = pruning_end(pruning, steps_per_epoch)
    warmup_end = PRUNING_START + pruning.sparsity_warmup_epochs * steps_per_epoch

    def kept(step: float) -> float:
        if step >= end:
            return keep
        if step <= warmup_end:
            return start
        return keep + (start - keep) * ((end - step) / (end - warmup_end)) ** 3

    return kept


def paper_kept_fraction(pruning: PruningSettings, total_steps: int) -> Schedule:
    """The paper's cubic over a whole job, read as what is left: keep + (start - keep) (1 - t/T)^3 (section 4.2)."""
    start, keep = 1 - pruning.initial_sparsity, 1 - pruning.target_sparsity

    def kept(step: float) -> float:
        done = min(max(step / total_steps, 0.0), 1.0) if total_steps else 1.0
        return start if done == 0 else keep + (start - keep) * (1 - done) ** 3

    return kept


def pruning_points(pruning: PruningSettings, steps_per_epoch: int) -> list[PruningPoint]:
    """When the release prunes, and what is left then: num_prunings steps, equally far apart, the last at the end.

    numpy.linspace(200, end, num_prunings + 1) without its first, in whole steps (trainer_minus.py:1568-1570). Where the
    end is before the start, all are at the end.
    """
    kept, number = kept_fraction(pruning, steps_per_epoch), pruning.num_prunings
    end = pruning_end(pruning, steps_per_epoch)
    first = min(PRUNING_START, end)
    steps = ((first * number + (end - first) * index) // number for index in range(1, number + 1))
    return [PruningPoint(step, kept(step)) for step in steps]


def sparsity(pruning: PruningSettings, steps_per_epoch: int) -> Schedule:
    """The sparsity in force: that of the last pruning point, initial_sparsity before the first."""
    points = pruning_points(pruning, steps_per_epoch)
    steps = [point.step for point in points]
    values = [pruning.initial_sparsity, *(1 - point.kept for point in points)]
    values[-1] = pruning.target_sparsity  # and not 1 - (1 - 0.4)

    def in_force(step: float) -> float:
        return values[bisect_right(steps, step)]

    return in_force


def distillation_weight(distillation: DistillationSettings, pruning: PruningSettings, steps_per_epoch: int) -> Schedule:
    """mu, the weight of distillation against the task (section 4.4; trainer_minus.py:630-636).

    Rises linearly from distill_weight_start at the start of pruning to distill_weight_end at its end; 0 before pruning,
    and wherever nothing is distilled: from the end of distill_epochs on, or throughout where they are none.
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
    steps = [point.step for point in pruning_points(pruning, steps_per_epoch)]
    number, ratio = pruning.num_prunings, tuning.tuning_budget_ratio
    values = [1 + (ratio - 1) * index / number for index in range(number + 1)]
    values[-1] = ratio

    def budget(step: float) -> float:
        return values[bisect_right(steps, step)]

    return budget


def rank_bound(tuning: TuningSettings, pruning: PruningSettings, steps_per_epoch: int) -> Schedule:
    """The largest rank that an adapter can have: one that grows at every pruning point, up to max_rank.

    Each time r becomes r x budget now / budget before, rounded down (the paper's rule); so r stays within initial_rank
    x the budget. The release's own rule lets single adapters grow faster, up to max_rank all the same.
    """
    budget, first, most = tuning_budget(tuning, pruning, steps_per_epoch), tuning.initial_rank, tuning.max_rank

    def bound(step: float) -> float:
        return max(first, min(most, math.floor(first * budget(step))))

    return bound


def learning_rate(training: TrainingSettings, total_steps: int) -> Schedule:
    """Linear warmup over warmup_ratio of all steps, then lr_scheduler, as in transformers: 0 at the end.

    linear: peak x (T - t) / (T - w); cosine: peak x (1 + cos(pi (t - w) / (T - w))) / 2; constant: the peak. w is
    warmup_ratio x T, rounded up.
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
