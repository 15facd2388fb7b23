"""What the surface `extend` may name: classes that are settings, and what only looks like one."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, SecretStr, model_validator

from apt_settings import AlpacaSettings, SettingsGroup, group


class Trainer(SettingsGroup):
    """A class that was written for us."""

    eval_every: Annotated[int, Field(ge=1, description="Steps between evaluations.")] = 500
    token: SecretStr | None = None
    modes: tuple[Literal["train", "eval"], ...] = ("train",)

    @model_validator(mode="after")
    def _fits(self) -> "Trainer":
        if self.eval_every == 13:
            raise ValueError("13 is unlucky")
        return self


class Size(Enum):
    """Words that are no texts."""

    SMALL = "small"
    LARGE = "large"


@dataclass
class Data:
    """A dataclass that was there already."""

    path: str = "data"
    size: Size = Size.SMALL
    weights: dict[str, float] = field(default_factory=dict)
    epochs: int = 7


class Net(BaseModel):
    """A model in another."""

    width: int = 3


class Nested(BaseModel):
    """A pydantic model."""

    net: Net = Net()
    either: int | Literal["auto"] | None = None


class Gsm8k(AlpacaSettings):
    """A task."""

    datasets = ("gsm8k",)
    task: str = "gsm8k"
    dataset: str = "gsm8k"
    answer_tokens: Annotated[int, Field(ge=1)] = 256


class Clash(SettingsGroup):
    """The names of others, and a default that is not allowed."""

    eval_every: int = 1
    fit: bool = True
    unknown: str = ""
    epochs: int = -1


class Needs(BaseModel):
    """A field that no text can give."""

    anything: Any


def _inside() -> type:
    class Local(SettingsGroup):
        x: int = 1

    return Local


data = group(Data, prefix="data", secret=("path",))
wrong = group(Nested, prefix="n", leave_out=("net",), means={"either": "epochs"})
local = _inside()
number = 3
