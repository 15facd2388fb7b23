"""Keywords for the Accelerator of accelerate."""

from typing import Any

from ..base import AptSettings
from ..plan import divide_batch
from .extras import world_size
from .precision import mixed_precision, set_here


def accelerator_arguments(settings: AptSettings) -> dict[str, Any]:
    """`Accelerator(**accelerator_arguments(settings))`: precision, and the micro-batches of a step on each process.

    With `accelerator.accumulate(model)`, each process has `plan(settings, devices=...).per_device_batch_size` examples
    in a micro-batch. Clip with `accelerator.clip_grad_norm_(model.parameters(), settings.max_grad_norm)`. What
    `accelerate launch --mixed_precision` says does not count. Sets torch's switch for TF32.

    Raises SettingsError if batch_size cannot be divided among the processes, and if torch is missing.
    """
    _, accumulation = divide_batch(settings, world_size())
    return {"mixed_precision": mixed_precision(set_here(settings)), "gradient_accumulation_steps": accumulation}
