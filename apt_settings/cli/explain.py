"""`explain`: print what one setting means, takes and is now."""

import click

from ..base import AptSettings
from ..basics.escaping import spelt
from ..basics.suggestions import did_you_mean, nearest
from ..judging.rules import demanded
from ..loading import choose_task
from ..registry import narrowed, passed_over, registry, task_of
from ..report.catalog import Row, catalog, controls
from ..report.tables import explanation, state
from ..sources.names import PREFIX, variable_of
from .offers import complete_setting
from .options import Job, takes_settings
from .terminal import print_pairs


@click.command()
@takes_settings
@click.argument("name", shell_complete=complete_setting)
def explain(job: Job, name: str) -> None:
    """Explain one setting.

    Prints what it means and takes, where its default comes from, what it is now and what set it.

    Example: apt-settings explain target_sparsity
    """
    row = _row(name)
    is_setting = row in catalog()
    pairs = explanation(row._replace(allowed=_demanded(job, row.name) or row.allowed) if is_setting else row)
    try:
        if is_setting:
            if where := registry().settings_of(AptSettings)[row.name].definition:
                pairs.append(("defined in", where))
            pairs += [("note", each) for each in (*narrowed(row.name), *passed_over(row.name))]
            pairs += state(job.settings(complete=False), row.name)
    finally:  # where the settings are wrong, the error is printed below the explanation
        print_pairs(pairs)


def _demanded(job: Job, name: str) -> str:
    """What the task demands of a dataset or architecture, where somebody chooses a task; empty for nothing."""
    layers = job.layers()
    task_class, _ = choose_task(layers)
    return demanded(name, task_of(task_class), task_class) if layers.winner("task") else ""


def _row(name: str) -> Row:
    """A setting or control by its name or its variable."""
    rows = {row.name: row for row in (*catalog(), *controls())}
    word = name.lower().replace("-", "_").removeprefix(PREFIX.lower()).replace("__", ".")
    if word not in rows:
        if hint := registry().names_of(AptSettings).hint(word, variable_of):
            raise click.UsageError(f"{spelt(name)} is not a setting: {hint}")
        guess = did_you_mean(nearest(word, rows)) or "apt-settings show lists all settings"
        raise click.UsageError(f"{spelt(name)} is not a setting; {guess}")
    return rows[word]
