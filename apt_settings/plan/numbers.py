"""The plan of a job: its steps and batches, when it prunes and distils, its parameters, and warnings."""

from collections.abc import Iterator
from math import ceil
from typing import NamedTuple

from ..base import AptSettings, unusable
from ..errors import Problem, SettingsError
from ..facts.architectures import Architecture
from ..judging.rules import divisors_around
from ..judging.validation_errors import nobody
from ..schedules import (
    PRUNING_START,
    PruningPoint,
    Schedule,
    distillation_end,
    distillation_weight,
    gaps,
    learning_rate,
    pruning_points,
    rank_bound,
    sparsity,
    tuning_budget,
)
from ..sources.names import variable_of
from .failures import failures
from .models import architecture_of
from .release import ReleasePlan, release_plan


class Model(NamedTuple):
    """A model in numbers."""

    architecture: Architecture
    parameters: int
    """All parameters of the model before pruning."""
    kept_parameters: int
    """Parameters of the model at the end of the job, those that cannot be pruned included."""
    prunable_parameters: int
    """Parameters of the model that can be pruned, before pruning."""
    trainable_parameters: tuple[int, int]
    """Parameters of the adapters at the start, and at most at the end. Pruning of adapters is not subtracted."""


class Plan(NamedTuple):
    """A job in numbers. A step is an optimizer step, an epoch is one pass over the training data."""

    settings: AptSettings
    examples: int
    """The number of training examples."""
    devices: int
    per_device_batch_size: int
    """Examples in one micro-batch of one device."""
    gradient_accumulation: int
    """Micro-batches of each device for one step: batch_size / (per_device_batch_size x devices)."""
    steps_per_epoch: int
    """Batches of an epoch; the last one may be smaller."""
    total_steps: int
    points: tuple[PruningPoint, ...]
    """All prunings, in order; some may be after the end of the job."""
    distillation: tuple[int, int] | None
    """The first step of distillation and the step at which it ends; None if the job does not distil."""
    model: Model | None
    """The parameters of the model; None where its sizes are not known here."""
    not_known: str
    """Why they are not known; empty where they are."""
    ranks: tuple[int, int]
    """The rank of the adapters at the start, and the largest that one can reach."""
    release: ReleasePlan | None
    """What the official release does with the job; None for a task that it does not have."""
    tokens: int
    """Tokens that the model sees at most: examples in all steps x (max_seq_length + max_target_length)."""

    @property
    def length(self) -> str:
        """`84,200 = 40 epochs x 2,105`; where max_steps says when it ends, how many epochs that is."""
        if self.settings.max_steps:
            epochs = self.total_steps / self.steps_per_epoch
            return f"{self.total_steps:,} by max_steps: {epochs:.2f} epochs of {self.steps_per_epoch:,}"
        return f"{self.total_steps:,} = {self.settings.epochs} epochs x {self.steps_per_epoch:,}"

    @property
    def gaps(self) -> list[int]:
        """For each pruning, the steps since the one before it; for the first, since the start of pruning."""
        return gaps([min(PRUNING_START, self.points[-1].step), *(point.step for point in self.points)])

    @property
    def schedules(self) -> dict[str, Schedule]:
        """Name -> schedule, a function from the step to the value."""
        job, steps = self.settings, self.steps_per_epoch
        return {
            "sparsity": sparsity(job, steps),
            "distillation weight": distillation_weight(job, job, steps),
            "rank bound": rank_bound(job, job, steps),
            "learning rate": learning_rate(job, self.total_steps),
        }

    @property
    def warnings(self) -> list[str]:
        """Sentences about settings that cannot work, or that probably do not do what they are meant to."""
        return list(_warnings(self))


def plan(settings: AptSettings, *, devices: int = 1) -> Plan:
    """The plan of a job on this number of devices.

    Raises SettingsError if train_examples is not known, and if the batch cannot be divided among the devices.
    """
    number = settings.train_examples
    if number is None:
        wrong = f"is not set, and nothing says how many examples {settings.dataset} has"
        fix = f"count them: export {variable_of('train_examples')}=1000"
        raise SettingsError([Problem(nobody("train_examples"), wrong, fix=fix, setting="train_examples")])
    per_device, accumulation = divide_batch(settings, devices)
    steps = ceil(number / settings.batch_size)
    total = settings.max_steps or steps * settings.epochs
    seen = settings.max_steps * settings.batch_size if settings.max_steps else number * settings.epochs
    model, not_known = _model(settings, steps, total)
    return Plan(
        settings=settings,
        examples=number,
        devices=devices,
        per_device_batch_size=per_device,
        gradient_accumulation=accumulation,
        steps_per_epoch=steps,
        total_steps=total,
        points=tuple(pruning_points(settings, steps)),
        distillation=_distillation(settings, steps, total),
        model=model,
        not_known=not_known,
        ranks=(settings.initial_rank, int(rank_bound(settings, settings, steps)(total))),
        release=release_plan(settings, number, per_device * devices, accumulation),
        tokens=seen * (settings.max_seq_length + (settings.max_target_length or 0)),
    )


def _model(settings: AptSettings, steps: int, total: int) -> tuple[Model | None, str]:
    """The model in numbers; or None, and why its sizes are not known."""
    try:
        architecture = architecture_of(settings)
    except SettingsError as error:
        return None, str(error.problems[0])
    targets, prunable = settings.adapter_targets, architecture.prunable_parameters
    first = architecture.lora_parameters(targets, settings.initial_rank)
    most = architecture.lora_parameters(targets, settings.max_rank)
    grown = int(first * tuning_budget(settings, settings, steps)(total))
    pruned = round(prunable * sparsity(settings, steps)(total))
    parameters = architecture.total_parameters
    return Model(architecture, parameters, parameters - pruned, prunable, (first, min(grown, most))), ""


def divide_batch(settings: AptSettings, devices: int) -> tuple[int, int]:
    """Examples in one micro-batch of one device, and micro-batches of each device for one step.

    batch_size 32 on 2 devices with per_device_batch_size 4 gives (4, 4). Raises SettingsError if a division leaves a
    remainder; the error names sizes that leave none.
    """
    batch, per_device = settings.batch_size, settings.per_device_batch_size
    if devices < 1:
        raise SettingsError.at("devices", "is less than one device", value=str(devices))
    if batch % devices:
        below, above = batch // devices * devices, (batch // devices + 1) * devices
        fits = f"a multiple of {devices}, such as {f'{below} or ' if below else ''}{above}"
        raise unusable(settings, "batch_size", f"cannot be divided among {devices} devices", fits)
    share = batch // devices
    if per_device is None:
        return share, 1
    if share % per_device:
        sizes = " or ".join(map(str, divisors_around(per_device, share)))
        whole = "each device's share" if devices > 1 else "batch_size"
        wrong = f"does not divide {whole}, which is {share}"
        raise unusable(settings, "per_device_batch_size", wrong, f"a divisor of it, such as {sizes}")
    return per_device, share // per_device


def _distillation(settings: AptSettings, steps: int, total: int) -> tuple[int, int] | None:
    last = min(distillation_end(settings, steps), total)
    return (PRUNING_START, last) if last > PRUNING_START else None


def _warnings(job: Plan) -> Iterator[str]:
    settings = job.settings
    if (settings.warmup_steps or 0) > job.total_steps:
        yield (
            f"the learning rate never gets to its peak: warmup_steps {settings.warmup_steps}, and the job ends at step "
            f"{job.total_steps}; write {variable_of('warmup_steps')}={job.total_steps} or less"
        )
    if settings.target_sparsity:
        yield from _warnings_of_pruning(job)
    if distillation_end(settings, job.steps_per_epoch) > job.total_steps:
        yield (
            f"distillation goes on past the end of the job: distill_epochs {settings.distill_epochs}, "
            f"{_length(settings)}"
        )
    if job.model:
        yield from _warnings_of_model(settings, job.model.architecture)
    if settings.distill_epochs and job.distillation is None:
        yield f"nothing is distilled: distillation ends before pruning starts, at step {PRUNING_START}"
    if job.release and (settings.target_sparsity or settings.distill_epochs):
        yield from failures(job.release)


def _warnings_of_model(settings: AptSettings, architecture: Architecture) -> Iterator[str]:
    for target in settings.adapter_targets:
        if target not in architecture.rule:
            yield f"the paper has no adapters on {target} for {settings.architecture} (Appendix A)"
    if architecture.shared_by > 1 and settings.target_sparsity:
        yield (
            f"{architecture.shared_by} query heads of {settings.architecture} share a head of keys and values "
            "(grouped-query attention), and the paper does not say what a prunable head is there"
        )


def _warnings_of_pruning(job: Plan) -> Iterator[str]:
    settings, steps = job.settings, job.steps_per_epoch
    end, warmup_end = job.points[-1].step, PRUNING_START + settings.sparsity_warmup_epochs * steps
    if end <= PRUNING_START and not job.release:
        yield f"pruning ends at step {end}, before it starts at {PRUNING_START}: all is pruned at once"
    if PRUNING_START < end <= warmup_end and not job.release:
        yield f"the sparsity warmup lasts until step {warmup_end}, and pruning ends at {end}: all is pruned at once"
    if end > job.total_steps:
        yield (
            f"the target sparsity is never reached: pruning ends at step {end}, and the job at {job.total_steps} "
            f"(pruning_end_epoch {settings.pruning_end_epoch}, {_length(settings)})"
        )


def _length(settings: AptSettings) -> str:
    """The setting that says when a job ends: `epochs 40`, `max_steps 1000`."""
    return f"max_steps {settings.max_steps}" if settings.max_steps else f"epochs {settings.epochs}"
