"""What every task's settings can do."""

import copy
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from apt_settings import (
    AptSettings,
    GlueBigSettings,
    PruningSettings,
    SettingsError,
    SquadSettings,
    TrainingSettings,
    load,
)


class MySettings(SquadSettings):
    """A user's own settings."""

    workers: Annotated[int, Field(ge=0)] = 4
    wandb_project: str | None = None


def test_a_class_stands_on_its_own(write_env: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A class reads environment, `.env` and keywords, with origins, as pydantic-settings' users know it."""
    write_env("APT_SEED=1\n")
    write_env("APT_SEED=2\n", "prod.env")
    monkeypatch.setenv("APT_EPOCHS", "30")

    assert str(SquadSettings().origin("seed")) == ".env:1"
    assert SquadSettings(_env_file="prod.env").seed == 2
    assert SquadSettings(_env_file=None).seed == 128
    assert str(SquadSettings(seed=3).origin("seed")) == "argument seed"
    assert str(SquadSettings().origin("epochs")) == "environment APT_EPOCHS"


@pytest.mark.parametrize("task", ["mnli", "imagenet", "alpaca"])
def test_a_class_has_its_own_task_whatever_apt_task_says(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """APT_TASK does not reach a class, not even a wrong one; a note says that it was not read."""
    monkeypatch.setenv("APT_TASK", task)
    settings = SquadSettings()

    assert (settings.task, settings.dataset) == ("squad", "squad_v2")
    assert tuple(map(str, settings.notes)) == (
        f"environment APT_TASK='{task}' is not read by SquadSettings, whose task is squad",
    )


def test_a_class_refuses_another_task_as_argument() -> None:
    """SquadSettings(task="alpaca") is a contradiction, not a choice."""
    with pytest.raises(SettingsError, match="argument task='alpaca' does not fit: must be squad"):
        SquadSettings(task="alpaca")


def test_a_class_says_nothing_of_its_own_task(monkeypatch: pytest.MonkeyPatch) -> None:
    """APT_TASK that names the class's task, in any spelling, needs no note."""
    monkeypatch.setenv("APT_TASK", "SQUAD")

    assert SquadSettings().notes == ()


class Taskless(AptSettings):
    """A subclass of the wrong class."""

    workers: int = 4


@pytest.mark.parametrize("wrong", [AptSettings, Taskless])
def test_the_base_has_no_task(wrong: type[AptSettings]) -> None:
    """AptSettings itself is nobody's settings, nor is a subclass that names no task."""
    for attempt in (wrong, lambda: wrong(task="squad"), lambda: load(settings_class=wrong)):
        with pytest.raises(TypeError, match=f"{wrong.__name__} has no task: call load"):
            attempt()


def test_settings_are_frozen_all_the_way_down() -> None:
    """No attribute can be set, and lists are tuples."""
    settings = load({})
    with pytest.raises(ValidationError):
        settings.epochs = 3
    with pytest.raises(TypeError):
        settings.origins["epochs"] = settings.origin("seed")

    assert isinstance(settings.prunable_blocks, tuple)
    assert hash(settings) == hash(load({}))


def test_equality_is_class_and_values() -> None:
    """Origins do not count; the class and every value do."""
    assert load({}) == load({"APT_SEED": "128"})
    assert load({}) == GlueBigSettings(seed=128)
    assert len({load({}), load({"APT_SEED": "128"}), load({"APT_SEED": "1"})}) == 2
    assert load({}) != load({"APT_SEED": "1"})

    class Same(GlueBigSettings):
        pass

    assert load({}) != Same()
    assert load({}) != "settings"


@pytest.mark.parametrize("name", ["_reading", "_env_file", "origins", "model_config", "_build_sources", "_env_prefix"])
def test_origins_and_options_cannot_be_forged_from_outside(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable named after an option of pydantic-settings, or after our private parts, is an unknown name."""
    monkeypatch.setenv(f"APT_{name.upper()}", "x")
    if name == "_env_file":  # APT__ENV_FILE
        name = "__env_file"
    with pytest.raises(SettingsError, match="is not a setting"):
        SquadSettings()


@pytest.mark.parametrize("name", ["_env_prefix", "origins", "_origins", "epocs"])
def test_unknown_arguments_are_refused(name: str) -> None:
    """A keyword that is no setting is told, pydantic-settings' own options included."""
    with pytest.raises(SettingsError, match=f"argument {name} is not a setting"):
        SquadSettings(**{name: "x"})


def test_an_unknown_name_has_no_origin() -> None:
    """Asking who set something that is no setting is an error that offers the nearest."""
    with pytest.raises(SettingsError, match="epocs is not a setting; did you mean epochs"):
        load({}).origin("epocs")


def test_a_copy_is_checked_and_traced() -> None:
    """model_copy(update=...) cannot smuggle a wrong value in, nor keep an origin that no longer holds."""
    settings = load({"APT_SEED": "1"})
    changed = settings.model_copy(update={"seed": 2, "target_sparsity": "0.5"})

    assert (changed.seed, changed.target_sparsity, settings.seed) == (2, 0.5, 1)
    assert str(changed.origin("seed")) == "argument seed"
    assert [each.location for each in changed.origin("seed").overridden] == ["environment APT_SEED", "class default"]
    assert settings == settings.model_copy() == copy.deepcopy(settings)
    with pytest.raises(SettingsError, match="argument distill_epochs=50 does not fit"):
        settings.model_copy(update={"distill_epochs": 50})
    with pytest.raises(SettingsError, match="argument epocs is not a setting"):
        settings.model_copy(update={"epocs": 50})


def test_a_subclass_adds_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's fields are read, checked, traced and known like ours, by themselves and through load()."""
    monkeypatch.setenv("APT_WORKERS", "8")
    settings = load(settings_class=MySettings)

    assert settings == MySettings()
    assert settings.workers == 8
    assert str(settings.origin("workers")) == "environment APT_WORKERS"
    with pytest.raises(SettingsError, match="APT_WORKERS='-1' is not allowed: must be a whole number, 0 <= x"):
        load({"APT_WORKERS": "-1"}, settings_class=MySettings)
    with pytest.raises(SettingsError, match="APT_WORKRES is not a setting; did you mean APT_WORKERS"):
        load({"APT_WORKRES": "1"}, settings_class=MySettings)


class Rich(SquadSettings):
    """A user's settings of many types."""

    ratio: float = 0.5
    project: str | None = "x"
    limit: int | None = 5
    tags: tuple[str, ...] = ()
    sizes: list[int] = [1]  # noqa: RUF012  pydantic copies it
    level: Literal[8, 16] = 8
    folder: Path = Path("x")
    made: list[int] = Field(default_factory=lambda: [1])
    window: int = 3

    @field_validator("window")
    @classmethod
    def odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError("windows are odd")
        return value

    @model_validator(mode="after")
    def narrow(self) -> "Rich":
        if self.window > 9:
            raise ValueError("the window is too wide")
        return self


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("project", "none", None),
        ("limit", "None", None),
        ("tags", "a,b", ("a", "b")),
        ("sizes", "1,2", [1, 2]),
        ("level", "16", 16),
        ("folder", "/a", Path("/a")),
        ("window", "5", 5),
    ],
)
def test_a_subclass_s_types_are_read_like_ours(name: str, text: str, value: object) -> None:
    """none, lists, literals and types of pydantic's own can be set from the environment."""
    settings = load({f"APT_{name.upper()}": text}, settings_class=Rich)

    assert value == getattr(settings, name)
    assert text == settings.origin(name).value
    assert settings.origin("made").value == [1]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("ratio", "nan", "APT_RATIO='nan' is not allowed: must be a number"),
        ("limit", "5.0", "APT_LIMIT='5.0' is not allowed: must be a whole number, or none; did you mean 5?"),
        ("level", "9", "APT_LEVEL='9' is not allowed: must be one of 8, 16"),
        (
            "sizes",
            "1,x",
            "APT_SIZES='1,x' is not allowed: must be a comma-separated list, or a JSON array, each a whole number",
        ),
        ("window", "4", "APT_WINDOW='4' is not allowed: windows are odd"),
        ("window", "11", "Rich the window is too wide"),
    ],
)
def test_a_subclass_s_own_words_are_told(name: str, text: str, message: str) -> None:
    """Validators of a subclass speak for themselves, whether of a field or of the whole."""
    with pytest.raises(SettingsError, match=re.escape(message)) as caught:
        load({f"APT_{name.upper()}": text}, settings_class=Rich)

    assert len(caught.value.problems) == 1


def test_an_alias_is_refused() -> None:
    """A field that wants another variable's name is told when its class is defined."""
    with pytest.raises(TypeError, match="Odd: apt-settings does not consult the alias of token"):
        type("Odd", (SquadSettings,), {"__annotations__": {"token": str}, "token": Field("", validation_alias="TOK")})


@pytest.mark.parametrize("value", [10**400, 10**5000, -(10**5000), Decimal("0.5"), 1j, b"1", object()], ids=type)
@pytest.mark.parametrize("name", ["epochs", "scaling_factor", "output_dir", "optimizer", "adapter_targets"])
def test_odd_python_values_are_refused_like_others(name: str, value: object) -> None:
    """No object makes anything but a SettingsError."""
    with pytest.raises(SettingsError, match=f"argument {name}="):
        load({}, **{name: value})


def test_a_subclass_may_require_a_setting() -> None:
    """A field without a default is told when nobody sets it."""

    class Strict(SquadSettings):
        project: str

    with pytest.raises(SettingsError, match="APT_PROJECT is not set and has no default"):
        Strict()
    assert Strict(project="x").project == "x"


@pytest.mark.parametrize("option", [{"env_prefix": "MY_"}, {"env_file": "my.env"}, {"case_sensitive": True}])
def test_options_that_would_be_passed_over_are_refused(option: SettingsConfigDict) -> None:
    """A subclass that sets an option which apt-settings does not consult is told when it is defined."""
    with pytest.raises(TypeError, match=f"Odd: apt-settings does not consult model_config {next(iter(option))}"):
        type("Odd", (SquadSettings,), {"model_config": option})


def test_a_component_asks_for_its_part_by_type() -> None:
    """Settings are instances of each group, and a group can be made on its own, for a test of the component."""
    assert isinstance(load({}), PruningSettings)
    assert isinstance(load({}), TrainingSettings)
    assert PruningSettings(target_sparsity=0.5).num_prunings == 10
    with pytest.raises(ValidationError):
        PruningSettings(target_sparsty=0.5)


def test_odd_names_of_a_subclass_are_guessed_at() -> None:
    """A field may end in an underscore, or have two in a row."""

    class Odd(SquadSettings):
        lambda_: float = 0.1
        a__b: int = 1

    with pytest.raises(SettingsError, match="did you mean APT_LAMBDA_"):
        load({"APT_LAMDA": "1"}, None, settings_class=Odd)
