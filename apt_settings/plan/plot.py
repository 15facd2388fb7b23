"""Draws the schedules of a job over its steps, in colours that colour-blind readers can tell apart.

A dashed line is what the official release does otherwise.
"""

from pathlib import Path
from typing import Final

from ..basics.pictures import figure_for, save
from .numbers import Plan

_SAMPLES: Final = 1_000
_LABELS: Final = {
    "sparsity": "sparsity",
    "distillation weight": "distillation weight $\\mu$",
    "rank bound": "largest rank",
    "learning rate": "learning rate",
}
# From the palette of Okabe and Ito, made for all kinds of colour vision. In print without colour, the panels differ.
_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#000000")


def draw(job: Plan, path: Path) -> None:
    """Write a picture of one page with a panel for each schedule of the plan; grey lines mark the prunings.

    Where the release does otherwise, a dashed line has its schedule, for the tasks that it has.

    Raises SettingsError for a suffix that no picture has, if matplotlib is missing, or if the file cannot be
    written.
    """
    figure = figure_for(path, (8.27, 8.5))
    settings, total = job.settings, job.total_steps
    figure.suptitle(f"{settings.task}: {settings.architecture} on {settings.dataset}")
    axes = figure.subplots(len(job.schedules), 1, sharex=True)
    theirs = job.release.schedules if job.release else {}
    prunings = [point.step for point in job.points if point.step <= total]
    steps = sorted({*(total * index / _SAMPLES for index in range(_SAMPLES + 1)), *prunings})
    for axis, (name, schedule), colour in zip(axes, job.schedules.items(), _COLOURS, strict=True):
        stepwise, values = name in ("sparsity", "rank bound"), [schedule(step) for step in steps]
        axis.vlines(prunings, 0, 1, transform=axis.get_xaxis_transform(), color="0.8", linewidth=0.8, zorder=0)
        style = "steps-post" if stepwise else "default"
        axis.plot(steps, values, color=colour, linewidth=1.8, drawstyle=style, clip_on=False)
        if stepwise:
            axis.plot(prunings, [schedule(step) for step in prunings], "o", color=colour, markersize=4, clip_on=False)
        others = [theirs[name](step) for step in steps] if name in theirs else []
        if others:
            axis.plot(steps, others, "--", color=colour, linewidth=1.2, drawstyle=style, clip_on=False)
        axis.set_ylabel(_LABELS[name])
        axis.set_ylim(0, max(*values, *others, 0) * 1.05 or 1)
        axis.margins(x=0.01)
        axis.spines[["top", "right"]].set_visible(False)
        axis.xaxis.set_major_formatter("{x:,.0f}")
    marks = "grey lines: prunings" + ("; dashed: the release" if job.release else "")
    axes[-1].set_xlabel(f"optimizer step ({job.steps_per_epoch:,} for an epoch; {marks})")
    save(figure, path)
