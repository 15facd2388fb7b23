"""The official release's training scripts: which one trains what, and what it passes."""

import csv
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple, cast

from .architectures import ArchitectureName
from .datasets import DatasetName

TABLE: Final = Path(__file__).with_name("release_scripts.csv")
"""A row for each script. A cell is what it passes and, where that is known, the line that sets it: `0.0002:57`. Empty
is what it leaves to the code, and `pre_tuning_constraint` where nothing is pruned before tuning. The columns are the
release's flags, but for three: `max_length` is an entry point's max_seq_length, max_input_length or model_max_length,
`precision` stands for its tf32, fp16 and bf16, `adapter_targets` for its adapter strings."""
_FOLDER: Final = "scripts/adaptpruning"


class Flag(NamedTuple):
    """One cell of the table."""

    text: str
    line: str
    """The line that sets it; empty where it is not known."""

    @property
    def number(self) -> Decimal:
        """Its value without the dust of binary fractions: 1 - 0.4 is 0.6."""
        return Decimal(self.text)


class Script(NamedTuple):
    """One training script of the release, at commit 56eaf8b."""

    path: str
    dataset: DatasetName
    architecture: ArchitectureName
    flags: Mapping[str, Flag]

    def place(self, flag: str) -> str:
        """Where a flag is set: `scripts/adaptpruning/roberta_base_sst2_momentum.sh:57`."""
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
}
"""Setting -> what the code has where a script does not say otherwise, and where."""


@cache
def scripts() -> Mapping[tuple[str, str], Script]:
    """(dataset, architecture) -> the script that trains it."""
    with TABLE.open(encoding="utf-8", newline="") as table:
        read = [_script(row) for row in csv.DictReader(table)]
    return MappingProxyType({(script.dataset, script.architecture): script for script in read})


def _script(row: dict[str, str]) -> Script:
    path, dataset, architecture = (row.pop(name) for name in ("script", "dataset", "architecture"))
    cells = {flag: cell.partition(":") for flag, cell in row.items() if cell}
    flags = MappingProxyType({flag: Flag(text, line) for flag, (text, _, line) in cells.items()})
    return Script(f"{_FOLDER}/{path}", cast("DatasetName", dataset), cast("ArchitectureName", architecture), flags)


def pairs(of: Iterable[tuple[str, str]]) -> str:
    """Datasets and architectures in words: `roberta-base on mrpc, cola; bert-base-uncased on squad`."""
    datasets: dict[str, list[str]] = {}
    for dataset, architecture in of:
        datasets.setdefault(architecture, []).append(dataset)
    return "; ".join(f"{architecture} on {', '.join(names)}" for architecture, names in datasets.items())
