"""apt-settings: one place decides what an APT job runs with.

    from apt_settings import settings

    settings.target_sparsity                    # 0.6, or what APT_TARGET_SPARSITY or a `.env` says
    settings.origin("target_sparsity")          # who set it

Importing the package reads nothing; taking `settings` from it does, once, and raises SettingsError when it is wrong.
"""

from typing import TYPE_CHECKING, Any

from .base import AptSettings
from .basics.origins import Origin
from .basics.packages import version_of
from .errors import Note, Problem, SettingsError, SettingsWarning
from .facts.architectures import ADAPTER_RULES, ARCHITECTURES, PRUNABLE_BLOCKS, Architecture
from .fingerprint import fingerprint
from .hparams import (
    ALPACA_HPARAMS,
    APT_HPARAMS,
    CNN_DM_HPARAMS,
    GLUE_BIG_HPARAMS,
    GLUE_SMALL_HPARAMS,
    OPTIMIZATION_HPARAMS,
    SQUAD_HPARAMS,
)
from .loading import load
from .own.classes import WHERE_IT_RUNS, SettingsGroup, group
from .parts import part
from .registry.groups import (
    DataSettings,
    DistillationSettings,
    ModelSettings,
    OptimizationSettings,
    PruningSettings,
    TrainingSettings,
    TuningSettings,
)
from .singleton import extend, override, process_settings, reset
from .tasks import AlpacaSettings, CnnDmSettings, CustomSettings, GlueBigSettings, GlueSmallSettings, SquadSettings

if TYPE_CHECKING:
    settings: AptSettings
    __version__: str

__all__ = [
    "ADAPTER_RULES",
    "ALPACA_HPARAMS",
    "APT_HPARAMS",
    "ARCHITECTURES",
    "CNN_DM_HPARAMS",
    "GLUE_BIG_HPARAMS",
    "GLUE_SMALL_HPARAMS",
    "OPTIMIZATION_HPARAMS",
    "PRUNABLE_BLOCKS",
    "SQUAD_HPARAMS",
    "WHERE_IT_RUNS",
    "AlpacaSettings",
    "AptSettings",
    "Architecture",
    "CnnDmSettings",
    "CustomSettings",
    "DataSettings",
    "DistillationSettings",
    "GlueBigSettings",
    "GlueSmallSettings",
    "ModelSettings",
    "Note",
    "OptimizationSettings",
    "Origin",
    "Problem",
    "PruningSettings",
    "SettingsError",
    "SettingsGroup",
    "SettingsWarning",
    "SquadSettings",
    "TrainingSettings",
    "TuningSettings",
    "extend",
    "fingerprint",
    "group",
    "load",
    "override",
    "part",
    "reset",
    "settings",
]


def __getattr__(name: str) -> Any:
    if name == "settings":
        return process_settings()
    if name == "__version__":
        return version_of("apt-settings")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
