"""What the class of a task says of it: ours are in `tasks.py`, and a project may have its own below them."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel

from .frozen import Frozen


class TaskClass(BaseModel, metaclass=Frozen):
    """A task, which APT_TASK chooses by its name or by one of its datasets."""

    datasets: ClassVar[tuple[str, ...]] = ()
    """What the task can be trained on; empty: on any dataset that is none of the paper's."""
    architectures: ClassVar[tuple[str, ...]] = ()
    """The models that the task is run with, by hub name or folder; empty: with any."""
    generates: ClassVar[bool] = False
    """Whether the model writes text, of up to max_target_length tokens."""

    @classmethod
    def _not_judged(cls, values: Mapping[str, Any]) -> Self:
        """An object of these values and the defaults, to show what there is where something is missing."""
        return super().model_construct(**values)
