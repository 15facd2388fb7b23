"""The official release's training scripts as a source of settings: which one trains what, and what it says."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple, cast

from ..basics.origins import Origin
from ..sources.readers import Source
from .architectures import ARCHITECTURES, ArchitectureName
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


_SAME: Final[Mapping[str, str]] = {
    "max_seq_length": "max_length",
    "max_target_length": "max_target_length",
    "learning_rate": "learning_rate",
    "epochs": "num_train_epochs",
    "warmup_ratio": "warmup_ratio",
    "lr_scheduler": "lr_scheduler_type",
    "precision": "precision",
    "seed": "seed",
    "distill_epochs": "distill_epoch",
    "distill_layer_weight": "distill_loss_alpha",
    "distill_prediction_weight": "distill_ce_loss_alpha",
    "mask_decay_rate": "mask_lr",
    "num_prunings": "num_prunings",
    "pruning_end_epoch": "pruning_stop",
    "sparsity_warmup_epochs": "sparsity_warmup_epochs",
    "initial_rank": "lora_r",
    "adapter_targets": "adapter_targets",
    "max_rank": "max_lora_r",
    "tuning_budget_ratio": "tuning_expanding_ratio",
    "weight_decay": "weight_decay",
}
"""Setting -> the flag that means the same."""

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


def source_of(script: Script) -> Source:
    """What a script and the code under it say, in our meaning; a setting that neither decides is not given."""
    flags = script.flags
    said: dict[str, tuple[str, str]] = {**CODE}
    kurtosis = "true" if ARCHITECTURES[script.architecture].family == "llama" else "false"
    said["outlier_aware"] = (kurtosis, "prune/scorer.py:1075-1085, 1605-1666")
    meant = [(setting, flag, flags[flag].text) for setting, flag in _SAME.items() if flag in flags]
    for setting, flag, value in (*meant, *_translated(flags)):
        said[setting] = (value, script.place(flag))
    given = {
        setting: Origin("release", f"release {place}", setting, value, value)
        for setting, (value, place) in said.items()
    }
    return Source(given)


def _translated(flags: Mapping[str, Flag]) -> Iterator[tuple[str, str, str]]:
    """Setting, flag that it is made from, value."""
    batch, steps = flags["per_device_train_batch_size"].number, flags["gradient_accumulation_steps"].number
    yield "batch_size", "per_device_train_batch_size", str(batch * steps)
    if steps > 1:
        yield "per_device_batch_size", "per_device_train_batch_size", str(batch)
    yield "target_sparsity", "mac_constraint", str(1 - flags["mac_constraint"].number)
    if "pre_tuning_constraint" in flags:
        yield "initial_sparsity", "pre_tuning_constraint", str(1 - flags["pre_tuning_constraint"].number)
    yield "scaling_factor", "lora_alpha", str(flags["lora_alpha"].number / flags["lora_r"].number)
