"""What `job slurm`, `job kubernetes` and `job docker` share: options, checks and the request for a job."""

import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import click

from ..base import AptSettings, check_objects, settings_of, unknown_to
from ..basics.escaping import escaped, shown, spelt
from ..errors import Note, SettingsError
from ..fingerprint import fingerprint
from ..jobs.request import RECORDS, Mount, Request, is_secret, shared_variables, variables_for, why_reserved
from ..jobs.torchrun import command_of
from ..pin import refuse_others
from ..report.tables import notes
from ..sweeps.grid import Sweep
from ..sweeps.pin import of_sweep, pinned_sweep
from ..variables import let_pass
from .grids import check_points, checker_of, chosen_points, notes_on_shared_folder
from .options import Job, notes_on_command, refuse_default_task
from .terminal import print_notes

Only: TypeAlias = tuple[Collection[str], Path]
"""How the points that shall run stand, and the folder whose records say it."""

WORD: Final = r"[A-Za-z0-9][A-Za-z0-9_.:,@-]*"
LONGEST_WORD: Final = 100_000
"""In characters. Linux accepts 128 KiB in one argument of a command (MAX_ARG_STRLEN)."""
ONE_LINE: Final = r"[^\x00-\x1f\x7f]+"
VARIABLE: Final = r"[A-Za-z_.-][A-Za-z0-9_.-]*"
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


NO_EXPECT: Final = click.option(
    "--no-expect", is_flag=True, help="Do not pin the job to the settings that were checked."
)


TORCHRUN: Final = click.option(
    "--torchrun",
    "with_torchrun",
    is_flag=True,
    help="Start a script on every node with torchrun, which is told where the nodes meet: -- train.py --flag.",
)


def under_torchrun(command: tuple[str, ...]) -> tuple[str, ...]:
    """The command that starts a script under torchrun. Raises UsageError."""
    try:
        return command_of(command)
    except ValueError as error:
        raise click.UsageError(escaped(str(error))) from None


def text_option(option: str, pattern: str, allowed: str, meaning: str, *others: str) -> Callable[[Any], Any]:
    """An option whose text must match a pattern: `text_option("--cpus", r"[0-9]+", "a number", "CPUs.")`.

    `others` are other spellings of the option; its first one names it for the command.
    """
    name = option.removeprefix("--").replace("-", "_")
    return click.option(option, *others, name, type=like(pattern, allowed), metavar="TEXT", help=meaning)


def _variable(text: str) -> tuple[str, str]:
    """A type for click: `HF_HOME=/cache` -> `("HF_HOME", "/cache")`. The message shows nothing: it may be a secret."""
    name, equals, value = text.partition("=")
    if not equals or not re.fullmatch(VARIABLE, name) or not re.fullmatch(ONE_LINE, f" {value}"):
        raise click.BadParameter("must be NAME=VALUE in one line, NAME of letters, digits, and . _ -")
    return name, value


ENV: Final = click.option(
    "--env",
    multiple=True,
    type=_variable,
    metavar="NAME=VALUE",
    help="A variable beside the settings; no secret, as the job's text shows it; repeatable.",
)


def refuse_variables(given: Mapping[str, Sequence[str]]) -> None:
    """Raise UsageError for a variable that is given twice, or that is not the user's to set beside the settings.

    `given` is option -> variables: `{"--env": ["HF_HOME"], "--secret-env": ["HF_TOKEN"]}`. Of our variables,
    --secret-env may give those of secrets.
    """
    seen: set[str] = set()
    for option, variable in ((option, each) for option, variables in given.items() for each in variables):
        may_be = option == "--secret-env" and is_secret(variable)
        if not may_be and (why := why_reserved(variable)):
            raise click.UsageError(f"{option}: {spelt(variable)} {why}")
        if variable in seen:
            raise click.UsageError(f"{option}: {spelt(variable)} is given twice")
        seen.add(variable)


def volume_option(word: str, source: str, allowed: str, meaning: str) -> Callable[[Any], Any]:
    """--volume, whose texts are a source and a path of the container: `data:/data:ro`. `word` is the source's name."""
    form = f"{word}:/PATH"

    def mount(text: str) -> Mount:
        match = re.fullmatch(r"([^:]+):([^:]+)(:ro)?", text)
        if not match or not re.fullmatch(source, match[1]) or not re.fullmatch(ONE_LINE, match[2]):
            raise click.BadParameter(f"{shown(text)} must be {form} or {form}:ro, {word} {allowed}")
        path = posixpath.normpath(match[2])
        if not match[2].startswith("/") or ".." in match[2].split("/") or not path.strip("/"):
            raise click.BadParameter(f"{shown(match[2])} must be an absolute path below /, without ..")
        return Mount(match[1], f"/{path.lstrip('/')}", bool(match[3]))

    return click.option("--volume", "mounts", multiple=True, type=mount, metavar=f"{form}[:ro]", help=meaning)


def refuse_mounts(mounts: Iterable[Mount], taken: Mapping[str, str]) -> None:
    """Raise UsageError if two volumes have one path; `taken` are the paths that other options have."""
    seen = dict(taken)
    for source, path, _ in mounts:
        if path in seen:
            raise click.UsageError(f"--volume {source}:{path}: {seen[path]} has this path already")
        seen[path] = f"--volume {source}:{path}"


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
    for name, setting in settings_of(settings).items():
        is_given = not {setting.variable, f"{setting.variable}_FILE"}.isdisjoint(given)
        if setting.secret and settings.origin(name).is_override and not is_given:
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
    job: Job,
    sweep: Sweep,
    command: tuple[str, ...],
    records: str,
    *,
    full: bool,
    expect: bool,
    once: bool = False,
    given: Collection[str] = (),
    only: Only | None = None,
) -> tuple[AptSettings, Request]:
    """The settings of a job, or of the first point of its sweep, and what to launch. Prints notes to stderr.

    `given` are the variables of secrets that an option hands on; `only` says which points shall run.
    Raises SettingsError if the settings, or those of any point, are wrong.
    """
    if sweep.axes:
        return _sweep_request(job, sweep, command, records, full=full, expect=expect, once=once, given=given, only=only)
    if only:
        raise click.UsageError("--only needs a grid")
    settings = job.checked()
    refuse_default_task(settings)
    title = f"{settings.task}, {fingerprint(settings)}"
    missing = left_out(settings, given)
    print_notes([*notes(settings), *notes_on_command(settings, command), *missing], err=True)
    texts = variables_for(settings, full=full, expect=expect)
    return settings, Request(title, texts, sweep, command, records, once, (), tuple(map(str, missing)), kept(settings))


def _sweep_request(
    job: Job,
    sweep: Sweep,
    command: tuple[str, ...],
    records: str,
    *,
    full: bool,
    expect: bool,
    once: bool,
    given: Collection[str],
    only: Only | None,
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
    refuse_others(settings, pinned_sweep(checker))
    missing = left_out(settings, given)
    points = tuple(chosen_points(checker, *only)) if only else ()
    print_notes(
        [*report.notes, *notes_on_shared_folder(checker), *notes_on_command(settings, command), *missing], err=True
    )
    title = f"{f'{len(points):,} of ' * bool(points)}{sweep.size:,} points over {', '.join(sweep.places)}"
    return settings, Request(
        title,
        shared_variables(sweep, job.layers(), of_sweep(checker) if expect else None),
        sweep,
        command,
        records,
        once,
        points,
        tuple(map(str, missing)),
        kept(settings),
    )
