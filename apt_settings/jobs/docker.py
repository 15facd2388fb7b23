"""A job as the command line of docker."""

import os
import shlex
from collections.abc import Mapping
from typing import NamedTuple

from .request import RECORDS, Mount, Request


class Container(NamedTuple):
    """Options of `docker run`; an empty one is left out."""

    image: str
    name: str = ""
    gpus: str = ""
    env_file: str = ""
    """The file that has the settings; without one, each is an option: `--env=APT_TASK=squad`."""
    shm: str = ""
    """The size of /dev/shm, such as `8g`."""
    env: tuple[tuple[str, str], ...] = ()
    """Variables beside the settings: `("HF_HOME", "/cache")`."""
    env_from: tuple[str, ...] = ()
    """Files of more variables. They come first: docker takes the last of several that set the same one."""
    mounts: tuple[Mount, ...] = ()
    extra: tuple[str, ...] = ()
    """Other options of docker run, such as `--shm-size=8g`."""


def render(request: Request, container: Container, folder: str) -> str:
    """The line for a shell: `mkdir -p runs && docker run ...`.

    The container runs as the present user, who then owns the records in the folder.
    """
    settings = [f"--env={name}={value}" for name, value in request.variables.items()]
    if container.env_file:
        settings = [f"--env-file={container.env_file}"]
    options = {"name": container.name, "gpus": container.gpus, "shm-size": container.shm}
    words = [
        *("docker", "run", "--rm", f"--user={os.getuid()}:{os.getgid()}"),
        *(f"--{option}={value}" for option, value in options.items() if value),
        *(f"--env-file={file}" for file in container.env_from),
        *(f"--env={name}={value}" for name, value in container.env),
        *settings,
        *(f"--env={name}" for name in request.kept),  # docker takes the value from its own environment
        *(_volume(*mount) for mount in (Mount(folder, RECORDS), *container.mounts)),
        *container.extra,
        *("--entrypoint=apt-settings", container.image),
        *request.start,
        *request.end,
    ]
    return " && ".join([*request.guards, f"mkdir -p {shlex.quote(folder)}", shlex.join(words)]) + "\n"


def _volume(source: str, path: str, read_only: bool) -> str:
    return f"--volume={source}:{path}{':ro' if read_only else ''}"


def variables_in(text: str) -> list[tuple[int, str]]:
    """Line and name of each variable in a file for docker --env-file."""
    lines = ((number, line.lstrip()) for number, line in enumerate(text.split("\n"), start=1))
    return [(number, line.partition("=")[0].rstrip()) for number, line in lines if line and not line.startswith("#")]


def as_docker_file(variables: Mapping[str, str]) -> str:
    """The lines of a file for docker --env-file: `APT_TASK=squad`. They have no quotes, as docker would keep them."""
    return "".join(f"{name}={value}\n" for name, value in variables.items())
