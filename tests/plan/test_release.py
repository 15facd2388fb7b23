"""What the official release does with a job, held against what it did when it was run, unmodified.

The figures and the names of the runs are those of the release at commit 56eaf8b, on tiny models under its own names.
"""

import json
import warnings
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import ROOT, SETTINGS_OF_THE_PAPER, printed

from apt_settings import SettingsWarning, load
from apt_settings.cli import main
from apt_settings.facts.datasets import DATASETS
from apt_settings.integrations.release import arguments
from apt_settings.plan import FAILURES, diff, plan
from apt_settings.plan.release import ReleasePlan

A = {
    "task": "sst2",
    "train_examples": 1001,
    "batch_size": 4,
    "epochs": 8,
    "pruning_end_epoch": 4,
    "num_prunings": 4,
    "sparsity_warmup_epochs": 1,
    "distill_epochs": 2,
    "precision": "fp32",
}
"""Run A: a tiny RoBERTa on 1,001 examples."""
LLAMA = {"task": "alpaca", "train_examples": 1011, "batch_size": 4, "epochs": 4, "sparsity_warmup_epochs": 1}


def planned(**values: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SettingsWarning)
        return plan(load({}, None, **values))


def released(**values: Any) -> ReleasePlan:
    found: ReleasePlan | None = planned(**values).release
    assert found
    return found


@pytest.mark.parametrize(
    ("job", "total", "steps", "kept"),
    [
        (A, 2008, [401, 602, 803, 1004], [1, 0.63049, 0.42881, 0.4]),
        ({**A, "num_prunings": 2}, 2008, [602, 1004], None),
        (  # C1: accumulation
            {**A, "batch_size": 8, "per_device_batch_size": 4, "epochs": 10, "pruning_end_epoch": 9},
            1250,
            [431, 662, 893, 1125],
            None,
        ),
        (  # C2
            {**A, "batch_size": 8, "per_device_batch_size": 4, "train_examples": 993, "pruning_end_epoch": 8},
            992,
            [398, 596, 794, 992],
            None,
        ),
        (  # LL
            {**LLAMA, "pruning_end_epoch": 3, "num_prunings": 2, "target_sparsity": 0.3},
            1000,
            [475, 750],
            None,
        ),
        (  # S4: 1,040 features of 1,000 examples, counted
            {**A, "task": "squad", "train_examples": 1040, "epochs": 7},
            1820,
            [410, 620, 830, 1040],
            None,
        ),
        ({"task": "alpaca"}, 24_135, None, None),
        ({"task": "alpaca", "reference": "release"}, 24_120, None, None),
    ],
    ids=["A", "D2", "C1", "C2", "LL", "S4", "alpaca", "alpaca of the release"],
)
def test_steps_and_prunings_are_the_runs(
    job: dict[str, Any], total: int, steps: list[int] | None, kept: list[float] | None
) -> None:
    """Its steps, its prunings, and the fractions that it keeps."""
    release = released(**job)

    assert release.total_steps == total
    assert steps is None or [point.step for point in release.points] == steps
    assert kept is None or [point.kept for point in release.points] == pytest.approx(kept, abs=1e-5)


@pytest.mark.parametrize(
    ("job", "window"),
    [
        ({"task": "sst2"}, (3_258, 45_358)),
        ({"task": "mrpc"}, (1_161, 3_461)),
        ({"task": "cnndm"}, (27_018, 134_688)),
        (A, (804, 1306)),
        ({**A, "num_prunings": 2}, (1005, 1507)),
        ({**A, "epochs": 5}, (804, 1306)),  # Q1, which has 1,255 steps
        ({"task": "sst2", "epochs": 20}, (3_258, 45_358)),
        ({**A, "target_sparsity": 0.0}, (1005, 1507)),  # K1 fails at 1,005
        ({**A, "num_prunings": 1}, None),  # D1 fails before
        ({**A, "distill_epochs": None}, None),
    ],
)
def test_the_window_of_distillation_is_the_runs(job: dict[str, Any], window: tuple[int, int] | None) -> None:
    """It starts where the shifted pairing of prunings and fractions says, and runs for distill_epochs from there."""
    assert released(**job).distillation == window


@pytest.mark.parametrize(
    ("architecture", "first", "last"), [("7b", 690, 8_045), ("13b", 743, 8_045)], ids=["7B", "13B, from step 257 on"]
)
def test_alpaca_trains_on_99_percent(architecture: str, first: int, last: int) -> None:
    """51,481 examples; LLaMA 2 13B prunes after 256 batches."""
    release = released(task="alpaca", architecture=f"meta-llama/Llama-2-{architecture}-hf")

    assert release.examples == 51_481
    assert [release.points[0].step, release.points[-1].step] == [first, last]


@pytest.mark.parametrize(("step", "rate"), [(121, 2e-4), (401, 2e-4), (1305, 2e-4), (1306, 0), (1349, 2e-5), (2008, 0)])
def test_the_learning_rate_is_that_of_run_a(step: int, rate: float) -> None:
    """Linear until the first pruning, constant until distillation ends, then up to a tenth and down."""
    schedule = released(**A).schedules["learning rate"]

    assert schedule(step) == pytest.approx(rate, abs=1e-9)
    assert schedule(400) == planned(**A).schedules["learning rate"](400)


def test_without_distillation_the_rate_stays() -> None:
    """Every pruning makes a new optimizer, which no schedule reaches; and a later pruning than the window's end too."""
    constant = released(**{**A, "distill_epochs": None}).schedules["learning rate"]
    late = released(**{**A, "distill_epochs": 1, "pruning_end_epoch": 8, "num_prunings": 8})

    assert {constant(step) for step in range(401, 2009, 100)} == {2e-4}
    assert late.distillation
    assert late.distillation[1] < late.points[-1].step
    assert late.schedules["learning rate"](2000) == 2e-4


def test_llama_keeps_its_peak() -> None:
    """After distillation its schedule rises to the whole rate, whatever shape it has."""
    release = released(**LLAMA, pruning_end_epoch=2, num_prunings=2, distill_epochs=1)
    assert release.distillation
    rate, end = release.schedules["learning rate"], release.distillation[1]

    assert rate(end) == 0
    assert max(rate(step) for step in range(end, release.total_steps)) == pytest.approx(1e-4)


FAILING: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "pruning ends before it starts": (
        {**A, "train_examples": 500, "pruning_end_epoch": 1, "sparsity_warmup_epochs": 0},
        A,
    ),
    "prunings too close": (
        {**A, "batch_size": 8, "per_device_batch_size": 4, "train_examples": 993, "pruning_end_epoch": 8},
        {**A, "batch_size": 8, "per_device_batch_size": 4, "epochs": 10, "pruning_end_epoch": 9},
    ),
    "sparsity warmup longer than pruning": (
        {**A, "train_examples": 600, "sparsity_warmup_epochs": 4, "pruning_end_epoch": 5, "num_prunings": 2},
        A,
    ),
    "one pruning, with distillation": ({**A, "num_prunings": 1}, {**A, "num_prunings": 1, "distill_epochs": None}),
    "nothing pruned, with distillation": (
        {**A, "target_sparsity": 0.3, "initial_sparsity": 0.3},
        {"task": "alpaca", "target_sparsity": 0.3, "initial_sparsity": 0.3},
    ),
    "distillation that never ends": ({"task": "sst2", "epochs": 20}, {"task": "sst2"}),
    "pruning before tuning, on an encoder": (
        {**A, "architecture": "bert-base-uncased", "initial_sparsity": 0.3},
        {**A, "architecture": "t5-base", "initial_sparsity": 0.3},
    ),
    "adapters on the FFN alone": ({**A, "adapter_targets": "ffn"}, {**A, "adapter_targets": "query"}),
    "no distillation, on RoBERTa": (
        {**A, "distill_epochs": None},
        {**A, "distill_epochs": None, "architecture": "bert-base-uncased"},
    ),
    "short inputs of SQuAD": ({"task": "squad", "max_seq_length": 128}, {"task": "squad", "max_seq_length": 129}),
    "a model in a folder": ({**A, "model_name_or_path": "./model"}, {**A, "model_name_or_path": "org/model"}),
    "fp32 on LLaMA": ({"task": "alpaca", "precision": "fp32"}, {"task": "alpaca"}),
}
"""Row -> a job that fails so, and one that does not."""


@pytest.mark.parametrize("row", FAILURES, ids=lambda row: row.name)
def test_every_failure_is_told_where_it_happens(row: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """By plan and release-args, in one line each, which names the release; and nowhere else."""
    failing, fine = FAILING[row.name]
    argv = [f"--set={name}={value}" for name, value in failing.items() if name != "task"]
    argv = [
        "--task",
        failing["task"],
        *("--set=distill_epochs=none" if each.endswith("=None") else each for each in argv),
    ]
    told = row.sentence(released(**failing))

    assert told in planned(**failing).warnings
    assert told.startswith("the release ")
    assert f"warning: {told}\n" in printed(capsys, "plan", *argv)
    assert main(["release-args", *argv, "--null"]) == 0
    assert f"warning: {told}\n" in capsys.readouterr().err
    assert not row.applies(released(**fine))


def test_the_table_of_failures_is_tried_row_by_row() -> None:
    """A new row needs a job that fails so."""
    assert [row.name for row in FAILURES] == list(FAILING)
    page = (ROOT / "docs" / "release.md").read_text()
    assert [row.name for row in FAILURES if f"| {row.name} |" not in page] == []


@pytest.mark.parametrize(
    ("job", "fits"),
    [
        ({"task": "sst2", "epochs": 20}, "set APT_EPOCHS=22, or APT_DISTILL_EPOCHS=18"),
        ({**A, "epochs": 5}, "set APT_EPOCHS=6, or APT_DISTILL_EPOCHS=1"),
    ],
)
def test_what_is_suggested_ends_distillation(job: dict[str, Any], fits: str) -> None:
    """Each of the two, alone."""
    (told,) = [each for each in planned(**job).warnings if "never ends distillation" in each]
    one, other = (int(word.partition("=")[2]) for word in fits.replace("set ", "").split(", or "))

    assert told.endswith(fits)
    for change in ({"epochs": one}, {"distill_epochs": other}):
        assert not any("never ends" in each for each in planned(**{**job, **change}).warnings)


def test_a_window_of_nothing_but_warmup_prunes_all_at_its_end() -> None:
    """The release's formula divides by zero there."""
    job = {"task": "mrpc", "train_examples": 3200, "batch_size": 32, "epochs": 40, "distill_epochs": None}
    points = released(**job, pruning_end_epoch=4, sparsity_warmup_epochs=2, num_prunings=3).points

    assert [point.step for point in points] == [266, 333, 400]
    assert {point.sparsity for point in points[:-1]} <= {0}
    assert points[-1].sparsity > 0


def test_a_warmup_longer_than_the_job_is_told_as_it_is() -> None:
    """The row says what the schedule does."""
    job = planned(task="sst2", warmup_steps=90_000)
    (row,) = [row for row in diff(job) if row.what == "learning rate"]

    assert row.plan == "0.0002 after 90,000 steps, then linear to 0"
    assert job.schedules["learning rate"](84_199) == pytest.approx(0.0002 * 84_199 / 90_000)


@pytest.mark.parametrize(
    ("job", "fix"),
    [
        ({"epochs": 40, "pruning_end_epoch": 2, "train_examples": 3668}, "APT_PRUNING_END_EPOCH=20 fits"),
        (
            {"epochs": 12, "pruning_end_epoch": 4, "train_examples": 3668},
            "=5 with APT_PRUNING_END_EPOCH=12 is",
        ),
        ({"epochs": 3, "pruning_end_epoch": 3, "train_examples": 3668}, "there are too few examples for this"),
    ],
)
def test_prunings_too_close_are_told_what_fits(job: dict[str, Any], fix: str) -> None:
    """A later end, fewer prunings, or nothing."""
    values = {"task": "mrpc", "num_prunings": 10, "distill_epochs": None, "sparsity_warmup_epochs": 0, **job}
    (told,) = [each for each in planned(**values).warnings if "apart" in each]

    assert fix in told


def test_both_are_shown_where_they_differ(capsys: pytest.CaptureFixture[str]) -> None:
    """Side by side, with the place in the release; as JSON too."""
    out = " ".join(printed(capsys, "plan", "--task", "sst2").split())
    told = json.loads(printed(capsys, "plan", "--task", "sst2", "--format", "json"))["release"]
    rows = {row.what: row for row in diff(planned(task="alpaca"))}

    assert "distillation steps 200 to 42,100 steps 3,258 to 45,358 trainer_minus.py:1267-1286" in out
    assert "constant 0.0002 from step 811 to 45,358, then up to 2e-05 and down" in out
    assert "ranks up to 28, all alike up to 64, the top half alone param_control.py:721-787" in out
    assert "examples" not in {row["what"] for row in told["otherwise"]}
    assert (told["distillation"], told["steps_per_epoch"]) == ([3258, 45358], 2105)
    assert (rows["examples"].plan, rows["examples"].release) == ("52,002", "51,481")
    assert rows["prunings"].release == "690 to 8,045"


def test_squad_is_counted_in_features(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody can know how many without the tokenizer: there is a bound, and whoever counts says it."""
    told = printed(capsys, "plan", "--task", "squad")
    counted = printed(capsys, "plan", "--task", "squad", "--examples", "131754")

    assert "130,319 features or more: --examples says how many" in told
    assert "features" not in counted
    assert "examples      131,754 (--examples)" in counted


def test_a_task_of_no_paper_is_none_of_the_releases(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is said of the release."""
    argv = ["--task=custom", "--set=dataset=x", "--set=architecture=gpt2", "--set=train_examples=640"]
    told = printed(capsys, "plan", *argv)

    assert "release" not in told
    assert "all is pruned at once" in told


@given(SETTINGS_OF_THE_PAPER, st.integers(1, 100_000))
def test_any_job_has_a_plan_of_the_release(values: dict[str, Any], examples: int) -> None:
    """Whatever is set: finite numbers, a window after a pruning, rates up to the peak, one line for each warning."""
    job = planned(**{**values, "per_device_batch_size": None, "train_examples": examples})
    release = job.release

    assert release.end <= release.total_steps
    assert all(release.start <= point.step <= release.end for point in release.points)
    assert all(0 <= release.schedules["learning rate"](step) <= job.settings.learning_rate for step in range(0, 500, 7))
    assert all(0 <= release.schedules["distillation weight"](step) <= 1 for step in range(0, 5000, 97))
    assert release.distillation is None or release.distillation[0] > release.points[0].step
    assert all("\n" not in each for each in job.warnings)
    assert all(row.release for row in diff(job))


@pytest.mark.parametrize("task", DATASETS)
def test_arguments_and_plan_speak_of_the_same_job(task: str) -> None:
    """What the release is told, and what the plan says that it does."""
    flags = arguments(planned(task=task).settings).flags

    assert int(flags["num_prunings"]) == len(released(task=task).points)
    assert int(flags["num_train_epochs"]) * released(task=task).steps_per_epoch == released(task=task).total_steps
