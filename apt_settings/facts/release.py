"""The training scripts of the official release: what each one trains, and the flags that it passes."""

import csv
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final, NamedTuple, cast

from .architectures import ArchitectureName
from .datasets import DatasetName

TABLE: Final = files("apt_settings.facts") / "release_scripts.csv"
"""One row for each script. The first row begins:

    dataset,architecture,script,learning_rate,per_device_train_batch_size,gradient_accumulation_steps
    mrpc,roberta-base,roberta_base_mrpc_momentum.sh,0.0002:57,32:58,1

This script trains roberta-base on mrpc. Its line 57 sets the flag learning_rate to 0.0002, and line 58 sets
per_device_train_batch_size to 32; the line of gradient_accumulation_steps is not known. An empty cell means that the
script does not pass the flag; an empty pre_tuning_constraint means that it prunes nothing before tuning.

The other columns are flags too, except three. `max_length` is the flag max_seq_length, max_input_length or
model_max_length of the script's entry point, `precision` is made from tf32, fp16 and bf16, and `adapter_targets` from
the release's text for adapters. An empty precision is that of the code: every entry point switches TF32 on."""
_FOLDER: Final = "scripts/adaptpruning"


class Flag(NamedTuple):
    """One cell of the table: `0.0002:57` is the text `0.0002` and the line `57`."""

    text: str
    line: str
    """The line of the script that sets it; empty if it is not known."""

    @property
    def number(self) -> Decimal:
        """The value as a decimal number, with which 1 - 0.7 is 0.3; with floats it is 0.30000000000000004."""
        return Decimal(self.text)


class Script(NamedTuple):
    """One training script of the release, at commit 56eaf8b."""

    path: str
    dataset: DatasetName
    architecture: ArchitectureName
    flags: Mapping[str, Flag]
    """Column -> cell, without the empty cells."""

    def place(self, flag: str) -> str:
        """Where the script sets a flag: `scripts/adaptpruning/roberta_base_sst2_momentum.sh:57`."""
        line = self.flags[flag].line
        return f"{self.path}:{line}" if line else self.path


CODE: Final[Mapping[str, tuple[str, str]]] = {
    "optimizer": ("adamw", "trainer_minus.py:1799-1808"),
    "max_grad_norm": ("1.0", "trainer_minus.py:1487-1488"),
    "salience_momentum": ("0.85", "trainer_minus.py:355-356"),
    "distill_weight_start": ("0.0", "trainer_minus.py:630-636"),
    "distill_weight_end": ("1.0", "trainer_minus.py:630-636"),
    "teacher_layers": ("4", "trainer_minus.py:2088-2112"),
    "distill_temperature": (str(2 / 3), "args.py:243"),
    "distill_layer_weight": ("0.9", "args.py"),
    "distill_prediction_weight": ("0.1", "args.py"),
    "seed": ("42", "transformers 4.33.1 TrainingArguments.seed"),
    "precision": ("tf32", "run_minus_squad_training.py:8-9"),
}
"""Setting -> the value that the release's code has if a script sets no other, and the place in the code."""


PRUNING_BATCHES: Final[Mapping[str, tuple[int, int]]] = {
    "": (64, 4),
    "meta-llama/Llama-2-7b-hf": (128, 2),
    "meta-llama/Llama-2-13b-hf": (256, 1),
}
"""Architecture -> pruning_batches and pruning_batch_size; "" stands for all others.

They decide the use of memory, and the first step that may prune: it is after all these batches.
"""


DOC_STRIDE: Final = 128
"""Tokens by which the parts of a long context of SQuAD overlap: the release's default, which its scripts repeat."""


@cache
def scripts() -> Mapping[tuple[str, str], Script]:
    """(dataset, architecture) -> the script that trains it."""
    rows = [_script(row) for row in csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines())]
    return MappingProxyType({(script.dataset, script.architecture): script for script in rows})


def eval_steps(dataset: str, architecture: str) -> str:
    """Steps between evaluations: what the script says, or where there is none, the first script of the dataset."""
    script = scripts().get((dataset, architecture))
    return (script or next(each for each in scripts().values() if each.dataset == dataset)).flags["eval_steps"].text


def _script(row: dict[str, str]) -> Script:
    path, dataset, architecture = (row.pop(name) for name in ("script", "dataset", "architecture"))
    cells = {flag: cell.partition(":") for flag, cell in row.items() if cell}
    flags = MappingProxyType({flag: Flag(text, line) for flag, (text, _, line) in cells.items()})
    return Script(f"{_FOLDER}/{path}", cast("DatasetName", dataset), cast("ArchitectureName", architecture), flags)


def pairs(jobs: Iterable[tuple[str, str]]) -> str:
    """(dataset, architecture) pairs in words: `roberta-base on mrpc, cola; bert-base-uncased on squad`."""
    datasets: dict[str, list[str]] = {}
    for dataset, architecture in jobs:
        datasets.setdefault(architecture, []).append(dataset)
    return "; ".join(f"{architecture} on {', '.join(names)}" for architecture, names in datasets.items())
