"""Table 6 of the paper: one class for each task, and one for the datasets that the paper does not have.

`registry/groups.py` has the defaults that a class does not set.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import Field

from .base import AptSettings
from .facts.architectures import ARCHITECTURES_OF
from .facts.datasets import DATASETS, plain
from .registry import Registry, registry, task_of
from .registry.groups import (
    AdapterTargets,
    ArchitectureChoice,
    BatchSize,
    Dataset,
    DistillEpochs,
    Epochs,
    LearningRate,
    LrScheduler,
    MaxSeqLength,
    MaxTargetLength,
    NumPrunings,
    Precision,
    PruningEndEpoch,
    SparsityWarmupEpochs,
    Task,
    WarmupRatio,
)


class GlueSmallSettings(AptSettings):
    """The GLUE tasks with less than 10,000 examples, on the encoders and T5."""

    datasets = DATASETS["glue_small"]
    architectures = ARCHITECTURES_OF["glue_small"]

    task: Task = "glue_small"
    dataset: Dataset = "mrpc"
    learning_rate: LearningRate = 2e-4
    batch_size: BatchSize = 32
    epochs: Epochs = 40
    distill_epochs: DistillEpochs = 20

    num_prunings: NumPrunings = 8
    pruning_end_epoch: PruningEndEpoch = 24
    sparsity_warmup_epochs: SparsityWarmupEpochs = 4


class GlueBigSettings(AptSettings):
    """The larger GLUE tasks, on the encoders and T5."""

    datasets = DATASETS["glue_big"]
    architectures = ARCHITECTURES_OF["glue_big"]

    task: Task = "glue_big"
    dataset: Dataset = "sst2"
    learning_rate: LearningRate = 2e-4
    batch_size: BatchSize = 32
    epochs: Epochs = 40
    distill_epochs: DistillEpochs = 20


class SquadSettings(AptSettings):
    """Question answering on SQuAD, on the encoders."""

    datasets = DATASETS["squad"]
    architectures = ARCHITECTURES_OF["squad"]

    task: Task = "squad"
    dataset: Dataset = "squad_v2"
    learning_rate: LearningRate = 2e-4
    batch_size: BatchSize = 32
    epochs: Epochs = 40
    distill_epochs: DistillEpochs = 20

    max_seq_length: MaxSeqLength = 384
    precision: Precision = "fp32"


class CnnDmSettings(AptSettings):
    """Summarization of CNN/DailyMail, on T5."""

    datasets = DATASETS["cnn_dm"]
    architectures = ARCHITECTURES_OF["cnn_dm"]
    generates = True

    task: Task = "cnn_dm"
    dataset: Dataset = "cnndm"
    learning_rate: LearningRate = 1e-4
    batch_size: BatchSize = 16
    epochs: Epochs = 16
    distill_epochs: DistillEpochs = 6

    architecture: ArchitectureChoice = "google/t5-base-lm-adapt"
    max_seq_length: MaxSeqLength = 512
    max_target_length: MaxTargetLength = 128
    precision: Precision = "fp16"


class AlpacaSettings(AptSettings):
    """Instruction tuning of LLaMA on GPT-4 Alpaca, without distillation."""

    datasets = DATASETS["alpaca"]
    architectures = ARCHITECTURES_OF["alpaca"]

    task: Task = "alpaca"
    dataset: Dataset = "alpaca_gpt4"
    learning_rate: LearningRate = 1e-4
    batch_size: BatchSize = 32
    epochs: Epochs = 15
    distill_epochs: DistillEpochs = None

    architecture: ArchitectureChoice = "meta-llama/Llama-2-7b-hf"
    adapter_targets: AdapterTargets = ("query", "value")
    num_prunings: NumPrunings = 16
    pruning_end_epoch: PruningEndEpoch = 5
    warmup_ratio: WarmupRatio = 0.03
    lr_scheduler: LrScheduler = "cosine"
    max_seq_length: MaxSeqLength = 512
    precision: Precision = "bf16"


class CustomSettings(AptSettings):
    """Any other dataset, on any model. The defaults are those of GLUE-big: no paper states them for the dataset."""

    generates = True

    task: Annotated[str, Field(description="The recipe: none of the paper's.")] = "custom"
    dataset: Annotated[str, Field(min_length=1, description="What the task is trained on, by any name.")]
    learning_rate: LearningRate = 2e-4
    batch_size: BatchSize = 32
    epochs: Epochs = 40
    distill_epochs: DistillEpochs = 20

    architecture: Annotated[  # pyright: ignore[reportGeneralTypeIssues]  # a job must say it, as none is the usual one
        str, Field(min_length=1, description="The pretrained model, by hub name or folder.")
    ]


TASKS: Final[Mapping[str, type[AptSettings]]] = MappingProxyType(
    {
        "glue_small": GlueSmallSettings,
        "glue_big": GlueBigSettings,
        "squad": SquadSettings,
        "cnn_dm": CnnDmSettings,
        "alpaca": AlpacaSettings,
        "custom": CustomSettings,
    }
)
"""The class of each task of ours."""

DEFAULT_TASK: Final = "glue_big"


def tasks(known: Registry | None = None) -> dict[str, type[AptSettings]]:
    """The class of each task: ours, then those that a project names."""
    own = (group.kind for group in (known or registry()).tasks)
    return {**TASKS, **{task_of(each): each for each in own}}


def task_words(known: Registry | None = None) -> tuple[str, ...]:
    """The values that APT_TASK takes: the tasks, then their datasets."""
    found = tasks(known)
    return tuple(dict.fromkeys((*found, *(name for each in found.values() for name in each.datasets))))


def task_choice(word: object) -> tuple[type[AptSettings], dict[str, str]] | None:
    """The class and the settings that a value of APT_TASK stands for; None if it is not one of `task_words`.

    `MNLI` -> GlueBigSettings, {"task": "glue_big", "dataset": "mnli"}. Case does not matter, and `-` is read as `_`.
    """
    name, found = plain(word) if isinstance(word, str) else "", tasks()
    if name in found:
        return found[name], {"task": name}
    for task, task_class in found.items():
        for dataset in task_class.datasets:
            if name == plain(dataset):
                return task_class, {"task": task, "dataset": dataset}
    return None
