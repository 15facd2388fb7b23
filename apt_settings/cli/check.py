"""`check`: print everything that is wrong with the settings of a job here, or with files written for a job."""

import json
from collections.abc import Sequence
from typing import Final

import click

from ..basics.escaping import escaped
from ..basics.exit_status import PROBLEMS_FOUND
from ..errors import Note, SettingsError
from ..report.tables import notes, summary
from .options import Job, takes_expected, takes_settings
from .terminal import print_notes, print_sentences

_STDIN: Final = "-"


@click.command()
@takes_settings
@takes_expected
@click.option(
    "--format", "form", type=click.Choice(("text", "json", "github")), help="How to print what is wrong in FILE."
)
@click.argument("files", nargs=-1, type=click.Path(), metavar="[FILE]...")
def check(job: Job, files: tuple[str, ...], form: str | None) -> int:
    """Print everything that is wrong with the settings.

    Without FILE, check the settings that a job started here would have. With FILE, check a file that
    sets variables for a job: a .env, a script for bash or sbatch, a Kubernetes manifest, a Dockerfile;
    - is stdin. Nothing in a file is run. A value that is known only when the job runs, such as
    ${SLURM_JOB_ID}, is not checked. Exit status: 0 good, 1 something is wrong.

    Example: apt-settings check job.sh k8s/*.yaml
    """
    if not files:
        if form:
            raise click.UsageError("--format needs a FILE")
        return _check_here(job)
    if job.overrides or job.record or job.env_file is not ...:
        raise click.UsageError("a FILE is checked by itself: of the options, only --format goes with it")
    return _check_files(files, form or "text")


def _check_here(job: Job) -> int:
    try:
        settings = job.checked()
    except SettingsError as error:
        print_sentences(list(map(str, error.problems)))
        return PROBLEMS_FOUND
    empty = [Note(f"{each.label} is empty: not set") for origin in settings.origins.values() for each in origin.empty]
    print_sentences([f"good: {summary(settings)}"])
    print_notes([*empty, *notes(settings)])
    return 0


def _check_files(files: Sequence[str], form: str) -> int:
    from ..specs.findings import SIZE_LIMIT, Finding, judge

    found: list[Finding] = []
    unjudged: list[str] = []
    remarks: list[Note] = []
    for file in files:
        name = "stdin" if file == _STDIN else escaped(file)
        try:
            with open(0 if file == _STDIN else file, "rb", closefd=file != _STDIN) as stream:
                data = stream.read(SIZE_LIMIT + 1)
        except OSError as error:
            found.append(Finding(name, 1, "", f"cannot be read: {error.strerror}"))
        else:
            judgement = judge(name, data)
            found += judgement.findings
            unjudged += [] if judgement.judged else [name]
            remarks += map(Note, judgement.remarks)
            remarks += [
                Note(f"{name}: the names of {each} are not judged: --extend {each}")
                for each in map(escaped, judgement.unnamed)
            ]
    if form == "json":
        click.echo(json.dumps([finding._asdict() for finding in found], indent=2))
    elif form == "github":
        for finding in found:
            click.echo(_github(finding.file, finding.line, finding.message))
    else:
        good = f"good: {len(files) - len(unjudged)} {'file' if len(files) - len(unjudged) == 1 else 'files'}"
        print_sentences(list(map(str, found)) or [good])
        wrong = len({finding.file for finding in found})
        print_sentences([f"{len(found)} problems in {wrong} of {len(files)} files"] * (len(found) > 1), err=True)
        print_notes(remarks, err=True)
    return PROBLEMS_FOUND if found else 0


def _github(file: str, line: int, message: str) -> str:
    """A command of GitHub workflows, which shows the message beside the line: `::error file=job.sh,line=3,...`."""
    data = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    place = file.replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
    return f"::error file={place},line={line},title=apt-settings::{data}"
