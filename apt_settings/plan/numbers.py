"""What a job will do: steps and batches, when it prunes and distils, how many parameters it trains, and its faults."""

from collections.abc import Iterator
from itertools import pairwise
from math import ceil
from typing import Final, NamedTuple

from ..base import AptSettings, unusable
from ..errors import SettingsError
from ..facts.architectures import ADAPTER_RULES, ARCHITECTURES
from ..facts.datasets import TRAINING_EXAMPLES
from ..schedules import (
    PRUNING_START,
    PruningPoint,
    Schedule,
    distillation_end,
    distillation_weight,
    learning_rate,
    pruning_points,
    rank_bound,
    sparsity,
    tuning_budget,
)
from ..sources.names import variable_of

CLOSEST: Final = 200
"""Steps between prunings below which the release raises ValueError (trainer_minus.py:1568-1570)."""


class Plan(NamedTuple):
    """A job in numbers. Steps are optimizer steps, epochs passes over the training data."""

    settings: AptSettings
    examples: int
    devices: int
    per_device_batch_size: int
    gradient_accumulation: int
    """Micro-batches of each device for one step: batch_size / (per_device_batch_size x devices)."""
    steps_per_epoch: int
    """Batches of an epoch, the last of which may be smaller."""
    total_steps: int
    points: tuple[PruningPoint, ...]
    distillation: tuple[int, int] | None
    """The step from which on it distils, and that at which it ends; None where it never does."""
    parameters: int
    """Of the whole model, before it is pruned."""
    kept_parameters: int
    """At the end of the job; what is not prunable is kept."""
    prunable_parameters: int
    trainable_parameters: tuple[int, int]
    """Of the adapters, at the start and, before any of them is pruned, at the end."""
    ranks: tuple[int, int]
    """The rank at the start, and the largest that an adapter can reach."""
    tokens: int
    """The most that the model sees: every example of every epoch at max_seq_length, and max_target_length."""

    @property
    def gaps(self) -> list[int]:
        """Steps between one pruning and the next, the first counted from the start of pruning."""
        steps = [min(PRUNING_START, self.points[-1].step), *(point.step for point in self.points)]
        return [after - before for before, after in pairwise(steps)]

    @property
    def schedules(self) -> dict[str, Schedule]:
        """Name -> value at a step."""
        job, steps = self.settings, self.steps_per_epoch
        return {
            "sparsity": sparsity(job, steps),
            "distillation weight": distillation_weight(job, job, steps),
            "rank bound": rank_bound(job, job, steps),
            "learning rate": learning_rate(job, self.total_steps),
        }

    @property
    def warnings(self) -> list[str]:
        """What cannot work, or not as it was meant."""
        return list(_warnings(self))


def plan(settings: AptSettings, *, devices: int = 1, examples: int | None = None) -> Plan:
    """The plan of a job on so many devices; `examples` is the size of a training set that is not the dataset's own.

    Raises SettingsError where the batch cannot be divided among the devices.
    """
    number = TRAINING_EXAMPLES[settings.dataset] if examples is None else examples
    per_device, accumulation = divided(settings, devices)
    steps = ceil(number / settings.batch_size)
    total = steps * settings.epochs
    architecture, targets = ARCHITECTURES[settings.architecture], settings.adapter_targets
    first = architecture.lora_parameters(targets, settings.initial_rank)
    grown = int(first * tuning_budget(settings, settings, steps)(total))
    pruned = architecture.prunable_parameters * sparsity(settings, steps)(total)
    return Plan(
        settings=settings,
        examples=number,
        devices=devices,
        per_device_batch_size=per_device,
        gradient_accumulation=accumulation,
        steps_per_epoch=steps,
        total_steps=total,
        points=tuple(pruning_points(settings, steps)),
        distillation=_distillation(settings, steps),
        parameters=architecture.total_parameters,
        kept_parameters=architecture.total_parameters - round(pruned),
        prunable_parameters=architecture.prunable_parameters,
        trainable_parameters=(first, min(grown, architecture.lora_parameters(targets, max(settings.max_rank, 1)))),
        ranks=(settings.initial_rank, int(rank_bound(settings, settings, steps)(total))),
        tokens=number * settings.epochs * (settings.max_seq_length + (settings.max_target_length or 0)),
    )


def divided(settings: AptSettings, devices: int) -> tuple[int, int]:
    """Examples of each device at a time, and how often for one step. Raises SettingsError, with what divides."""
    batch, wanted = settings.batch_size, settings.per_device_batch_size
    if devices < 1:
        raise SettingsError.at("devices", "is less than one device", value=str(devices))
    if batch % devices:
        fits = f"a multiple of {devices}, such as {max(batch // devices, 1) * devices}"
        raise unusable(settings, "batch_size", f"cannot be divided among {devices} devices", fits)
    share = batch // devices
    if wanted is None:
        return share, 1
    if share % wanted:
        sizes = ", ".join(str(size) for size in range(1, share + 1) if share % size == 0)
        whole = "each device's share" if devices > 1 else "batch_size"
        wrong = f"does not divide {whole}, which is {share}"
        raise unusable(settings, "per_device_batch_size", wrong, f"one of {sizes}")
    return wanted, share // wanted


def _distillation(settings: AptSettings, steps: int) -> tuple[int, int] | None:
    last = min(distillation_end(settings, steps), settings.epochs * steps)
    return (PRUNING_START, last) if last > PRUNING_START else None


def _warnings(job: Plan) -> Iterator[str]:
    settings, steps = job.settings, job.steps_per_epoch
    end, warmup_end = job.points[-1].step, PRUNING_START + settings.sparsity_warmup_epochs * steps
    closest = min(job.gaps[1:], default=CLOSEST)
    if end <= PRUNING_START:
        yield f"pruning ends at step {end}, before it starts at {PRUNING_START}: all is pruned at once"
    if closest < CLOSEST:
        yield f"prunings are {closest} steps apart, and the release refuses less than {CLOSEST}: {_mend(job)}"
    if PRUNING_START < end <= warmup_end:
        yield f"the sparsity warmup lasts until step {warmup_end}, and pruning ends at {end}: all is pruned at once"
    if end > job.total_steps:
        yield (
            f"the target sparsity is never reached: pruning ends at step {end}, and the job at {job.total_steps} "
            f"(pruning_end_epoch {settings.pruning_end_epoch}, epochs {settings.epochs})"
        )
    if distillation_end(settings, steps) > job.total_steps:
        yield (
            f"distillation goes on past the end of the job: distill_epochs {settings.distill_epochs}, "
            f"epochs {settings.epochs}"
        )
    for target in settings.adapter_targets:
        if target not in ADAPTER_RULES[settings.architecture]:
            yield f"adapters on {target} are none of the paper's on {settings.architecture} (Appendix A)"
    if settings.distill_epochs and job.distillation is None:
        yield f"nothing is distilled: distillation ends before pruning starts, at step {PRUNING_START}"


def _mend(job: Plan) -> str:
    """A later end, or fewer prunings."""
    needed = ceil((PRUNING_START + CLOSEST * len(job.points)) / job.steps_per_epoch)
    if needed <= job.settings.epochs:
        return f"{variable_of('pruning_end_epoch')}={needed} fits"
    most = (job.total_steps - PRUNING_START) // CLOSEST
    if most < 1:
        return "there are too few examples for this"
    ends = f"{variable_of('pruning_end_epoch')}={job.settings.epochs}"
    return f"{variable_of('num_prunings')}={most} with {ends} is the most that fits"
