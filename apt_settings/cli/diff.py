"""`diff`: what differs between two sides."""

import os
from typing import Final

import click

from ..base import AptSettings
from ..comparison import JOB, REFERENCES, Comparison, Table, as_json, as_markdown, reference, tables
from ..errors import SettingsError
from ..hints import did_you_mean, nearest, spelt
from ..loading import replay, resolve
from ..record import is_record
from ..release import scripts
from ..tasks import TASKS
from ..terminal import print_sentences, print_table
from .options import Job, completions, takes_overrides
from .output import DIFFERENT, WRONG_USE, complain, print_data

_NOW: Final = "now"
_SIDES: Final = (*REFERENCES, _NOW)


def _complete_side(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    return completions(_SIDES, incomplete)


@click.command()
@takes_overrides
@click.option("--all-tasks", is_flag=True, help="Compare every task; of references, every script of the release.")
@click.option("--format", "form", type=click.Choice(("table", "json", "markdown")), default="table", show_default=True)
@click.argument("one", metavar="A", shell_complete=_complete_side)
@click.argument("other", metavar="B", shell_complete=_complete_side)
def diff(job: Job, all_tasks: bool, form: str, one: str, other: str) -> int:
    """Print what differs between A and B.

    Each is paper or release (for the task, dataset and architecture of the other side), now (the
    environment), a .env or a run.json. What differs has both values, who says so, and what there is to
    know of it. --set and --task hold on both sides. Exit status: 0 the same, 1 different, 2 trouble.

    Example: apt-settings diff paper release --task mrpc
    """
    for side in (one, other):
        if side not in _SIDES and not os.path.exists(side):
            guess = did_you_mean(nearest(side, _SIDES)) or f"write {', '.join(_SIDES)} or the path of a file"
            raise click.UsageError(f"{spelt(side)} is no file; {guess}")
    if all_tasks and "task" in job.given:
        raise click.UsageError("--all-tasks and --task exclude each other")
    try:
        comparisons = _comparisons(job, one, other, all_tasks=all_tasks)
    except SettingsError as error:
        return complain(WRONG_USE, *f"apt-settings: {error}".splitlines())
    if form == "json":
        click.echo(as_json(comparisons, one, other))
    elif form == "markdown":
        print_data(as_markdown(comparisons, one, other))
    else:
        _print_tables(tables(comparisons), one, other)
    return DIFFERENT if any(comparison.differences for comparison in comparisons) else 0


def _comparisons(job: Job, one: str, other: str, *, all_tasks: bool) -> list[Comparison]:
    """One for each job that is meant. Raises SettingsError."""
    if not all_tasks:
        return [_comparison(job, one, other)]
    jobs: list[dict[str, str]] = [{"task": task} for task in TASKS]
    if {one, other} <= set(REFERENCES):
        jobs = [
            {"task": task, "dataset": dataset, "architecture": architecture}
            for task, task_class in TASKS.items()
            for dataset, architecture in scripts()
            if dataset in task_class.datasets
        ]
    return [_comparison(job._replace(given=job.given | each), one, other) for each in jobs]


def _comparison(job: Job, *words: str) -> Comparison:
    """Both sides; a reference is that of the other side's job."""
    own = [None if word in REFERENCES else _side(job, word) for word in words]
    like = next((side for side in own if side), None)
    given = job.given | ({name: getattr(like, name) for name in JOB} if like else {})
    return Comparison(*(side or reference(word, given, job.places) for word, side in zip(words, own, strict=True)))


def _side(job: Job, word: str) -> AptSettings:
    if word == _NOW:
        return job.settings()
    if is_record(word):
        return replay(word, {}, None, job.given, job.places)
    return resolve({}, [word], None, job.given, job.places | {"env_file": "diff"})


def _print_tables(found: list[Table], one: str, other: str) -> None:
    for number, (title, rows) in enumerate(found):
        if number:
            click.echo()
        print_sentences([title])
        if not rows:
            click.echo("nothing differs")
            continue
        columns = 4 if any(row.on for row in rows) else 3
        print_table(("setting", one, other, "on")[:columns], [row[:columns] for row in rows])
        settings_of: dict[str, list[str]] = {}
        for row in rows:
            settings_of.setdefault(row.note, []).append(row.setting)
        told = ((note, ", ".join(dict.fromkeys(names))) for note, names in settings_of.items() if note)
        print_sentences([f"note: {names}: {note}" for note, names in told])
