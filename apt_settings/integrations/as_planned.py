"""A training held against the settings, by a callback of the Trainer of transformers."""

from collections.abc import Iterable
from math import isclose
from typing import TYPE_CHECKING, Any, Final

from ..base import AptSettings
from ..errors import Problem, SettingsError
from ..sources.names import variable_of
from .extras import gather, require, warn_caller
from .loss import LossOfStep
from .precision import hardware_here, usable_precision
from .trackers import log_where_tracked
from .trainer_facts import (
    Fact,
    factors_of,
    of_arithmetic,
    of_gradients,
    of_optimizer,
    of_rate,
    of_schedule,
    of_the_job,
    of_weights,
    planned_steps,
)

with require("transformers"):
    from accelerate.state import AcceleratorState
    from transformers import TrainerCallback

if TYPE_CHECKING:
    from torch.nn import Module

_SPLIT: Final = ("DEEPSPEED", "FSDP", "MEGATRON_LM", "XLA")
"""Ways of accelerate in which no process has the whole model and optimizer."""


class AsPlanned(TrainerCallback):  # type: ignore[misc]  # transformers is none of the linter's
    """Stops a training that is not what the settings say: at its start, and at its first optimizer step.

        trainer = Trainer(model, arguments, train_dataset=data, callbacks=[AsPlanned(settings)])

    It reads what really is, and nothing that was passed: the number of steps and the schedule of the rate, the batch
    over all devices, the arithmetic and the weights, TF32's switch, the optimizer with its rate and weight decay, the
    seed, the norm of the clipped gradients, and the factor by which the loss that the model returned enters backward.
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
        precision = usable_precision(self.settings, hardware_here(args.use_cpu))
        facts = [*of_the_job(self.settings, args, state, given["train_dataloader"]), *of_arithmetic(precision)]
        not_judged = []
        if AcceleratorState().distributed_type in _SPLIT:
            not_judged += ["weights, optimizer, rate, gradients and the loss under DeepSpeed, FSDP and the like"]
        else:
            facts += [*of_weights(precision, model), *of_optimizer(self.settings, model, optimizer)]
            self._loss = LossOfStep(model)
            if (factors := factors_of(lr_scheduler)) is None:
                not_judged += [f"the schedule of a {type(lr_scheduler).__name__}"]
            else:
                facts += of_schedule(self.settings, factors, state.max_steps)
        if planned_steps(self.settings) is None:
            not_judged += [f"the number of steps, as {variable_of('train_examples')} is not set"]
        self._tell(facts, not_judged)
        if state.is_world_process_zero:
            log_where_tracked(self.settings)

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
        factors, planned = loss.factors(optimizer), loss.planned(args)
        facts = [*of_gradients(self.settings, model), *of_rate(self.settings, optimizer, state)]
        wrong = [each for each in factors if planned and not isclose(each, planned, rel_tol=1e-3)]
        not_judged = [] if factors and planned else ["how the model's loss enters backward, as it returns none, or 0"]
        if wrong and self.weighted:
            not_judged += ["the weight that compute_loss gives to the model's loss"]
        elif wrong and planned:
            what = "the loss that the model returned enters backward times"
            facts += [Fact("batch_size", what, wrong[0], planned, "call prepare(trainer, settings)")]
        self._tell(facts, not_judged)
        if state.is_world_process_zero:
            log_where_tracked(self.settings)

    def _tell(self, facts: Iterable[Fact], not_judged: Iterable[str]) -> None:
        """One error in all processes together, or a warning for each finding."""
        found = _of_all_ranks([fact.problem(self.settings) for fact in facts if not fact.holds])
        if found and not self.warn:
            raise SettingsError(found)
        for text in (*map(str, found), *(f"not judged: {what}" for what in not_judged)):
            warn_caller(text)


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
