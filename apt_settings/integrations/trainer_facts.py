"""What a training by the Trainer of transformers really is, fact by fact, beside what the settings and the plan say."""

from collections import Counter
from collections.abc import Iterator
from math import isclose
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from ..base import AptSettings
from ..errors import Problem
from ..plan import plan
from ..schedules import learning_rate
from ..sources.names import variable_of
from ..values import as_text
from .extras import batch_size_of, decays, require
from .loss import LossOfStep
from .precision import FLOAT32, hardware_here, mixed_precision, tf32_is_on, usable_precision
from .torch import optimizer_class

with require("transformers"):
    import torch
    from accelerate.state import AcceleratorState

if TYPE_CHECKING:
    from torch.nn import Module

_WEIGHTS: Final = {
    "fp32": ({torch.float32}, {torch.float32}),
    "tf32": ({torch.float32}, {torch.float32}),
    "fp16": ({torch.float32}, {torch.float32, torch.float16}),
    "bf16": ({torch.float32, torch.bfloat16}, {torch.float32, torch.bfloat16}),
}
"""Precision -> the types that weights may have: those that train, those that do not."""
_SPLIT: Final = ("DEEPSPEED", "FSDP", "MEGATRON_LM", "XLA")
"""Ways of accelerate in which no process has the whole model and optimizer."""


class Fact(NamedTuple):
    """One thing that a setting decides: how it really is, and how it is planned."""

    setting: str
    what: str
    really: Any
    planned: Any
    fix: str = ""

    @property
    def holds(self) -> bool:
        if isinstance(self.really, float) and isinstance(self.planned, int | float):
            return isclose(self.really, self.planned, rel_tol=1e-6, abs_tol=1e-12)
        return bool(self.really == self.planned)

    def problem(self, settings: AptSettings) -> Problem:
        """Both sides, and who set what is planned."""
        wrong = f"is not what is trained: {self.what} {_format(self.really)}, and not {_format(self.planned)}"
        origin, value = settings.origin(self.setting), as_text(getattr(settings, self.setting))
        return Problem(origin, wrong, fix=self.fix, value=value, setting=self.setting)


class NotJudged(NamedTuple):
    """Something that cannot be known."""

    what: str


Finding: TypeAlias = Fact | NotJudged


def is_split() -> bool:
    """Whether no process has the whole model and optimizer."""
    return AcceleratorState().distributed_type in _SPLIT


def facts_at_start(
    settings: AptSettings, args: Any, state: Any, *, model: "Module", optimizer: Any, scheduler: Any, loader: Any
) -> Iterator[Finding]:
    """What is there before the first step: everything but gradients and loss."""
    precision = usable_precision(settings, hardware_here(args.use_cpu))
    yield from _of_the_job(settings, args, state, loader)
    yield from _of_arithmetic(precision)
    if is_split():
        yield NotJudged("weights, optimizer, rate, gradients and the loss under DeepSpeed, FSDP and the like")
        return
    yield from _of_weights(precision, model)
    yield from _of_optimizer(settings, model, optimizer)
    yield from _of_schedule(settings, scheduler, state.max_steps)


def facts_at_first_step(
    settings: AptSettings, args: Any, state: Any, *, model: "Module", optimizer: Any, loss: LossOfStep, weighted: bool
) -> Iterator[Finding]:
    """What the first step is made of, where gradients are clipped and not yet used; `weighted` as AsPlanned has it."""
    yield from _of_gradients(settings, model)
    yield from _of_rate(settings, optimizer, state)
    yield from _of_loss(loss.factors(optimizer), loss.planned(args), weighted=weighted)


def _of_the_job(settings: AptSettings, args: Any, state: Any, loader: Any) -> Iterator[Finding]:
    """Steps, batch and seed."""
    if (steps := _planned_steps(settings)) is None:
        yield NotJudged(f"the number of steps, as {variable_of('train_examples')} is not set")
    else:
        fix = _count_examples(settings, loader) if settings.max_steps is None else ""
        yield Fact(
            "max_steps" if settings.max_steps else "epochs", "the number of steps is", state.max_steps, steps, fix
        )
    if (given := batch_size_of(loader)) is None:
        yield NotJudged(f"the batch over all devices, as a {type(loader).__name__} does not say its own")
    else:
        batch = given * args.world_size * args.gradient_accumulation_steps
        yield Fact("batch_size", "the batch over all devices is", batch, settings.batch_size)
    yield Fact(
        "max_grad_norm", "gradients are clipped at", float(args.max_grad_norm or 0), settings.max_grad_norm or 0.0
    )
    seeds = {settings.seed, settings.seed + args.process_index}
    random = torch.initial_seed()
    yield Fact("seed", "the Trainer's seed is", args.seed, settings.seed)
    yield Fact("seed", "torch's seed is", settings.seed if random in seeds else random, settings.seed)


def _planned_steps(settings: AptSettings) -> int | None:
    if settings.max_steps or settings.train_examples:
        return settings.max_steps or plan(settings).total_steps
    return None


def _count_examples(settings: AptSettings, loader: Any) -> str:
    """What to set where the training data have another number of examples."""
    data = getattr(loader, "dataset", None)
    if data is None or not hasattr(data, "__len__") or (number := len(data)) == settings.train_examples:
        return ""
    return f"the training data have {number:,} examples: write {variable_of('train_examples')}={number}"


def _of_arithmetic(precision: str) -> Iterator[Fact]:
    """What accelerate computes in, and what torch makes of float32."""
    mixed = AcceleratorState().mixed_precision
    yield Fact("precision", "accelerate's mixed precision is", mixed, mixed_precision(precision))
    if precision in FLOAT32:
        switch = {True: "on", False: "off"}
        yield Fact("precision", "TF32 is", switch[tf32_is_on()], switch[precision == "tf32"])


def _of_weights(precision: str, model: "Module") -> Iterator[Fact]:
    """The types of those that train and of those that do not."""
    allowed = _WEIGHTS[precision]
    for trains, types in zip((True, False), allowed, strict=True):
        weights = (each for each in model.parameters() if each.requires_grad is trains and each.is_floating_point())
        for kind in sorted({each.dtype for each in weights} - types, key=str):
            what = "weights that train are" if trains else "frozen weights are"
            yield Fact("precision", what, kind, torch.float32, "load the model with dtype=torch.float32")


def _of_optimizer(settings: AptSettings, model: "Module", optimizer: Any) -> Iterator[Fact]:
    """Its class, its rate, and what it decays."""
    inner = getattr(optimizer, "optimizer", optimizer)
    usual = optimizer_class(settings)
    same = settings.optimizer == "adam" and not settings.weight_decay and type(inner) is torch.optim.AdamW
    yield Fact("optimizer", "the optimizer is", _name(usual if same else type(inner)), _name(usual))
    for group in inner.param_groups:
        rate = float(group.get("initial_lr", group["lr"]))
        yield Fact("learning_rate", "a group of the optimizer has a rate of", rate, settings.learning_rate)
    decay = {id(each): group["weight_decay"] for group in inner.param_groups for each in group["params"]}
    planned = {True: settings.weight_decay, False: 0.0}
    found = Counter(
        (decay[id(each)], planned[decays(name, each)])
        for name, each in model.named_parameters()
        if id(each) in decay and each.requires_grad and decay[id(each)] != planned[decays(name, each)]
    )
    for (really, wanted), number in found.items():
        yield Fact("weight_decay", f"{number} tensors decay by", really, wanted, "biases and norms are spared")
    if missing := [name for name, each in model.named_parameters() if each.requires_grad and id(each) not in decay]:
        left_out = f"{missing[0]}, the first of {len(missing)}"
        yield Fact("optimizer", "of what trains it leaves out", left_out, "none", "give it the model's parameters")


def _name(kind: type) -> str:
    return f"{kind.__module__.removesuffix(f'.{kind.__name__.lower()}')}.{kind.__qualname__}"


def _of_schedule(settings: AptSettings, scheduler: Any, steps: int) -> Iterator[Finding]:
    """The rate at three steps: in the beginning, in the middle, at the end."""
    factors = getattr(getattr(scheduler, "scheduler", scheduler), "lr_lambdas", None)
    if not factors:
        yield NotJudged(f"the schedule of a {type(scheduler).__name__}")
        return
    rate = learning_rate(settings, steps)
    for step in sorted({min(1, steps - 1), steps // 2, steps - 1}):
        for factor in factors:
            really = float(factor(step)) * settings.learning_rate
            yield Fact("lr_scheduler", f"the learning rate at step {step:,} is", really, rate(step))


def _of_rate(settings: AptSettings, optimizer: Any, state: Any) -> Iterator[Fact]:
    """The rate with which the next step is really made."""
    planned = learning_rate(settings, state.max_steps)(state.global_step)
    for group in optimizer.param_groups:
        yield Fact("learning_rate", f"step {state.global_step:,} is made with a rate of", float(group["lr"]), planned)


def _of_gradients(settings: AptSettings, model: "Module") -> Iterator[Fact]:
    """Their norm, which clipping has made no larger than max_grad_norm."""
    limit = settings.max_grad_norm
    gradients = [each.grad for each in model.parameters() if each.grad is not None]
    if limit and gradients:
        norm = float(torch.nn.utils.get_total_norm(gradients))
        yield Fact("max_grad_norm", "the norm of the gradients is", norm if norm > limit * 1.001 else limit, limit)


def _of_loss(factors: list[float], planned: float | None, *, weighted: bool) -> Iterator[Finding]:
    """The factor by which the loss that the model returned enters backward, in each micro-batch."""
    if not factors or planned is None:
        why = "returns 0" if factors else "itself returns none: compute_loss makes it"
        yield NotJudged(f"how the loss enters backward, as the model {why}")
        return
    wrong = next((each for each in factors if not isclose(each, planned, rel_tol=1e-3)), None)
    if wrong is not None and weighted:
        yield NotJudged("the weight that compute_loss gives to the model's loss")
    elif wrong is not None:
        what = "the loss that the model returned enters backward times"
        yield Fact("batch_size", what, wrong, planned, "call prepare(trainer, settings)")


def _format(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
