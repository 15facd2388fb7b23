"""Where the paper, this project's design and the official release disagree; `discrepancies.toml` lists it."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

from .datasets import TaskName

_TABLE: Final = files("apt_settings.facts") / "discrepancies.toml"


class Discrepancy(NamedTuple):
    """One topic on which the paper and the release disagree: "GLUE-small epochs", 40 against 120."""

    topic: str
    paper: str
    """The value or statement of the paper."""
    release: str
    """The value or behaviour of the release."""
    place: str
    """The sources: a section or table of the paper, files and lines of the release."""
    note: str
    """What it means for a reproduction of APT; if no setting can reproduce it, why not."""
    settings: tuple[str, ...] = ()
    """The settings that it concerns; empty if no setting can change it."""
    tasks: tuple[TaskName, ...] = ()
    """The tasks that it concerns; empty: all tasks."""
    architectures: tuple[str, ...] = ()
    """The architectures that it concerns; empty: all architectures."""
    caution: bool = False
    """Whether a job with the release's value gets the note as a caution."""

    def concerns(self, setting: str, task: str, architecture: str | None = None) -> bool:
        """Whether it concerns a setting of a task on this architecture; None: on any architecture."""
        return (
            setting in self.settings
            and (not self.tasks or task in self.tasks)
            and (architecture is None or not self.architectures or architecture in self.architectures)
        )


@cache
def discrepancies() -> tuple[Discrepancy, ...]:
    """All known discrepancies, in the order of their discovery."""
    return tuple(map(_discrepancy, tomllib.loads(_TABLE.read_text(encoding="utf-8"))["discrepancy"]))


def _discrepancy(row: dict[str, Any]) -> Discrepancy:
    fields: dict[str, Any] = {key: tuple(each) if isinstance(each, list) else each for key, each in row.items()}
    return Discrepancy(**fields)


def notes_on(setting: str, task: str, architecture: str | None = None) -> tuple[str, ...]:
    """The notes on a setting of a task on this architecture; None: on any architecture."""
    return tuple(each.note for each in discrepancies() if each.concerns(setting, task, architecture))
