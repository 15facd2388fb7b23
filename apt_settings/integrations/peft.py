"""Adapters for PEFT."""

from typing import TYPE_CHECKING, Any, Final

from ..base import AptSettings
from ..facts.architectures import ARCHITECTURES, AdapterTarget, Architecture
from .extras import refuse_overrides, require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from peft import LoraConfig

TASK_TYPES: Final = {
    "glue_small": "SEQ_CLS",
    "glue_big": "SEQ_CLS",
    "squad": "QUESTION_ANS",
    "cnn_dm": "SEQ_2_SEQ_LM",
    "alpaca": "CAUSAL_LM",
}
"""Task -> peft.TaskType, but for T5: it classifies by generating, so all its tasks are SEQ_2_SEQ_LM."""


def lora_config(settings: AptSettings, *, ranks: "Mapping[str, int] | None" = None, **extra: Any) -> "LoraConfig":
    """A peft.LoraConfig: rank initial_rank, alpha = scaling_factor x rank, on the architecture's adapter modules.

    `ranks` has the modules whose rank has grown, such as `{"roberta.encoder.layer.0.attention.self.query": 12}`; their
    scaling stays scaling_factor. `extra` goes to LoraConfig unchanged. Raises SettingsError if `extra` has a keyword
    that the settings decide, and if peft is missing.
    """
    with require("peft"):
        from peft import LoraConfig
    from_settings = keywords(settings, ranks=ranks)
    refuse_overrides(from_settings, extra)
    return LoraConfig(**from_settings, **extra)


def keywords(settings: AptSettings, *, ranks: "Mapping[str, int] | None" = None) -> dict[str, Any]:
    """The keywords that `lora_config` passes to LoraConfig.

    lora_alpha is scaling_factor x initial_rank (Appendix A); in alpha_pattern it is scaling_factor x the grown rank.
    target_modules is a pattern that matches the architecture's adapter modules and no others.
    """
    architecture, factor = ARCHITECTURES[settings.architecture], settings.scaling_factor
    grown_ranks = ranks or {}
    return {
        "r": settings.initial_rank,
        "lora_alpha": factor * settings.initial_rank,
        "target_modules": modules_pattern(architecture, settings.adapter_targets),
        "task_type": "SEQ_2_SEQ_LM" if architecture.is_t5 else TASK_TYPES[settings.task],
        "rank_pattern": {_literal(module): rank for module, rank in grown_ranks.items()},
        "alpha_pattern": {_literal(module): factor * rank for module, rank in grown_ranks.items()},
    }


def modules_pattern(architecture: Architecture, targets: tuple[AdapterTarget, ...]) -> str:
    """A regular expression for the names of the modules that carry adapters, in any layer and below any wrapper."""
    names = (name for target in targets for name in architecture.adapter_modules[target])
    # A name such as `roberta.encoder...` begins with the base model's. In a model without a head, it does not.
    stems = (name.split(".", 1)[1] if not architecture.is_t5 else name for name in names)
    alternatives = "|".join(_literal(stem).replace(r"{i}", r"\d+") for stem in stems)
    return rf"(.*\.)?({alternatives})"


def _literal(text: str) -> str:
    return text.replace(".", r"\.")
