"""What an experiment is, in one hash: pinned for ever, whatever Python, pydantic or hash seed."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pytest

from apt_settings import WHERE_IT_RUNS, AlpacaSettings, GlueBigSettings, SettingsError, SettingsGroup, fingerprint, load
from apt_settings.facts.datasets import DATASETS
from apt_settings.fingerprint import canonical, changed, counted
from apt_settings.own import ADDED_LATER
from apt_settings.pin import Pin
from apt_settings.runs.conflicts import conflicts_with
from apt_settings.runs.running import job_environment
from apt_settings.runs.store import record_of

PINNED = {
    "glue_small": "apt1-3fc3c6a8460e0423",
    "glue_big": "apt1-5b570d8ae9c8bb43",
    "squad": "apt1-7e3c2819041d5c04",
    "cnn_dm": "apt1-7a6d56bb19e250ba",
    "alpaca": "apt1-aad8410f90e179e6",
}


@pytest.mark.parametrize("task", PINNED)
def test_the_defaults_have_their_pinned_fingerprints(task: str) -> None:
    """A change of these values breaks every record: it needs a new version in front of them."""
    assert PINNED[task] == fingerprint(load({"APT_TASK": task}))


def test_every_kind_of_value_is_pinned() -> None:
    """Floats, lists, none and UTF-8 text have one canonical form."""
    settings = load(
        {},
        learning_rate=1e-5,
        initial_sparsity=-0.0,
        prunable_blocks=("ffn_neuron",),
        distill_epochs=None,
        model_name_or_path="/modèles/日本",
    )

    assert fingerprint(settings) == "apt1-2523db0700541639"


@pytest.mark.parametrize("seed", ["0", "1", "random"])
def test_the_hash_seed_does_not_count(seed: str) -> None:
    """Another process with another hash seed gives the same fingerprint, a set in a subclass included."""
    code = """
from apt_settings import GlueBigSettings, fingerprint
class Mine(GlueBigSettings):
    tags: frozenset[str] = frozenset({"a", "b", "c", "d"})
print(fingerprint(Mine()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONHASHSEED": seed})

    assert done.stdout == "apt1-b14345e616be0a5c\n"


@pytest.mark.parametrize("values", [{"output_dir": "elsewhere"}, {"per_device_batch_size": 4}])
def test_where_a_job_runs_does_not_count(values: dict[str, Any]) -> None:
    """The folder and the batch of one device change the run, not the experiment."""
    assert fingerprint(load({})) == fingerprint(load({}, **values))


OTHER_VALUES: dict[str, Any] = {
    "dataset": "mnli",
    "max_seq_length": 256,
    "architecture": "t5-base",
    "model_name_or_path": "x",
    "learning_rate": 1e-4,
    "batch_size": 16,
    "epochs": 41,
    "warmup_ratio": 0.1,
    "max_steps": 1_000,
    "warmup_steps": 100,
    "lr_scheduler": "constant",
    "precision": "fp32",
    "seed": 1,
    "distill_epochs": None,
    "distill_weight_start": 0.1,
    "distill_weight_end": 0.9,
    "teacher_layers": 3,
    "distill_temperature": 2.0,
    "distill_layer_weight": 0.5,
    "distill_prediction_weight": 0.5,
    "target_sparsity": 0.60000001,
    "initial_sparsity": 0.1,
    "mask_decay_rate": 0.02,
    "salience_momentum": 0.85,
    "outlier_aware": False,
    "prunable_blocks": "mha_head",
    "num_prunings": 9,
    "pruning_end_epoch": 4,
    "sparsity_warmup_epochs": 0,
    "initial_rank": 4,
    "scaling_factor": 1.0,
    "adapter_targets": "query",
    "max_rank": 32,
    "tuning_budget_ratio": 2.0,
    "optimizer": "adamw",
    "weight_decay": 0.1,
    "max_grad_norm": 2.0,
}


def test_every_setting_is_known_to_count_or_not() -> None:
    """A new setting must be entered here: does it say what the experiment is?"""
    elsewhere = {"task", "max_target_length", "output_dir", "per_device_batch_size", "train_examples"}

    assert set(GlueBigSettings.model_fields) == {*OTHER_VALUES, *elsewhere}


@pytest.mark.parametrize("name", OTHER_VALUES)
def test_everything_else_counts(name: str) -> None:
    """Another value of any other setting is another fingerprint."""
    assert fingerprint(load({})) != fingerprint(load({}, **{name: OTHER_VALUES[name]}))


def test_the_number_of_examples_is_compared_and_does_not_count() -> None:
    """The dataset says it, and schedules follow it: a pin, a record and all ranks have the same one."""
    one, other = (load({}, train_examples=number) for number in (640, 1280))

    assert fingerprint(one) == fingerprint(other) == fingerprint(load({}))
    assert Pin.of(one) != Pin.of(other)
    assert changed(record_of(one)) == ""
    assert [each.setting for each in conflicts_with(record_of(one), Path("x"), record_of(other))] == ["train_examples"]


@pytest.mark.filterwarnings("ignore::apt_settings.SettingsWarning")
def test_fingerprints_are_for_years(golden: Callable[[str, str], None]) -> None:
    """Every task's fingerprint, and that of each of its jobs with one other value, stays what it was."""
    lines = []
    for task in DATASETS:
        for name, value in {"task": task, **OTHER_VALUES}.items():
            try:
                lines.append(f"{task} {name}={value} {fingerprint(load({}, None, **{'task': task, name: value}))}")
            except SettingsError:
                lines.append(f"{task} {name}={value} does not fit")

    golden("fingerprints.txt", "\n".join(lines) + "\n")


def test_task_and_target_length_count() -> None:
    """So do the task and, where it generates, the target's length."""
    assert len({fingerprint(load({"APT_TASK": task})) for task in PINNED}) == len(PINNED)
    assert fingerprint(load({}, task="cnn_dm")) != fingerprint(load({}, task="cnn_dm", max_target_length=64))


def test_who_set_a_value_does_not_count(write_env: Any) -> None:
    """The same value by default, variable, `.env` or argument is the same experiment."""
    write_env("APT_SEED=128\n")
    expected = fingerprint(load({}, None))

    assert expected == fingerprint(load({}))
    assert expected == fingerprint(load({"APT_SEED": "128"}))
    assert expected == fingerprint(load({}, seed=128))
    assert expected == fingerprint(load({}, initial_sparsity="-0.0", scaling_factor=2))


def test_a_subclass_s_settings_count_unless_they_say_where_it_runs() -> None:
    """A user's own setting changes the fingerprint; one marked WHERE_IT_RUNS does not."""

    class Mine(GlueBigSettings):
        curriculum: str = "none"
        workers: Annotated[int, WHERE_IT_RUNS] = 4

    assert fingerprint(Mine()) == fingerprint(Mine(workers=8))
    assert fingerprint(Mine()) != fingerprint(Mine(curriculum="hard"))


def test_a_set_has_no_order() -> None:
    """Whatever order its items come in, for a subclass's own setting."""

    class Mine(GlueBigSettings):
        words: frozenset[str] = frozenset()

    assert canonical(frozenset("decab")) == list("abcde")
    assert fingerprint(Mine(words=frozenset("ab"))) != fingerprint(Mine())


def test_a_setting_that_is_added_later_changes_no_fingerprint_of_before() -> None:
    """At its default it does not count; set, it does; and a record of either verifies from its own text."""

    class Newer(GlueBigSettings):
        curriculum: Annotated[str, ADDED_LATER] = "none at all"

    default, chosen = Newer(), Newer(curriculum="easy first")

    assert fingerprint(default) == fingerprint(GlueBigSettings()) == fingerprint(Newer(curriculum="none at all"))
    assert fingerprint(chosen) != fingerprint(default)
    assert [changed(record_of(each)) for each in (default, chosen)] == ["", ""]


class ByTheHouse(SettingsGroup):
    """A project's defaults for what was added later."""

    warmup_steps: int | None = 50
    max_steps: int | None = None


class ByTheTask(AlpacaSettings):
    """A task's default for what was added later."""

    datasets = ("mine",)
    task: str = "by_the_task"
    dataset: str = "mine"
    max_steps: int | None = 50


@pytest.mark.parametrize(
    ("named", "chosen", "plain", "name"),
    [
        (ByTheHouse, {"task": "squad"}, {"task": "squad"}, "warmup_steps"),
        (ByTheTask, {"task": "by_the_task"}, None, "max_steps"),
    ],
)
def test_a_project_s_default_for_what_was_added_later_counts(
    named: Any, chosen: dict[str, Any], plain: dict[str, Any] | None, name: str
) -> None:
    """Only our default means what was done before: what a project restates is as if a job set it, and runs so."""
    restated = load({}, None, extend=[named], **chosen)
    before = load({}, None, extend=[named], **{**chosen, name: None})
    child = load(job_environment({}, restated), None, extend=[named])

    assert fingerprint(restated) == fingerprint(child) != fingerprint(before)
    if plain:
        assert fingerprint(restated) == fingerprint(load({}, None, **{**plain, name: 50}))
        assert fingerprint(before) == fingerprint(load({}, None, **plain))
    for each in (restated, before, child):
        assert changed(record_of(each)) == ""
        assert [row.at_default for key, row in record_of(each).settings.items() if key == name] == [each is before]


@pytest.mark.parametrize(
    ("environ", "counts"),
    [
        ({}, False),
        ({"APT_THIRD": "3"}, False),
        ({"APT_EPOCHS": "9", "APT_THIRD": "3"}, False),
        ({"APT_EPOCHS": "9", "APT_THIRD": "4"}, True),
        ({"APT_HALF": "250"}, False),
        ({"APT_HALF": "251"}, True),
    ],
)
def test_a_default_that_is_made_from_others_does_not_count(
    environ: dict[str, str], counts: bool, project_classes: str
) -> None:
    """Whoever gives it, and whether the class of a task makes it or a group."""
    given = counted(load({"APT_TASK": "gsm8k", **environ}, None, extend=project_classes))

    assert bool({"third", "APT_HALF"} & given.keys()) == counts
