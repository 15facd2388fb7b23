"""Adapters for PEFT."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from ..base import AptSettings, unusable
from ..errors import SettingsError
from ..facts.architectures import AdapterTarget, Architecture, Family
from ..plan import architecture_of
from ..registry import model_of
from ..tasks import CustomSettings
from .extras import require
from .keywords import ADAPTERS_NOT_RECORDED, OF_ADAPTERS, find_undoing, refuse, warn_of_changed

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from peft import LoraConfig

TASK_TYPES: Final = {
    "glue_small": "SEQ_CLS",
    "glue_big": "SEQ_CLS",
    "squad": "QUESTION_ANS",
    "cnn_dm": "SEQ_2_SEQ_LM",
    "alpaca": "CAUSAL_LM",
}
"""Task -> peft.TaskType, but for T5: it classifies by generating, so all its tasks are SEQ_2_SEQ_LM."""

_OF_FAMILIES: Final[dict[Family, str]] = {
    "roberta": "SEQ_CLS",
    "bert": "SEQ_CLS",
    "t5": "SEQ_2_SEQ_LM",
    "llama": "CAUSAL_LM",
}
"""Family -> what a custom task is, unless somebody says it."""


def lora_config(settings: AptSettings, *, ranks: "Mapping[str, int] | None" = None, **extra: Any) -> "LoraConfig":
    """A peft.LoraConfig: rank initial_rank, alpha = scaling_factor x rank, on the architecture's adapter modules.

    `ranks` has the modules whose rank has grown, such as `{"roberta.encoder.layer.0.attention.self.query": 12}`; their
    scaling stays scaling_factor. `extra` goes to LoraConfig unchanged: `target_modules` where the model is of no known
    family, `task_type` where the task is none of the paper's (else it is that of the model's family, SEQ_CLS for an
    encoder).

    A SettingsWarning names a keyword that changes what is trained and is in no record, such as lora_dropout.

    Raises SettingsError for a keyword that the settings decide, that undoes one of them under another name, such as
    use_rslora, or that LoraConfig does not have; for a model whose modules nobody names, and if peft is missing.
    """
    with require("peft"):
        from peft import LoraConfig
    from_settings = keywords(settings, ranks=ranks, given=extra)
    refuse(extra, LoraConfig, from_settings)
    if problems := [*find_undoing(SimpleNamespace(**extra), LoraConfig, OF_ADAPTERS)]:
        raise SettingsError(problems)
    warn_of_changed(SimpleNamespace(**extra), LoraConfig, [name for name in ADAPTERS_NOT_RECORDED if name in extra])
    return LoraConfig(**from_settings, **extra)


def keywords(
    settings: AptSettings, *, ranks: "Mapping[str, int] | None" = None, given: "Container[str]" = ()
) -> dict[str, Any]:
    """The keywords that `lora_config` passes to LoraConfig, without those that are left to whoever has `given` them.

    lora_alpha is scaling_factor x initial_rank (Appendix A); in alpha_pattern it is scaling_factor x the grown rank.
    target_modules is a pattern that matches the architecture's adapter modules and no others.
    """
    architecture = _architecture(settings, is_needed="target_modules" not in given)
    grown_ranks, factor = ranks or {}, settings.scaling_factor
    task_type = None if settings.task not in TASK_TYPES and "task_type" in given else _task_type(settings, architecture)
    return {
        "r": settings.initial_rank,
        "lora_alpha": factor * settings.initial_rank,
        **({"target_modules": modules_pattern(architecture, settings.adapter_targets)} if architecture else {}),
        **({"task_type": task_type} if task_type else {}),
        "rank_pattern": {_literal(module): rank for module, rank in grown_ranks.items()},
        "alpha_pattern": {_literal(module): factor * rank for module, rank in grown_ranks.items()},
    }


def _architecture(settings: AptSettings, *, is_needed: bool) -> Architecture | None:
    """The model's architecture; None where it is not known. Raises SettingsError where it is needed."""
    try:
        return architecture_of(settings)
    except SettingsError as error:
        if not is_needed:
            return None
        wrong = f"is a model whose modules are not known ({error.problems[0]})"
    raise unusable(settings, "architecture", wrong, fix="name them: lora_config(settings, target_modules=[...])")


def _task_type(settings: AptSettings, architecture: Architecture | None) -> str | None:
    """The peft.TaskType; None for a custom task on a model that nobody knows."""
    if architecture and (architecture.is_t5 or isinstance(settings, CustomSettings)):
        return _OF_FAMILIES[architecture.family]
    return None if isinstance(settings, CustomSettings) else TASK_TYPES[model_of(type(settings))]


def modules_pattern(architecture: Architecture, targets: tuple[AdapterTarget, ...]) -> str:
    """A regular expression for the names of the modules that carry adapters, in any layer and below any wrapper."""
    names = (name for target in targets for name in architecture.adapter_modules[target])
    # A name such as `roberta.encoder...` begins with the base model's. In a model without a head, it does not.
    stems = (name.split(".", 1)[1] if not architecture.is_t5 else name for name in names)
    alternatives = "|".join(_literal(stem).replace(r"{i}", r"\d+") for stem in stems)
    return rf"(.*\.)?({alternatives})"


def _literal(text: str) -> str:
    return text.replace(".", r"\.")
