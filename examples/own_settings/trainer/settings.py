"""The settings of this trainer, beside those of apt-settings."""

from enum import Enum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, SecretStr, model_validator

from apt_settings import WHERE_IT_RUNS, SettingsGroup


class Metric(Enum):
    """What decides which checkpoint is the best one."""

    ACCURACY = "accuracy"
    F1 = "f1"


class Loss(BaseModel):
    """The loss of the task."""

    smoothing: Annotated[float, Field(ge=0, lt=1, description="Label smoothing.")] = 0.0
    weights: Annotated[dict[str, float], Field(description="Label -> weight.")] = {}


class TrainerSettings(SettingsGroup):
    """What our trainer adds."""

    metric: Annotated[Metric, Field(description="What decides which checkpoint is the best one.")]
    eval_every: Annotated[int, Field(ge=1, description="Steps between evaluations.")] = 500
    save_every: Annotated[int | Literal["never"], Field(description="Steps between checkpoints, or never.")] = 500
    patience: Annotated[float | None, Field(gt=0, description="Epochs without progress; none: never stop.")] = None
    tags: Annotated[tuple[str, ...], Field(description="Words by which the run is found again.")] = ()
    data_dir: Annotated[Path, Field(description="Where datasets are kept."), WHERE_IT_RUNS] = Path("data")
    num_workers: Annotated[int, Field(ge=0, description="Processes that load data."), WHERE_IT_RUNS] = 4
    hub_token: Annotated[SecretStr | None, Field(description="Token of the model hub.")] = None
    loss: Loss = Loss()
    target_sparsity: float = 0.5

    @model_validator(mode="after")
    def _checkpoints_are_evaluated(self) -> Self:
        if self.save_every != "never" and self.save_every % self.eval_every:
            raise ValueError(f"save_every {self.save_every} is no multiple of eval_every {self.eval_every}")
        return self
