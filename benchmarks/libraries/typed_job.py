"""The settings of GLUE-big with typed-settings: a class of attrs with its validators, and a loader for each source."""

from collections.abc import Mapping
from typing import Literal

import attrs
import typed_settings as ts
from attrs.validators import ge, gt, le, lt, optional
from choices import Architecture, Block, Dataset, Target, Task
from typed_settings.loaders import DictLoader, DotEnvLoader, EnvLoader


@attrs.frozen
class TypedSettings:
    task: Task = "glue_big"
    dataset: Dataset = "sst2"
    max_seq_length: int = attrs.field(default=128, validator=[ge(1), le(1_048_576)])
    max_target_length: int | None = attrs.field(default=None, validator=optional([ge(1), le(1_048_576)]))
    architecture: Architecture = "roberta-base"
    model_name_or_path: str | None = None
    learning_rate: float = attrs.field(default=2e-4, validator=[gt(0), lt(1)])
    batch_size: int = attrs.field(default=32, validator=[ge(1), le(65_536)])
    epochs: int = attrs.field(default=40, validator=[ge(1), le(10_000)])
    warmup_ratio: float = attrs.field(default=0.06, validator=[ge(0), le(1)])
    lr_scheduler: Literal["linear", "cosine", "constant"] = "linear"
    precision: Literal["fp32", "tf32", "fp16", "bf16"] = "tf32"
    seed: int = attrs.field(default=128, validator=[ge(0), le(2**32 - 1)])
    per_device_batch_size: int | None = attrs.field(default=None, validator=optional([ge(1), le(65_536)]))
    output_dir: str = "output"
    distill_epochs: int | None = attrs.field(default=20, validator=optional([ge(0), le(10_000)]))
    distill_weight_start: float = attrs.field(default=0.0, validator=[ge(0), le(1)])
    distill_weight_end: float = attrs.field(default=1.0, validator=[ge(0), le(1)])
    teacher_layers: int = attrs.field(default=4, validator=[ge(1), le(128)])
    distill_temperature: float = attrs.field(default=2 / 3, validator=gt(0))
    distill_layer_weight: float = attrs.field(default=0.9, validator=ge(0))
    distill_prediction_weight: float = attrs.field(default=0.1, validator=ge(0))
    target_sparsity: float = attrs.field(default=0.6, validator=[ge(0), lt(1)])
    initial_sparsity: float = attrs.field(default=0.0, validator=[ge(0), lt(1)])
    mask_decay_rate: float = attrs.field(default=0.01, validator=[gt(0), le(1)])
    salience_momentum: float = attrs.field(default=0.9, validator=[ge(0), lt(1)])
    outlier_aware: bool = True
    prunable_blocks: list[Block] = attrs.field(factory=lambda: ["mha_head", "ffn_neuron", "hidden_dimension"])
    num_prunings: int = attrs.field(default=10, validator=[ge(1), le(10_000)])
    pruning_end_epoch: int = attrs.field(default=3, validator=[ge(1), le(10_000)])
    sparsity_warmup_epochs: int = attrs.field(default=1, validator=[ge(0), le(10_000)])
    initial_rank: int = attrs.field(default=8, validator=[ge(1), le(4096)])
    scaling_factor: float = attrs.field(default=2.0, validator=gt(0))
    adapter_targets: list[Target] = attrs.field(factory=lambda: ["query", "value", "ffn"])
    max_rank: int = attrs.field(default=64, validator=[ge(1), le(4096)])
    tuning_budget_ratio: float = attrs.field(default=4.0, validator=ge(1))
    optimizer: Literal["adam", "adamw"] = "adam"
    weight_decay: float = attrs.field(default=0.0, validator=ge(0))
    max_grad_norm: float = attrs.field(default=1.0, validator=gt(0))


def resolve() -> TypedSettings:
    return point({})


def point(values: Mapping[str, str]) -> TypedSettings:
    sources = [DotEnvLoader("APT_", ".env"), EnvLoader("APT_"), DictLoader(dict(values))]
    return ts.load_settings(TypedSettings, sources)
