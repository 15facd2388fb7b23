"""The sequence: even in every base, another for every seed and axis, and the same everywhere."""

from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apt_settings.sweeps.halton import Halton


def test_an_axis_has_the_next_prime_for_its_base() -> None:
    """So many first numbers are in so many equal parts, one in each."""
    for number, base in enumerate((2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31)):
        axis = Halton(7, number, "learning_rate")

        assert set(range(base)) == {axis.at(index) * base // axis.whole for index in range(base)}


def test_numbers_are_those_of_the_first_day() -> None:
    """The algorithm has a name, and what it computes under that name never changes."""
    axis = Halton(7, 1, "target_sparsity")

    assert [round(axis.at(index) / axis.whole, 3) for index in range(3)] == [0.137, 0.47, 0.804]
    assert axis.whole == 3**34


@given(st.integers(0, 2**32 - 1), st.integers(0, 40), st.integers(1, 60), st.integers(1, 700))
def test_parts_of_a_range_are_met_equally_often(seed: int, number: int, parts: int, points: int) -> None:
    """In every base, the count of no part is more than 1 + log2(points) from equal."""
    axis = Halton(seed, number, "seed")
    met = [0] * parts
    for index in range(points):
        met[axis.at(index) * parts // axis.whole] += 1

    assert max(abs(each - points / parts) for each in met) <= 1 + log2(points)


@pytest.mark.parametrize(("seed", "name"), [(8, "learning_rate"), (7, "weight_decay")])
def test_another_seed_or_setting_scrambles_otherwise(seed: int, name: str) -> None:
    """Two sweeps, and two axes, have nothing in common."""
    one, other = Halton(7, 0, "learning_rate"), Halton(seed, 0, name)

    assert not {one.at(index) for index in range(100)} & {other.at(index) for index in range(100)}
