"""What the commands that write a job for a launcher share."""

import re
from collections.abc import Callable
from typing import Any, Final

import click

from ..base import AptSettings
from ..basics.escaping import shown
from ..errors import Note, SettingsError
from ..fingerprint import fingerprint
from ..jobs.request import RECORDS, Request, given_by, shared_by
from ..report.tables import notes
from ..sweeps.grid import Sweep
from .grids import checker_of
from .options import Job
from .run import refuse_default_task
from .sweep import surveyed
from .terminal import print_notes

WORD: Final = r"[A-Za-z0-9][A-Za-z0-9_.:,@-]*"
LONGEST_WORD: Final = 100_000
"""Characters; Linux takes 128 KiB in one argument (MAX_ARG_STRLEN)."""
ONE_LINE: Final = r"[^\x00-\x1f\x7f]+"


def like(pattern: str, allowed: str) -> Callable[[str], str]:
    """A reader of an option's text; click tells what it raises."""

    def text_like(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise click.BadParameter(f"{shown(text)} must be {allowed}")
        return text

    return text_like


def asks(option: str, pattern: str, allowed: str, meaning: str) -> Callable[[Any], Any]:
    """An option with a text of a pattern."""
    return click.option(option, type=like(pattern, allowed), metavar="TEXT", help=meaning)


def lost_with_container(settings: AptSettings) -> list[Note]:
    """A note where what the job writes is not beside its records, which are kept."""
    if settings.output_dir.startswith(f"{RECORDS}/"):
        return []
    kept = f"--set output_dir={RECORDS}/output keeps it"
    return [Note(f"output_dir {settings.output_dir!r} is in the container, and gone with it: {kept}", "output_dir")]


def request_of(
    job: Job, sweep: Sweep, command: tuple[str, ...], records: str, *, full: bool, once: bool = False
) -> tuple[AptSettings, Request]:
    """A job, or a grid that is right as a whole, with the settings of its first point. Raises SettingsError."""
    if not command:
        raise click.UsageError("a command is missing: ... -- python train.py")
    if not sweep.axes:
        settings = job.settings()
        refuse_default_task(settings)
        title = f"{settings.task}, {fingerprint(settings)}"
        print_notes(notes(settings), err=True)
        return settings, Request(title, given_by(settings, full=full), sweep, command, records, once)
    if full:
        raise click.UsageError("--full writes the settings of one job, and a grid has several")
    checker = checker_of(job, sweep)
    found = surveyed(checker, range(sweep.size))
    if max(map(len, sweep.options())) > LONGEST_WORD:
        raise click.UsageError("the grid is too long for a command line: write ranges, or fewer values")
    if found.repeated.count:
        index = found.repeated.ranges[0][0]
        wrong = f"is the same experiment as point {checker.twin(index)}, and would share its folder"
        more = f" (as are {found.repeated.count - 1:,} more points)" if found.repeated.count > 1 else ""
        raise SettingsError.at(f"point {index}", wrong + more)
    settings = checker.settings(0)
    refuse_default_task(settings)
    print_notes(found.notes, err=True)
    title = f"{sweep.size:,} points over {', '.join(sweep.places)}"
    return settings, Request(title, shared_by(sweep, job.layers()), sweep, command, records, once)
