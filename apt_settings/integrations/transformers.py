"""Training arguments for the Trainer of transformers."""

import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

from ..base import AptSettings, unusable
from ..errors import SettingsWarning
from ..facts.architectures import ARCHITECTURES
from ..plan import divided
from ..sources.names import variable_of
from .extras import needed, refuse_decided, scheduler_name, world_size

if TYPE_CHECKING:
    from transformers import TrainingArguments


class Hardware(NamedTuple):
    """What the machine can do."""

    tf32: bool
    fp16: bool
    bf16: bool


def training_arguments(settings: AptSettings, output_dir: str | None = None, **extra: Any) -> "TrainingArguments":
    """A transformers.TrainingArguments; where the model is a T5, a Seq2SeqTrainingArguments.

    The effective batch is batch_size, whatever the processes and GPUs of the job, whose process group is joined here.
    tf32 and half precision are used where the hardware has them; where it lacks them, a SettingsWarning says so.
    `extra` goes to the arguments as it is. Raises SettingsError for what cannot be expressed, for what the settings
    decide in `extra`, and where transformers or torch is missing.
    """
    with needed("transformers"):
        from transformers import Seq2SeqTrainingArguments, TrainingArguments

    on_cpu = bool(extra.get("use_cpu"))
    kind = Seq2SeqTrainingArguments if ARCHITECTURES[settings.architecture].is_t5 else TrainingArguments
    decided = keywords(settings, devices=_devices(on_cpu), hardware=_hardware(on_cpu))
    refuse_decided(decided, extra)
    made = kind(output_dir=output_dir or settings.output_dir, **decided, **extra)
    _require_batch(settings, made)
    return made


def keywords(settings: AptSettings, *, devices: int = 1, hardware: Hardware | None = None) -> dict[str, Any]:
    """What `training_arguments` hands on, as plain values; `hardware` None: whatever is asked for is there.

    Raises SettingsError where batch_size cannot be divided among the devices, or the optimizer is adam with a weight
    decay: transformers has no Adam that couples it to the gradient.
    """
    per_device, accumulation = divided(settings, devices)
    return {
        "learning_rate": settings.learning_rate,
        "per_device_train_batch_size": per_device,
        "gradient_accumulation_steps": accumulation,
        "num_train_epochs": float(settings.epochs),
        "warmup_steps": _warmup(settings),
        "lr_scheduler_type": scheduler_name(settings),
        "weight_decay": settings.weight_decay,
        "max_grad_norm": settings.max_grad_norm,
        "optim": _optimizer(settings),
        "seed": settings.seed,
        **_precision(settings, hardware),
        **({"generation_max_length": settings.max_target_length} if settings.max_target_length else {}),
    }


def _warmup(settings: AptSettings) -> float:
    """A fraction of all steps, which transformers 5 takes for one below 1."""
    if settings.warmup_ratio < 1:
        return settings.warmup_ratio
    raise unusable(settings, "warmup_ratio", "is more than transformers takes for a fraction", "less than 1")


def _optimizer(settings: AptSettings) -> str:
    """adamw_torch; without weight decay that is Adam, too."""
    if settings.optimizer == "adam" and settings.weight_decay:
        wrong = f"would couple weight_decay {settings.weight_decay} to the gradient, which none of transformers does"
        raise unusable(settings, "optimizer", wrong, "adamw", f"or write {variable_of('weight_decay')}=0")
    return "adamw_torch"


def _precision(settings: AptSettings, hardware: Hardware | None) -> dict[str, bool | None]:
    """The one that is asked for, if the hardware has it; else a warning, and fp32."""
    used = settings.precision
    if used != "fp32" and hardware is not None and not getattr(hardware, used):
        warnings.warn(f"precision {used} is not what this hardware has: fp32 is used", SettingsWarning, stacklevel=4)
        used = "fp32"
    return {"tf32": True if used == "tf32" else None, "fp16": used == "fp16", "bf16": used == "bf16"}


def _devices(on_cpu: bool) -> int:
    """Processes of the job; where there is one, the GPUs that the Trainer divides its batch among."""
    with needed("torch"):
        import torch
    processes = world_size()
    return processes if processes > 1 or on_cpu else max(1, torch.cuda.device_count())


def _hardware(on_cpu: bool) -> Hardware:
    """As transformers sees it."""
    with needed("torch"):
        import torch
    from transformers.utils.import_utils import is_torch_bf16_gpu_available, is_torch_tf32_available

    if on_cpu or not torch.cuda.is_available():
        return Hardware(tf32=False, fp16=False, bf16=on_cpu)
    return Hardware(tf32=is_torch_tf32_available(), fp16=True, bf16=is_torch_bf16_gpu_available())


def _require_batch(settings: AptSettings, made: "TrainingArguments") -> None:
    """A batch that the Trainer would really make other than batch_size, as where WORLD_SIZE is not what it sees."""
    effective = made.train_batch_size * made.gradient_accumulation_steps * made.world_size
    if effective != settings.batch_size:
        wrong = f"would be {effective}: the Trainer sees {made.world_size} processes, WORLD_SIZE says {world_size()}"
        raise unusable(settings, "batch_size", wrong, fix="start the job with torchrun, or unset WORLD_SIZE")
