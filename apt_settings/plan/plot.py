"""Draws the schedules of a job over its steps, in colours that colour-blind readers can tell apart.

A dashed line is what the official release does otherwise.
"""

from io import BytesIO
from pathlib import Path
from typing import Final

from ..basics.escaping import escaped
from ..basics.files import write_whole
from ..errors import SettingsError
from .numbers import Plan

_WITHOUT_DATE: Final = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
"""So that the same plan is the same file."""
SUFFIXES: Final = (".svg", ".png", ".pdf")
"""The kinds of pictures that `draw` writes."""

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

    Raises SettingsError for another suffix than those of SUFFIXES, if matplotlib is missing, or if the file cannot be
    written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise SettingsError.at(escaped(str(path)), "has an unknown suffix", ", ".join(SUFFIXES))
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        fix = "pip install 'apt-settings[plot]'"
        raise SettingsError.at("--plot", "needs matplotlib", fix=fix) from None

    figure = Figure(figsize=(8.27, 8.5), layout="constrained")
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
    picture, kind = BytesIO(), path.suffix.lower().removeprefix(".")
    with rc_context({"svg.hashsalt": "apt-settings", "svg.fonttype": "none"}):
        figure.savefig(picture, format=kind, metadata=_WITHOUT_DATE.get(kind), dpi=150)
    try:
        write_whole(path, picture.getvalue())
    except OSError as error:
        raise SettingsError.at(escaped(str(path)), f"cannot be written: {error.strerror}") from None
