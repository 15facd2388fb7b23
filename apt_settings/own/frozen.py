"""How type checkers learn that settings are frozen."""

from typing import TYPE_CHECKING, dataclass_transform

from pydantic import BaseModel, Field, PrivateAttr

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass

    @dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(Field, PrivateAttr))
    class Frozen(ModelMetaclass):
        """Tells type checkers that `settings.epochs = 3` is an error, in classes of users too."""
else:
    Frozen = type(BaseModel)
