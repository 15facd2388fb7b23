"""Adapters for PEFT."""

from typing import TYPE_CHECKING, Any, Final

from ..base import AptSettings
from ..facts.architectures import ARCHITECTURES, AdapterTarget, Architecture
from .extras import needed, refuse_decided

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
"""Task -> peft.TaskType. T5 classifies by generating, so its GLUE tasks are SEQ_2_SEQ_LM too."""


def lora_config(settings: AptSettings, *, ranks: "Mapping[str, int] | None" = None, **extra: Any) -> "LoraConfig":
    """A peft.LoraConfig: rank initial_rank, alpha = scaling_factor x rank, on the architecture's adapter modules.

    `ranks` are grown ranks, module -> rank, such as `{"roberta.encoder.layer.0.attention.self.query": 12}`; their
    scaling stays scaling_factor. `extra` goes to LoraConfig as it is. Raises SettingsError for what the
    settings decide in `extra`, and where peft is missing.
    """
    with needed("peft"):
        from peft import LoraConfig
    decided = keywords(settings, ranks=ranks)
    refuse_decided(decided, extra)
    return LoraConfig(**decided, **extra)


def keywords(settings: AptSettings, *, ranks: "Mapping[str, int] | None" = None) -> dict[str, Any]:
    """What `lora_config` hands to LoraConfig.

    lora_alpha is scaling_factor x initial_rank (Appendix A), and in alpha_pattern scaling_factor x each grown rank.
    target_modules is a pattern that matches the modules of the architecture and no others.
    """
    architecture = ARCHITECTURES[settings.architecture]
    grown, factor = dict(ranks or {}), settings.scaling_factor
    return {
        "r": settings.initial_rank,
        "lora_alpha": factor * settings.initial_rank,
        "target_modules": modules_pattern(architecture, settings.adapter_targets),
        "task_type": "SEQ_2_SEQ_LM" if architecture.is_t5 else TASK_TYPES[settings.task],
        "rank_pattern": {_literal(module): rank for module, rank in grown.items()},
        "alpha_pattern": {_literal(module): factor * rank for module, rank in grown.items()},
    }


def modules_pattern(architecture: Architecture, targets: tuple[AdapterTarget, ...]) -> str:
    """A pattern of the modules that carry adapters, in any layer and below any wrapper."""
    names = (name for target in targets for name in architecture.adapter_modules[target])
    # The names begin with that of the base model, which a model without a head does not have.
    stems = (name.split(".", 1)[1] if not architecture.is_t5 else name for name in names)
    alternatives = "|".join(_literal(stem).replace(r"{i}", r"\d+") for stem in stems)
    return rf"(.*\.)?({alternatives})"


def _literal(text: str) -> str:
    return text.replace(".", r"\.")
