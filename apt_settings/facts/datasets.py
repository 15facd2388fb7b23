"""The tasks and datasets that APT is trained on, and how many examples each has.

The numbers are from dataset_infos.json on the Hugging Face hub (glue, squad_v2, cnn_dailymail 3.0.0) and from the
dataset cards of squad and alpaca-gpt4. The release trains on 99 % of Alpaca: 51,481 (utils/utils.py:594-601).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

TaskName = Literal["glue_small", "glue_big", "squad", "cnn_dm", "alpaca"]
"""The columns of the paper's Table 6."""
DatasetName = Literal[
    "mrpc", "cola", "rte", "stsb", "mnli", "sst2", "qnli", "qqp", "squad_v2", "squad", "cnndm", "alpaca_gpt4"
]

DATASETS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "glue_small": ("mrpc", "cola", "rte", "stsb"),
        "glue_big": ("sst2", "mnli", "qnli", "qqp"),
        "squad": ("squad_v2", "squad"),
        "cnn_dm": ("cnndm",),
        "alpaca": ("alpaca_gpt4",),
    }
)
"""Task of the paper -> its datasets, the default one first."""

TRAINING_EXAMPLES: Final[Mapping[str, int]] = MappingProxyType(
    {
        "mrpc": 3_668,
        "cola": 8_551,
        "rte": 2_490,
        "stsb": 5_749,
        "mnli": 392_702,
        "sst2": 67_349,
        "qnli": 104_743,
        "qqp": 363_846,
        "squad_v2": 130_319,
        "squad": 87_599,
        "cnndm": 287_113,
        "alpaca_gpt4": 52_002,
    }
)
"""Dataset -> number of training examples."""


def task_with(dataset: str) -> str:
    """The task of the paper that a dataset belongs to, however its name is written: `SST2`; empty for any other."""
    name = plain(dataset)
    return next((task for task, datasets in DATASETS.items() if name in datasets), "")


def plain(name: str) -> str:
    """The name of a task or dataset as tables have it: `Squad-V2` -> `squad_v2`."""
    return name.lower().replace("-", "_")
