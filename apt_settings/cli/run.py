"""`run`: a command with checked settings, and its record."""

import os
import sys
from pathlib import Path

import click

from ..base import AptSettings
from ..errors import Problem, SettingsError
from ..fingerprint import fingerprint
from ..report.tables import notes
from ..sweeps.grid import Sweep
from ..validation_errors import nobody
from ..values import as_text
from .grids import INDEX, point_of, takes_grid
from .options import Job, takes_settings
from .output import complain
from .terminal import print_notes, print_sentences

_RECORD = "Write a run.json below DIR; {fingerprint} in it stands for that of the settings."


@click.command(context_settings={"allow_interspersed_args": False})
@takes_settings
@takes_grid
@INDEX
@click.option("--record", "folder", type=click.Path(path_type=Path), metavar="DIR", help=_RECORD)
@click.option("--resume", is_flag=True, help="Go on in DIR itself, if its record says the same.")
@click.option("--once", is_flag=True, help="Do nothing if a run with these settings has ended well below DIR.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="-- COMMAND...")
def run(
    job: Job, sweep: Sweep, index: int | None, folder: Path | None, resume: bool, once: bool, command: tuple[str, ...]
) -> int:
    """Check the settings, then run a command with them.

    The command gets every setting as a variable, and its signals and exit status are those of this
    one. Without --record this process becomes the command; with it, run.json in a folder of the run's
    own says what ran with what, where, and how it ended. Wrong settings and a forgotten task end with
    78 before the command starts. With a grid, the settings are those of one of its points.

    Example: apt-settings run --task squad --record runs -- python train.py
    """
    from ..runs.process import CannotStartError, become
    from ..runs.running import job_environment, run_recorded

    if not command:
        raise click.UsageError("a command is missing: apt-settings run -- python train.py")
    if folder is None and (resume or once):
        raise click.UsageError("--resume and --once need --record")
    settings = point_of(job, sweep, index)
    refuse_default_task(settings)
    print_notes(notes(settings), err=True)
    environ = job_environment(os.environ, settings)
    if folder is not None:
        folder = Path(str(folder).replace("{fingerprint}", fingerprint(settings)))
        if sweep.axes and index is not None:  # a log of many is found again by this
            values = " ".join(f"{name}={as_text(value)}" for name, value in sweep.point(index).items())
            print_sentences([f"apt-settings: point {index} of {sweep.size}: {values}; {folder}"], err=True)
        status, message = run_recorded(settings, command, environ, folder, resume=resume, once=once)
        sys.exit(complain(status, f"apt-settings: {message}" if message else ""))  # whatever has become of our stdout
    try:
        become(command, environ)
    except CannotStartError as error:
        return complain(error.status, f"apt-settings: {error}")


def refuse_default_task(settings: AptSettings) -> None:
    """A job must say which task it is. Raises SettingsError where nobody did."""
    if not settings.origin("task").is_override:
        raise SettingsError([Problem(nobody("task"), "is not set: a job must say which task it is", setting="task")])
