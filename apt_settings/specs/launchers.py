"""Launchers: the options with which a command sets variables for another, and how their values are split."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import dropwhile, pairwise, takewhile
from typing import Final, Literal, NamedTuple

from ..errors import SettingsError
from ..sources.flags import flags_in
from ..sources.names import is_ours, variable_of
from ..sweeps.grid import Sweep
from ..values import is_list
from ..variables import by_environment
from . import points
from .scheduler_names import wrong_with
from .spec import MARK, Assignment, Fault, Words, assigned, known, marked, setting_of

ASSIGNMENT: Final = r"[A-Za-z_][\w.-]*="
Split = Literal["one", "commas", "pair", "leading", "any", "settings"]


class Launcher(NamedTuple):
    """A command that sets variables for another."""

    names: tuple[str, ...]
    options: tuple[str, ...]
    split: Split
    """How a value is split. one: NAME=VALUE; commas: several of them; pair: NAME, then VALUE as the next word.

    Without options, leading: the words NAME=VALUE before the command; any: those anywhere.
    """
    source: str
    """Where this is said."""
    image: bool = False
    """Whether it starts a container, which inherits nothing and has an image below."""


OUR_NAMES: Final = ("apt-settings", "apt_settings")
"""What our own command is called, there and behind `python -m`."""
LAUNCHERS: Final = (
    Launcher(("sbatch", "srun", "salloc"), ("--export",), "commas", "man sbatch"),
    Launcher(("docker", "podman", "nerdctl"), ("--env", "-e", "--build-arg"), "one", "docker run --help", image=True),
    Launcher(("buildah",), ("--env", "-e", "--build-arg"), "one", "man buildah-run", image=True),
    Launcher(("singularity", "apptainer"), ("--env",), "commas", "apptainer exec --help"),
    Launcher(("qsub",), ("-v",), "commas", "man qsub"),
    Launcher(("bsub",), ("-env",), "commas", "man bsub"),
    Launcher(("flux",), ("--env",), "one", "man flux-run"),
    Launcher(("mpirun", "mpiexec", "orterun", "prun"), ("-x",), "one", "man mpirun of Open MPI"),
    Launcher(("mpirun", "mpiexec", "mpiexec.hydra"), ("-genv", "-env"), "pair", "mpiexec -help of MPICH"),
    Launcher(("kubectl", "oc"), ("--env",), "one", "kubectl run --help", image=True),
    Launcher(("kubectl", "oc"), ("--from-literal",), "one", "kubectl create configmap --help"),
    Launcher(("kubectl", "oc"), (), "any", "kubectl set env --help"),
    Launcher(("gantry", "beaker"), ("--env",), "one", "gantry run --help", image=True),
    Launcher(("sky", "dstack", "act"), ("--env", "-e"), "one", "sky launch --help", image=True),
    Launcher(("gcloud",), ("--set-env-vars", "--update-env-vars", "--container-env"), "commas", "gcloud run --help"),
    Launcher(("systemd-run",), ("--setenv", "-E"), "one", "man systemd-run"),
    Launcher(("tmux",), ("-e",), "one", "man tmux"),
    Launcher(("env", "sudo", "time", "command"), (), "leading", "man env"),
    Launcher(("make", "gmake", "just"), (), "any", "man make"),
    Launcher(OUR_NAMES, ("--set", "--task", *points.OPTIONS), "settings", "docs/cli.md"),
)
SLURM: Final = ("sbatch", "srun", "salloc")
_BY_NAME: Final[Mapping[str, tuple[Launcher, ...]]] = {
    name: tuple(each for each in LAUNCHERS if name in each.names) for row in LAUNCHERS for name in row.names
}
_ENV_WITH_VALUE: Final = ("-u", "--unset", "-C", "--chdir", "-g", "-p", "-h", "-f", "-o")
SHELLS: Final = ("bash", "sh", "zsh", "dash", "ksh")
_QUEUE: Final = ("sbatch", "qsub", "bsub", "srun", "nohup", "time", "exec", "env", "sudo")
_SCRIPT: Final = r"\.(sh|bash|sbatch|slurm|pbs|lsf|job)$"
_WITH_C: Final = ("su", "flock", "script", "runuser", "sg")
_TAKE_TEXT: Final = ("bsub", "tmux", "screen", "watch", "parallel", "trap", "eval")
"""Commands whose arguments are commands again."""
_TEXT_OPTIONS: Final = ("--wrap", "--command")
_TAKE_WORD: Final = ("--task", "--extend", "--env-file", "--expect")
"""Options of our command whose value is that of the setting or control of their name."""
_READ_ELSEWHERE: Final = ("--from", "--grid-file")
"""Options of our command that name a file with values."""
_FLAGS: Final = ("--resume", "--once", "--quiet")
"""Options of our command without a value."""


_MOST_LAUNCHERS: Final = 16
"""The most that are read in one command; each looks at all words behind it."""


@dataclass
class Launch:
    """What a command sets for another."""

    assignments: list[Assignment] = field(default_factory=list)
    alone: list[Assignment] = field(default_factory=list)
    """What one of several values sets, as of a grid."""
    sweep: Sweep | None = None
    is_run: bool = False
    """Whether it is `apt-settings run`."""
    is_open: bool = False
    """Whether it may set more, which only the job knows: `apt-settings run "$@"`."""
    faults: list[Fault] = field(default_factory=list)
    remarks: list[Fault] = field(default_factory=list)
    starts_anew: bool = False
    """Whether what it starts does not inherit the environment: `env -i`, `docker run`, `sbatch --export=NONE`."""
    unset: set[str] = field(default_factory=set)
    """What it takes from the environment of what it starts: `env -u APT_SEED`."""
    image: str = ""
    """What it starts where that is a container."""


def base_of(word: str) -> str:
    """`/usr/bin/env` -> `env`."""
    return word.rpartition("/")[2]


def in_container(words: Words) -> Words:
    """The words of a command with ours where it starts: of `docker run --entrypoint=apt-settings image run`."""
    for entrypoint in values_of(("--entrypoint",), words):
        first = next(index for index, (word, _) in enumerate(words) if word.startswith("--entrypoint"))
        start = next((index for index in range(first, len(words)) if words[index][0] == "run"), 0)
        if base_of(entrypoint[0]) in OUR_NAMES and start:
            return [*words[:start], entrypoint, *words[start:]]
    return words


def replaced(words: Words) -> Words:
    """The words of a command, of which nobody knows those that xargs puts others in place of: `xargs -I@ run @`."""
    places = [text for text, _ in values_of(("-I",), words) if text]
    if not places or "xargs" not in [base_of(word) for word, _ in words]:
        return words
    start = next(index for index, (word, _) in enumerate(words) if word.startswith("-I")) + 1
    return [*words[:start], *((word.replace(places[0], marked(places[0])), line) for word, line in words[start:])]


def launch_of(words: Words) -> Launch:
    """The variables that a command sets for another, whatever stands before the launcher: `sudo srun --export=A=1`."""
    launch = Launch(starts_anew=any(base_of(word) == "ssh" for word, _ in words))
    launchers = [index for index, (word, _) in enumerate(words) if base_of(word) in _BY_NAME]
    for index in launchers[:_MOST_LAUNCHERS]:
        name = base_of(words[index][0])
        for row in _BY_NAME[name]:
            _read(row, name, words[index + 1 :], launch)
    return launch


def _read(row: Launcher, name: str, words: Words, launch: Launch) -> None:
    """Add to a launch what the words behind a launcher set."""
    assignments = launch.assignments
    if row.image:
        launch.starts_anew, launch.image = True, "the image"
    if row.split == "leading":
        assignments += _leading(words)
        before = list(takewhile(lambda each: each[0].startswith(("-", MARK)) or "=" in each[0], words))
        options = [word for word, _ in before]
        launch.is_open |= any(word.startswith(MARK) for word in options)
        launch.starts_anew |= name == "env" and bool({"-i", "-", "--ignore-environment"} & set(options))
        launch.unset |= {word for word, _ in values_of(("-u", "--unset"), words)} if name == "env" else set()
    elif row.split == "any":
        plain = [(word, line) for word, line in words if not re.search(r"\s", word)]  # others are scripts
        assignments += [each for word, line in plain if (each := _assignment(word, line))]
    elif row.split == "settings":
        _read_ours(words, launch)
    elif row.split == "pair":
        for index, (word, _) in enumerate(words[:-2]):
            if word in row.options:
                assignments.append(assigned(words[index + 1][0], *words[index + 2]))
    elif row.split == "one":
        assignments += [each for word, line in values_of(row.options, words) if (each := _assignment(word, line))]
    else:
        for value, line in values_of(row.options, words):
            exported, wrong = export_list(value, line, of_slurm=name in SLURM)
            assignments += exported
            launch.faults += wrong
            launch.starts_anew |= name in SLURM and "ALL" not in value.split(",")


def _leading(words: Words) -> Iterator[Assignment]:
    """The words `A=1 B=2` of `env -u C A=1 B=2 command D=3`."""
    after_option = False
    for word, line in words:
        assignment = _assignment(word, line)
        if assignment:
            yield assignment
        elif not (word.startswith(("-", MARK)) or after_option):
            return
        after_option = word in _ENV_WITH_VALUE


def _assignment(word: str, line: int) -> Assignment | None:
    """`NAME=value`. A name alone sets nothing: it passes a variable on."""
    name, equals, value = word.partition("=")
    return assigned(name, value, line) if equals and re.fullmatch(r"[A-Za-z_][\w.-]*", name) else None


def _read_ours(words: Words, launch: Launch) -> None:
    """Add what our own command sets: `--task squad --set epochs=30 --grid seed=1..5`."""
    before = list(takewhile(lambda each: each[0] != "--", words))
    for option in _TAKE_WORD:
        variable = variable_of(option.removeprefix("--").replace("-", "_"))
        launch.assignments += [_of_option(variable, word, line) for word, line in values_of((option,), before)]
    for word, line in values_of(("--set",), before):
        setting, _, value = word.partition("=")
        launch.assignments += [_of_option(variable_of(setting), value, line)] if MARK not in setting else []
    for option in points.OPTIONS:
        found = list(points.values_in(option, list(values_of((option,), before))))
        launch.alone += [each for each in found if isinstance(each, Assignment)]
        launch.faults += [each for each in found if isinstance(each, Fault)]
    secrets, remarks = _flags(words)
    launch.faults += secrets
    launch.remarks += remarks
    launch.is_open |= _is_open([word for word, _ in before])
    launch.is_run = [word for word, _ in before[:1]] == ["run"]
    _read_sweep(before, launch)


def _of_option(variable: str, value: str, line: int) -> Assignment:
    return assigned(variable, value, line)._replace(is_option=True)


def _read_sweep(words: Words, launch: Launch) -> None:
    """Add the sweep that options of our command make, and what is wrong with it as a whole."""
    indices = list(values_of(("--index",), words))
    for index, line in indices:
        if wrong := wrong_with(index.strip(MARK)):
            launch.faults.append(Fault(line, "", f"--index {wrong}"))
    try:
        launch.sweep = points.sweep_in(words)
    except SettingsError as error:
        told = any(each.variable for each in launch.faults)  # of one of its values
        problems = [each for each in error.problems if each.kind != "unknown name"]  # its name is judged
        launch.faults += [] if told else [Fault(words[0][1], "", str(each)) for each in problems]
        return
    if launch.is_run and not launch.is_open:
        line = words[0][1]
        if launch.sweep:
            launch.faults += points.faults_of_run(launch.sweep, list(values_of(("--set",), words)), indices, line)
        elif indices and not list(values_of(points.OPTIONS, words)):
            launch.faults.append(Fault(line, "", "--index needs a grid or a sample: --grid seed=1..5 --index 0"))


def _is_open(words: Sequence[str]) -> bool:
    """Whether words of our own command may set what is not known here: `run "$@"`, `--set "$X"`, `--from record`."""
    names = values_of(("--set", *points.OPTIONS), [(word, 0) for word in words])
    if any(MARK in name.partition("=")[0] for name, _ in names):
        return True
    is_file = any(word.partition("=")[0] in _READ_ELSEWHERE for word in words)
    starts = (word for before, word in pairwise(words) if not before.startswith("-") or before in _FLAGS)
    return is_file or any(word.startswith(MARK) for word in starts)


def _flags(words: Words) -> tuple[list[Fault], list[Fault]]:
    """The flags behind the -- of `apt-settings run` that mean settings: secrets in clear, and what is of others."""
    behind = list(dropwhile(lambda each: each[0] != "--", words))
    faults: list[Fault] = []
    remarks: list[Fault] = []
    for flag in flags_in([word for word, _ in behind], known().settings):
        line = next(line for word, line in behind if word.startswith(flag.name))
        setting = setting_of(variable_of(flag.setting))
        if setting and setting.secret:
            is_here = isinstance(flag.value, str) and MARK not in flag.value
            wrong = f"{flag.name} shows a secret{' here, and' * is_here} in ps: {by_environment(setting)}"
            (faults if is_here else remarks).append(Fault(line, "", wrong))
        else:
            fix = f"write --set {flag.setting}=... before the --"
            wrong = f"{flag.name} is for the command alone, and no record or fingerprint has it: {fix}"
            remarks.append(Fault(line, "", wrong))
    return faults, remarks


def values_of(options: tuple[str, ...], words: Words) -> Iterator[tuple[str, int]]:
    """The values of options in words, with their lines: X of `--export=X`, `--export X` and `-eX`."""
    after_option = False
    for word, line in words:
        if after_option:
            yield word, line
        after_option = word in options
        for option in options:
            separator = "=" if option.startswith("--") else ""
            if word not in options and word.startswith(option + separator):
                yield word[len(option + separator) :], line


def export_list(text: str, line: int, *, of_slurm: bool) -> tuple[list[Assignment], list[Fault]]:
    """The variables in a list such as that of `--export`, and what is wrong with it. It is split at every comma."""
    assignments: list[Assignment] = []
    faults: list[Fault] = []
    last = ""
    items = [item.strip() for item in re.findall(r"""(?:[^,'"]|'[^']*'|"[^"]*"|['"])+""", text)]
    for item in items:
        variable, equals, value = item.partition("=")
        if equals:
            assignments.append(assigned(variable, value, line))
        elif is_ours(last) and MARK not in item and _is_rest(last, item):
            faults.append(Fault(line, last, "is cut at a comma: export it in the script"))
        last = variable if equals else ""
    ours = [each.variable for each in assignments if is_ours(each.variable)]
    if of_slurm and ours and not {"ALL", "NONE", "NIL", "PATH"} & set(items) and MARK not in "".join(items[:1]):
        wrong = f"comes without PATH and all else that the shell has: write --export=ALL,{ours[0]}=..."
        faults.append(Fault(line, ours[0], wrong))
    return assignments, faults


def _is_rest(variable: str, item: str) -> bool:
    """Whether an item of a list is the rest of the value before it, and no name."""
    setting = setting_of(variable)
    takes_list = setting is not None and is_list(setting.field)
    return not item.isidentifier() or (item.islower() and takes_list)


def script_of(words: Words) -> str:
    """The script that a command runs and that is not read: `train.sh` of `sbatch train.sh`; empty where it is none."""
    name, *behind = [word for word, _ in words] or [""]
    if name.startswith(MARK) and not any(word.endswith(".py") for word in behind):
        return f"what {name.split(MARK)[1]} runs"
    if re.search(_SCRIPT, name):
        return name
    is_run = base_of(name) in (*SHELLS, *_QUEUE)
    return next((word for word in behind if re.search(_SCRIPT, word) and MARK not in word), "") if is_run else ""


def scripts_in(words: Words) -> Iterator[tuple[str, int]]:
    """The words of a command that are scripts: of `bash -c "..."`, `ssh host "..."`, `sbatch --wrap="..."`."""
    names = [base_of(word) for word, _ in words]
    yield from values_of(_TEXT_OPTIONS, words)
    for index, name in enumerate(names):
        if name in (*SHELLS, *_WITH_C):
            behind = list(dropwhile(lambda each: not re.fullmatch(r"-\w*c", each[0]), words[index + 1 :]))
            yield from behind[1:2]
            break
    if "eval" in names[:1]:
        yield " ".join(word for word, _ in words[1:]), words[0][1]
    elif "ssh" in names:
        behind = list(dropwhile(lambda each: not re.search(rf"^{ASSIGNMENT}|\s", each[0]), words))
        yield from [(" ".join(word for word, _ in behind), behind[0][1])] if behind else []
    elif any(name in _TAKE_TEXT for name in names):
        yield from ((word, line) for word, line in words[1:] if re.search(r"\s", word))
