"""How a loss is averaged: over its own micro-batch, or over all the items of a step."""

import random
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from enum import Enum
from functools import partial
from math import isclose, isfinite
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

IGNORED: Final = -100
"""The label of what is no target."""
_ITEMS: Final = "num_items_in_batch"


class Averaging(Enum):
    """What a loss makes of num_items_in_batch, the number of targets in all micro-batches of a step."""

    READ = "read"
    """It is a sum divided by that number: the sum over micro-batches is the mean of the step."""
    DROPPED = "dropped"
    """It is the mean of its own micro-batch: somebody must divide it by their number."""
    MIXED = "mixed"
    """A part of it is divided by that number, and a part is not: nothing can scale it."""
    UNKNOWN = "unknown"
    """It is 0, or no number, and tells nothing."""


def averaging(loss: Callable[["Tensor"], "Tensor"], items: "Tensor") -> Averaging:
    """Ask a loss itself: with n and with 2n items it is the same, or the half, to 1e-4."""
    once, twice = float(loss(items)), float(loss(2 * items))
    if not (once and isfinite(once) and isfinite(twice)):
        return Averaging.UNKNOWN
    if isclose(twice, once, rel_tol=1e-4):
        return Averaging.DROPPED
    return Averaging.READ if isclose(2 * twice, once, rel_tol=1e-4) else Averaging.MIXED


def items_in(batch: Mapping[str, Any]) -> "Tensor | None":
    """The number of targets in a batch, at least 1; None for a batch without labels, of which no Trainer counts any."""
    labels = batch.get("labels")
    return None if labels is None or not hasattr(labels, "ne") else labels.ne(IGNORED).sum().clamp(min=1)


@contextmanager
def evaluation(model: "Module") -> Generator[None, None, None]:
    """Evaluate without gradients, and leave the model's mode and all random states as they were."""
    import torch

    training = {module: module.training for module in model.modules()}
    states = random.getstate(), _numpy_state()
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    try:
        with torch.random.fork_rng(devices), torch.no_grad():
            model.eval()
            yield
    finally:
        for module, was in training.items():
            module.training = was
        random.setstate(states[0])
        _set_numpy_state(states[1])


class LossOfStep:
    """The loss that a model returns in the micro-batches of one step, and the factor by which each enters backward."""

    def __init__(self, model: "Module") -> None:
        self.micro_batches = 1
        self._gradients: list[float] = []
        self._averaging: Averaging | None = None
        self._hook = model.register_forward_hook(self._returned, with_kwargs=True)

    def close(self) -> None:
        self._hook.remove()

    def factors(self, optimizer: Any) -> list[float]:
        """Those of each micro-batch, without the scale of fp16."""
        scaler = getattr(optimizer, "scaler", None)
        scale = scaler.get_scale() if scaler else 1.0
        return [each / scale for each in self._gradients]

    def planned(self, args: Any) -> float | None:
        """1 / micro-batches for a mean; for a sum over all items, what torch divides by again among processes.

        None where the loss of every micro-batch was 0, which tells nothing.
        """
        if self._averaging is Averaging.UNKNOWN:
            return None
        if self._averaging is Averaging.READ:
            return float(args.world_size if args.average_tokens_across_devices else 1)
        replicas: int = max(1, args.n_gpu)  # DataParallel takes the mean over them
        return 1 / (self.micro_batches * replicas)

    def _returned(self, model: "Module", words: Any, keywords: dict[str, Any], output: Any) -> None:
        loss = _loss_of(output)
        if loss is None or not loss.requires_grad or loss.ndim:
            return
        if self._averaging in (None, Averaging.UNKNOWN) and keywords.get(_ITEMS) is not None:
            with evaluation(model):
                again = partial(model.forward, *words, **keywords)
                self._averaging = averaging(lambda items: _loss_of(again(**{_ITEMS: items})), keywords[_ITEMS])
        loss.register_hook(lambda gradient: self._gradients.append(float(gradient)))


def _loss_of(output: Any) -> Any:
    """What a model returns as its loss, as the Trainer finds it; None where it returns none."""
    return output.get("loss") if isinstance(output, dict) else output[0] if isinstance(output, tuple) else None


def _numpy_state() -> Any:
    with suppress(ModuleNotFoundError):
        import numpy

        return numpy.random.get_state()
    return None


def _set_numpy_state(state: Any) -> None:
    if state is not None:
        import numpy

        numpy.random.set_state(state)
