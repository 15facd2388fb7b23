"""One script of the official release as a source: its values, in our names and meaning, each with script and line."""

from collections.abc import Iterator, Mapping
from typing import Final

from ..basics.origins import Origin
from ..facts.architectures import ARCHITECTURES
from ..facts.release import CODE, Flag, Script
from .names import variable_of
from .readers import Source

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


def source_of(script: Script) -> Source:
    """What a script and the code under it say, in our meaning; a setting that neither decides is not given."""
    flags = script.flags
    values: dict[str, tuple[str, str]] = {**CODE}
    kurtosis = "true" if ARCHITECTURES[script.architecture].family == "llama" else "false"
    values["outlier_aware"] = (kurtosis, "prune/scorer.py:1075-1085, 1605-1666")
    meant = [(setting, flag, flags[flag].text) for setting, flag in _SAME.items() if flag in flags]
    for setting, flag, value in (*meant, *_translated(flags)):
        values[setting] = (value, script.place(flag))
    return Source(
        {
            setting: Origin("release", f"release {place}", variable_of(setting), value, value)
            for setting, (value, place) in values.items()
        }
    )


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
