"""The settings of GLUE-big with tyro: a dataclass and a command line.

tyro reads command lines and no environment; each variable is handed to it as a flag. It has no ranges. Of .env files
python-dotenv puts the lines into the environment, as for any program.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

import tyro
from choices import Architecture, Block, Dataset, Target, Task
from dotenv import load_dotenv


@dataclass(frozen=True)
class TyroSettings:
    task: Task = "glue_big"
    dataset: Dataset = "sst2"
    max_seq_length: int = 128
    max_target_length: int | None = None
    architecture: Architecture = "roberta-base"
    model_name_or_path: str | None = None
    learning_rate: float = 2e-4
    batch_size: int = 32
    epochs: int = 40
    warmup_ratio: float = 0.06
    lr_scheduler: Literal["linear", "cosine", "constant"] = "linear"
    precision: Literal["fp32", "tf32", "fp16", "bf16"] = "tf32"
    seed: int = 128
    per_device_batch_size: int | None = None
    output_dir: str = "output"
    distill_epochs: int | None = 20
    distill_weight_start: float = 0.0
    distill_weight_end: float = 1.0
    teacher_layers: int = 4
    distill_temperature: float = 2 / 3
    distill_layer_weight: float = 0.9
    distill_prediction_weight: float = 0.1
    target_sparsity: float = 0.6
    initial_sparsity: float = 0.0
    mask_decay_rate: float = 0.01
    salience_momentum: float = 0.9
    outlier_aware: tyro.conf.FlagConversionOff[bool] = True
    prunable_blocks: list[Block] = field(default_factory=lambda: ["mha_head", "ffn_neuron", "hidden_dimension"])
    num_prunings: int = 10
    pruning_end_epoch: int = 3
    sparsity_warmup_epochs: int = 1
    initial_rank: int = 8
    scaling_factor: float = 2.0
    adapter_targets: list[Target] = field(default_factory=lambda: ["query", "value", "ffn"])
    max_rank: int = 64
    tuning_budget_ratio: float = 4.0
    optimizer: Literal["adam", "adamw"] = "adam"
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0


def resolve() -> TyroSettings:
    return point({})


def point(values: Mapping[str, str]) -> Any:
    load_dotenv(".env")
    given = {each.name: os.environ.get(f"APT_{each.name.upper()}") for each in fields(TyroSettings)} | values
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in given.items() if value is not None]
    return tyro.cli(TyroSettings, args=flags)
