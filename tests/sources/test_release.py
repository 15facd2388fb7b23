"""The release's scripts as a second reference: the values, where they stand, and what overrides them."""

import csv
import subprocess
import sys
import warnings
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import RECORDS, ROOT

from apt_settings import AlpacaSettings, SettingsError, SettingsWarning, SquadSettings, load
from apt_settings.base import AptSettings, outdated_defaults
from apt_settings.facts.release import scripts
from apt_settings.runs.store import record_of, write
from apt_settings.variables import variables

FACTS = ROOT.parent / "shared" / "reference"


def rows(name: str) -> list[dict[str, str]]:
    with (RECORDS / name).open(newline="") as table:
        return list(csv.DictReader(table))


SCRIPTS = rows("release_scripts.csv")
LINES = {
    (row["script"], row["flag"]): row["value_line"] or row["flag_line"] for row in rows("release_script_lines.csv")
}
SAME = {
    "learning_rate": "learning_rate",
    "epochs": "num_train_epochs",
    "distill_epochs": "distill_epoch",
    "initial_rank": "lora_r",
    "weight_decay": "weight_decay",
    "max_grad_norm": "max_grad_norm",
    "warmup_ratio": "warmup_ratio",
    "pruning_end_epoch": "pruning_stop",
    "num_prunings": "num_prunings",
    "sparsity_warmup_epochs": "sparsity_warmup_epochs",
    "distill_temperature": "distill_temp",
    "distill_layer_weight": "distill_loss_alpha",
    "distill_prediction_weight": "distill_ce_loss_alpha",
    "mask_decay_rate": "mask_lr",
    "max_rank": "max_lora_r",
    "tuning_budget_ratio": "tuning_expanding_ratio",
    "seed": "seed",
}
TARGETS = {"q": "query", "v": "value", "i": "ffn"}


def released(script: Mapping[str, str], **overrides: Any) -> AptSettings:
    """What APT_REFERENCE=release gives for the dataset and architecture of a script."""
    environ = {"APT_REFERENCE": "release", "APT_TASK": script["task"], "APT_ARCHITECTURE": script["model"]}
    return load({**environ, "APT_DATASET": script["task"]}, None, **overrides)


def meant(script: Mapping[str, str]) -> dict[str, object]:
    """What a script says, in the words of the settings."""
    number = {flag: Decimal(text) for flag, text in script.items() if text.replace(".", "").isdigit()}
    adapters = script["student_param_tuning_config"] or script["teacher_param_tuning_config"]
    letters = [part.partition(":")[0].strip("edc0") for part in adapters.split(",")]
    pruned_before = script["pre_tuning_pruner"] != "none"
    accumulates = number["gradient_accumulation_steps"] > 1
    return {
        **{setting: float(script[flag]) for setting, flag in SAME.items()},
        "batch_size": number["per_device_train_batch_size"] * number["gradient_accumulation_steps"],
        "per_device_batch_size": number["per_device_train_batch_size"] if accumulates else None,
        "target_sparsity": float(1 - number["mac_constraint"]),
        "initial_sparsity": float(1 - number["pre_tuning_constraint"]) if pruned_before else 0.0,
        "scaling_factor": float(number["lora_alpha"] / number["lora_r"]),
        "lr_scheduler": script["lr_scheduler_type"],
        "optimizer": {"adamw_torch": "adamw"}[script["optim"]],
        "precision": next((word for word in ("bf16", "fp16", "tf32") if script[word] == "True"), "tf32"),
        "adapter_targets": tuple(dict.fromkeys(TARGETS[letter] for letter in letters)),
        "max_seq_length": int(script["max_seq_length"] or script["max_input_length"] or script["model_max_length"]),
        "max_target_length": int(script["max_target_length"]) if script["max_target_length"] else None,
        "salience_momentum": 0.85,
        "outlier_aware": "llama" in script["script"],
        "teacher_layers": 4,
    }


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: Path(script["script"]).stem)
def test_the_reference_is_the_script(script: Mapping[str, str]) -> None:
    """For every script, the settings are what it says, exactly, and no rule between settings is broken."""
    settings = released(script)

    assert meant(script) == {name: getattr(settings, name) for name in meant(script)}
    assert outdated_defaults(settings) == ()
    assert (script["task"], script["model"]) == (settings.dataset, settings.architecture)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: Path(script["script"]).stem)
def test_an_origin_is_script_and_line(script: Mapping[str, str]) -> None:
    """A value that a script sets names that line; one that it sets on an unknown line names the script."""
    settings = released(script)
    flags = {**SAME, "target_sparsity": "mac_constraint", "lr_scheduler": "lr_scheduler_type"}
    known = {name: LINES[script["script"], flag] for name, flag in flags.items() if (script["script"], flag) in LINES}

    assert len(known) >= 11
    for name, line in known.items():
        assert f"release {script['script']}:{line}" == str(settings.origin(name))
    assert f"release {script['script']}" == str(settings.origin("max_rank"))
    assert str(settings.origin("salience_momentum")) == "release trainer_minus.py:355-356"


def test_the_facts_are_those_of_the_release() -> None:
    """Where the whole collection of facts is at hand, the rows kept here are its rows, and none in scope is missing."""
    whole = FACTS / "release_scripts.csv"
    variants = ("noffnstart", "larger", "mt5", "xsum")
    with (whole if whole.exists() else RECORDS / "release_scripts.csv").open(newline="") as table:
        mains = [row for row in csv.DictReader(table) if row["script"].startswith("scripts/adaptpruning/")]

    assert [row for row in mains if not any(word in row["script"] for word in variants)] == SCRIPTS
    assert len(SCRIPTS) == len(scripts()) == 24


def test_the_paper_is_the_reference_unless_asked() -> None:
    """Without APT_REFERENCE, and with `paper`, nothing of the release is in force; `load` takes the word too."""
    assert load({}, None) == load({"APT_REFERENCE": "paper"}, None) == load({}, None, reference="paper")
    assert load({"APT_REFERENCE": "release"}, None) == load({}, None, reference="release")
    assert load({}, None).weight_decay != load({}, None, reference="release").weight_decay


def test_overrides_win_and_shadow_the_release(tmp_path: Path) -> None:
    """Argument, environment and `.env` are stronger than the script, which is stronger than the class."""
    (tmp_path / ".env").write_text("APT_REFERENCE=release\nAPT_WEIGHT_DECAY=0.2\n")
    settings = load({"APT_TASK": "mrpc", "APT_EPOCHS": "100"}, seed=1)
    shadows = [str(shadow) for shadow in settings.origin("epochs").overridden]

    assert (settings.epochs, settings.seed, settings.weight_decay, settings.distill_epochs) == (100, 1, 0.2, 96)
    assert shadows == ["release scripts/adaptpruning/roberta_base_mrpc_momentum.sh:59", "class default"]
    assert settings.origin("epochs").overridden[0].raw == "120"
    assert not settings.origin("distill_epochs").is_override
    assert settings.controls["reference"] == "release"


def test_a_value_of_the_release_that_no_longer_fits_is_a_note() -> None:
    """As with a default: overriding one setting never fails by itself, and the note says whose value stays."""
    with pytest.warns(SettingsWarning) as told:
        settings = load({"APT_TASK": "mrpc", "APT_EPOCHS": "10"}, None, reference="release")

    assert (settings.epochs, settings.distill_epochs, outdated_defaults(settings)) == (
        10,
        96,
        ("distill_epochs", "pruning_end_epoch"),
    )
    assert "distill_epochs stays 96 (release scripts/adaptpruning/roberta_base_mrpc_momentum.sh:49)" in str(
        told[0].message
    )


def test_what_is_set_is_judged_against_the_release() -> None:
    """A rule looks at the values in force: 50 epochs of distillation fit the release's 120, and not its 40."""
    assert load({"APT_DISTILL_EPOCHS": "50"}, None, task="mrpc", reference="release").distill_epochs == 50
    with pytest.raises(SettingsError, match=r"at most epochs, which is 12 \(release scripts/.*cnndm_momentum.sh:49\)"):
        load({"APT_DISTILL_EPOCHS": "14"}, None, task="cnn_dm", reference="release")


@pytest.mark.parametrize(
    ("environ", "missing"),
    [
        ({"APT_ARCHITECTURE": "t5-base"}, "t5-base on sst2"),
        ({"APT_TASK": "squad", "APT_DATASET": "squad"}, "roberta-base on squad"),
        ({"APT_TASK": "mrpc", "APT_ARCHITECTURE": "google/t5-xl-lm-adapt"}, "google/t5-xl-lm-adapt on mrpc"),
    ],
)
def test_a_job_without_a_script_is_refused(environ: dict[str, str], missing: str) -> None:
    """The error names what was asked for and lists what there are scripts for."""
    with pytest.raises(SettingsError) as caught:
        load({**environ, "APT_REFERENCE": "release"}, None)
    (problem,) = caught.value.problems

    assert str(problem).startswith(f"environment APT_REFERENCE='release' has no script for {missing}; for ")
    for dataset, architecture in scripts():
        assert architecture in problem.fix
        assert dataset in problem.fix


def test_a_job_that_is_wrong_anyhow_is_told_that_alone() -> None:
    """A dataset of another task is one problem, not two."""
    with pytest.raises(SettingsError) as caught:
        load({"APT_TASK": "squad", "APT_DATASET": "mnli", "APT_REFERENCE": "release"}, None)

    assert [problem.variable for problem in caught.value.problems] == ["APT_DATASET"]


def test_a_class_of_its_own_takes_the_release_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain instantiation and a subclass read APT_REFERENCE; a copy for another dataset has that dataset's script."""

    class Mine(SquadSettings):
        workers: int = 4

    monkeypatch.setenv("APT_REFERENCE", "release")
    bert = {"dataset": "squad", "architecture": "bert-base-uncased"}

    assert AlpacaSettings().distill_epochs == 10
    assert (Mine().weight_decay, Mine().workers) == (0.1, 4)
    assert SquadSettings().model_copy(update=bert) == SquadSettings(dataset="squad", architecture="bert-base-uncased")
    assert SquadSettings().model_copy(update=bert).precision == "tf32"


@given(st.sampled_from(SCRIPTS), st.integers(1, 200), st.integers(8, 100))
def test_variables_give_the_same_settings_back(script: Mapping[str, str], epochs: int, max_rank: int) -> None:
    """Whatever is overridden, the variables of a job with the release's values are that job again, misfits included."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SettingsWarning)
        settings = released(script, epochs=epochs, max_rank=max_rank)
        again = load(variables(settings), None)

    assert settings == again
    assert outdated_defaults(settings) == outdated_defaults(again)


def test_a_replay_keeps_the_release(tmp_path: Path) -> None:
    """A record of a job with the release's values replays them, on whatever machine, and says whose they were."""
    with pytest.warns(SettingsWarning):
        settings = load({"APT_TASK": "mrpc", "APT_EPOCHS": "10"}, None, reference="release")
    write(tmp_path, record_of(settings))
    with pytest.warns(SettingsWarning):
        again = load({}, record=tmp_path)

    assert settings == again
    assert again.controls["reference"] == "release"
    assert str(again.origin("distill_epochs")) == "release scripts/adaptpruning/roberta_base_mrpc_momentum.sh:49"
    assert variables(settings) == variables(again)


def test_a_replay_of_a_replay_is_the_same(tmp_path: Path) -> None:
    """Whose value it is survives a second record: the release's is no override, and no rule refuses it."""
    write(tmp_path, record_of(load({}, None, task="mrpc", reference="release")))
    (tmp_path / "again").mkdir()
    write(tmp_path / "again", record_of(load({}, record=tmp_path)))
    with pytest.warns(SettingsWarning):
        settings = load({}, record=tmp_path / "again", epochs=10)

    assert settings.distill_epochs == 96
    assert outdated_defaults(settings) == ("distill_epochs", "pruning_end_epoch")


def test_a_replay_keeps_to_its_record(tmp_path: Path) -> None:
    """A record has its reference; another job than the recorded one needs a script of its own, as it would anyhow."""
    write(tmp_path, record_of(load({}, None, task="mrpc", reference="release")))
    with pytest.raises(SettingsError, match="argument reference does not go with a record, which has its own"):
        load({}, record=tmp_path, reference="paper")
    with pytest.raises(SettingsError, match="has no script for t5-base on mrpc"):
        load({}, record=tmp_path, architecture="t5-base")

    assert load({}, record=tmp_path, architecture="bert-base-uncased").epochs == 120


@pytest.mark.parametrize("word", ["relase", None, ["release"], 1])
def test_a_wrong_word_is_refused_wherever_it_is_given(word: object) -> None:
    """As an argument of load and in a copy, whatever it is."""
    with pytest.raises(SettingsError, match=r"reference=.* is not allowed: must be paper or release"):
        load({}, None, reference=word)
    with pytest.raises(SettingsError, match=r"reference=.* is not allowed: must be paper or release"):
        load({}, None).model_copy(update={"reference": word})


def test_a_misspelt_control_is_guessed() -> None:
    """`load(refrence=...)` is told what it may mean."""
    with pytest.raises(SettingsError, match=r"did you mean reference\?"):
        load({}, None, refrence="release")


def test_a_dataset_that_is_no_word_is_told() -> None:
    """Not even an unhashable one brings the choice of a script down."""
    with pytest.raises(SettingsError, match=r"dataset=\['mrpc'\] is not allowed"):
        load({}, None, task="glue_small", reference="release", dataset=["mrpc"])


def test_variables_pin_the_reference() -> None:
    """What a default of the release is not written for, APT_REFERENCE beside it says."""
    with pytest.warns(SettingsWarning):
        settings = load({"APT_TASK": "mrpc", "APT_EPOCHS": "10"}, None, reference="release")
    given = variables(settings)

    assert given["APT_REFERENCE"] == "release"
    assert "APT_DISTILL_EPOCHS" not in given
    with pytest.warns(SettingsWarning):
        assert load(given, None) == settings
    assert "APT_REFERENCE" not in variables(load({}, None))


def test_the_table_is_read_only_when_asked_for() -> None:
    """A job with the paper's values loads neither the table nor what reads it."""
    code = "import sys, apt_settings; apt_settings.load({}, None); print('apt_settings.release' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"
