"""`run`: check the settings, run a command with them, and keep a record."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from ..base import AptSettings
from ..basics.environment import process_environment
from ..errors import Note, Problem
from ..report.tables import notes, notes_on_empty, summary
from ..sources.handed_on import EXPORT, hands_all_on
from ..sources.record import read
from ..sweeps.grid import Sweep
from ..values import as_text
from .grids import AMONG, INDEX, point_among, point_of, takes_grid
from .options import (
    COMMAND,
    Job,
    WrappingCommand,
    notes_on_command,
    refuse_default_task,
    takes_expected,
    takes_settings,
)
from .output import complain
from .paths import PathOption, refuse_names
from .terminal import print_notes

_RECORD = "Write a record to a new folder in DIR; {fingerprint} in DIR is replaced by the fingerprint."


def _folder(_ctx: click.Context, _param: click.Parameter, text: str | None) -> Path | None:
    """A folder by its path. Raises BadParameter for a name in braces that is not filled."""
    refuse_names(text or "")
    return None if text is None else Path(text)


@click.command(cls=WrappingCommand)
@takes_settings
@takes_expected
@takes_grid
@INDEX
@AMONG
@click.option("--record", "folder", type=PathOption(), callback=_folder, metavar="DIR", help=_RECORD)
@click.option("--resume", is_flag=True, help="Continue in DIR itself, if the settings in its record are the same.")
@click.option("--once", is_flag=True, help="Do nothing if DIR has a run with these settings that has ended well.")
@click.option("--quiet", is_flag=True, help="Do not print the line that says what starts.")
@COMMAND
def run(
    job: Job,
    sweep: Sweep,
    index: int | None,
    among: list[int] | None,
    folder: Path | None,
    resume: bool,
    once: bool,
    quiet: bool,
    command: tuple[str, ...],
) -> int:
    """Check the settings, then run a command with them.

    The command gets every setting as a variable. It gets all signals, and its exit status is the exit
    status of run. Without --record, this process becomes the command. With --record, run writes a
    record, run.json, to a new folder: the command, the settings, the machine, and how it ended. A line on
    stderr says what starts. If the settings are wrong, or nothing sets the task, the command does not start
    and the exit status is 78. With a grid, --index chooses the point to run.

    Example: apt-settings run --task squad --record runs -- python train.py
    """
    from ..runs.conflicts import differences_from
    from ..runs.launchers import with_everything
    from ..runs.nodes import rank_in
    from ..runs.running import job_environment, run_here, run_recorded
    from ..runs.traces import note_on_code

    if folder is None and (resume or once):
        raise click.UsageError("--resume and --once need --record")

    def known(fingerprint: str, here: AptSettings) -> Iterator[Problem]:
        return differences_from(fingerprint, folder, here) if folder else iter(())

    index = point_among(sweep, among, index)
    settings = point_of(job, sweep, index, known)
    refuse_default_task(settings, command)
    remarks = [*notes_on_empty(settings), *notes(settings), *notes_on_command(settings, command)]
    environ = with_everything(job_environment(process_environment(), settings))
    rank = rank_in(environ, is_point=bool(sweep.axes))
    here = None
    if job.record is not None and not rank and (before := read(job.record).runs):
        here = run_here(command, settings)
        code = note_on_code(before[-1], here, job.record)
        remarks += [Note(code)] * bool(code)
    print_notes(remarks, err=True)
    about = _about(settings, sweep, index)
    if folder is None:
        _say(about, quiet=quiet)
        return _run_alone(command, environ)

    def begin(record: Path) -> None:
        _say(f"{about}; record {record}{f', process {rank}' if rank else ''}", quiet=quiet)

    status, message = run_recorded(
        *(settings, command, environ, folder),
        resume=resume,
        once=once,
        rank=rank,
        sample="" if index is None else sweep.label(index),
        here=here,
        warn=_warn,
        begin=begin,
    )
    # A return would let main flush stdout, which may be closed.
    sys.exit(complain(status, f"apt-settings: {message}" if message else ""))


def _about(settings: AptSettings, sweep: Sweep, index: int | None) -> str:
    """What starts: `squad, apt1-7e3c2819041d5c04, 1 override: 1 from --task; point 3 of 16: seed=4`."""
    about = summary(settings) + f"; {EXPORT}=ALL for srun" * (not hands_all_on(os.environ))
    if index is None:
        return about
    values = " ".join(f"{name}={as_text(value)}" for name, value in sweep.point(index).items())
    return f"{about}; point {index} of {sweep.size}: {values}"


def _run_alone(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run a command without a record: this process becomes it, unless it has to stay for signals and orphans."""
    from ..runs.process import CannotStartError, ChildProcess, become

    try:
        if os.getpid() == 1:  # as the only process of a container: what has this id gets no signal, and reaps orphans
            status = ChildProcess(command, environ).wait()
            sys.exit(128 - status if status < 0 else status)
        become(command, environ)
    except CannotStartError as error:
        return complain(error.status, f"apt-settings: {error}")


def _say(text: str, *, quiet: bool) -> None:
    if not quiet:
        complain(0, f"apt-settings: {text}")


def _warn(text: str) -> None:
    print_notes([Note(text)], err=True)
