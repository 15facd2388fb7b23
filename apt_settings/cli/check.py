"""`check`: print everything that is wrong with the settings of a job here, or with files written for a job."""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import click

from ..basics.escaping import escaped
from ..basics.exit_status import PROBLEMS_FOUND
from ..basics.files import UnreadableError
from ..errors import Note, SettingsError
from ..registry import Registry, in_force, registry
from ..report.tables import notes, notes_on_empty, summary
from ..variables import EXTEND
from .extending import installed, named_by
from .options import Job, takes_expected, takes_settings
from .terminal import is_terminal, print_notes, print_sentences

if TYPE_CHECKING:
    from ..specs.reports import Finding, SpecReport

_STDIN: Final = "-"
_MANY: Final = 500
"""Fewer files are checked too quickly for a progress bar."""


@click.command()
@takes_settings
@takes_expected
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "json", "github", "sarif")),
    help="How to print what is wrong in FILE.",
)
@click.option(
    "--extend",
    multiple=True,
    metavar="MODULE:NAME",
    help="Settings of your own, from a class; repeatable; in place of APT_EXTEND.",
)
@click.option("--strict", is_flag=True, help="With FILE: a name that cannot be judged is wrong.")
@click.argument("files", nargs=-1, type=click.Path(), metavar="[FILE]...")
def check(job: Job, files: tuple[str, ...], form: str | None, extend: tuple[str, ...], strict: bool) -> int:
    """Print everything that is wrong with the settings.

    Without FILE, check the settings that a job started here would have. With FILE, check a file that
    sets variables for a job: a .env, a script for bash or sbatch, YAML, JSON, TOML, a Dockerfile, a
    Makefile; - is stdin. A folder is searched for such files. Nothing in a file is run. A value that is
    known only when the job runs, such as ${SLURM_JOB_ID}, is named as not judged. Classes of your own
    that APT_EXTEND names count if they are installed, those that --extend names wherever they are.
    Exit status: 0 good, 1 something is wrong.

    Example: apt-settings check job.sh k8s/*.yaml
    """
    if not files:
        if form or strict:
            raise click.UsageError(f"{'--format' if form else '--strict'} needs a FILE")
        with in_force(named_by(extend)):
            return _check_here(job)
    if job.overrides or job.record or job.env_file is not ...:
        raise click.UsageError("a FILE is checked by itself: only --format, --extend and --strict go with it")
    with in_force(named_by(extend) if extend else _installed_elsewhere()):
        return _check_files(files, form or "text", strict=strict)


def _installed_elsewhere() -> Registry:
    """The groups of APT_EXTEND that are installed. A repository that is checked does not run its modules."""
    path = sys.path[:]
    sys.path[:] = [each for each in path if each and not _is_here(each)]
    try:
        return installed()
    finally:
        sys.path[:] = path


def _is_here(path: str) -> bool:
    try:
        return os.path.samefile(path, ".")
    except OSError:
        return False


def _check_here(job: Job) -> int:
    try:
        settings = job.checked()
    except SettingsError as error:
        print_sentences(list(map(str, error.problems)))
        return PROBLEMS_FOUND
    print_sentences([f"good: {summary(settings)}"])
    print_notes([*notes_on_empty(settings), *notes(settings)])
    return 0


def _check_files(paths: Sequence[str], form: str, *, strict: bool) -> int:
    from ..specs.beside import beside_of
    from ..specs.findings import judge
    from ..specs.formats import FORMATS

    texts, unreadable, others = _read(paths)
    unnamed = registry().missing(os.environ.get(EXTEND, ""))
    beside = beside_of(texts)._replace(unnamed=tuple(unnamed), is_strict=strict)
    hidden = len(texts) < _MANY or not is_terminal(sys.stderr)
    with click.progressbar(texts.items(), label="checking", file=sys.stderr, hidden=hidden) as with_progress:
        reports = [judge(name, data, beside) for name, data in with_progress]
    found = [*(finding for each in reports for finding in each.findings), *unreadable]
    remarks = [note for each in reports for note in each.notes]
    if form == "text":
        _print(found, reports, len(texts) + len(unreadable))
        print_notes([Note(str(each)) for each in remarks], err=True)
        if others:
            files = "1 other file names" if others == 1 else f"{others} other files name"
            print_notes([Note(f"{files} APT_ variables and are code or prose: not judged")], err=True)
    else:
        click.echo(FORMATS[form]([*found, *remarks]))
    return PROBLEMS_FOUND if found else 0


def _read(paths: Sequence[str]) -> tuple[dict[str, bytes], list["Finding"], int]:
    """What the files hold, a finding for each that cannot be read, and how many files of folders are no specs."""
    from ..specs.files import files_in, read, read_found
    from ..specs.kinds import kind_of
    from ..specs.reports import Finding
    from ..specs.texts import NAMED

    texts: dict[str, bytes] = {}
    found: list[Finding] = []
    others = 0
    for path in dict.fromkeys(paths):
        name = "stdin" if path == _STDIN else escaped(path)
        try:
            if path != _STDIN and os.path.isdir(path):
                for each in files_in(path):
                    if data := read_found(each):
                        is_spec = kind_of(each, data.decode(errors="replace")).is_spec
                        others += not is_spec and NAMED in data
                        texts |= {escaped(each): data} if is_spec else {}
            else:
                with open(0 if path == _STDIN else path, "rb", closefd=path != _STDIN) as stream:
                    texts[name] = read(stream)
        except OSError as error:
            found.append(Finding(name, 1, "", f"cannot be read: {error.strerror}"))
        except UnreadableError as error:
            found.append(Finding(name, error.line, "", str(error)))
    return texts, found, others


def _print(found: Sequence["Finding"], reports: Sequence["SpecReport"], files: int) -> None:
    """Print what is wrong, and one line that says what was judged."""
    judged, unjudged = sum(each.judged for each in reports), sum(each.unjudged for each in reports)
    settings = f"{judged} {'setting' if judged == 1 else 'settings'} judged"
    settings += f", {unjudged} not (lines below)" if unjudged else ""
    count = f"{files} {'file' if files == 1 else 'files'}"
    if found:
        wrong = len({finding.file for finding in found})
        print_sentences(list(map(str, found)))
        problems = f"{len(found)} {'problem' if len(found) == 1 else 'problems'}"
        print_sentences([f"{problems} in {wrong} of {count}: {settings}"], err=True)
    else:
        nothing = f"{count}: no settings in {'it' if files == 1 else 'them'}"
        print_sentences([f"good: {count}: {settings}" if judged or unjudged else nothing])
