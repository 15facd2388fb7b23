"""Runs folded into groups: the mean of what came out, and what counts in it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from support import printed

from apt_settings import load
from apt_settings.cli import main
from apt_settings.report.groups import Mean, mean_of
from apt_settings.runs.history import past_runs
from apt_settings.runs.store import record_of, write
from apt_settings.sources.record import Run


def recorded(name: str, accuracy: float | None, status: int = 0, minute: int = 0, **values: Any) -> None:
    """A run with its record, and what came out of it."""
    run = Run(
        command=("true",),
        start=f"2024-05-01T10:{minute:02}:00+00:00",
        end="2024-05-01T11:00:00+00:00",
        seconds=3600.0,
        exit_status=status,
        host="node7",
        scheduler={},
        git=None,
        versions={},
    )
    folder = Path("runs", name)
    folder.mkdir(parents=True)
    environ = {"APT_TASK": "squad", **{f"APT_{key.upper()}": str(value) for key, value in values.items()}}
    write(folder, record_of(load(environ, None)).model_copy(update={"runs": (run,)}))
    if accuracy is not None:
        (folder / "metrics.json").write_text(json.dumps({"accuracy": accuracy, "loss": 1.0}))


@pytest.fixture
def two_sparsities() -> None:
    """Three seeds for one, two for another that began first; one run failed and was repeated, one was run twice."""
    recorded("a", 0.7, seed=1, target_sparsity=0.5)
    recorded("b", 0.9, seed=2, target_sparsity=0.5)
    recorded("c", 0.80, minute=1, seed=1, target_sparsity=0.4)
    recorded("d", 0.10, minute=2, status=1, seed=2, target_sparsity=0.4)
    recorded("e", 0.90, minute=3, seed=2, target_sparsity=0.4)
    recorded("f", 0.20, minute=4, seed=3, target_sparsity=0.4)
    recorded("g", 0.85, minute=5, seed=3, target_sparsity=0.4)


def rows(out: str) -> list[list[str]]:
    """The cells of a table's rows, with its head."""
    return [re.split(r" {2,}", line) for line in out.partition("\n\n")[2].splitlines()]


@pytest.mark.usefixtures("two_sparsities")
def test_an_experiment_counts_once_in_a_mean(capsys: pytest.CaptureFixture[str]) -> None:
    """By the newest run that ended well; a note names the runs of one fingerprint. Groups are ordered by value."""
    assert main(["runs", "--group", "seed", "--metric", "accuracy"]) == 0
    out, err = capsys.readouterr()

    assert rows(out) == [
        ["runs", "status", "target_sparsity", "seed", "accuracy"],
        ["5", "4 done, 1 failed", "0.4", "1, 2, 3", "0.850 ±0.050 of 3"],
        ["2", "2 done", "0.5", "1, 2", "0.80 ±0.14 of 2"],
    ]
    assert err == (
        "note: 2 runs have the same fingerprint: runs/d, runs/e, and those of 1 more experiment; "
        "a mean counts the newest that is done\n"
    )


def test_no_more_than_four_runs_of_one_experiment_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """And the newest counts, not the best; without a mean, too."""
    for number in range(5):
        recorded(str(number), 0.9 - number / 10, minute=number)
    assert main(["runs", "--group", "seed"]) == 0
    err = capsys.readouterr().err

    assert "5 runs have the same fingerprint: runs/0, runs/1, runs/2, runs/3 and more; a mean" in err
    assert rows(printed(capsys, "runs", "--group", "seed", "--metric", "accuracy"))[1][-1] == "0.5 of 1"


@pytest.mark.usefixtures("two_sparsities")
def test_groups_are_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    """With what tells them apart, the values of what does not, and mean, deviation and number of each result."""
    first, second = json.loads(printed(capsys, "runs", "--group", "seed", "--format", "json"))

    assert (first["runs"], first["status"]) == (5, {"done": 4, "failed": 1})
    assert (first["settings"]["target_sparsity"], first["folded"]) == (0.4, {"seed": [1, 2, 3]})
    assert first["metrics"]["accuracy"] == {"mean": pytest.approx(0.85), "deviation": pytest.approx(0.05), "n": 3}
    assert first["metrics"]["loss"]["deviation"] == 0
    assert second["folders"] == ["runs/a", "runs/b"]
    assert "seed" not in first["settings"]


@pytest.mark.parametrize(
    ("sort", "sparsities"),
    [("accuracy", ["0.5", "0.4"]), ("-accuracy", ["0.4", "0.5"]), ("-target_sparsity", ["0.5", "0.4"])],
)
@pytest.mark.usefixtures("two_sparsities")
def test_groups_are_sorted_by_their_mean(sort: str, sparsities: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Or by a setting; and a group of which none ended well comes last, with an empty cell."""
    recorded("h", 0.99, status=1, target_sparsity=0.3)
    found = rows(printed(capsys, "runs", "--group", "seed", "--metric", "accuracy", "--sort", sort))[1:]

    assert [row[2] for row in found] == [*sparsities, "0.3"]
    assert len(found[-1]) == len(found[0]) - 1


def test_columns_are_in_the_order_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """First what tells groups apart."""
    recorded("a", 0.7, seed=1, epochs=30, target_sparsity=0.5)
    recorded("b", 0.8, seed=2, epochs=40, target_sparsity=0.4)
    options = ("--group", "seed", "--group", "epochs", "--metric", "loss", "--metric", "accuracy")

    assert rows(printed(capsys, "runs", *options))[0][2:] == ["target_sparsity", "seed", "epochs", "loss", "accuracy"]


@pytest.mark.parametrize(
    ("mean", "text"),
    [
        (Mean(0.89947, 0.00042, 5), "0.89947 ±0.00042 of 5"),
        (Mean(88.5312, 1.234, 3), "88.5 ±1.2 of 3"),
        (Mean(1234.5, 321.0, 2), "1234 ±321 of 2"),
        (Mean(0.9, 0.0, 4), "0.9 of 4"),
        (Mean(0.123456789, None, 1), "0.123457 of 1"),
    ],
)
def test_a_mean_says_of_how_many_it_is_and_how_far_they_lie_apart(mean: Mean, text: str) -> None:
    """With two digits of the deviation, and no deviation where there is none."""
    assert str(mean) == text


def test_results_without_a_sum_have_no_mean() -> None:
    """Numbers that a float holds, and whose sum it does not."""
    for name, seed in (("a", 1), ("b", 2)):
        recorded(name, 1.7e308, seed=seed)
    told: list[str] = []
    runs = list(past_runs([Path("runs")], told.append))

    assert mean_of(runs, "accuracy") is None
    assert mean_of(runs, "loss") == Mean(1.0, 0.0, 2)
