"""Table 6 of the paper: one class for each task. `groups.py` has the defaults that a class does not set."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .base import AptSettings
from .facts.architectures import names_of
from .facts.datasets import TaskName
from .groups import (
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

    datasets = ("mrpc", "cola", "rte", "stsb")
    architectures = names_of("roberta", "bert", "t5")

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

    datasets = ("sst2", "mnli", "qnli", "qqp")
    architectures = names_of("roberta", "bert", "t5")

    task: Task = "glue_big"
    dataset: Dataset = "sst2"
    learning_rate: LearningRate = 2e-4
    batch_size: BatchSize = 32
    epochs: Epochs = 40
    distill_epochs: DistillEpochs = 20


class SquadSettings(AptSettings):
    """Question answering on SQuAD, on the encoders."""

    datasets = ("squad_v2", "squad")
    architectures = names_of("roberta", "bert")

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

    datasets = ("cnndm",)
    architectures = names_of("t5")
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

    datasets = ("alpaca_gpt4",)
    architectures = names_of("llama")

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


TASKS: Final[Mapping[TaskName, type[AptSettings]]] = MappingProxyType(
    {
        "glue_small": GlueSmallSettings,
        "glue_big": GlueBigSettings,
        "squad": SquadSettings,
        "cnn_dm": CnnDmSettings,
        "alpaca": AlpacaSettings,
    }
)
"""The class of each task."""

DEFAULT_TASK: Final = "glue_big"


def task_words() -> tuple[str, ...]:
    """The values that APT_TASK takes: the tasks, then their datasets."""
    return tuple(dict.fromkeys((*TASKS, *(name for each in TASKS.values() for name in each.datasets))))


def task_choice(word: object) -> tuple[type[AptSettings], dict[str, str]] | None:
    """The class and the settings that a value of APT_TASK stands for; None if it is not one of `task_words`.

    `MNLI` -> GlueBigSettings, {"task": "glue_big", "dataset": "mnli"}. Case does not matter, and `-` is read as `_`.
    """
    name = word.lower().replace("-", "_") if isinstance(word, str) else ""
    for task, task_class in TASKS.items():
        if name == task:
            return task_class, {"task": task}
    for task, task_class in TASKS.items():
        if name in task_class.datasets:
            return task_class, {"task": task, "dataset": name}
    return None
