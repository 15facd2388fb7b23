"""What a user writes. Checked by mypy --strict and by pyright, and run by test_user_code.py."""

# pyright: strict

from typing import Annotated, assert_type

from pydantic import Field

from apt_settings import (
    ARCHITECTURES,
    GLUE_BIG_HPARAMS,
    AptSettings,
    GlueBigSettings,
    PruningSettings,
    SettingsError,
    SquadSettings,
    fingerprint,
    load,
    override,
    settings,
)


class MySettings(SquadSettings):
    """Settings of my own."""

    workers: Annotated[int, Field(ge=0)] = 4


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
assert_type(fingerprint(settings), str)
assert_type(kept(settings), float)
assert_type(ARCHITECTURES[settings.architecture].heads, int)

with override(seed=1) as changed:
    assert_type(changed.seed, int)

try:
    GlueBigSettings(epochs=0)
except SettingsError as error:
    assert_type(error.problems[0].variable, str)

print(GLUE_BIG_HPARAMS["epochs"], kept(settings))
