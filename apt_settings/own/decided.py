"""Classes of others in which our settings decide fields of other names: an integration makes their objects."""

from typing import Final, NamedTuple


class Decided(NamedTuple):
    """Which of a class's fields our settings decide, and who makes its objects."""

    maker: str
    """`module:function`; it takes the settings and the class."""
    fields: frozenset[str]
    """The fields that our settings decide, besides those that have their names."""


_CLASSES: Final = {
    "transformers.training_args.TrainingArguments": Decided(
        "apt_settings.integrations.transformers:training_arguments",
        frozenset(
            {
                "num_train_epochs",
                "per_device_train_batch_size",
                "per_gpu_train_batch_size",
                "gradient_accumulation_steps",
                "auto_find_batch_size",
                "lr_scheduler_type",
                "optim",
                "fp16",
                "bf16",
                "tf32",
                "generation_max_length",
            }
        ),
    ),
}
"""The class that others are below -> what is decided in it. Named and not imported, as it is heavy."""


def decided_in(kind: type) -> Decided | None:
    """What our settings decide in a class or in one that it is below; None for any other class."""
    names = (f"{base.__module__}.{base.__qualname__}" for base in kind.__mro__)
    return next((_CLASSES[name] for name in names if name in _CLASSES), None)
