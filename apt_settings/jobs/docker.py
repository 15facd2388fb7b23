"""A job as the command line of docker."""

import os
import shlex
from collections.abc import Mapping
from typing import NamedTuple

from .request import RECORDS, Request


class Container(NamedTuple):
    """What a job asks of docker; empty is what it gives unasked."""

    image: str
    name: str = ""
    gpus: str = ""
    env_file: str = ""
    """The file that has the settings, in place of an option for each."""
    options: tuple[str, ...] = ()
    """Further options of docker run, such as `--shm-size=8g`."""


def render(request: Request, container: Container, folder: str) -> str:
    """The line for a shell: the records go to a folder of this machine, as the user who is here."""
    settings = [f"--env={name}={value}" for name, value in request.given.items()]
    if container.env_file:
        settings = [f"--env-file={container.env_file}"]
    asked = {"name": container.name, "gpus": container.gpus}
    words = [
        *("docker", "run", "--rm", f"--user={os.getuid()}:{os.getgid()}"),
        *(f"--{option}={value}" for option, value in asked.items() if value),
        *settings,
        f"--volume={folder}:{RECORDS}",
        *container.options,
        *("--entrypoint=apt-settings", container.image),
        *request.start,
        *request.end,
    ]
    return f"mkdir -p {shlex.quote(folder)} && {shlex.join(words)}\n"


def as_docker_file(given: Mapping[str, str]) -> str:
    """Variables as docker's --env-file reads them: without quotes, which it would keep, and without export."""
    return "".join(f"{name}={value}\n" for name, value in given.items())
