"""Training arguments for the Trainer of transformers."""

import os
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

from ..base import AptSettings
from ..errors import Problem, SettingsError, SettingsWarning
from ..plan import divided
from .extras import needed

if TYPE_CHECKING:
    from transformers import TrainingArguments


class Hardware(NamedTuple):
    """What the machine can do."""

    tf32: bool
    fp16: bool
    bf16: bool


def training_arguments(
    settings: AptSettings, output_dir: str | None = None, *, world_size: int | None = None, **extra: Any
) -> "TrainingArguments":
    """A transformers.TrainingArguments, for a task that generates a Seq2SeqTrainingArguments.

    `world_size` is the number of processes, by default that of the environment (WORLD_SIZE); the effective batch is
    batch_size whatever it is. tf32 and half precision are used where the hardware has them; where it lacks them, a
    SettingsWarning says so. `extra` goes to the arguments as it is. Raises SettingsError for what cannot be expressed,
    and where transformers or torch is missing.
    """
    with needed("transformers"):
        from transformers import Seq2SeqTrainingArguments, TrainingArguments

    kind = Seq2SeqTrainingArguments if settings.generates else TrainingArguments
    given = keywords(settings, world_size=_world_size() if world_size is None else world_size, hardware=_hardware())
    return kind(**{"output_dir": output_dir or settings.output_dir, **given, **extra})


def keywords(settings: AptSettings, *, world_size: int = 1, hardware: Hardware | None = None) -> dict[str, Any]:
    """What `training_arguments` hands on, as plain values; `hardware` None: whatever is asked for is there.

    Raises SettingsError where batch_size cannot be divided among the processes, or the optimizer is adam with a weight
    decay: transformers has no Adam that couples it to the gradient.
    """
    per_device, accumulation = divided(settings, world_size)
    return {
        "learning_rate": settings.learning_rate,
        "per_device_train_batch_size": per_device,
        "gradient_accumulation_steps": accumulation,
        "num_train_epochs": float(settings.epochs),
        "warmup_steps": _warmup(settings),
        "lr_scheduler_type": "constant_with_warmup" if settings.lr_scheduler == "constant" else settings.lr_scheduler,
        "weight_decay": settings.weight_decay,
        "max_grad_norm": settings.max_grad_norm,
        "optim": _optimizer(settings),
        "seed": settings.seed,
        **_precision(settings, hardware),
    }


def _warmup(settings: AptSettings) -> float:
    """A fraction of all steps, which transformers 5 takes for one below 1."""
    if settings.warmup_ratio < 1:
        return settings.warmup_ratio
    origin = settings.origin("warmup_ratio")
    wrong = "is more than transformers takes for a fraction"
    raise SettingsError([Problem("APT_WARMUP_RATIO", origin.place, str(settings.warmup_ratio), wrong, "less than 1")])


def _optimizer(settings: AptSettings) -> str:
    """adamw_torch; without weight decay that is Adam, too."""
    if settings.optimizer == "adam" and settings.weight_decay:
        origin = settings.origin("optimizer")
        wrong = f"would couple weight_decay {settings.weight_decay} to the gradient, which none of transformers does"
        fix = "or write APT_WEIGHT_DECAY=0"
        raise SettingsError([Problem("APT_OPTIMIZER", origin.place, "adam", wrong, "adamw", fix)])
    return "adamw_torch"


def _precision(settings: AptSettings, hardware: Hardware | None) -> dict[str, bool]:
    """The one that is asked for, if the hardware has it; else a warning, and fp32."""
    asked = settings.precision
    if asked == "fp32":
        return {}
    if hardware is not None and not getattr(hardware, asked):
        warnings.warn(f"precision {asked} is not what this hardware has: fp32 is used", SettingsWarning, stacklevel=4)
        return {}
    return {asked: True}


def _world_size() -> int:
    return int(os.environ.get("WORLD_SIZE", "1"))


def _hardware() -> Hardware:
    with needed("torch"):
        import torch
    if not torch.cuda.is_available():
        return Hardware(tf32=False, fp16=False, bf16=True)
    return Hardware(
        tf32=torch.cuda.get_device_capability()[0] >= 8, fp16=True, bf16=bool(torch.cuda.is_bf16_supported())
    )
