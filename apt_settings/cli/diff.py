"""`diff`: print the settings in which two sides differ."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import click

from ..base import AptSettings, background_of
from ..basics.escaping import escaped, listed, spelt
from ..basics.exit_status import DIFFERENT, WRONG_USE
from ..basics.suggestions import did_you_mean, nearest
from ..errors import Note, SettingsError
from ..facts.datasets import DATASETS
from ..facts.release import scripts
from ..loading import resolve
from ..registry.groups import JOB
from ..report import records
from ..report.diff import REFERENCES, Comparison, Row, Table, as_json, as_markdown, job_of, reference, tables
from ..runs.history import run_of
from ..sources.layers import Inputs
from ..sources.record import is_record, locate
from ..tasks import TASKS
from ..variables import EXTEND
from .offers import completions
from .options import Job, takes_overrides
from .output import complain, print_data, warn
from .terminal import print_notes, print_pairs, print_sentences, print_table

_NOW: Final = "now"
_SIDES: Final = (*REFERENCES, _NOW)


def _complete_side(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    return completions(_SIDES, incomplete)


@click.command()
@takes_overrides
@click.option(
    "--all-tasks",
    is_flag=True,
    help="Compare the paper's tasks; for paper and release, every script of the release.",
)
@click.option("--format", "form", type=click.Choice(("table", "json", "markdown")), default="table", show_default=True)
@click.argument("one", metavar="A", shell_complete=_complete_side)
@click.argument("other", metavar="B", shell_complete=_complete_side)
@click.argument("more", nargs=-1, metavar="[C]...")
def diff(job: Job, all_tasks: bool, form: str, one: str, other: str, more: tuple[str, ...]) -> int:
    """Print what differs between A and B.

    A and B are each paper, release, now (the settings here), a .env or a record. paper and release are
    taken for the task, dataset and architecture of the other side. Each difference has both values,
    where they came from, and a note if there is one. --set changes now and a .env or a record, not paper
    and release. If A and B are both paper or release, --set and the environment choose the task, dataset
    and architecture. Of records there may be more; what somebody set comes first, then what follows from
    it, then the commit, uncommitted changes, command and versions. Exit status: 0 the same, 1 different, 2 trouble.

    Example: apt-settings diff paper release --task mrpc
    """
    try:
        sides = tuple(map(_path_of, (one, other, *more)))
        _refuse_misuse(job, sides, all_tasks=all_tasks)
        if not job.overrides and all(side not in _SIDES and is_record(side) for side in sides):
            return _print_records(sides, form)
        one, other = sides[:2]
        comparisons = _comparisons(job, one, other, all_tasks=all_tasks)
    except SettingsError as error:
        return complain(WRONG_USE, *f"apt-settings: {error}".splitlines())
    if form == "json":
        click.echo(as_json(comparisons, one, other))
    elif form == "markdown":
        print_data(as_markdown(comparisons, one, other))
    else:
        _print_tables(tables(comparisons), *_lettered(one, other))
    print_notes(list(_not_judged(comparisons)), err=form != "table")
    return DIFFERENT if any(comparison.differences for comparison in comparisons) else 0


def _path_of(side: str) -> str:
    """A side as it is, or the folder of the one record that it begins. Raises SettingsError."""
    with suppress(OSError, ValueError):  # a path that is none, which the next one says
        if side not in _SIDES and (found := locate(Path(side))) != Path(side):
            return str(found)
    return side


def _print_records(paths: Sequence[str], form: str) -> int:
    """Print what differs between records, and return the exit status. Raises SettingsError."""
    runs = [run_of(Path(path), warn) for path in paths]
    found, ran_otherwise = records.differences(runs), bool(records.code(runs))
    if form == "json":
        click.echo(records.as_json(runs, found))
    elif form == "markdown":
        print_data(records.as_markdown(runs, found))
    else:
        print_pairs(records.legend(runs))
        if not found:
            click.echo("no setting differs" if ran_otherwise else "nothing differs")
        for title, rows in records.sections(runs, found):
            click.echo(f"\n{title}")
            print_table(records.titles(runs), rows)
    return DIFFERENT if found or ran_otherwise else 0


def _lettered(*sides: str) -> tuple[str, ...]:
    """The titles of the sides: a record, whose path is long, is told in a line of its own and goes by a letter."""
    letters = dict(zip(sides, "AB", strict=True))
    paths = [side for side in sides if side not in _SIDES and is_record(side)]
    if paths:
        print_pairs([(letters[path], path) for path in paths])
    return tuple(letters[side] if side in paths else side for side in sides)


def _refuse_misuse(job: Job, sides: tuple[str, ...], *, all_tasks: bool) -> None:
    """Raise UsageError for a side that does not exist, and for options that have no effect or contradict a side."""
    for side in sides:
        if side not in _SIDES and not os.path.exists(side):
            guess = did_you_mean(nearest(side, _SIDES)) or f"write {', '.join(_SIDES)} or the path of a file"
            guess = f"write its folder, too: runs/{side}" if side.startswith("apt1-") else guess
            raise click.UsageError(f"{spelt(side)} is no file; {guess}")
        if side not in _SIDES and (all_tasks or "task" in job.overrides) and is_record(side):
            raise click.UsageError(f"{spelt(side)} is a record, and a record has its own task")
    others = [side for side in sides if side in _SIDES or not is_record(side)]
    if len(sides) > 2 and (others or job.overrides):
        what = spelt(others[0]) if others else "--set"
        raise click.UsageError(f"{what}: more than two sides are records, compared as they are")
    if len(sides) > records.MOST:
        raise click.UsageError(f"{len(sides)} records are more than {records.MOST}: apt-settings runs lists many")
    references = set(sides) <= set(REFERENCES)
    if all_tasks and (named := [name for name in JOB if name in job.overrides]):
        raise click.UsageError(f"--all-tasks chooses {named[0]} itself")
    if references and (ignored := [name for name in job.overrides if name not in JOB]):
        raise click.UsageError(f"paper and release decide {ignored[0]}: --set {spelt(ignored[0])} has no effect")
    if job.env_file is not ... and _NOW not in sides and (all_tasks or not references):
        raise click.UsageError("--env-file has no effect: only now reads it")


def _comparisons(job: Job, one: str, other: str, *, all_tasks: bool) -> list[Comparison]:
    """One comparison, or with `all_tasks` one for each task or each script of the release. Raises SettingsError."""
    if not all_tasks:
        return [_comparison(job, one, other)]
    if {one, other} <= set(REFERENCES):
        return [Comparison(reference(one, each), reference(other, each)) for each in _jobs_of_the_release()]
    return [_comparison(job._replace(overrides={**job.overrides, "task": task}), one, other) for task in DATASETS]


def _jobs_of_the_release() -> Iterator[dict[str, str]]:
    """The jobs that the release has scripts for: `{"task": "squad", "dataset": ..., "architecture": ...}`."""
    for task, task_class in TASKS.items():
        for dataset, architecture in scripts():
            if dataset in task_class.datasets:
                yield {"task": task, "dataset": dataset, "architecture": architecture}


def _comparison(job: Job, *words: str) -> Comparison:
    """Both sides. paper and release are for the job of the other side, else for the job of the settings here."""
    sides = [None if word in REFERENCES else _side(job, word) for word in words]
    same_job = job_of(next((side for side in sides if side), None) or job.settings(complete=False))
    one, other = (side or reference(word, same_job) for word, side in zip(words, sides, strict=True))
    paths = ["" if word in _SIDES or not is_record(word) else word for word in words]
    return Comparison(one, other, (paths[0], paths[1]))


def _side(job: Job, word: str) -> AptSettings:
    if word == _NOW:
        return job.settings(complete=False)
    if is_record(word):
        return resolve(Inputs({}, None, job.overrides, job.places), record=word, complete=False)
    return resolve(Inputs({}, [word], job.overrides, job.places | {"env_file": "diff"}), complete=False)


def _print_tables(tables_of_tasks: list[Table], one: str, other: str) -> None:
    for number, (title, rows, used_differently) in enumerate(tables_of_tasks):
        if number:
            click.echo()
        print_sentences([title])
        columns = 4 if any(row.on for row in rows) else 3
        if rows:
            print_table(("setting", one, other, "on")[:columns], [row[:columns] for row in rows])
        else:
            click.echo("nothing differs")
        print_notes([*_notes(rows), *_note_on_use(used_differently)])


def _not_judged(comparisons: list[Comparison]) -> Iterator[Note]:
    """A note for each class of a record that nobody names here, with its settings."""
    names: dict[str, dict[str, None]] = {}
    for settings in (side for comparison in comparisons for side in comparison[:2]):
        for name, each in background_of(settings).layers.unjudged.items():
            names.setdefault(each.group, {})[name] = None
    for group, found in names.items():
        text = f"not judged here, as nobody names {escaped(group)}: {listed(found)}"
        yield Note(f"{text}; export {EXTEND}={escaped(group)}")


def _notes(rows: list[Row]) -> Iterator[Note]:
    """Each note once, behind the settings that have it: `epochs, distill_epochs: ...`."""
    settings_of: dict[str, list[str]] = {}
    for row in rows:
        settings_of.setdefault(row.note, []).append(row.setting)
    for note, names in settings_of.items():
        if note:
            yield Note(f"{', '.join(dict.fromkeys(names))}: {note}")


def _note_on_use(names: list[str]) -> list[Note]:
    note = "same value, but the release uses it differently (apt-settings explain NAME)"
    return [Note(f"{', '.join(names)}: {note}")] if names else []
