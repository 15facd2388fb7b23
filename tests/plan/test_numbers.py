"""The plan of a job: its arithmetic, what it warns of, and how it looks."""

import json
import math
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import RECORDS, printed
from test_schedules import ANY, settings_of

from apt_settings import SettingsError, SettingsWarning, load
from apt_settings.cli import main
from apt_settings.facts.datasets import TRAINING_EXAMPLES
from apt_settings.facts.release import scripts
from apt_settings.plan import SMALLEST_GAP, plan
from apt_settings.plan.plot import draw


def planned(*, devices: int = 1, **values: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SettingsWarning)
        return plan(load({}, None, **values), devices=devices)


def test_examples_are_those_of_the_datasets() -> None:
    """Every dataset has its number."""
    assert json.loads((RECORDS / "facts.json").read_text())["training_examples"] == dict(TRAINING_EXAMPLES)


def test_sst2_has_2105_steps_an_epoch() -> None:
    """67,349 examples in batches of 32, the last of which is smaller."""
    job = planned(task="sst2")

    assert (job.steps_per_epoch, job.total_steps) == (2_105, 84_200)
    assert job.tokens == 67_349 * 40 * 128
    assert planned(task="sst2", train_examples=33).steps_per_epoch == 2


def test_the_batch_is_divided_exactly() -> None:
    """Effective batch = per device x devices x accumulation."""
    job = planned(task="sst2", devices=4, per_device_batch_size=2)

    assert (job.per_device_batch_size, job.gradient_accumulation) == (2, 4)
    assert (planned(devices=4).per_device_batch_size, planned(devices=4).gradient_accumulation) == (8, 1)


@pytest.mark.parametrize(
    ("devices", "values", "words"),
    [
        (3, {}, "APT_BATCH_SIZE=32 cannot be divided among 3 devices: must be a multiple of 3, such as 30 or 33"),
        (64, {}, "APT_BATCH_SIZE=32 cannot be divided among 64 devices: must be a multiple of 64, such as 64"),
        (
            1,
            {"per_device_batch_size": 5},
            "a divisor of batch_size, which is 32 (class default); write 4 or 8, or",
        ),
        (1, {"per_device_batch_size": 12}, "write 8 or 16, or change APT_BATCH_SIZE"),
        (1, {"per_device_batch_size": 64}, "write 32, or change APT_BATCH_SIZE"),
        (
            4,
            {"per_device_batch_size": 16},
            "does not divide each device's share, which is 8: must be a divisor of it, such as 8",
        ),
        (
            4,
            {"batch_size": 96, "per_device_batch_size": 16},
            "does not divide each device's share, which is 24: must be a divisor of it, such as 12 or 24",
        ),
    ],
)
def test_a_batch_that_cannot_be_divided_is_an_error(devices: int, values: dict[str, Any], words: str) -> None:
    """It names the setting, and what divides below it and above."""
    with pytest.raises(SettingsError) as caught:
        planned(devices=devices, **values)

    assert words in str(caught.value)


def test_parameters_before_and_after() -> None:
    """What is pruned is the target's share of what can be; adapters grow with their budget."""
    job = planned(task="sst2")

    assert job.model.parameters - job.model.kept_parameters == round(0.6 * job.model.prunable_parameters)
    assert job.model.trainable_parameters == (663_552, 663_552 * 4)
    assert job.ranks == (8, 28)
    capped = planned(task="sst2", max_rank=16)
    assert capped.model.trainable_parameters[1] == 2 * 663_552
    assert capped.ranks == (8, 16)


def test_what_is_not_reached_is_not_told_as_the_end() -> None:
    """A job that ends before its last pruning keeps what it has pruned by then, and its tokens count targets."""
    short = planned(task="sst2", epochs=2)
    cnn, model = planned(task="cnn_dm"), short.model

    assert model.parameters - model.kept_parameters < 0.6 * model.prunable_parameters
    assert cnn.tokens == 287_113 * 16 * (512 + 128)


@pytest.mark.parametrize("task", ["mrpc", "cola", "rte", "stsb"])
def test_glue_small_cannot_have_the_window_of_glue_big(task: str) -> None:
    """Table 6's small tasks under the big tasks' pruning window: the prunings are too close, and it says what fits."""
    job = planned(task=task, num_prunings=10, pruning_end_epoch=3, sparsity_warmup_epochs=1)
    (warning,) = [each for each in job.warnings if "apart" in each]

    assert min(job.gaps[1:]) < SMALLEST_GAP
    assert f"prunings are {min(job.gaps[1:])} steps apart, and it refuses less than 200" in warning
    assert planned(task=task).warnings == []


def test_every_script_of_the_release_has_a_plan_that_works() -> None:
    """What the release runs raises no warning, on the datasets of its size."""
    for dataset, architecture in scripts():
        job = planned(task=dataset, dataset=dataset, architecture=architecture, reference="release")

        assert job.warnings == [], (dataset, architecture)


@given(ANY, st.integers(1, 300_000))
def test_every_warning_is_true_and_every_number_finite(values: dict[str, Any], examples: int) -> None:
    """Whatever is set, there is a plan, and it warns of what is so and of nothing else."""
    if (settings := settings_of(values)) is None:
        return
    job = plan(settings.model_copy(update={"train_examples": examples}))
    told = " ".join(job.warnings)
    end = settings.pruning_end_epoch * job.steps_per_epoch

    assert job.total_steps == math.ceil(examples / settings.batch_size) * settings.epochs
    assert job.release
    acts = bool(settings.target_sparsity or settings.distill_epochs)
    assert ("steps apart" in told) == (acts and min(job.release.gaps, default=SMALLEST_GAP) < SMALLEST_GAP)
    assert ("would start at" in told) == (acts and job.release.end <= job.release.start)
    assert ("never reached" in told) == (settings.target_sparsity > 0 and end > job.total_steps)
    assert ("past the end of the job" in told) == ((settings.distill_epochs or 0) > settings.epochs)
    assert sum(job.gaps) == max(end - 200, 0)
    assert min(job.gaps) >= 0
    assert job.model
    assert 0 < job.model.kept_parameters <= job.model.parameters
    assert all(math.isfinite(schedule(job.total_steps / 3)) for schedule in job.schedules.values())


@pytest.mark.parametrize("task", ["mrpc", "cola", "rte", "stsb"])
def test_a_suggestion_fits(task: str) -> None:
    """What a warning offers raises it no more."""
    (warning,) = planned(task=task, num_prunings=10, pruning_end_epoch=5, sparsity_warmup_epochs=1).warnings
    (end,) = map(int, re.findall(r"APT_PRUNING_END_EPOCH=(\d+) fits", warning))

    assert planned(task=task, num_prunings=10, pruning_end_epoch=end, sparsity_warmup_epochs=1).warnings == []


def test_adapters_that_the_paper_does_not_have_are_told() -> None:
    """FFN adapters are for the smaller models."""
    job = planned(task="alpaca", adapter_targets="query,ffn")

    assert job.warnings == ["the paper has no adapters on ffn for meta-llama/Llama-2-7b-hf (Appendix A)"]


def test_the_table_tells_the_plan(capsys: pytest.CaptureFixture[str], golden: Callable[[str, str], None]) -> None:
    """Numbers for people, and what cannot work."""
    argv = ["--task", "mrpc", "--set", "num_prunings=3", "--set", "pruning_end_epoch=6", "--devices", "2"]
    assert main(["plan", *argv]) == 0
    golden("plan.txt", capsys.readouterr().out)


def test_json_is_the_plan(capsys: pytest.CaptureFixture[str]) -> None:
    """For programs, with the points and the warnings."""
    assert main(["plan", "--task", "sst2", "--set", "reference=release", "--format", "json"]) == 0
    said = json.loads(capsys.readouterr().out)

    assert (said["task"], said["dataset"], said["total_steps"]) == ("glue_big", "sst2", 84_200)
    assert said["points"][0] == {"step": 811, "kept": 1.0, "steps_before": 611}
    assert said["warnings"] == []


def test_a_bad_batch_stops_the_plan_with_78(capsys: pytest.CaptureFixture[str]) -> None:
    """As every wrong setting does."""
    assert main(["plan", "--task", "sst2", "--devices", "5"]) == 78
    assert "cannot be divided among 5 devices" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["svg", "png"])
@pytest.mark.large
def test_the_picture_shows_all_schedules(kind: str, tmp_path: Path) -> None:
    """One page, the same each time; an SVG names its panels in text."""
    pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'apt-settings[plot]'")
    job = planned(task="sst2")
    for name in ("one", "other"):
        draw(job, tmp_path / f"{name}.{kind}")
    one, other = ((tmp_path / f"{name}.{kind}").read_bytes() for name in ("one", "other"))

    assert len(one) > 10_000
    if kind == "svg":
        assert all(word.encode() in one for word in ("sparsity", "learning rate", "largest rank", "roberta-base"))
    assert one == other


@pytest.mark.parametrize(
    ("name", "words"),
    [("plan.gif", "has an unknown suffix: must be .svg, .png, .pdf"), ("missing/plan.svg", "cannot be written")],
)
def test_a_picture_that_cannot_be_is_refused(name: str, words: str, tmp_path: Path) -> None:
    """With what is wrong, and what is allowed."""
    if "missing" in name:
        pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'apt-settings[plot]'")
    with pytest.raises(SettingsError, match=words):
        draw(planned(task="sst2"), tmp_path / name)


def test_without_matplotlib_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra has a name."""
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    with pytest.raises(SettingsError, match=r"--plot needs matplotlib; pip install 'apt-settings\[plot\]'"):
        draw(planned(task="sst2"), tmp_path / "plan.svg")


def test_a_job_has_a_device() -> None:
    """Fewer than one divide no batch."""
    with pytest.raises(SettingsError, match="devices=0 is less than one device"):
        plan(load({}, None, task="squad"), devices=0)


def test_pruning_that_ends_before_it_starts_is_told_for_a_task_of_no_paper() -> None:
    """Where the release's plan says nothing of it."""
    told = planned(
        task="custom",
        dataset="mine",
        architecture="roberta-base",
        train_examples=320,
        epochs=40,
        pruning_end_epoch=2,
        num_prunings=1,
        distill_epochs=1,
        sparsity_warmup_epochs=0,
    ).warnings

    assert "pruning ends at step 20, before it starts at 200: all is pruned at once" in told


def test_a_warmup_longer_than_pruning_is_told_for_a_task_of_no_paper() -> None:
    """As for those of the release, which its own plan tells."""
    job: dict[str, Any] = {"task": "custom", "dataset": "mine", "architecture": "roberta-base", "epochs": 40}
    told = planned(
        **job, train_examples=3200, pruning_end_epoch=5, sparsity_warmup_epochs=4, num_prunings=1, distill_epochs=1
    ).warnings

    assert "the sparsity warmup lasts until step 600, and pruning ends at 500: all is pruned at once" in told


def test_a_warmup_longer_than_the_job_is_told_with_its_fix() -> None:
    """The rate rises to the end, and no further."""
    told = "the learning rate never gets to its peak: warmup_steps 900, and the job ends at step 800; "
    job = planned(task="mrpc", train_examples=640, epochs=40, warmup_steps=900)

    assert [each for each in job.warnings if "peak" in each] == [f"{told}write APT_WARMUP_STEPS=800 or less"]
    assert job.schedules["learning rate"](800) == pytest.approx(job.settings.learning_rate * 800 / 900)
    assert not [each for each in planned(task="mrpc", warmup_steps=800).warnings if "peak" in each]


def test_a_job_that_neither_prunes_nor_distils_hears_nothing_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    """No note, no warning, no table; a dense fine-tuning has its steps and rates."""
    words = ("--task", "squad", "--set", "target_sparsity=0", "--set", "distill_epochs=none", "--set", "epochs=2")
    assert load({}, None, task="squad", target_sparsity=0, distill_epochs=None, epochs=2).notes == ()
    told = printed(capsys, "plan", *words)

    assert "steps" in told
    assert not re.search(r"prun|distil|warning|note", told.replace("can be pruned", ""))


def test_a_job_that_prunes_without_distilling_hears_of_pruning_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """Each by itself."""
    argv = ["--set", "distill_epochs=none", "--set", "architecture=bert-base-uncased"]
    told = printed(capsys, "plan", "--task", "squad", *argv)

    assert "pruning" in told
    assert "distil" not in told


@pytest.mark.parametrize(("max_steps", "epochs"), [(1_000, "0.25"), (500_000, "122.76")])
def test_max_steps_says_when_a_job_ends(max_steps: int, epochs: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Before the last epoch or after it; the plan says how many epochs that is, and what ends too late."""
    job = plan(load({}, None, task="squad", max_steps=max_steps))
    told = printed(capsys, "plan", "--task", "squad", "--set", f"max_steps={max_steps}")

    assert job.total_steps == max_steps
    assert job.tokens == max_steps * 32 * 384
    assert job.schedules["learning rate"](max_steps) == 0
    assert f"{max_steps:,} by max_steps: {epochs} epochs of 4,073" in told
    assert ("the target sparsity is never reached" in told) == (max_steps == 1_000)
    assert ("max_steps 1000)" in told) == (max_steps == 1_000)
