"""`plan`: print what a job will do before you start it."""

import json
import sys
from pathlib import Path
from typing import Final

import click

from ..base import AptSettings, unusable
from ..basics.exit_status import DIFFERENT
from ..plan import Model, Plan, ReleasePlan, diff
from ..plan import plan as plan_of
from ..plan.log import read_log
from ..registry.groups import JOB
from ..report.tables import notes
from ..schedules import Schedule, warmup_length
from .options import DEVICES, Job, takes_settings
from .paths import PathOption
from .terminal import is_terminal, print_notes, print_pairs, print_sentences, print_table

_BARS: Final = "▁▂▃▄▅▆▇█"
_COLUMNS: Final = 40
_WARNED_OF: Final = ("distill_epochs", "pruning_end_epoch")
"""Settings whose notes are left out: the plan's warnings say the same."""


@click.command()
@takes_settings
@DEVICES
@click.option(
    "--examples",
    metavar="N",
    help="The number of training examples: --set train_examples=N.",
)
@click.option("--format", "form", type=click.Choice(("table", "json")), default="table", show_default=True)
@click.option(
    "--plot", "picture", type=PathOption(path_type=Path), metavar="FILE", help="Draw the schedules: .svg, .png or .pdf."
)
@click.option("--log", type=PathOption(), metavar="FILE", help="Compare a log of the official release with the plan.")
def plan(job: Job, devices: int, examples: str | None, form: str, picture: Path | None, log: str | None) -> int | None:
    """Print what a job amounts to: steps, prunings, parameters.

    Steps are optimizer steps. Warnings say what cannot work with these settings. On a terminal, a small
    curve of each schedule is drawn too. With --log, the exit status is 1 where the log says otherwise.

    Example: apt-settings plan --task sst2 --devices 4 --plot schedules.svg
    """
    if examples is not None:
        if "train_examples" in job.overrides:
            raise click.UsageError("--examples and --set train_examples are the same")
        job = job.under("train_examples", examples, "--examples")
    planned = plan_of(job.settings(complete=False), devices=devices)
    if picture:
        from ..plan.plot import draw

        draw(planned, picture)
    if form == "json":
        click.echo(json.dumps(_as_json(planned), indent=2))
    else:
        print_pairs(_pairs(planned))
        if planned.settings.target_sparsity:
            click.echo()
            print_table(("pruning", "step", "epoch", "kept", "steps before"), _prunings(planned))
        if differences := diff(planned):
            click.echo()
            print_table(("differs", "plan", "release", "where"), differences)
    remarks = [note for note in notes(planned.settings) if note.setting not in _WARNED_OF]
    if form == "table" and (planned.warnings or remarks):
        click.echo()
    print_sentences([f"warning: {warning}" for warning in planned.warnings], err=form == "json")
    print_notes(remarks, err=form == "json")
    return _hold_against(log, planned, err=form == "json") if log is not None else None


def _hold_against(log: str, planned: Plan, *, err: bool) -> int:
    """Print what a log of the release confirms, and what it has otherwise."""
    if planned.release is None:
        raise unusable(planned.settings, "task", "is none of the release's, so that it has no log of it")
    told = read_log(log, planned.release)
    sentences = [f"the log has {each.name} {each.log}, and the plan {each.plan}" for each in told if not each.agrees]
    confirmed = ", ".join(each.name for each in told if each.agrees)
    print_sentences([*sentences, f"the log confirms: {confirmed}"], err=err)
    return DIFFERENT if sentences else 0


def _pairs(job: Plan) -> list[tuple[str, str]]:
    settings = job.settings
    devices = f"{job.devices} device{'s' * (job.devices > 1)}"
    batch = f"{settings.batch_size} = {devices} x {job.per_device_batch_size} x {job.gradient_accumulation}"
    distilled = f"steps {job.distillation[0]:,} to {job.distillation[1]:,}" if job.distillation else "none"
    pairs = [
        ("job", f"{settings.task}: {settings.architecture} on {settings.dataset}"),
        ("examples", f"{job.examples:,}{_who_counted(settings)}"),
        ("batch", f"{batch} accumulated"),
        ("steps", job.length),
        ("tokens", f"{job.tokens:,} at most"),
        *(_parameters(job, job.model) if job.model else [("parameters", f"not known: {job.not_known}")]),
        *([("distillation", distilled)] if settings.distill_epochs else []),
    ]
    if is_terminal(sys.stdout):
        pairs += [(name, _sparkline(schedule, job)) for name, schedule in _drawn(job).items()]
    return pairs


def _who_counted(settings: AptSettings) -> str:
    """Who says how many examples there are, where somebody does: ` (environment APT_TRAIN_EXAMPLES)`."""
    origin = settings.origin("train_examples")
    return f" ({origin})" if origin.is_override else ""


def _parameters(job: Plan, model: Model) -> list[tuple[str, str]]:
    """What the model has, what is left of it at the end, and what of it is trained."""
    (first, last), reached = model.trainable_parameters, job.schedules["sparsity"](job.total_steps)
    share = model.kept_parameters / model.parameters
    kept = f"{model.kept_parameters:,} ({share:.1%}) at the end, at sparsity {reached:.4g}"
    return [
        ("parameters", f"{model.parameters:,}, of which {model.prunable_parameters:,} can be pruned"),
        *([("kept", kept)] if job.settings.target_sparsity else []),
        ("trainable", f"{first:,} at rank {job.ranks[0]}, {last:,} at most, ranks up to {job.ranks[1]}"),
    ]


def _drawn(job: Plan) -> dict[str, Schedule]:
    """The schedules of what the job does: nothing of pruning where it does not prune, nor of distillation."""
    idle = {"sparsity"} if not job.settings.target_sparsity else set()
    idle |= {"distillation weight"} if not job.settings.distill_epochs else set()
    return {name: schedule for name, schedule in job.schedules.items() if name not in idle}


def _sparkline(schedule: Schedule, job: Plan) -> str:
    """A schedule from the first step to the last, scaled to its highest value: `▁▂▄▆█ up to 0.6`."""
    last = job.total_steps
    values = [schedule(last * index / (_COLUMNS - 1)) for index in range(_COLUMNS)]
    peak = min(warmup_length(job.settings, last), last)  # it may be between two bars
    highest = max(*values, schedule(peak))
    scaled = (round(value / highest * (len(_BARS) - 1)) if highest else 0 for value in values)
    return "".join(_BARS[height] for height in scaled) + f" up to {highest:.3g}"


def _prunings(job: Plan) -> list[tuple[str, ...]]:
    return [
        (str(number), f"{point.step:,}", f"{point.step / job.steps_per_epoch:.2f}", f"{point.kept:.4f}", f"{gap:,}")
        for number, (point, gap) in enumerate(zip(job.points, job.gaps, strict=True), start=1)
    ]


def _as_json(job: Plan) -> dict[str, object]:
    left_out = ("settings", "points", "model", "release")
    numbers = {name: value for name, value in job._asdict().items() if name not in left_out}
    fields = [name for name in Model._fields if name != "architecture"]
    numbers |= {name: getattr(job.model, name, None) for name in fields}
    points = [
        {"step": point.step, "kept": point.kept, "steps_before": gap}
        for point, gap in zip(job.points, job.gaps, strict=True)
    ]
    about = {name: getattr(job.settings, name) for name in JOB}
    release = {"release": _release_as_json(job, job.release)} if job.release else {}
    return {**about, **numbers, "points": points, **release, "warnings": job.warnings}


def _release_as_json(job: Plan, release: ReleasePlan) -> dict[str, object]:
    """What the release does, and where that is something else."""
    points = [{"step": point.step, "kept": point.kept} for point in release.points]
    numbers = {name: getattr(release, name) for name in ("examples", "steps_per_epoch", "total_steps", "distillation")}
    return {**numbers, "points": points, "otherwise": [row._asdict() for row in diff(job)]}
