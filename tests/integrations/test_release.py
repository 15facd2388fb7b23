"""The command line of the release: every flag exists there, and with its reference it is that of its script."""

import csv
import json
import subprocess
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from support import RECORDS, SETTINGS_OF_THE_PAPER

from apt_settings import ARCHITECTURES, SettingsError, SettingsWarning, load
from apt_settings.base import AptSettings
from apt_settings.cli import main
from apt_settings.facts.datasets import DATASETS
from apt_settings.integrations.release import DEFAULTS, ENTRY_POINTS, adapters, arguments

# Every batch size of a task is a multiple of 16, and load refuses a share that does not divide it.
DIVIDED: Any = SETTINGS_OF_THE_PAPER.filter(lambda values: 16 % (values.get("per_device_batch_size") or 1) == 0)


def rows(name: str) -> list[dict[str, str]]:
    with (RECORDS / name).open(newline="") as table:
        return list(csv.DictReader(table))


SCRIPTS = rows("release_scripts.csv")
EVALUATION = {row["script"]: row for row in rows("release_evaluation.csv")}
FLAGS = {(row["entrypoint"], row["flag"].removeprefix("--")): row for row in rows("release_flags.csv")}
# Flags of the release's scripts that we do not pass, and why.
LEFT_OUT = {
    "per_device_eval_batch_size": "how to evaluate does not change the training",
    "logging_strategy": "when to log does not change the training",
    "logging_steps": "when to log does not change the training",
    "log_level": "what to log does not change the training",
    "log_level_replica": "what to log does not change the training",
    "report_to": "where to log does not change the training",
    "head_scorer_type": "the release reads it and never uses it",
    "intermediate_scorer_type": "the release reads it and never uses it",
    "pruning_scheduler_strategy": "the release reads it and never uses it",
    "minus_scheduler": "the release reads it and never uses it",
}
# (dataset, architecture) -> the flags in which we differ from the release's script.
DIFFERENT = {
    # The script prunes to a constraint of 1.0 before tuning, which removes nothing.
    ("alpaca_gpt4", "meta-llama/Llama-2-7b-hf"): {"pre_tuning_scorer", "pre_tuning_pruner", "pre_tuning_constraint"},
    # The script has no adapters for the student, and the release then uses those of the teacher.
    ("sst2", "google/t5-xl-lm-adapt"): {"student_param_tuning_config"},
    # The script sets no arithmetic, and its entry point switches TF32 on.
    ("squad_v2", "roberta-base"): {"tf32"},
    ("sst2", "google/t5-base-lm-adapt"): {"tf32"},
}
NOT_IN_FACTS = {"distill_start", "data_path", "apply_lora", "do_train", "do_eval", "version_2_with_negative"}


def quietly(**values: Any) -> AptSettings:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SettingsWarning)
        return load({}, None, **values)


def parsed(entry_point: str, flag: str, value: str) -> Any:
    """A value as the release's parser takes it; fails where it would."""
    row = FLAGS[entry_point, flag]
    readers: dict[str, Any] = {
        "int": int,
        "float": float,
        "string_to_bool": {"True": True, "False": False}.__getitem__,
        "str": str,
    }
    read = readers.get(row["type"], str)(value)
    assert not row["choices"] or value in row["choices"].split("|"), (flag, value)
    return read


def same(one: str, other: str) -> bool:
    try:
        return float(one) == float(other)
    except ValueError:
        return one == other


@given(DIVIDED)
def test_every_flag_is_one_of_the_entry_point(values: dict[str, Any]) -> None:
    """It exists there by its whole name, has the type and one of the choices, and none is written twice."""
    made = arguments(quietly(**values))
    for flag, value in made.flags.items():
        parsed(made.entry_point, flag, value)
    for row in FLAGS.values():
        if row["entrypoint"] == made.entry_point and row["required"] == "True":
            assert row["flag"].removeprefix("--") in {*made.flags, *LEFT_OUT}


@given(DIVIDED)
def test_values_parse_back_to_the_settings(values: dict[str, Any]) -> None:
    """What the release reads is what was set."""
    settings = quietly(**values)
    made = arguments(settings)
    read = {flag: parsed(made.entry_point, flag, value) for flag, value in {**DEFAULTS, **made.flags}.items()}
    length = next(read[flag] for flag in ("max_seq_length", "max_input_length", "model_max_length") if flag in read)

    assert read["learning_rate"] == settings.learning_rate
    assert read["num_train_epochs"] == settings.epochs
    assert read["per_device_train_batch_size"] * read.get("gradient_accumulation_steps", 1) == settings.batch_size
    assert 1 - read["mac_constraint"] == pytest.approx(settings.target_sparsity)
    assert (read["seed"], read["max_grad_norm"]) == (settings.seed, settings.max_grad_norm)
    assert read.get("distill_epoch") == (settings.distill_epochs or None)
    assert length == settings.max_seq_length


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: Path(script["script"]).stem)
def test_with_its_reference_the_arguments_are_the_scripts(script: Mapping[str, str]) -> None:
    """Flag by flag, without those in LEFT_OUT and DIFFERENT."""
    settings = quietly(task=script["task"], dataset=script["task"], architecture=script["model"], reference="release")
    made = arguments(settings)
    different = DIFFERENT.get((script["task"], script["model"]), set())
    facts = {**script, **EVALUATION[script["script"]]}
    facts |= {"task_name": script["task"], "model_name_or_path": script["model"], "output_dir": settings.output_dir}
    explicit = set(script["explicit"].split()) - set(LEFT_OUT)

    assert script["entrypoint"] == made.entry_point
    assert explicit ^ set(made.flags) == different
    for flag in explicit - different - NOT_IN_FACTS:
        assert same(facts[flag], made.flags[flag]), (flag, facts[flag], made.flags[flag])


def test_what_is_left_out_is_none_of_ours() -> None:
    """Every flag of a script is written or listed with its reason; nothing that is listed is written."""
    every = {flag for script in SCRIPTS for flag in script["explicit"].split()}
    written = {flag for task in DATASETS for flag in arguments(quietly(task=task)).flags}

    assert set(LEFT_OUT) <= every
    assert not set(LEFT_OUT) & written
    assert set(ENTRY_POINTS) == set(DATASETS)


@pytest.mark.parametrize(
    ("architecture", "targets", "expected"),
    [
        ("roberta-base", ("query", "value", "ffn"), "q:0-11,v:0-11,i:0-11"),
        ("t5-base", ("query", "value", "ffn"), "eq:0-11,ev:0-11,dq:0-11,dv:0-11,cq:0-11,cv:0-11,ei:0-11,di:0-11"),
        ("meta-llama/Llama-2-13b-hf", ("query", "value"), "dq:0-39,dv:0-39"),
        ("meta-llama/Llama-2-7b-hf", ("query", "ffn"), "dq:0-31,di0:0-31"),
        ("bert-base-uncased", ("ffn",), "i:0-11"),
    ],
)
def test_adapter_strings_are_the_releases(architecture: Any, targets: Any, expected: str) -> None:
    """Part, projection and layers."""
    assert adapters(ARCHITECTURES[architecture], targets) == expected


def test_what_the_release_cannot_be_told_is_said() -> None:
    """Once each, with the lines that decide."""
    paper = arguments(quietly(task="sst2", scaling_factor=3))
    released = arguments(quietly(task="sst2", reference="release"))

    assert [note.setting for note in paper.notes] == [
        "salience_momentum",
        "outlier_aware",
        "scaling_factor",
    ]
    assert released.notes == ()


@pytest.mark.parametrize(
    ("values", "noted"),
    [
        ({"weight_decay": 0.1}, "optimizer"),
        ({"teacher_layers": 3}, "teacher_layers"),
        ({"max_steps": 9_000}, "max_steps: is not written: the release is told of epochs and a ratio"),
        ({"teacher_layers": 3, "distill_epochs": None}, None),
        ({"scaling_factor": 2.02}, "scaling_factor: while it distils"),
        ({"scaling_factor": 2.02, "distill_epochs": None}, "scaling_factor: the release's alpha is a whole number"),
    ],
)
def test_only_what_matters_is_noted(values: Mapping[str, Any], noted: str | None) -> None:
    """A decay that is none couples nothing, and without distillation its settings do not count."""
    usual = {"salience_momentum", "outlier_aware"}
    notes = [note for note in arguments(quietly(task="sst2", **values)).notes if note.setting not in usual]

    assert [noted] == [str(note)[: len(noted or "")] for note in notes] if noted else notes == []


def test_what_the_release_refuses_is_warned_of(capsys: pytest.CaptureFixture[str]) -> None:
    """As by the plan."""
    assert main(["release-args", "--task", "mrpc", "--set", "num_prunings=60"]) == 0

    assert "and it refuses less than 200" in capsys.readouterr().err


def test_an_alpha_of_zero_is_refused() -> None:
    """Adapters that are scaled by it would learn nothing."""
    with pytest.raises(SettingsError, match=r"scaling_factor=0\.05 becomes an alpha of 0 .*must be 0\.125 or more"):
        arguments(quietly(task="sst2", scaling_factor=0.05, distill_epochs=None))


@pytest.mark.parametrize(
    ("values", "flags"),
    [
        ({"precision": "fp32"}, {"tf32": "False"}),
        ({"precision": "tf32"}, {"tf32": "True"}),
        ({"precision": "bf16"}, {"bf16": "True"}),
        ({"task": "squad"}, {"doc_stride": "128", "eval_steps": "5000", "save_strategy": "no"}),
        ({"task": "qnli"}, {"evaluation_strategy": "steps", "eval_steps": "1000"}),
        ({"task": "qnli", "architecture": "t5-base"}, {"eval_steps": "1000"}),  # no script: the dataset's first
        ({"architecture": "google/t5-xl-lm-adapt"}, {"eval_steps": "1000"}),
        ({"output_dir": "out"}, {"output_dir": "out"}),
        ({}, {"do_virtual_prune": "True", "output_dir": "output"}),
    ],
)
def test_what_else_decides_what_is_trained_is_passed(values: Mapping[str, Any], flags: dict[str, str]) -> None:
    """Without evaluation no best model exists, and the end of distillation loads none (runs A, B and H)."""
    made = arguments(quietly(**{"task": "sst2", **values}))

    assert flags.items() <= made.flags.items()


def test_without_distillation_nothing_is_pruned_virtually() -> None:
    """As in the scripts of the release that do not distil."""
    assert "do_virtual_prune" not in arguments(quietly(task="sst2", distill_epochs=None)).flags


def test_a_shell_splits_the_words(capsys: pytest.CaptureFixture[str]) -> None:
    """The page's line starts the entry point with every flag."""
    assert main(["release-args", "--task", "squad", "--entrypoint"]) == 0
    assert capsys.readouterr().out == "run_minus_squad_training.py\n"
    command = f"{sys.executable} -m apt_settings release-args --task squad"
    done = subprocess.run(["bash", "-c", f"printf '%s\\n' $({command})"], capture_output=True, text=True)
    words = done.stdout.splitlines()

    assert dict(zip(words[::2], words[1::2], strict=True))["--version_2_with_negative"] == "True"
    assert done.stderr.count("note: salience_momentum") == 1


def test_other_forms_keep_what_a_shell_would_split(capsys: pytest.CaptureFixture[str]) -> None:
    """A path with a space is refused for $(...), and whole with --null and --json."""
    argv = ["release-args", "--task", "squad", "--set", "model_name_or_path=my model"]
    assert main(argv) == 78
    assert "--model_name_or_path 'my model' does not survive $(...); use --null" in capsys.readouterr().err
    assert main([*argv[:-1], "model_name_or_path=--do_distill"]) == 0
    assert "--model_name_or_path=--do_distill --output_dir" in capsys.readouterr().out
    assert main([*argv[:-1], "model_name_or_path=-x", "--null"]) == 0
    assert "--model_name_or_path=-x" in capsys.readouterr().out.split("\0")
    assert main([*argv[:-1], "model_name_or_path=-x", "--json"]) == 0
    assert "--model_name_or_path=-x" in json.loads(capsys.readouterr().out)["words"]
    assert main([*argv, "--null"]) == 0
    assert "my model" in capsys.readouterr().out.split("\0")
    assert main([*argv, "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["flags"]["model_name_or_path"] == "my model"


def test_a_batch_is_divided_among_the_devices() -> None:
    """As in the plan."""
    assert arguments(quietly(task="sst2"), devices=4).flags["per_device_train_batch_size"] == "8"
    with pytest.raises(SettingsError, match="cannot be divided among 3 devices"):
        arguments(quietly(task="sst2"), devices=3)
