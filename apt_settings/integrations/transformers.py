"""Training arguments for the Trainer of transformers."""

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, overload

from ..base import AptSettings, given_to, group_for, unusable
from ..errors import SettingsError, SettingsWarning
from ..own import Group, keywords_of
from ..plan import architecture_of, divide_batch
from ..sources.names import variable_of
from .extras import refuse_overrides, require, scheduler_name, world_size

if TYPE_CHECKING:
    from transformers import TrainingArguments


A = TypeVar("A")


class Hardware(NamedTuple):
    """The arithmetic that a machine supports."""

    tf32: bool
    fp16: bool
    bf16: bool


@overload
def training_arguments(
    settings: AptSettings, output_dir: str | None = None, *, kind: None = None, **extra: Any
) -> "TrainingArguments": ...
@overload
def training_arguments(settings: AptSettings, output_dir: str | None = None, *, kind: type[A], **extra: Any) -> A: ...
def training_arguments(
    settings: AptSettings, output_dir: str | None = None, *, kind: type[Any] | None = None, **extra: Any
) -> Any:
    """A transformers.TrainingArguments; a Seq2SeqTrainingArguments if it writes text; or an object of `kind`.

    It writes text if the model is a T5, or where max_target_length is set.

    Where APT_EXTEND names that class, or a handle of it, the fields that our settings do not decide have the values of
    these settings too: `part(settings, kind)` is the same. The effective batch is batch_size for any number of
    processes and GPUs. Making the arguments joins the job's process group. If the hardware lacks the precision that is
    set, fp32 is used, with a SettingsWarning. `extra` goes to the arguments unchanged.

    Raises SettingsError for settings that transformers cannot express, if `extra` has a keyword that the settings
    decide, and if transformers or torch is missing.
    """
    with require("transformers"):
        from transformers import Seq2SeqTrainingArguments, TrainingArguments

    usual = Seq2SeqTrainingArguments if _writes_text(settings) else TrainingArguments
    chosen: type[Any] = kind or usual
    group = group_for(settings, Group(chosen))
    own = keywords_of(group, given_to(settings, group)) if group else {}
    on_cpu = bool({**own, **extra}.get("use_cpu"))
    from_settings = keywords(settings, devices=_devices(on_cpu), hardware=_hardware(on_cpu))
    refuse_overrides({**from_settings, **own}, extra)
    _refuse_class(settings, chosen, from_settings)
    arguments = chosen(**{"output_dir": output_dir or settings.output_dir, **from_settings, **own, **extra})
    _require_batch(settings, arguments)
    return arguments


def _writes_text(settings: AptSettings) -> bool:
    try:
        return settings.max_target_length is not None or architecture_of(settings).is_t5
    except SettingsError:  # of a model whose sizes nobody knows
        return False


def _refuse_class(settings: AptSettings, kind: type, keywords: Iterable[str]) -> None:
    """Raises SettingsError for a class that has no field for what the settings say."""
    if "generation_max_length" in keywords and not hasattr(kind, "generation_max_length"):
        wrong = f"has no place in {kind.__name__}"
        raise unusable(settings, "max_target_length", wrong, fix="take a class below Seq2SeqTrainingArguments")


def keywords(settings: AptSettings, *, devices: int = 1, hardware: Hardware | None = None) -> dict[str, Any]:
    """The keywords that `training_arguments` passes on; `hardware` None: it supports every precision.

    Raises SettingsError if batch_size cannot be divided among the devices, if warmup_ratio is 1, and if the optimizer
    is adam with a weight decay: transformers has no Adam that adds weight decay to the gradient.
    """
    per_device, accumulation = divide_batch(settings, devices)
    return {
        "learning_rate": settings.learning_rate,
        "per_device_train_batch_size": per_device,
        "gradient_accumulation_steps": accumulation,
        "num_train_epochs": float(settings.epochs),
        "max_steps": settings.max_steps or -1,
        "warmup_steps": _warmup(settings),
        "lr_scheduler_type": scheduler_name(settings),
        "weight_decay": settings.weight_decay,
        "max_grad_norm": settings.max_grad_norm or 0.0,
        "optim": _optimizer(settings),
        "seed": settings.seed,
        **_precision(settings, hardware),
        **({"generation_max_length": settings.max_target_length} if settings.max_target_length else {}),
    }


def _warmup(settings: AptSettings) -> float:
    """Steps that warm up, or the fraction of all steps: transformers 5 reads warmup_steps below 1 as a fraction."""
    if settings.warmup_steps is not None:
        return settings.warmup_steps
    if settings.warmup_ratio < 1:
        return settings.warmup_ratio
    raise unusable(settings, "warmup_ratio", "is more than transformers takes for a fraction", "less than 1")


def _optimizer(settings: AptSettings) -> str:
    """The name in transformers: adamw_torch, for adam too, which is the same without weight decay."""
    if settings.optimizer == "adam" and settings.weight_decay:
        wrong = f"would couple weight_decay {settings.weight_decay} to the gradient, and no Adam of transformers does"
        raise unusable(settings, "optimizer", wrong, "adamw", f"or write {variable_of('weight_decay')}=0")
    return "adamw_torch"


def _precision(settings: AptSettings, hardware: Hardware | None) -> dict[str, bool | None]:
    """The keywords for the precision that is set, or a warning and those for fp32 if the hardware lacks it."""
    precision = settings.precision
    if precision != "fp32" and hardware is not None and not getattr(hardware, precision):
        warnings.warn(f"this hardware has no {precision}: precision fp32 is used", SettingsWarning, stacklevel=4)
        precision = "fp32"
    return {"tf32": True if precision == "tf32" else None, "fp16": precision == "fp16", "bf16": precision == "bf16"}


def _devices(on_cpu: bool) -> int:
    """The number of processes; in a job of one, the number of GPUs that the Trainer divides a batch among."""
    with require("torch"):
        import torch
    processes = world_size()
    return processes if processes > 1 or on_cpu else max(1, torch.cuda.device_count())


def _hardware(on_cpu: bool) -> Hardware:
    """The arithmetic that this machine supports according to transformers."""
    with require("torch"):
        import torch
    from transformers.utils.import_utils import is_torch_bf16_gpu_available, is_torch_tf32_available

    if on_cpu or not torch.cuda.is_available():
        return Hardware(tf32=False, fp16=False, bf16=on_cpu)
    return Hardware(tf32=is_torch_tf32_available(), fp16=True, bf16=is_torch_bf16_gpu_available())


def _require_batch(settings: AptSettings, arguments: "TrainingArguments") -> None:
    """Raises SettingsError if the Trainer's batch is not batch_size, as with a wrong WORLD_SIZE."""
    processes = arguments.world_size
    effective = arguments.train_batch_size * arguments.gradient_accumulation_steps * processes
    if effective != settings.batch_size:
        wrong = f"would be {effective}: the Trainer sees {processes} processes, WORLD_SIZE says {world_size()}"
        raise unusable(settings, "batch_size", wrong, fix="start the job with torchrun, or unset WORLD_SIZE")
