"""The Trainer of transformers, made to train what the settings say, and watched that it does."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..base import AptSettings
from ..errors import Problem, SettingsError
from .extras import gather, require, warn_caller
from .loss import Averaging, LossOfStep, averaging, evaluation, items_in
from .trackers import log_where_tracked
from .trainer_facts import Fact, Finding, NotJudged, facts_at_first_step, facts_at_start, is_split

with require("transformers"):
    from transformers import Trainer, TrainerCallback

if TYPE_CHECKING:
    from torch.nn import Module


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
        raise SettingsError.at("compute_loss_func", wrong, fix=fix)
    if kind is Averaging.MIXED:
        wrong = "averages a part of the loss over its micro-batch and a part over the step"
        fix = "divide every part by num_items_in_batch, or none: call the model without it"
        raise SettingsError.at("compute_loss", wrong, fix=fix)
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


class AsPlanned(TrainerCallback):  # type: ignore[misc]  # transformers is none of the linter's
    """Stops a training that is not what the settings say: at its start, and at its first optimizer step.

        trainer = Trainer(model, arguments, train_dataset=data, callbacks=[AsPlanned(settings)])

    It reads what really is, and nothing that was passed: the number of steps and the schedule of the rate, the batch
    over all devices, the arithmetic and the weights, TF32's switch, the optimizer with its rate and weight decay, the
    Trainer's seed, the norm of the clipped gradients, and the factor by which the loss that the model returned enters
    backward. It cannot see whether the model was made from that seed: `training_arguments` seeds, so make it first.
    A run that goes on from a checkpoint is judged in the same way. Where the Trainer reports to MLflow or W&B, the
    settings and who set them are logged there, by the first process.

    The error names both sides. All processes of a job raise it together: one that stopped alone would hang the others.
    With `warn`, each finding is a SettingsWarning. `weighted` says that a compute_loss of your own gives the model's
    loss a weight. What cannot be judged, as under DeepSpeed and FSDP, is said once. Raises SettingsError.
    """

    def __init__(self, settings: AptSettings, *, warn: bool = False, weighted: bool = False) -> None:
        self.settings, self.warn, self.weighted = settings, warn, weighted
        self._loss: LossOfStep | None = None

    def on_train_begin(
        self, args: Any, state: Any, control: Any, *, model: "Module", optimizer: Any, lr_scheduler: Any, **given: Any
    ) -> None:
        """Judge what is there before the first step."""
        loader = given["train_dataloader"]
        facts = facts_at_start(
            *(self.settings, args, state), model=model, optimizer=optimizer, scheduler=lr_scheduler, loader=loader
        )
        self._tell(facts, state)
        self._loss = None if is_split() else LossOfStep(model)

    def on_substep_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Count the micro-batches of the first step."""
        if self._loss:
            self._loss.micro_batches += 1

    def on_pre_optimizer_step(
        self, args: Any, state: Any, control: Any, *, model: "Module", optimizer: Any, **given: Any
    ) -> None:
        """Judge the gradients of the first step, which are clipped and not yet used."""
        if (loss := self._loss) is None:
            return
        self._loss = None
        loss.close()
        facts = facts_at_first_step(
            *(self.settings, args, state), model=model, optimizer=optimizer, loss=loss, weighted=self.weighted
        )
        self._tell(facts, state)

    def _tell(self, findings: Iterable[Finding], state: Any) -> None:
        """One error in all processes together, or a warning for each finding; then trackers get the settings."""
        judged = list(findings)
        wrong = [each.problem(self.settings) for each in judged if isinstance(each, Fact) and not each.holds]
        found = _of_all_ranks(wrong)
        if found and not self.warn:
            raise SettingsError(found)
        for text in (*map(str, found), *(f"not judged: {each.what}" for each in judged if isinstance(each, NotJudged))):
            warn_caller(text)
        if state.is_world_process_zero:
            log_where_tracked(self.settings)


def _of_all_ranks(problems: list[Problem]) -> list[Problem]:
    """The problems of all processes, each once, with the ranks that have it where not all do."""
    ranks = gather(problems)
    if ranks is None:
        return problems
    found: dict[str, tuple[Problem, list[str]]] = {}
    for rank, each in enumerate(ranks):
        for problem in each:
            found.setdefault(str(problem), (problem, []))[1].append(str(rank))
    return [
        one if len(who) == len(ranks) else one._replace(wrong=f"{one.wrong} (rank {', '.join(who)})")
        for one, who in found.values()
    ]
