"""What the Trainer of transformers really does, held against the settings."""

from typing import Any

from ..base import AptSettings
from ..errors import Problem, SettingsError
from .as_planned import AsPlanned
from .extras import require
from .loss import Averaging, averaging, evaluation, items_in

with require("transformers"):
    from transformers import Trainer

__all__ = ["AsPlanned", "prepare"]


def prepare(trainer: "Trainer", settings: AptSettings, *, warn: bool = False) -> None:
    """Make a Trainer train what the settings say on any number of devices, and watch that it does.

        trainer = Trainer(model, training_arguments(settings), train_dataset=data)
        prepare(trainer, settings)

    Since transformers 5.0, a Trainer takes a model whose forward has `**kwargs` for one that averages its loss over all
    micro-batches of a step. BERT, RoBERTa and T5 do not, so that gradients are as many times too large as there are
    micro-batches (transformers issue 47688). `prepare` asks the loss itself, on one batch, in evaluation mode, without
    gradients, with all random states kept; where it is the mean of its micro-batch, the Trainer is told so. Then it
    adds `AsPlanned(settings)`, which judges what is trained at the start and at the first step.

    Call it once the Trainer is made and before it trains, in every process. It reads one batch: of a stream that can be
    read only once, that batch is not trained. With `warn`, what AsPlanned finds is a SettingsWarning.

    Raises SettingsError for a loss of which a part is averaged in one way and a part in the other, for a
    compute_loss_func that does not divide by num_items_in_batch, and where there are no training data.
    """
    kind = _averaging(trainer)
    if trainer.compute_loss_func is not None and kind in (Averaging.DROPPED, Averaging.MIXED):
        wrong = "does not divide by num_items_in_batch, and the Trainer scales nothing that comes from it"
        fix = "return losses.sum() / num_items_in_batch, or override Trainer.compute_loss with a mean"
        raise SettingsError([Problem("compute_loss_func", wrong, fix=fix)])
    if kind is Averaging.MIXED:
        wrong = "averages a part of the loss over its micro-batch and a part over the step"
        fix = "divide every part by num_items_in_batch, or none: call the model without it"
        raise SettingsError([Problem("compute_loss", wrong, fix=fix)])
    if kind is Averaging.DROPPED:
        trainer.model_accepts_loss_kwargs = False
    own = type(trainer).compute_loss is not Trainer.compute_loss
    trainer.remove_callback(AsPlanned)
    trainer.add_callback(AsPlanned(settings, warn=warn, weighted=own or trainer.compute_loss_func is not None))


def _first_batch(trainer: "Trainer") -> Any:
    """Raises SettingsError where there is none."""
    try:
        return next(iter(trainer.get_train_dataloader()))
    except (ValueError, StopIteration) as error:  # ValueError: it has no training data, or none in it
        raise SettingsError.at("train_dataset", f"gives no batch: {error or 'it is empty'}") from None


def _averaging(trainer: "Trainer") -> Averaging:
    """What the Trainer's own compute_loss does with the number of items of its first batch."""
    if trainer.is_deepspeed_enabled or trainer.is_fsdp_enabled:
        return Averaging.UNKNOWN  # the model is no whole one before training
    with evaluation(trainer.model):
        prepared = trainer._prepare_inputs  # noqa: SLF001 - the place where a Trainer brings a batch to its device
        batch: dict[str, Any] = prepared(_first_batch(trainer))
        items = items_in(batch)
        if items is None:
            return Averaging.DROPPED  # the Trainer counts none, and passes none on

        def loss(number: Any) -> Any:
            with trainer.compute_loss_context_manager():
                return trainer.compute_loss(trainer.model, dict(batch), num_items_in_batch=number)

        return averaging(loss, items)
