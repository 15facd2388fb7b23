"""The settings of GLUE-big with Hydra: a schema, a file that reads the environment, and the compose API.

Hydra has no ranges, and of .env files python-dotenv puts the lines into the environment, as for any program.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from dotenv import load_dotenv
from hydra import compose, initialize
from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf


@dataclass
class HydraSettings:
    task: str
    dataset: str
    max_seq_length: int
    max_target_length: int | None
    architecture: str
    model_name_or_path: str | None
    learning_rate: float
    batch_size: int
    epochs: int
    warmup_ratio: float
    lr_scheduler: str
    precision: str
    seed: int
    per_device_batch_size: int | None
    output_dir: str
    distill_epochs: int | None
    distill_weight_start: float
    distill_weight_end: float
    teacher_layers: int
    distill_temperature: float
    distill_layer_weight: float
    distill_prediction_weight: float
    target_sparsity: float
    initial_sparsity: float
    mask_decay_rate: float
    salience_momentum: float
    outlier_aware: bool
    prunable_blocks: list[str]
    num_prunings: int
    pruning_end_epoch: int
    sparsity_warmup_epochs: int
    initial_rank: int
    scaling_factor: float
    adapter_targets: list[str]
    max_rank: int
    tuning_budget_ratio: float
    optimizer: str
    weight_decay: float
    max_grad_norm: float


ConfigStore.instance().store(name="schema", node=HydraSettings)


def resolve() -> Any:
    load_dotenv(".env")
    with looping():
        return OmegaConf.to_object(compose("job"))


def looping() -> AbstractContextManager[None]:
    """Hydra composes where it is initialized; a loop over points does that once."""
    return initialize(version_base=None, config_path="conf")


def point(values: Mapping[str, str]) -> Any:
    return OmegaConf.to_object(compose("job", overrides=[f"{name}={value}" for name, value in values.items()]))
