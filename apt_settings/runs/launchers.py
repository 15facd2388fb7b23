"""Launchers between `run` and the process that trains, which may drop the settings on the way."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import dropwhile
from pathlib import PurePath
from typing import Final, NamedTuple

from ..sources.handed_on import EXPORT, hands_all_on


class Launcher(NamedTuple):
    """A program that starts others, and when it does not hand our variables on."""

    programs: str
    """A pattern of its names."""
    drops: str
    """A pattern of the option with which it hands none on; empty where it always drops them."""
    fix: str
    """What to write instead."""
    keeps: str = ""
    """A pattern of the option with which it hands them on all the same."""
    variable: str = "(?!)"
    """A pattern of the variables that are as good as that option, where their value is like `value`."""
    value: str = "(?!0|no|false).+"
    commands: str = ""
    """A pattern of the commands of the launcher that start something; empty where it has none: `apptainer exec`."""

    def options_in(self, words: Sequence[str]) -> list[str]:
        """The options of the launcher, and not those of what it starts: `["--export", "--export=NONE", "-n", ...]`.

        Empty where it starts nothing.
        """
        if not self.commands:
            return [*_options(words)]
        behind = dropwhile(lambda word: not re.fullmatch(self.commands, word), words)
        return [*_options([*behind][1:])]

    def starts(self, words: Sequence[str]) -> bool:
        """Whether it starts something with these words: `docker run`, and not `docker ps`."""
        return not self.commands or any(re.fullmatch(self.commands, word) for word in words)


_TO_OTHER_NODES: Final = r"-H|--?(host|hostfile|machinefile|default-hostfile|num_nodes)(=.*)?"
LAUNCHERS: Final = (
    # slurm.schedmd.com/srun.html, --export
    Launcher("srun", r"--export=(?!ALL).*", "write --export=ALL, or leave it out"),
    # docs.open-mpi.org, mpirun(1), -x: of all variables only those that begin with OMPI_ go to other nodes
    Launcher(
        "mpirun|mpiexec|orterun|prterun",
        _TO_OTHER_NODES,
        "write mpirun ... apt-settings run ..., or -x NAME for each APT_ variable",
        keeps="-x=APT_.*",
        variable="SLURM_JOB_NUM_NODES",
        value=r"[2-9]|\d{2,}",
    ),
    # deepspeed.ai/getting-started, "Multi-node environment variables": NCCL_, PYTHON names, and .deepspeed_env
    Launcher("deepspeed", _TO_OTHER_NODES, "write them first: apt-settings env --format dotenv > .deepspeed_env"),
    # apptainer.org/docs/user, "Environment Overview"
    Launcher(
        "apptainer|singularity",
        r"--cleanenv|--contain-?all|-[A-Za-z]*[eC][A-Za-z]*|--env=.*APT_.*",
        "leave it out, or write apptainer exec ... apt-settings run ...",
        variable=r"APPTAINER_CLEANENV|(APPTAINER|SINGULARITY)ENV_APT_\w+",
        commands="exec|run|shell",
    ),
    # sudo(8), --preserve-env
    Launcher("sudo", "", "write sudo -E", keeps=r"-[A-Za-z]*E.*|--preserve-env(=.*APT_.*)?"),
    # env(1), --ignore-environment
    Launcher("env", r"-|-[A-Za-z]*i.*|--ignore-environment", "leave it out"),
    # ssh(1): SendEnv is empty by default, as is AcceptEnv on the other side
    Launcher("ssh", "", "write ssh HOST apt-settings run ..."),
    # docs.docker.com/reference/cli/docker/container/run, --env
    Launcher(
        "docker|podman|nerdctl",
        "",
        "let apt-settings job docker write the line",
        keeps=r"(-e|--env)=?APT_.*|--env-file(=.*)?",
        commands="run|exec|create",
    ),
)


def lost_by(command: Sequence[str], environ: Mapping[str, str]) -> str:
    """What the launcher with which a command begins does not hand on, and what to write; empty where there is nothing.

    `["sudo", "python", "train.py"]` -> `sudo does not hand the settings on: write sudo -E`
    """
    program, *words = command
    launcher = next((each for each in LAUNCHERS if re.fullmatch(each.programs, PurePath(program).name)), None)
    if launcher is None or not launcher.starts(words):
        return ""
    options = launcher.options_in(words)
    if any(re.fullmatch(launcher.keeps, option) for option in options if launcher.keeps):
        return ""
    how = next((option for option in options if launcher.drops and re.fullmatch(launcher.drops, option)), "")
    for name, value in environ.items():
        if not how and re.fullmatch(launcher.variable, name) and re.fullmatch(launcher.value, value):
            how = f"under {name}"
    if launcher.drops and not how:
        return ""
    return f"{' '.join(filter(None, (program, how)))} does not hand the settings on: {launcher.fix}"


def _options(words: Sequence[str]) -> Iterator[str]:
    """The options at the head of words; with one of two words, both as if they were one: `--export=NONE`."""
    before = ""
    for word in words:
        if word.startswith("-"):
            yield word
        elif not before.startswith("-") or "=" in before:
            return
        else:
            yield f"{before}={word}"
        before = word


def with_everything(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment with which srun hands everything on, also where the job was submitted with --export=NONE."""
    return dict(environ) if hands_all_on(environ) else {**environ, EXPORT: "ALL"}
