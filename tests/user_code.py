"""What a user writes. Checked by mypy --strict and by pyright, and run by test_user_code.py."""

# pyright: strict

from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, assert_type

from pydantic import Field

from apt_settings import (
    ARCHITECTURES,
    GLUE_BIG_HPARAMS,
    AlpacaSettings,
    AptSettings,
    CustomSettings,
    GlueBigSettings,
    PruningSettings,
    SettingsError,
    SettingsGroup,
    SquadSettings,
    fingerprint,
    group,
    load,
    override,
    part,
    settings,
)


class MySettings(SquadSettings):
    """Settings of my own."""

    workers: Annotated[int, Field(ge=0)] = 4


class Gsm8kSettings(AlpacaSettings):
    """A task of my own."""

    datasets = ("gsm8k",)
    architectures = ("Qwen/Qwen2.5-0.5B",)

    task: str = "gsm8k"
    dataset: str = "gsm8k"
    train_examples: int | None = 7_473
    architecture: str = "Qwen/Qwen2.5-0.5B"
    epochs: int = 10
    answer_tokens: Annotated[int, Field(ge=1)] = 256


class TrainerSettings(SettingsGroup):
    """Settings of my trainer."""

    eval_every: Annotated[int, Field(ge=1)] = 500


@dataclass
class Arguments:
    """A class that was there already."""

    steps: int = 3


handle = group(Arguments, prefix="my")


def kept(pruning: PruningSettings) -> float:
    """A component that asks for its part."""
    return 1 - pruning.target_sparsity


assert_type(settings, AptSettings)
assert_type(settings.target_sparsity, float)
assert_type(settings.distill_epochs, int | None)
assert_type(settings.output_dir, str)
assert_type(str(settings.origin("epochs")), str)
assert_type(load(), AptSettings)
assert_type(load({"APT_SEED": "1"}, None, seed=2).seed, int)
assert_type(load(settings_class=MySettings), MySettings)
assert_type(load(settings_class=MySettings).workers, int)
assert_type(SquadSettings(_env_file=None, epochs=3), SquadSettings)
assert_type(Gsm8kSettings(_env_file=None, answer_tokens=3).answer_tokens, int)
assert_type(CustomSettings(_env_file=None, dataset="mine", architecture="gpt2").dataset, str)
assert_type(fingerprint(settings), str)
assert_type(kept(settings), float)
assert_type(ARCHITECTURES[settings.architecture].heads, int)

mine = load({}, None, extend=[TrainerSettings, handle], my_steps=5)
assert_type(part(mine, TrainerSettings), TrainerSettings)
assert_type(part(mine, handle), Arguments)
assert_type(part(mine, handle).steps, int)
if "eval_evry" in mine.origins:  # a misspelt name is an error for both checkers
    print(mine.eval_evry)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]

with override(seed=1) as changed:
    assert_type(changed.seed, int)

try:
    GlueBigSettings(epochs=0)
except SettingsError as error:
    assert_type(error.problems[0].variable, str)

print(GLUE_BIG_HPARAMS["epochs"], kept(settings))
with suppress(TypeError):  # settings are frozen, for both checkers too
    settings.epochs = 3  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
