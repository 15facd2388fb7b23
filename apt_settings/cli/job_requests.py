"""From the options of `job` to what a launcher renders: the settings are checked, and notes tell what to know."""

import re
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Final, TypeAlias

import click

from ..base import AptSettings, settings_of, unknown_to
from ..basics.escaping import escaped
from ..errors import Note, SettingsError
from ..fingerprint import fingerprint
from ..jobs.hand_over import Answer, RefusedError
from ..jobs.request import RECORDS, Mount, Request, shared_variables, variables_for
from ..parts import check_objects
from ..pin import refuse_others
from ..report.tables import notes
from ..sweeps.checker import Checker
from ..sweeps.grid import Sweep
from ..sweeps.pin import of_sweep, pinned_sweep
from ..sweeps.survey import SweepReport
from ..variables import let_pass
from .grids import check_points, checker_of, chosen_points, notes_on_shared_folder, set_elsewhere
from .options import Job, notes_on_command, refuse_default_task
from .output import complain
from .terminal import print_notes, print_sentences

Only: TypeAlias = tuple[Collection[str], Path]
"""How the points that shall run stand, and the folder whose records say it."""

_LONGEST_WORD: Final = 100_000
"""In characters. Linux accepts 128 KiB in one argument of a command (MAX_ARG_STRLEN)."""


def request_of(
    job: Job, asked: Request, *, full: bool, expect: bool, given: Collection[str] = (), only: Only | None = None
) -> tuple[AptSettings, Request]:
    """The settings of a job, or of the first point of its sweep, and what was asked with what comes of them.

    Prints notes to stderr. `given` are the variables of secrets that an option hands on; `only` says which points shall
    run. Raises SettingsError if the settings, or those of any point, are wrong.
    """
    if asked.sweep.axes:
        if full:
            raise click.UsageError("--full writes the settings of one job, and a grid has several")
        settings, request, remarks = _of_sweep(job, asked, expect=expect, only=only)
    else:
        if only:
            raise click.UsageError("--only needs a grid")
        settings, request, remarks = _of_one(job, asked, full=full, expect=expect)
    missing = left_out(settings, given)
    here = [*set_elsewhere(settings, asked.sweep), *remarks, *notes_on_command(settings, asked.command)]
    print_notes([*here, *missing], err=True)
    return settings, hand_on(request, settings, given)._replace(left_out=tuple(map(str, missing)))


def _of_one(job: Job, asked: Request, *, full: bool, expect: bool) -> tuple[AptSettings, Request, list[Note]]:
    settings = job.checked()
    refuse_default_task(settings, asked.command)
    title = f"{settings.task}, {fingerprint(settings)}"
    texts = variables_for(settings, full=full, expect=expect)
    return settings, asked._replace(title=title, variables=texts), notes(settings)


def _of_sweep(job: Job, asked: Request, *, expect: bool, only: Only | None) -> tuple[AptSettings, Request, list[Note]]:
    sweep = asked.sweep
    checker = checker_of(job, sweep)
    report = check_points(checker, range(sweep.size))
    if max(map(len, sweep.options())) > _LONGEST_WORD:
        raise click.UsageError("the grid is too long for a command line: write ranges, or fewer values")
    _refuse_repeated(checker, report)
    settings = checker.settings(0)
    refuse_default_task(settings, asked.command)
    check_objects(settings)
    refuse_others(settings, pinned_sweep(checker))
    points = tuple(chosen_points(checker, *only)) if only else ()
    title = f"{f'{len(points):,} of ' * bool(points)}{sweep.size:,} points over {', '.join(sweep.places)}"
    texts = shared_variables(sweep, job.layers(), of_sweep(checker) if expect else None)
    request = asked._replace(title=title, variables=texts, points=points)
    return settings, request, [*report.notes, *notes_on_shared_folder(checker)]


def _refuse_repeated(checker: Checker, report: SweepReport) -> None:
    """Raise SettingsError where two points are the same experiment."""
    count = report.repeated.count
    if count:
        index = report.repeated.ranges[0][0]
        wrong = f"is the same experiment as point {checker.twin(index)}, and would share its folder"
        more = f" (as are {count - 1:,} more points)" if count > 1 else ""
        fix = "write fewer points, another --sample-seed or a finer range" if checker.sweep.label(index) else ""
        raise SettingsError.at(f"point {index}", wrong + more, fix=fix)


def print_answer(program: str, submit: Callable[[], Answer], which: str = "") -> int:
    """Submit a job, print what the launcher says of it, and return the exit status; `which` names one of several."""
    try:
        answer = submit()
    except RefusedError as refused:
        return complain(refused.status, *f"apt-settings: not submitted{which}: {refused}".splitlines())
    click.echo(answer.text)
    print_sentences([f"{program}: {each}" for each in answer.remarks], err=True)
    return 0


def usual_name(settings: AptSettings, sweep: Sweep) -> str:
    """What a job is called that has no name: after the dataset that the user names, such as `sst2`, else the task.

    A sweep over tasks or datasets is called after what its points share; over tasks, that is `sweep`.
    """
    if "task" in sweep.places:
        return "sweep"
    named = settings.origin("dataset").is_override and "dataset" not in sweep.places
    return settings.dataset if named and settings.dataset in settings.datasets else settings.task


def lost_with_container(settings: AptSettings, mounts: Iterable[Mount] = ()) -> list[Note]:
    """A note if output_dir is in no volume: only what is in one outlives the container."""
    folders = (RECORDS, *(mount.path for mount in mounts if not mount.read_only))
    if f"{settings.output_dir}/".startswith(tuple(f"{folder}/" for folder in folders)):
        return []
    kept = f"--set output_dir={RECORDS}/output keeps it"
    return [Note(f"output_dir {settings.output_dir!r} is in the container and is lost with it: {kept}", "output_dir")]


def left_out(settings: AptSettings, given: Collection[str] = ()) -> list[Note]:
    """What is set here and not in a job's text, as it is secret or may be: each by its name, and how to hand it on.

    `given` are the variables of secrets that an option hands on.
    """
    notes = []
    for name, variable in _secrets(settings, given).items():
        how = f"the job needs {variable}, or {variable}_FILE with a path, in its environment"
        notes.append(Note(f"{name} is secret and is not written: {how}", name))
    passed = "is no setting and is not written: set it in the job's environment if it is needed there"
    return [*notes, *(Note(f"{escaped(name)} {passed}") for name in let_pass(settings))]


def hand_on(request: Request, settings: AptSettings, given: Collection[str] = ()) -> Request:
    """A request with what the shell that starts the job hands on and no text has: secrets, and names let pass."""
    secrets = tuple(_secrets(settings, given).values())
    others = unknown_to(settings)
    passed = (each.variable for each in others if each.kind == "environment" and each.variable not in given)
    names = (*(name for each in secrets for name in (each, f"{each}_FILE")), *passed)
    kept = tuple(dict.fromkeys(name for name in names if re.fullmatch(r"APT_\w+", name, re.ASCII)))
    return request._replace(kept=kept, secrets=secrets)


def _secrets(settings: AptSettings, given: Collection[str]) -> dict[str, str]:
    """Secret that is set here and that no option hands on -> its variable."""
    return {
        name: setting.variable
        for name, setting in settings_of(settings).items()
        if setting.secret
        and settings.origin(name).is_override
        and {setting.variable, f"{setting.variable}_FILE"}.isdisjoint(given)
    }
