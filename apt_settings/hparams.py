"""The hyperparameters as read-only dictionaries: the defaults of the classes. The environment does not change them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from .base import AptSettings
from .tasks import AlpacaSettings, CnnDmSettings, GlueBigSettings, GlueSmallSettings, SquadSettings


def _defaults(settings_class: type[AptSettings], *names: str) -> Mapping[str, Any]:
    return MappingProxyType({name: settings_class.model_fields[name].default for name in names})


def _table_6(settings_class: type[AptSettings]) -> Mapping[str, Any]:
    return _defaults(settings_class, "learning_rate", "batch_size", "epochs", "distill_epochs")


GLUE_SMALL_HPARAMS: Final = _table_6(GlueSmallSettings)
"""Table 6, GLUE-small: learning_rate, batch_size, epochs, distill_epochs."""
GLUE_BIG_HPARAMS: Final = _table_6(GlueBigSettings)
"""Table 6, GLUE-big."""
SQUAD_HPARAMS: Final = _table_6(SquadSettings)
"""Table 6, SQuAD."""
CNN_DM_HPARAMS: Final = _table_6(CnnDmSettings)
"""Table 6, CNN/DM."""
ALPACA_HPARAMS: Final = _table_6(AlpacaSettings)
"""Table 6, Alpaca: distill_epochs is None, because the paper does not distil LLaMA."""

APT_HPARAMS: Final = _defaults(
    GlueBigSettings, "target_sparsity", "initial_rank", "scaling_factor", "mask_decay_rate", "salience_momentum"
)
"""The settings of APT itself, for every task."""
OPTIMIZATION_HPARAMS: Final = _defaults(GlueBigSettings, "optimizer", "weight_decay", "max_grad_norm")
"""The settings of the optimizer, for every task."""
