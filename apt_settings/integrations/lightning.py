"""Keywords for the Trainer of Lightning."""

from typing import Any, Final

from ..base import AptSettings
from ..errors import SettingsError
from ..plan import divide_batch
from .precision import set_here

PRECISIONS: Final = {"fp32": "32-true", "tf32": "32-true", "fp16": "16-mixed", "bf16": "bf16-mixed"}
"""Our precision -> Lightning's; TF32 is a switch of torch's."""


def trainer_arguments(settings: AptSettings, *, devices: int = 1) -> dict[str, Any]:
    """`Trainer(**trainer_arguments(settings, devices=2))`: precision, accumulation, clipping, and how long it trains.

    The DataLoader decides what a device gets at once: its batch_size is `plan(settings).per_device_batch_size`. A
    LightningModule takes its optimizer and schedule from `integrations.torch`. Sets torch's switch for TF32.

    Raises SettingsError if batch_size cannot be divided among the devices, and if torch is missing.
    """
    if not isinstance(devices, int):
        raise SettingsError.at("devices", "is not a number: batch_size is divided among so many", value=repr(devices))
    _, accumulation = divide_batch(settings, devices)
    length = {"max_steps": settings.max_steps} if settings.max_steps else {"max_epochs": settings.epochs}
    return {
        "precision": PRECISIONS[set_here(settings)],
        "devices": devices,
        "accumulate_grad_batches": accumulation,
        "gradient_clip_val": settings.max_grad_norm,
        **length,
    }
