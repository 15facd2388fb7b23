"""What the integrations share: libraries that only some installations have, and the processes of a job."""

import os
from collections.abc import Container, Generator, Iterable
from contextlib import contextmanager

from ..base import AptSettings
from ..errors import Problem, SettingsError


@contextmanager
def needed(extra: str) -> Generator[None, None, None]:
    """Make a SettingsError, with what to install, of a library that is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        fix = f"pip install 'apt-settings[{extra}]'"
        raise SettingsError.at(error.name or extra, "is not installed", fix=fix) from None


def world_size() -> int:
    """The processes of this job by WORLD_SIZE, as torchrun sets it; 1 where it is not set. Raises SettingsError."""
    text = os.environ.get("WORLD_SIZE") or "1"
    if not (text.isascii() and text.isdigit() and int(text)):
        raise SettingsError.at("environment WORLD_SIZE", "is not a number of processes", "1 or more")
    return int(text)


def scheduler_name(settings: AptSettings) -> str:
    """lr_scheduler as transformers names it, whose `constant` has no warmup."""
    return "constant_with_warmup" if settings.lr_scheduler == "constant" else settings.lr_scheduler


def refuse_decided(decided: Container[str], extra: Iterable[str]) -> None:
    """Extra keywords are for what no setting decides. Raises SettingsError for the rest, which no record would show."""
    problems = [
        Problem(f"keyword {name}", "is what the settings decide", fix="change the setting it comes from")
        for name in extra
        if name in decided
    ]
    if problems:
        raise SettingsError(problems)
