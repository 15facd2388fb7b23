"""Checking a sweep: every point is what load gives, and what is found is told once."""

import tracemalloc
import warnings
from collections.abc import Mapping
from typing import Any

import pytest
from grids import AXES, ENVIRONMENTS, RIGHT, checker, grid, sweeps
from hypothesis import given
from hypothesis import strategies as st

from apt_settings import SettingsError, SettingsWarning, fingerprint, load
from apt_settings.base import AptSettings
from apt_settings.basics.origins import Origin
from apt_settings.jobs.request import shared_variables
from apt_settings.loading import resolve
from apt_settings.registry import registry
from apt_settings.sources.layers import Inputs, read
from apt_settings.sweeps.grid import Sweep
from apt_settings.sweeps.points import Points
from apt_settings.sweeps.survey import survey


def loaded(environ: dict[str, str], point: dict[str, Any]) -> AptSettings | list[str]:
    """What load gives for a point: settings, or what is wrong."""
    try:
        return load(environ, None, **point)
    except SettingsError as error:
        return sorted(map(str, error.problems))


def places(index: int, sweep: Sweep, environ: dict[str, str]) -> Mapping[str, Origin]:
    """Who sets what at a point."""
    point = sweep.point(index)
    of_point = {name: f"point {index} of the grid: {name}" for name in point}
    return resolve(Inputs(environ, None, point, of_point)).origins


@given(sweeps(AXES), st.sampled_from(ENVIRONMENTS))
def test_every_point_is_what_load_gives(sweep: Sweep, environ: dict[str, str]) -> None:
    """Settings and origins, or the same problems in the same words, however little of it is resolved anew."""
    judge = checker(sweep, environ)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SettingsWarning)
        for index in range(sweep.size):
            expected, (problems, notes) = loaded(environ, sweep.point(index)), judge.verdict(index)
            if problems:
                assert expected == sorted(map(str, problems))
            else:
                assert isinstance(expected, AptSettings)
                assert expected == judge.settings(index)
                assert places(index, sweep, environ) == judge.settings(index).origins
                assert expected.notes == notes


@given(sweeps(RIGHT), st.sampled_from(ENVIRONMENTS))
def test_a_twin_is_the_first_of_the_same_fingerprint(sweep: Sweep, environ: dict[str, str]) -> None:
    """What is found on the axes is what a comparison of all fingerprints finds."""
    judge = checker(sweep, environ)
    firsts: dict[str, int] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SettingsWarning)
        for index in range(sweep.size):
            if not judge.verdict(index).problems:
                assert firsts.setdefault(fingerprint(judge.settings(index)), index) == judge.twin(index)


@given(sweeps(RIGHT), st.sampled_from(ENVIRONMENTS))
def test_what_a_launcher_is_given_makes_every_point(sweep: Sweep, environ: dict[str, str]) -> None:
    """With the variables that all points share, wherever it runs, a point is the experiment that was planned."""
    judge = checker(sweep, environ)
    shared = shared_variables(sweep, read(Inputs(environ, None), registry().names_of(AptSettings)), None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SettingsWarning)
        for index in range(sweep.size):
            if not judge.verdict(index).problems:
                assert fingerprint(judge.settings(index)) == fingerprint(load(shared, **sweep.point(index)))


@pytest.mark.large
def test_a_survey_keeps_nothing_of_good_points() -> None:
    """Ten times as many points take no more memory."""

    def peak(seeds: int) -> int:
        sweep = grid(("target_sparsity", "0.3,0.4,0.5"), ("seed", f"1..{seeds}"))
        judge = checker(sweep)
        tracemalloc.start()
        survey(judge, range(sweep.size))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)  # what is made once
    assert peak(2_000) < 200_000


def test_what_is_wrong_is_told_once_with_its_points() -> None:
    """A mistake on one axis is one sentence, however many points it spoils."""
    found = survey(checker(grid(("task", "mnli,squad"), ("epochs", "20,ten,40"))), range(6))

    assert list(map(str, found.problems)) == [
        "at 2 of 6 points (1, 4): argument epochs='ten' is not allowed: must be a whole number, 1 <= x <= 10000",
    ]


def test_points_are_told_in_ranges() -> None:
    """Neighbours together, and beyond the first few only their number."""
    points = Points()
    for index in (0, 1, 2, 5, *range(10, 40, 2)):
        points.add(index)

    assert str(points) == "0-2, 5, 10, 12, 14, 16, 18, 20, 22, 24 and 7 more"


def test_more_sentences_than_one_reads_are_counted() -> None:
    """A thousand kinds of mistakes are listed, the rest is a number."""
    report = survey(checker(grid(("output_dir", [f" {number}" for number in range(1_100)])), {}), range(1_100))

    assert len(report.problem_points) == 1_000
    assert report.unlisted == 100


def test_a_sweep_over_very_many_jobs_keeps_few_of_them() -> None:
    """Values that choose the job are not kept for every point."""
    names = [f"x{number}" for number in range(300)]
    judge = checker(grid(("task", names)), {})

    assert all(judge.verdict(index).problems for index in range(300))
    assert len(vars(judge)["_shared"]) <= 256
