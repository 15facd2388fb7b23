"""`runs`: list the runs of some folders by what made them differ."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from shutil import get_terminal_size
from typing import Final

import click

from ..basics.escaping import escaped, listed, shown, spelt
from ..basics.files import write_whole
from ..basics.suggestions import did_you_mean, nearest
from ..errors import Note
from ..report.groups import note_on_repeated
from ..report.page import as_page
from ..report.runs import Choice, Context, Table, as_json, as_markdown, in_order, summary, table, traces
from ..runs.conditions import Condition, known_names, moment
from ..runs.history import PastRun, past_runs
from ..runs.impossible import problem_with
from ..runs.status import covers
from ..sources.record import locate
from .offers import CONDITIONS, complete_assignment, complete_setting
from .output import print_data, warn
from .paths import PathOption
from .terminal import is_terminal, print_lines, print_notes, print_table

_USUAL: Final = Path("runs")
"""The folder that the documentation, and `job`, keep records in."""
_NAMED: Final = 20
"""The most names that an error lists."""


def _condition(text: str) -> Condition:
    """A type for click. Raises BadParameter."""
    if condition := Condition.read(text):
        return condition
    raise click.BadParameter(f"{shown(text)} is no condition such as seed=1..3, 'epochs<30' or task!=squad")


def _moment(text: str) -> datetime:
    """A type for click. Raises BadParameter."""
    if found := moment(text, datetime.now(UTC)):
        return found
    raise click.BadParameter(f"{shown(text)} must be a time such as 30m, 12h, 2d or 1w, or a date such as 2024-05-01")


@click.command()
@click.argument("folders", nargs=-1, type=PathOption(path_type=Path), metavar="[FOLDER]...")
@click.option(
    "--where",
    CONDITIONS,
    multiple=True,
    type=_condition,
    shell_complete=complete_assignment,
    metavar="NAME=VALUE",
    help="Only these runs; also !=, <, <=, >, >=, seed=1..3, optimizer=adam,adamw; repeatable: all must hold.",
)
@click.option("--failed", is_flag=True, help="Only runs that failed or died.")
@click.option("--running", is_flag=True, help="Only runs that run now.")
@click.option("--since", type=_moment, metavar="TIME", help="Only runs that started since then: 12h, 2d, 2024-05-01.")
@click.option(
    "--sort",
    shell_complete=complete_setting,
    metavar="NAME",
    help="Sort by a setting, a metric or start, the default; -NAME puts the largest first.",
)
@click.option("--metric", "metrics", multiple=True, metavar="NAME", help="Add a result as a column; repeatable.")
@click.option(
    "--group",
    "folded",
    multiple=True,
    shell_complete=complete_setting,
    metavar="NAME",
    help="Fold runs that differ only there; repeatable.",
)
@click.option("--all", "everything", is_flag=True, help="Add the settings that differ and that nobody set.")
@click.option("--origins", is_flag=True, help="Say beside each value who set it.")
@click.option("--html", "page", type=PathOption(path_type=Path), metavar="PATH", help="Write a page to a file instead.")
@click.option("--full", is_flag=True, help="Write hosts, commands and logs to the page, too.")
@click.option("--format", "form", type=click.Choice(("table", "json", "markdown")), default="table", show_default=True)
def runs(
    folders: tuple[Path, ...],
    conditions: tuple[Condition, ...],
    failed: bool,
    running: bool,
    since: datetime | None,
    sort: str | None,
    metrics: tuple[str, ...],
    folded: tuple[str, ...],
    everything: bool,
    origins: bool,
    page: Path | None,
    full: bool,
    form: str,
) -> int:
    """List runs by what made them differ.

    A row is a record that run --record has written: in the FOLDERs, and in the folders below them; without
    one, in runs. A column is a setting that somebody set and that is not the same in all runs; what is the
    same in all stands above the table. A run is done, failed, running, died (it has no end, and nothing on
    this machine runs it) or unknown (it has no end, and ran on another machine).

    Example: apt-settings runs --where target_sparsity=0.4 --metric eval_accuracy --sort -eval_accuracy
    """
    if folded and page:
        raise click.UsageError("--group folds rows of a table, and the page of --html has every run")
    if form != "table" and page:
        raise click.UsageError(f"--format {form} is for what is printed, and --html writes a page")
    if full and not page:
        raise click.UsageError("--full is for the page of --html")
    tops = _existing(folders or (_USUAL,))
    everyone = list(past_runs(tops, warn))
    column, descending = (sort or "start").removeprefix("-"), bool(sort and sort.startswith("-"))
    if everyone:  # else nobody knows which names there are
        named = {"--where": [each.name for each in conditions], "--sort": [column], "--group": folded}
        _refuse_unknown(named, known_names(everyone))
        _refuse_unknown({"--metric": metrics}, {name: None for run in everyone for name in run.metrics})
        _refuse_impossible(conditions, everyone)
    words = [*["failed"] * failed, *["running"] * running]
    chosen = [
        run
        for run in everyone
        if all(condition.holds(run) for condition in conditions)
        and (not words or covers(words, run.status))
        and (since is None or (run.start is not None and run.start >= since))
    ]
    found = in_order(chosen, column, descending=descending)
    shown_metrics = dict.fromkeys((*metrics, *[column] * any(column in run.metrics for run in found)))
    choice = Choice(everything, origins, tuple(shown_metrics), folded, (sort and column) or "", descending)
    context = Context.of(everyone, tops[0] if len(tops) == 1 else None)
    if page:
        write_whole(page, as_page(found, choice._replace(metrics=metrics), context, full=full).encode())
    elif form == "json":
        for line in as_json(found, choice):
            print_data(line)
    elif form == "markdown":
        print_data(as_markdown(table(found, choice, context)) if found else "")
    else:
        _print(found, len(everyone), choice, context)
    if folded and (note := note_on_repeated(found)):
        print_notes([Note(note)], err=True)
    return 0


def _existing(folders: Sequence[Path]) -> Sequence[Path]:
    """These folders, each by its path or the beginning of a record's. Raises UsageError for one that does not exist."""
    found = [locate(folder) for folder in folders]
    for folder in found:
        if not folder.exists():
            raise click.UsageError(f"{spelt(str(folder))} is no folder; name the one that run --record writes to")
    return found


def _refuse_unknown(given: Mapping[str, Iterable[str]], known: Mapping[str, None]) -> None:
    """Raise UsageError for a name that no run has; `given` is option -> the names that it was given."""
    for option, name in ((option, name) for option, names in given.items() for name in names):
        if name not in known:
            raise click.UsageError(f"{option} {spelt(name)}: no run has it; {_instead(name, known)}")


def _refuse_impossible(conditions: Iterable[Condition], runs: Sequence[PastRun]) -> None:
    """Raise UsageError for a value that no run can have."""
    for condition in conditions:
        if problem := problem_with(condition, runs):
            raise click.UsageError(str(problem))


def _instead(word: str, known: Mapping[str, None]) -> str:
    """What to write instead of a word that is not known: `did you mean done?`."""
    return did_you_mean(nearest(word, known)) or f"there is {listed(known, _NAMED) or 'none'}"


def _print(runs: Sequence[PastRun], of: int, choice: Choice, context: Context) -> None:
    print_lines([summary(runs, of)])
    if not runs:
        return
    content = table(runs, choice, context)
    if content.shared:
        print_lines(["the same in all: " + ", ".join(f"{name} {text}" for name, text in content.shared)], indent=2)
    if content.unlike:
        print_lines([f"not the same in all: {', '.join(content.unlike)} (apt-settings diff A B says how)"], indent=2)
    click.echo()
    if not is_terminal(sys.stdout) or _width(content) <= get_terminal_size().columns:
        print_table(content.titles, content.rows)
    else:
        _print_on_two_lines(content)
    if lines := [] if choice.folded else traces(runs, context):
        click.echo()
        print_lines(lines, indent=2)


def _width(content: Table) -> int:
    columns = zip(content.titles, *content.rows, strict=True)
    return sum(max(len(escaped(cell)) for cell in column) + 2 for column in columns) - 2


def _print_on_two_lines(content: Table) -> None:
    """Below each run, what it has: for a terminal that is too narrow for columns."""
    size = len(content.about)
    widths = [max(len(escaped(row[number])) for row in (content.about, *content.rows)) for number in range(size)]
    for row in (content.about, *content.rows):
        print_lines(["  ".join(escaped(cell).ljust(width) for cell, width in zip(row[:size], widths, strict=True))])
        pairs = zip(content.names, row[size:], strict=False)
        print_lines(["  " + ", ".join(f"{name} {escaped(cell)}" for name, cell in pairs if cell)], indent=4)
