"""What `job slurm`, `job kubernetes` and `job docker` share: options, checks and the request for a job."""

import re
from collections.abc import Callable
from typing import Any, Final

import click

from ..base import AptSettings, check_objects, settings_of, unknown_to
from ..basics.escaping import escaped, shown
from ..errors import Note, SettingsError
from ..fingerprint import fingerprint
from ..jobs.request import RECORDS, Request, shared_variables, variables_for
from ..report.tables import notes
from ..sweeps.grid import Sweep
from ..variables import let_pass
from .grids import check_points, checker_of
from .options import Job, notes_of_flags, refuse_default_task
from .terminal import print_notes

WORD: Final = r"[A-Za-z0-9][A-Za-z0-9_.:,@-]*"
LONGEST_WORD: Final = 100_000
"""In characters. Linux accepts 128 KiB in one argument of a command (MAX_ARG_STRLEN)."""
ONE_LINE: Final = r"[^\x00-\x1f\x7f]+"
_HOST: Final = r"[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]+)?"
_PART: Final = r"[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*"
_IMAGE: Final = rf"({_HOST}/)?{_PART}(/{_PART})*(:[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?(@sha256:[0-9a-f]{{64}})?"
"""`host:port/name:tag@digest`, as docker's grammar of references has it."""


def like(pattern: str, allowed: str) -> Callable[[str], str]:
    """A type for click: it returns a text that matches the pattern, and raises BadParameter for any other."""

    def text_like(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise click.BadParameter(f"{shown(text)} must be {allowed}")
        return text

    return text_like


IMAGE: Final = click.option(
    "--image",
    required=True,
    type=like(_IMAGE, "the name of an image, such as registry.example/train:1"),
    metavar="IMAGE",
    help="The image, which must have apt-settings.",
)


def text_option(option: str, pattern: str, allowed: str, meaning: str) -> Callable[[Any], Any]:
    """An option whose text must match a pattern: `text_option("--cpus", r"[0-9]+", "a number", "CPUs.")`."""
    return click.option(option, type=like(pattern, allowed), metavar="TEXT", help=meaning)


def lost_with_container(settings: AptSettings) -> list[Note]:
    """A note if output_dir is not in the folder of the records: only that folder outlives the container."""
    if settings.output_dir.startswith(f"{RECORDS}/"):
        return []
    kept = f"--set output_dir={RECORDS}/output keeps it"
    return [Note(f"output_dir {settings.output_dir!r} is in the container and is lost with it: {kept}", "output_dir")]


def left_out(settings: AptSettings) -> list[Note]:
    """What is set here and not in a job's text, as it is secret or may be: each by its name, and how to hand it on."""
    notes = []
    for name, setting in settings_of(settings).items():
        if setting.secret and settings.origin(name).is_override:
            how = f"the job needs {setting.variable}, or {setting.variable}_FILE with a path, in its environment"
            notes.append(Note(f"{name} is secret and is not written: {how}", name))
    passed = "is no setting and is not written: set it in the job's environment if it is needed there"
    return [*notes, *(Note(f"{escaped(name)} {passed}") for name in let_pass(settings))]


def kept(settings: AptSettings) -> tuple[str, ...]:
    """The variables of this shell that are not written and count all the same: those of secrets, and names let pass."""
    secret = [settings.origin(name) for name, setting in settings_of(settings).items() if setting.secret]
    here = (each.variable for each in (*secret, *unknown_to(settings)) if each.kind == "environment")
    return tuple(dict.fromkeys(name for name in here if re.fullmatch(r"APT_\w+", name, re.ASCII)))


def drop_unset(options: dict[str, Any]) -> dict[str, Any]:
    """The options that the command line sets: `{"gpus": 1, "name": None}` -> `{"gpus": 1}`."""
    return {name: value for name, value in options.items() if value is not None}


def request_of(
    job: Job, sweep: Sweep, command: tuple[str, ...], records: str, *, full: bool, once: bool = False
) -> tuple[AptSettings, Request]:
    """The settings of a job, or of the first point of its sweep, and what to launch. Prints notes to stderr.

    Raises SettingsError if the settings, or those of any point, are wrong.
    """
    if sweep.axes:
        return _sweep_request(job, sweep, command, records, full=full, once=once)
    settings = job.checked()
    refuse_default_task(settings)
    title = f"{settings.task}, {fingerprint(settings)}"
    missing = left_out(settings)
    print_notes([*notes(settings), *notes_of_flags(settings, command), *missing], err=True)
    texts = variables_for(settings, full=full)
    return settings, Request(title, texts, sweep, command, records, once, tuple(map(str, missing)), kept(settings))


def _sweep_request(
    job: Job, sweep: Sweep, command: tuple[str, ...], records: str, *, full: bool, once: bool
) -> tuple[AptSettings, Request]:
    if full:
        raise click.UsageError("--full writes the settings of one job, and a grid has several")
    checker = checker_of(job, sweep)
    report = check_points(checker, range(sweep.size))
    if max(map(len, sweep.options())) > LONGEST_WORD:
        raise click.UsageError("the grid is too long for a command line: write ranges, or fewer values")
    if report.repeated.count:
        index = report.repeated.ranges[0][0]
        wrong = f"is the same experiment as point {checker.twin(index)}, and would share its folder"
        more = f" (as are {report.repeated.count - 1:,} more points)" if report.repeated.count > 1 else ""
        fix = "write fewer points, another --sample-seed or a finer range" if sweep.label(index) else ""
        raise SettingsError.at(f"point {index}", wrong + more, fix=fix)
    settings = checker.settings(0)
    refuse_default_task(settings)
    check_objects(settings)
    missing = left_out(settings)
    print_notes([*report.notes, *notes_of_flags(settings, command), *missing], err=True)
    title = f"{sweep.size:,} points over {', '.join(sweep.places)}"
    return settings, Request(
        title,
        shared_variables(sweep, job.layers()),
        sweep,
        command,
        records,
        once,
        tuple(map(str, missing)),
        kept(settings),
    )
