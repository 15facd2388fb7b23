"""The five classes are Table 6, and DESIGN's defaults otherwise."""

import json

import pytest
from support import RECORDS

from apt_settings import (
    AlpacaSettings,
    AptSettings,
    CnnDmSettings,
    CustomSettings,
    GlueBigSettings,
    GlueSmallSettings,
    SquadSettings,
    load,
)
from apt_settings.tasks import TASKS
from apt_settings.values import allowed

FACTS = json.loads((RECORDS / "facts.json").read_text())
COLUMNS = {
    "GLUE-small": GlueSmallSettings,
    "GLUE-big": GlueBigSettings,
    "SQuAD": SquadSettings,
    "CNN/DM": CnnDmSettings,
    "Alpaca": AlpacaSettings,
}
BLOCKS = ("mha_head", "ffn_neuron", "hidden_dimension")
ALL_TARGETS = ("query", "value", "ffn")
T5, LLAMA = "google/t5-base-lm-adapt", "meta-llama/Llama-2-7b-hf"

# fmt: off
# setting                    GLUE-small      GLUE-big        SQuAD           CNN/DM       Alpaca
DEFAULTS = {
    "task":                  ("glue_small",   "glue_big",     "squad",        "cnn_dm",    "alpaca"),
    "dataset":               ("mrpc",         "sst2",         "squad_v2",     "cnndm",     "alpaca_gpt4"),
    "architecture":          ("roberta-base", "roberta-base", "roberta-base", T5,          LLAMA),
    "model_name_or_path":    (None,) * 5,
    "learning_rate":         (2e-4,           2e-4,           2e-4,           1e-4,        1e-4),
    "batch_size":            (32,             32,             32,             16,          32),
    "epochs":                (40,             40,             40,             16,          15),
    "distill_epochs":        (20,             20,             20,             6,           None),
    "target_sparsity":       (0.6,) * 5,
    "initial_rank":          (8,) * 5,
    "scaling_factor":        (2.0,) * 5,
    "mask_decay_rate":       (0.01,) * 5,
    "salience_momentum":     (0.9,) * 5,
    "optimizer":             ("adam",) * 5,
    "weight_decay":          (0.0,) * 5,
    "max_grad_norm":         (1.0,) * 5,
    "outlier_aware":         (True,) * 5,
    "prunable_blocks":       (BLOCKS,) * 5,
    "adapter_targets":       (ALL_TARGETS,    ALL_TARGETS,    ALL_TARGETS,    ALL_TARGETS, ("query", "value")),
    "initial_sparsity":      (0.0,) * 5,
    "num_prunings":          (8,              10,             10,             10,          16),
    "pruning_end_epoch":     (24,             3,              3,              3,           5),
    "sparsity_warmup_epochs": (4,             1,              1,              1,           1),
    "max_rank":              (64,) * 5,
    "tuning_budget_ratio":   (4.0,) * 5,
    "distill_weight_start":  (0.0,) * 5,
    "distill_weight_end":    (1.0,) * 5,
    "teacher_layers":        (4,) * 5,
    "distill_temperature":   (2 / 3,) * 5,
    "distill_layer_weight":  (0.9,) * 5,
    "distill_prediction_weight": (0.1,) * 5,
    "max_steps":             (None,) * 5,
    "warmup_steps":          (None,) * 5,
    "warmup_ratio":          (0.06,           0.06,           0.06,           0.06,        0.03),
    "lr_scheduler":          ("linear",       "linear",       "linear",       "linear",    "cosine"),
    "max_seq_length":        (128,            128,            384,            512,         512),
    "max_target_length":     (None,           None,           None,           128,         None),
    "train_examples":        (3_668,          67_349,         130_319,        287_113,     52_002),
    "precision":             ("tf32",         "tf32",         "fp32",         "fp16",      "bf16"),
    "seed":                  (128,) * 5,
    "per_device_batch_size": (None,) * 5,
    "output_dir":            ("output",) * 5,
}
# fmt: on


@pytest.mark.parametrize("column", COLUMNS)
def test_a_class_holds_its_column_of_table_6(column: str) -> None:
    """A class called without any source gives the paper's four values."""
    settings = COLUMNS[column](_env_file=None)

    assert FACTS["table6"][column] == {name: getattr(settings, name) for name in FACTS["table6"][column]}


@pytest.mark.parametrize("column", COLUMNS)
def test_load_gives_table_6(column: str) -> None:
    """APT_TASK alone gives the class of its task with the paper's four values."""
    task_class = COLUMNS[column]
    settings = load({"APT_TASK": task_class.model_fields["task"].default})

    assert task_class is type(settings)
    assert FACTS["table6"][column] == {name: getattr(settings, name) for name in FACTS["table6"][column]}


@pytest.mark.parametrize(("position", "task_class"), list(enumerate(COLUMNS.values())))
def test_every_default_is_the_designs(position: int, task_class: type[AptSettings]) -> None:
    """Each class has exactly the designed settings with the designed defaults, and nothing else."""
    expected = {name: values[position] for name, values in DEFAULTS.items()}

    assert expected == task_class(_env_file=None).model_dump()


RANGES = {
    "train_examples": "1 <= x <= 1000000000000",
    "learning_rate": "0 < x < 1",
    "batch_size": "1 <= x <= 65536",
    "epochs": "1 <= x <= 10000",
    "distill_epochs": "0 <= x <= 10000",
    "target_sparsity": "0 <= x < 1",
    "initial_rank": "1 <= x <= 4096",
    "scaling_factor": "0 < x <= 1000000",
    "mask_decay_rate": "0 < x <= 1",
    "salience_momentum": "0 <= x < 1",
    "weight_decay": "0 <= x",
    "max_grad_norm": "0 <= x",
    "initial_sparsity": "0 <= x < 1",
    "num_prunings": "1 <= x <= 10000",
    "pruning_end_epoch": "1 <= x <= 10000",
    "sparsity_warmup_epochs": "0 <= x <= 10000",
    "max_rank": "1 <= x <= 4096",
    "tuning_budget_ratio": "1 <= x <= 1000000",
    "distill_weight_start": "0 <= x <= 1",
    "distill_weight_end": "0 <= x <= 1",
    "teacher_layers": "1 <= x <= 128",
    "distill_temperature": "0 < x",
    "distill_layer_weight": "0 <= x",
    "distill_prediction_weight": "0 <= x",
    "warmup_ratio": "0 <= x <= 1",
    "max_steps": "1 <= x <= 100000000",
    "warmup_steps": "0 <= x <= 100000000",
    "max_seq_length": "1 <= x <= 1048576",
    "max_target_length": "1 <= x <= 1048576",
    "seed": "0 <= x <= 4294967295",
    "per_device_batch_size": "1 <= x <= 65536",
}


@pytest.mark.parametrize("task_class", COLUMNS.values())
def test_every_range_is_the_designs(task_class: type[AptSettings]) -> None:
    """Each class bounds each number as designed."""
    words = {name: allowed(field) for name, field in task_class.model_fields.items()}

    assert {
        name: each.split(", ")[1] for name, each in words.items() if each.startswith(("a number", "a whole number"))
    } == RANGES


@pytest.mark.parametrize("task_class", COLUMNS.values())
def test_every_default_is_a_valid_value(task_class: type[AptSettings]) -> None:
    """Setting every default explicitly gives equal settings: no default breaks its own range or a rule."""
    defaults = task_class(_env_file=None)

    assert defaults == task_class(_env_file=None, **defaults.model_dump())


def test_the_datasets_are_the_papers() -> None:
    """GLUE splits into small and big tasks as in Appendix A; each default dataset belongs to its task."""
    assert set(FACTS["glue_small"]) == set(GlueSmallSettings.datasets)
    assert set(FACTS["glue_big"]) == set(GlueBigSettings.datasets)
    for task_class in COLUMNS.values():
        assert task_class.model_fields["dataset"].default in task_class.datasets
        assert task_class.model_fields["architecture"].default in task_class.architectures


def test_the_table_of_tasks_is_keyed_by_the_classes_own_task() -> None:
    """TASKS names each class by the task that the class itself declares."""
    assert dict(TASKS) == {each.model_fields["task"].default: each for each in (*COLUMNS.values(), CustomSettings)}
