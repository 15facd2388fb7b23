"""Keywords for the Trainer of Lightning, and a check that its batch is that of the settings."""

from collections.abc import Iterable
from typing import Any, Final

from ..base import AptSettings, unusable
from ..errors import SettingsError
from ..plan import divide_batch
from .extras import batch_size_of, require, warn_caller
from .precision import set_here

with require("lightning"):
    from lightning import Callback, seed_everything

PRECISIONS: Final = {"fp32": "32-true", "tf32": "32-true", "fp16": "16-mixed", "bf16": "bf16-mixed"}
"""Our precision -> Lightning's; TF32 is a switch of torch's."""


def trainer_arguments(
    settings: AptSettings, *, devices: int = 1, num_nodes: int = 1, callbacks: Iterable[Any] = ()
) -> dict[str, Any]:
    """Keywords for a Trainer on so many devices of so many nodes: precision, accumulation, clipping, and its length.

        trainer = Trainer(**trainer_arguments(settings, devices=2, num_nodes=4))
        loader = DataLoader(data, plan(settings, devices=trainer.world_size).per_device_batch_size)

    The DataLoader decides what a device gets at once; `BatchAsPlanned` stops a training whose loader gives something
    else, and stands after your own `callbacks`. A LightningModule takes its optimizer and schedule from
    `integrations.torch`. Make the module afterwards: this seeds Python, NumPy and torch with settings.seed, and sets
    torch's switch for TF32.

    Raises SettingsError if batch_size cannot be divided among the devices, and if lightning or torch is missing.
    """
    for name, number in {"devices": devices, "num_nodes": num_nodes}.items():
        if not isinstance(number, int):
            raise SettingsError.at(name, "is not a number: batch_size is divided among so many", value=repr(number))
    _, accumulation = divide_batch(settings, devices * num_nodes)
    length = {"max_steps": settings.max_steps} if settings.max_steps else {"max_epochs": settings.epochs}
    seed_everything(settings.seed, verbose=False)
    return {
        "precision": PRECISIONS[set_here(settings)],
        "devices": devices,
        "num_nodes": num_nodes,
        "accumulate_grad_batches": accumulation,
        "gradient_clip_val": settings.max_grad_norm,
        "callbacks": [*callbacks, BatchAsPlanned(settings)],
        **length,
    }


class BatchAsPlanned(Callback):  # type: ignore[misc]  # lightning is none of the linter's
    """Stops a training at its start if its batch over all devices and nodes is not batch_size.

    A SettingsWarning tells where the loader does not say how many examples it gives at once.
    """

    def __init__(self, settings: AptSettings) -> None:
        self.settings = settings

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:  # noqa: ARG002 - as Lightning calls it
        """Judge what the loader gives, times devices and micro-batches. Raises SettingsError."""
        given, parts = batch_size_of(trainer.train_dataloader), trainer.accumulate_grad_batches
        if given is None:
            loader = type(trainer.train_dataloader).__name__
            return warn_caller(f"not judged: the batch over all devices, as a {loader} does not say its own")
        if (batch := given * trainer.world_size * parts) != self.settings.batch_size:
            wrong = f"would be {batch}: {given} of the loader x {trainer.world_size} devices x {parts} micro-batches"
            fix = "give the DataLoader plan(settings, devices=trainer.world_size).per_device_batch_size"
            raise unusable(self.settings, "batch_size", wrong, fix=fix)
        return None
