"""`show`: print every setting with its value and origin."""

import json
from collections.abc import Mapping, Sequence

import click

from ..base import AptSettings, json_values, unknown_to
from ..basics.differences import Difference, Side, differences
from ..basics.escaping import listed, shown
from ..errors import Note, SettingsError
from ..loading import resolve
from ..registry import registry
from ..report.display import COLUMNS
from ..report.tables import as_json, head, lines, notes, shown_names
from ..sources.layers import Inputs
from ..sources.names import variable_of
from ..values import as_text
from ..variables import ENV_FILE, EXTEND, NO_FILE, REFERENCE, RUN_DIR, UNKNOWN, as_env_file, variables
from .options import Job, takes_settings
from .output import print_data
from .terminal import print_notes, print_pairs, print_table


@click.command()
@takes_settings
@click.option("--pid", type=click.IntRange(min=1), metavar="N", help="Show a process that run started.")
@click.option("--format", "form", type=click.Choice(("table", "json", "env")), default="table", show_default=True)
@click.option("--overrides-only", is_flag=True, help="Print only the settings that were set, not defaults.")
def show(job: Job, pid: int | None, form: str, overrides_only: bool) -> None:
    """Print every setting with its value and where it came from.

    The table also has what a value overrides, and the paper's value if that is another one. The format
    env prints lines for a .env. With env and json, notes go to stderr.

    --pid shows what a job runs with right now, and what would be different if it started now here. It
    reads the variables of the process, or of the command of a run --record, on this machine.

    Example: APT_EPOCHS=30 apt-settings show --task squad
    """
    if pid is not None:
        _show_process(job, pid, form, overrides_only=overrides_only)
        return
    settings = job.settings(complete=False)
    if form == "table":
        _print_table(settings, head(settings), notes(settings), overrides_only=overrides_only)
        return
    if form == "json":
        click.echo(as_json(settings, overrides_only=overrides_only))
    else:
        _print_env(settings, overrides_only=overrides_only)
    print_notes(notes(settings), err=True)


def _print_table(
    settings: AptSettings, about: Sequence[tuple[str, str]], remarks: Sequence[Note], *, overrides_only: bool
) -> None:
    print_pairs(about)
    click.echo()
    if rows := lines(settings, overrides_only=overrides_only):
        print_table(COLUMNS, rows, marking=3)
    else:
        click.echo("nothing is overridden")
    if remarks:
        click.echo()
        print_notes(remarks)


def _print_env(settings: AptSettings, *, overrides_only: bool) -> None:
    names = shown_names(settings, overrides_only=overrides_only)
    printed = {REFERENCE, *(variable_of(name) for name in names)}
    print_data(as_env_file({name: text for name, text in variables(settings).items() if name in printed}))


def _show_process(job: Job, pid: int, form: str, *, overrides_only: bool) -> None:
    """Print what a process runs with, and what would be different here. Raises SettingsError."""
    from ..runs.attached import variables_of_process

    if job.overrides or job.record is not None or job.env_file is not ...:
        raise click.UsageError("--pid shows a process as it is: --task, --set, --env-file and --from do not go with it")
    given = variables_of_process(pid)
    settings = _settings_of(given, pid)
    remarks = [*notes(settings), *_remarks(given, settings)]
    if form == "env":
        _print_env(settings, overrides_only=overrides_only)
        print_notes(remarks, err=True)
        return
    try:
        here = job.settings(complete=False)
    except SettingsError as error:
        remarks.append(Note(f"here nothing would start: {error.problems[0]}"))
        found = []
    else:
        found = list(differences(_sides(settings), _sides(here)))
    if form == "json":
        told = [{"setting": name, "there": _as_object(one), "here": _as_object(other)} for name, one, other in found]
        about = {"pid": pid, "record": given.get(RUN_DIR)}
        shown_settings = json.loads(as_json(settings, overrides_only=overrides_only))
        click.echo(json.dumps({**about, **shown_settings, "different_here": told}, indent=2))
        print_notes(remarks, err=True)
        return
    record = [("record", given[RUN_DIR])] if given.get(RUN_DIR) else []
    rest = [pair for pair in head(settings) if pair[0] != "env file"]
    _print_table(settings, [("process", str(pid)), *rest, *record], remarks, overrides_only=overrides_only)
    click.echo()
    if found:
        click.echo("different if it started now here")
        print_table(("setting", "there", "here"), [_cells(each) for each in found])
    else:
        click.echo("the same if it started now here")


def _settings_of(given: Mapping[str, str], pid: int) -> AptSettings:
    """What a process runs with. Raises SettingsError."""
    # A group that another process names is code to import, which only who calls this may ask for.
    groups = _not_imported(given)
    environ = {name: text for name, text in given.items() if name != EXTEND}
    try:
        return resolve(Inputs(environ | {UNKNOWN: "ignore" if groups else "warn"}, None), complete=False)
    except SettingsError:
        if not groups:
            raise
        wrong = f"runs with {groups}, which is not imported, and nothing can be told without"
        fix = f"write --extend {','.join(map(shown, given[EXTEND].split(',')))}"
        raise SettingsError.at(f"--pid {pid}", wrong, fix=fix) from None


def _not_imported(given: Mapping[str, str]) -> str:
    """The classes that a process names in APT_EXTEND, and nobody here; empty where there are none."""
    return ", ".join(map(shown, registry().missing(given.get(EXTEND, ""))))


def _remarks(given: Mapping[str, str], settings: AptSettings) -> list[Note]:
    """What is not seen of a process."""
    remarks = []
    if groups := _not_imported(given):
        names = listed([each.variable for each in unknown_to(settings)]) or "their settings"
        fix = f"name them with --extend to see {names}; the fingerprint is without them"
        remarks.append(Note(f"the process names {groups} in {EXTEND}, which is not imported: {fix}"))
    if given.get(ENV_FILE) != NO_FILE:
        remarks.append(Note("apt-settings run has not started it: what a .env gave it is not seen"))
    return remarks


def _sides(settings: AptSettings) -> dict[str, Side]:
    return {name: Side(value, str(settings.origin(name))) for name, value in json_values(settings).items()}


def _as_object(side: Side | None) -> dict[str, object] | None:
    return side and side._asdict()


def _cells(difference: Difference) -> tuple[str, ...]:
    sides = (difference.one, difference.other)
    return difference.setting, *(f"{as_text(each.value)} ({each.origin})" if each else "no setting" for each in sides)
