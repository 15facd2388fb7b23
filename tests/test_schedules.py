"""Schedules: exact at both ends, monotone, and defined at every step whatever is set."""

import math
import warnings
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apt_settings import SettingsError, SettingsWarning, load
from apt_settings.base import AptSettings
from apt_settings.schedules import (
    PRUNING_START,
    Schedule,
    cubic_sparsity,
    distillation_weight,
    learning_rate,
    paper_sparsity,
    pruning_points,
    rank_bound,
    sparsity,
    tuning_budget,
)

TASKS = ("glue_small", "glue_big", "squad", "cnn_dm", "alpaca")
FRACTIONS = st.floats(0, 1, exclude_max=True)
ANY = st.fixed_dictionaries(
    {"task": st.sampled_from(TASKS)},
    optional={
        "epochs": st.integers(1, 200),
        "distill_epochs": st.none() | st.integers(0, 200),
        "target_sparsity": FRACTIONS,
        "initial_sparsity": FRACTIONS,
        "num_prunings": st.integers(1, 50),
        "pruning_end_epoch": st.integers(1, 200),
        "sparsity_warmup_epochs": st.integers(0, 200),
        "initial_rank": st.integers(1, 64),
        "max_rank": st.integers(1, 200),
        "tuning_budget_ratio": st.floats(1, 20),
        "distill_weight_start": st.floats(0, 1),
        "distill_weight_end": st.floats(0, 1),
        "learning_rate": st.floats(1e-8, 0.9),
        "warmup_ratio": st.floats(0, 1),
        "lr_scheduler": st.sampled_from(("linear", "cosine", "constant")),
    },
)
STEPS = st.integers(1, 20_000)


def settings_of(values: dict[str, Any]) -> AptSettings | None:
    """Settings with these values; None where they do not fit one another."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SettingsWarning)
            return load({}, None, **values)
    except SettingsError:
        return None


def course(schedule: Schedule, last: int) -> list[float]:
    """Values before, over and after a job's steps."""
    return [
        schedule(step)
        for step in sorted({-5, 0, 1, 199, 200, 201, *range(0, last, max(last // 50, 1)), last, last + 9})
    ]


def never_falls(values: list[float]) -> bool:
    return all(before <= after + 1e-15 for before, after in pairwise(values))


def test_the_release_s_prunings_of_sst2() -> None:
    """Ten prunings of a job with 2,105 steps an epoch, at the steps and to the fractions that the release has."""
    points = pruning_points(load({}, None, task="sst2", reference="release"), 2_105)

    assert [point.step for point in points] == [811, 1423, 2034, 2646, 3257, 3869, 4480, 5092, 5703, 6315]
    assert [point.kept for point in points] == pytest.approx(
        [1, 1, 1, 0.860, 0.666, 0.536, 0.458, 0.417, 0.402, 0.400], abs=6e-4
    )


@given(ANY, STEPS)
def test_sparsity_rises_from_initial_to_target(values: dict[str, Any], steps: int) -> None:
    """Exactly the one before the first pruning, exactly the other from the last on, never falling."""
    if settings := settings_of(values):
        points = pruning_points(settings, steps)
        schedule, last = sparsity(settings, steps), points[-1].step
        in_between = course(schedule, last)

        assert never_falls(in_between)
        assert schedule(points[0].step - 1) == settings.initial_sparsity
        assert schedule(last) == schedule(last * 2 + 1) == settings.target_sparsity
        assert last == settings.pruning_end_epoch * steps
        assert never_falls([point.step for point in points])
        assert len(points) == settings.num_prunings


@given(ANY, STEPS)
def test_both_cubics_rise_from_initial_to_target(values: dict[str, Any], steps: int) -> None:
    """The release's between warmup and end, the paper's over the whole job; neither leaves its bounds."""
    if settings := settings_of(values):
        low, high = settings.initial_sparsity, settings.target_sparsity
        total = settings.epochs * steps
        for schedule, end in (
            (cubic_sparsity(settings, steps), settings.pruning_end_epoch * steps),
            (paper_sparsity(settings, total), total),
        ):
            assert never_falls(course(schedule, end))
            assert (schedule(-1), schedule(end), schedule(end + 1)) == (low, high, high)


@given(ANY, STEPS)
def test_the_distillation_weight_goes_from_start_to_end(values: dict[str, Any], steps: int) -> None:
    """Nothing before pruning and after distillation; between the two weights, whatever they are."""
    if settings := settings_of(values):
        schedule = distillation_weight(settings, settings, steps)
        last = (settings.distill_epochs or 0) * steps
        low, high = settings.distill_weight_start, settings.distill_weight_end
        inside = [value for value in course(schedule, last) if value != 0]

        assert all(min(low, high) - 1e-12 <= value <= max(low, high) + 1e-12 for value in inside)
        assert schedule(PRUNING_START - 1) == schedule(last) == 0
        end = settings.pruning_end_epoch * steps
        if PRUNING_START < end < last:
            assert (schedule(PRUNING_START), schedule(end)) == (low, high)


@given(ANY, STEPS)
def test_budget_and_rank_grow_to_their_bounds(values: dict[str, Any], steps: int) -> None:
    """The budget to its ratio; the rank never beyond max_rank, nor beyond the budget."""
    if settings := settings_of(values):
        budget, bound = tuning_budget(settings, settings, steps), rank_bound(settings, settings, steps)
        last = settings.pruning_end_epoch * steps
        ranks = course(bound, last)

        assert never_falls(course(budget, last))
        assert never_falls(ranks)
        assert (budget(0), budget(last + 1)) == (1, settings.tuning_budget_ratio)
        assert bound(0) == settings.initial_rank
        assert settings.initial_rank <= max(ranks) <= max(settings.max_rank, settings.initial_rank)


@given(ANY, STEPS)
def test_the_learning_rate_warms_up_and_falls(values: dict[str, Any], steps: int) -> None:
    """From nothing to the peak, then as its schedule says; never above the peak, never below nothing."""
    if settings := settings_of(values):
        total = settings.epochs * steps
        schedule = learning_rate(settings, total)
        warmup = math.ceil(total * settings.warmup_ratio)
        peak = settings.learning_rate

        assert all(0 <= value <= peak for value in course(schedule, total))
        assert schedule(-1) == (0 if warmup else peak)
        if warmup < total:
            assert schedule(warmup) == peak
            assert schedule(total) == (peak if settings.lr_scheduler == "constant" else 0)


def test_the_learning_rate_is_that_of_transformers() -> None:
    """A tenth of the steps warm up; halfway through the rest, linear and cosine are at half the peak."""
    for kind in ("linear", "cosine"):
        schedule = learning_rate(load({}, None, learning_rate=0.1, warmup_ratio=0.1, lr_scheduler=kind), 1_000)

        assert (schedule(50), schedule(100), schedule(550)) == pytest.approx((0.05, 0.1, 0.05))


def test_warmup_steps_are_steps() -> None:
    """They decide in place of the ratio, and with more than all there are, the rate never gets to its peak."""
    warm = learning_rate(load({}, None, learning_rate=0.1, warmup_steps=10), 1_000)
    endless = learning_rate(load({}, None, learning_rate=0.1, warmup_steps=5_000), 1_000)

    assert (warm(5), warm(10)) == (0.05, 0.1)
    assert endless(999) == pytest.approx(0.1 * 999 / 5_000)
    assert learning_rate(load({}, None, learning_rate=0.1, warmup_steps=0), 1_000)(0) == 0.1
