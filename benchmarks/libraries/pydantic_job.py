"""The settings of GLUE-big as a bare pydantic-settings class."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from choices import Architecture, Block, Dataset, Target, Task
from pydantic import Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class BareSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="APT_", env_file=".env", extra="ignore", protected_namespaces=())

    task: Task = "glue_big"
    dataset: Dataset = "sst2"
    max_seq_length: int = Field(128, ge=1, le=1_048_576)
    max_target_length: int | None = Field(None, ge=1, le=1_048_576)
    architecture: Architecture = "roberta-base"
    model_name_or_path: str | None = None
    learning_rate: float = Field(2e-4, gt=0, lt=1, allow_inf_nan=False)
    batch_size: int = Field(32, ge=1, le=65_536)
    epochs: int = Field(40, ge=1, le=10_000)
    warmup_ratio: float = Field(0.06, ge=0, le=1)
    lr_scheduler: Literal["linear", "cosine", "constant"] = "linear"
    precision: Literal["fp32", "tf32", "fp16", "bf16"] = "tf32"
    seed: int = Field(128, ge=0, le=2**32 - 1)
    per_device_batch_size: int | None = Field(None, ge=1, le=65_536)
    output_dir: str = "output"
    distill_epochs: int | None = Field(20, ge=0, le=10_000)
    distill_weight_start: float = Field(0.0, ge=0, le=1)
    distill_weight_end: float = Field(1.0, ge=0, le=1)
    teacher_layers: int = Field(4, ge=1, le=128)
    distill_temperature: float = Field(2 / 3, gt=0, allow_inf_nan=False)
    distill_layer_weight: float = Field(0.9, ge=0, allow_inf_nan=False)
    distill_prediction_weight: float = Field(0.1, ge=0, allow_inf_nan=False)
    target_sparsity: float = Field(0.6, ge=0, lt=1)
    initial_sparsity: float = Field(0.0, ge=0, lt=1)
    mask_decay_rate: float = Field(0.01, gt=0, le=1)
    salience_momentum: float = Field(0.9, ge=0, lt=1)
    outlier_aware: bool = True
    prunable_blocks: Annotated[tuple[Block, ...], NoDecode] = (
        "mha_head",
        "ffn_neuron",
        "hidden_dimension",
    )
    num_prunings: int = Field(10, ge=1, le=10_000)
    pruning_end_epoch: int = Field(3, ge=1, le=10_000)
    sparsity_warmup_epochs: int = Field(1, ge=0, le=10_000)
    initial_rank: int = Field(8, ge=1, le=4096)
    scaling_factor: float = Field(2.0, gt=0, allow_inf_nan=False)
    adapter_targets: Annotated[tuple[Target, ...], NoDecode] = ("query", "value", "ffn")
    max_rank: int = Field(64, ge=1, le=4096)
    tuning_budget_ratio: float = Field(4.0, ge=1, allow_inf_nan=False)
    optimizer: Literal["adam", "adamw"] = "adam"
    weight_decay: float = Field(0.0, ge=0, allow_inf_nan=False)
    max_grad_norm: float = Field(1.0, gt=0, allow_inf_nan=False)


def resolve() -> BareSettings:
    return BareSettings()


def alone() -> BareSettings:
    """Without a `.env`."""
    return BareSettings(_env_file=None)


def point(values: Mapping[str, Any]) -> BareSettings:
    return BareSettings(**values)
