"""Helpers of several integrations: optional libraries, the number of processes, extra keywords."""

import inspect
import os
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from ..base import AptSettings
from ..errors import SettingsError, SettingsWarning

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")


@contextmanager
def require(extra: str) -> Generator[None, None, None]:
    """Raise a SettingsError that says what to install if an import in the `with` block finds no library."""
    try:
        yield
    except ModuleNotFoundError as error:
        fix = f"pip install 'apt-settings[{extra}]'"
        raise SettingsError.at(error.name or extra, "is not installed", fix=fix) from None


def world_size() -> int:
    """The number of processes of this job: WORLD_SIZE, as torchrun sets it; 1 if it is unset or empty.

    Raises SettingsError if WORLD_SIZE is not a number of 1 or more.
    """
    text = os.environ.get("WORLD_SIZE") or "1"
    if not (text.isascii() and text.isdigit() and int(text)):
        raise SettingsError.at("environment WORLD_SIZE", "is not a number of processes", "1 or more")
    return int(text)


def gather(value: T) -> list[T] | None:
    """The values of all processes of a distributed job, by rank; None where no group of processes is joined.

    Every process must call it. Raises SettingsError if torch is missing.
    """
    with require("torch"):
        from torch import distributed
    if not distributed.is_available() or not distributed.is_initialized():
        return None
    values: list[Any] = [None] * distributed.get_world_size()
    distributed.all_gather_object(values, value)
    return values


def batch_size_of(loader: Any) -> int | None:
    """How many examples a loader gives one process at once; None where it does not say so."""
    for each in (loader, getattr(loader, "batch_sampler", None)):
        if isinstance(size := getattr(each, "batch_size", None), int):
            return size
    return None


def scheduler_name(settings: AptSettings) -> str:
    """The name of lr_scheduler in transformers, where `constant` has no warmup and ours is `constant_with_warmup`."""
    return "constant_with_warmup" if settings.lr_scheduler == "constant" else settings.lr_scheduler


def decays(name: str, parameter: "Tensor") -> bool:
    """Whether weight_decay is for this parameter: for all but biases and norms, which transformers spares too."""
    return parameter.ndim > 1 and "bias" not in name


def warn_caller(text: str) -> None:
    """A SettingsWarning at the line that called us, from however deep in this package."""
    frame, level = inspect.currentframe(), 1
    while frame and frame.f_globals.get("__name__", "").startswith("apt_settings."):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, SettingsWarning, stacklevel=level)
