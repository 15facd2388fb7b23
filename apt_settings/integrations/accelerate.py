"""Keywords for the Accelerator of accelerate."""

import os
from typing import Any, Final

from ..base import AptSettings, unusable
from ..plan import divide_batch
from .extras import require, world_size
from .precision import mixed_precision, set_here

_ACCUMULATION: Final = "ACCELERATE_GRADIENT_ACCUMULATION_STEPS"
"""The variable of accelerate that is stronger than what the Accelerator is told."""


def accelerator_arguments(settings: AptSettings) -> dict[str, Any]:
    """`Accelerator(**accelerator_arguments(settings))`: precision, and the micro-batches of a step on each process.

    With `accelerator.accumulate(model)`, each process has `plan(settings, devices=...).per_device_batch_size` examples
    in a micro-batch. Clip with `accelerator.clip_grad_norm_(model.parameters(), settings.max_grad_norm)`. What
    `accelerate launch --mixed_precision` says does not count. Make the model afterwards: this seeds Python, NumPy and
    torch with settings.seed, and sets torch's switch for TF32.

    Raises SettingsError if batch_size cannot be divided among the processes, where
    ACCELERATE_GRADIENT_ACCUMULATION_STEPS would bring in another batch, and if accelerate or torch is missing.
    """
    with require("accelerate"):
        from accelerate.utils import set_seed
    _, accumulation = divide_batch(settings, world_size())
    _refuse_accumulation(settings, accumulation)
    set_seed(settings.seed)
    return {"mixed_precision": mixed_precision(set_here(settings)), "gradient_accumulation_steps": accumulation}


def _refuse_accumulation(settings: AptSettings, accumulation: int) -> None:
    said = os.environ.get(_ACCUMULATION, "").strip()
    if said and said != str(accumulation):
        wrong = f"is not what would be trained: {_ACCUMULATION} is {said}, and a step has {accumulation} micro-batches"
        fix = f"unset it, or start with accelerate launch --gradient_accumulation_steps {accumulation}"
        raise unusable(settings, "batch_size", wrong, fix=fix)
