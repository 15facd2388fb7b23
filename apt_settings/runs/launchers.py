"""Launchers between `run` and the process that trains, which may drop the settings on the way."""

import re
from collections.abc import Iterator, Mapping, Sequence
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
    variable: str = ""
    """The variable that is as good as that option, where its value is like `value`."""
    value: str = "(?!0|no|false).+"
    command: bool = False
    """Whether the first word is a command of the launcher: `apptainer exec`."""

    def option_in(self, words: Sequence[str], pattern: str) -> str:
        """The first option of the launcher, and not of what it starts, that is like a pattern; empty for none."""
        options = _options(words[self.command :])
        return next((word for word in options if pattern and re.fullmatch(pattern, word)), "")


_TO_OTHER_NODES: Final = r"-H|--?(host|hostfile|machinefile|default-hostfile|num_nodes)(=.*)?"
LAUNCHERS: Final = (
    # slurm.schedmd.com/srun.html, --export
    Launcher("srun", r"--export=(?!ALL).*", "write --export=ALL, or leave it out"),
    # docs.open-mpi.org, mpirun(1), -x: of all variables only those that begin with OMPI_ go to other nodes
    Launcher(
        "mpirun|mpiexec|orterun|prterun",
        _TO_OTHER_NODES,
        "write mpirun ... apt-settings run ..., or -x NAME for each APT_ variable",
        keeps="-x",
        variable="SLURM_JOB_NUM_NODES",
        value=r"[2-9]|\d{2,}",
    ),
    # deepspeed.ai/getting-started, "Multi-node environment variables": NCCL_, PYTHON names, and .deepspeed_env
    Launcher("deepspeed", _TO_OTHER_NODES, "write them first: apt-settings env --format dotenv > .deepspeed_env"),
    # apptainer.org/docs/user, "Environment Overview"
    Launcher(
        "apptainer|singularity",
        r"--cleanenv|-e|-C|--contain-?all",
        "leave it out, or write apptainer exec ... apt-settings run ...",
        variable="APPTAINER_CLEANENV",
        command=True,
    ),
    # sudo(8), --preserve-env
    Launcher("sudo", "", "write sudo -E", keeps=r"-[A-Za-z]*E.*|--preserve-env(=.*)?"),
    # env(1), --ignore-environment
    Launcher("env", r"-|-[A-Za-z]*i.*|--ignore-environment", "leave it out"),
    # ssh(1): SendEnv is empty by default, as is AcceptEnv on the other side
    Launcher("ssh", "", "write ssh HOST apt-settings run ..."),
    # docs.docker.com/reference/cli/docker/container/run, --env
    Launcher(
        "docker|podman|nerdctl",
        "",
        "let apt-settings job docker write the line",
        keeps=r"(-e|--env|--env-file)(=.*)?",
        command=True,
    ),
)


def lost_by(command: Sequence[str], environ: Mapping[str, str]) -> str:
    """What the launcher with which a command begins does not hand on, and what to write; empty where there is nothing.

    `["sudo", "python", "train.py"]` -> `sudo does not hand the settings on: write sudo -E`
    """
    program, *words = command
    launcher = next((each for each in LAUNCHERS if re.fullmatch(each.programs, PurePath(program).name)), None)
    if launcher is None or launcher.option_in(words, launcher.keeps):
        return ""
    how = launcher.option_in(words, launcher.drops)
    if not how and re.fullmatch(launcher.value, environ.get(launcher.variable, "")):
        how = f"under {launcher.variable}={environ[launcher.variable]}"
    if launcher.drops and not how:
        return ""
    return f"{' '.join(filter(None, (program, how)))} does not hand the settings on: {launcher.fix}"


def _options(words: Sequence[str]) -> Iterator[str]:
    before = ""
    for word in words:
        if not word.startswith("-") and (not before.startswith("-") or "=" in before):
            return
        yield word
        before = word


def with_everything(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment with which srun hands everything on, also where the job was submitted with --export=NONE."""
    return dict(environ) if hands_all_on(environ) else {**environ, EXPORT: "ALL"}
