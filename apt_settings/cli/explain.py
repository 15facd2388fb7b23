"""`explain`: print what one setting means, takes and is now."""

import click

from ..basics.escaping import spelt
from ..basics.suggestions import did_you_mean, nearest
from ..report.catalog import Row, catalog, controls
from ..report.tables import explanation, state
from ..sources.names import PREFIX
from .options import Job, complete_setting, takes_settings
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
    pairs = explanation(row)
    try:
        if row in catalog():
            pairs += state(job.settings(), row.name)
    finally:  # where the settings are wrong, the error is printed below the explanation
        print_pairs(pairs)


def _row(name: str) -> Row:
    """A setting or control by its name or its variable."""
    rows = {row.name: row for row in (*catalog(), *controls())}
    word = name.lower().replace("-", "_").removeprefix(PREFIX.lower())
    if word not in rows:
        guess = did_you_mean(nearest(word, rows)) or "apt-settings show lists all settings"
        raise click.UsageError(f"{spelt(name)} is not a setting; {guess}")
    return rows[word]
