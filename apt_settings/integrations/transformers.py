"""Training arguments for the Trainer of transformers."""

from collections.abc import Container, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ..base import AptSettings, unusable
from ..errors import Problem, SettingsError
from ..own import Group, keywords_of
from ..parts import given_to, group_for
from ..plan import architecture_of, divide_batch
from ..sources.names import variable_of
from .extras import require, scheduler_name, warn_caller, world_size
from .keywords import NOT_JUDGED, NOT_RECORDED, OF_THE_TRAINER, find_changed, find_undoing, refuse, warn_of_changed
from .precision import (
    FLOAT32,
    Hardware,
    hardware_here,
    refuse_environment,
    switch_tf32,
    usable_precision,
    warn_of_hardware,
)

if TYPE_CHECKING:
    from transformers import TrainingArguments


A = TypeVar("A")


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
    processes and GPUs. Making the arguments joins the job's process group, seeds Python, NumPy and torch with
    settings.seed, so that a model made afterwards has the weights of that seed, and sets torch's switch for TF32 where
    precision is fp32 or tf32. If the hardware lacks the precision that is set, fp32 is used, with a SettingsWarning.
    A class for trl, which has a field max_length, gets max_seq_length.

    `extra` goes to the arguments unchanged. A SettingsWarning names what it brings in that changes what is trained and
    is in no record, such as label_smoothing_factor, and what is not judged, such as a file for DeepSpeed.

    Raises SettingsError for settings that transformers cannot express; for a keyword in `extra` that the settings
    decide, that undoes one under another name, such as lr_scheduler_kwargs, or that the class does not have; where
    ACCELERATE_MIXED_PRECISION would bring in another arithmetic; and if transformers or torch is missing.
    """
    with require("transformers"):
        from transformers import Seq2SeqTrainingArguments, TrainingArguments, set_seed

    usual = Seq2SeqTrainingArguments if _writes_text(settings) else TrainingArguments
    chosen: type[Any] = kind or usual
    group = group_for(settings, Group(chosen))
    own = keywords_of(group, given_to(settings, group)) if group else {}
    on_cpu = bool({**own, **extra}.get("use_cpu"))
    from_settings = {**keywords_here(settings, on_cpu=on_cpu), **_length(settings, chosen)}
    refuse(extra, chosen, {**from_settings, **own})
    _refuse_class(settings, chosen, from_settings)
    arguments = chosen(**{"output_dir": output_dir or settings.output_dir, **from_settings, **own, **extra})
    _refuse_undone(arguments, TrainingArguments, from_settings)
    _note_what_no_record_has(arguments, TrainingArguments, own)
    _require_batch(settings, arguments)
    if from_settings["tf32"] is not None:
        switch_tf32(from_settings["tf32"])
    set_seed(settings.seed)
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


def _length(settings: AptSettings, kind: type) -> dict[str, int]:
    """The length of an input, for a class of trl that cuts inputs itself."""
    return {"max_length": settings.max_seq_length} if hasattr(kind, "max_length") else {}


def _refuse_undone(arguments: "TrainingArguments", usual: type, keywords: Mapping[str, Any]) -> None:
    """Raises SettingsError for what undoes a setting: under another name, or because the class changes what it got."""
    problems = [*find_undoing(arguments, usual, OF_THE_TRAINER)]
    undoers = {"warmup_steps", "gradient_accumulation_steps"} if problems else set()  # which those change
    for name, value in keywords.items():
        if (made := getattr(arguments, name)) != value and name not in undoers:
            wrong = f"becomes {made}, where the settings say {value}"
            problems.append(Problem(f"{type(arguments).__name__} {name}", wrong, fix="take out what changes it"))
    if problems:
        raise SettingsError(problems)


def _note_what_no_record_has(arguments: "TrainingArguments", usual: type, recorded: Container[str]) -> None:
    warn_of_changed(arguments, usual, [name for name in NOT_RECORDED if name not in recorded])
    for name in find_changed(arguments, usual, NOT_JUDGED):
        warn_caller(f"keyword {name} may decide what the settings decide, and is not judged")


def keywords_here(settings: AptSettings, *, on_cpu: bool = False) -> dict[str, Any]:
    """The keywords for the devices and the arithmetic of this machine; `on_cpu`: its GPUs are left alone."""
    hardware = hardware_here(on_cpu)
    refuse_environment(settings, usable_precision(settings, hardware))
    return keywords(settings, devices=_devices(on_cpu), hardware=hardware)


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
    warn_of_hardware(settings, hardware)
    precision = usable_precision(settings, hardware)
    tf32 = precision == "tf32" if precision in FLOAT32 else None
    return {"tf32": tf32, "fp16": precision == "fp16", "bf16": precision == "bf16"}


def _devices(on_cpu: bool) -> int:
    """The number of processes; in a job of one, the number of GPUs that the Trainer divides a batch among."""
    with require("torch"):
        import torch
    processes = world_size()
    return processes if processes > 1 or on_cpu else max(1, torch.cuda.device_count())


def _require_batch(settings: AptSettings, arguments: "TrainingArguments") -> None:
    """Raises SettingsError if the Trainer's batch is not batch_size, as with a wrong WORLD_SIZE."""
    processes = arguments.world_size
    effective = arguments.train_batch_size * arguments.gradient_accumulation_steps * processes
    if effective != settings.batch_size:
        wrong = f"would be {effective}: the Trainer sees {processes} processes, WORLD_SIZE says {world_size()}"
        raise unusable(settings, "batch_size", wrong, fix="start the job with torchrun, or unset WORLD_SIZE")
