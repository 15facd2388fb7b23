"""Classes of others in which our settings decide fields of other names: an integration makes their objects."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Decided(NamedTuple):
    """Which of a class's fields our settings decide, and who makes its objects."""

    maker: str
    """`module:function`; it takes the settings and the class."""
    fields: Mapping[str, str]
    """Field -> our setting that decides it."""


_CLASSES: Final = {
    "transformers.training_args.TrainingArguments": Decided(
        "apt_settings.integrations.transformers:training_arguments",
        {
            "num_train_epochs": "epochs",
            "per_device_train_batch_size": "batch_size",
            "per_gpu_train_batch_size": "batch_size",
            "gradient_accumulation_steps": "batch_size",
            "auto_find_batch_size": "batch_size",
            "warmup_steps": "warmup_ratio",
            "lr_scheduler_type": "lr_scheduler",
            "optim": "optimizer",
            "fp16": "precision",
            "bf16": "precision",
            "tf32": "precision",
            "generation_max_length": "max_target_length",
        },
    ),
}
"""The class that others are below -> what is decided in it. Named and not imported, as it is heavy."""


def decided_in(kind: type) -> Decided | None:
    """What our settings decide in a class or in one that it is below; None for any other class."""
    names = (f"{base.__module__}.{base.__qualname__}" for base in kind.__mro__)
    return next((_CLASSES[name] for name in names if name in _CLASSES), None)
