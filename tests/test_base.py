"""What every task's settings can do."""

import copy
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import CliApp, SettingsConfigDict

from apt_settings import (
    AptSettings,
    GlueBigSettings,
    OptimizationSettings,
    PruningSettings,
    SettingsError,
    SquadSettings,
    TrainingSettings,
    fingerprint,
    load,
    part,
)
from apt_settings.base import settings_of
from apt_settings.registry import Unset
from apt_settings.runs.running import job_environment
from apt_settings.runs.store import record_of
from apt_settings.variables import variables


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
    with pytest.raises(TypeError, match=r"epochs cannot be set: call load\(epochs=...\), settings.model_copy"):
        settings.epochs = 3  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(TypeError):
        settings.origins["epochs"] = settings.origin("seed")  # type: ignore[index]

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
        SquadSettings(**{name: "x"})  # type: ignore[arg-type]


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
def test_odd_python_values_are_refused_like_others(name: str, value: Any) -> None:
    """No object makes anything but a SettingsError."""
    with pytest.raises(SettingsError, match=f"argument {name}="):
        load({}, **{name: value})


def test_a_subclass_may_require_a_setting() -> None:
    """A field without a default is told when nobody sets it."""

    class Strict(SquadSettings):
        project: str

    with pytest.raises(SettingsError, match="APT_PROJECT is not set and has no default"):
        Strict()  # type: ignore[call-arg]
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
        PruningSettings(target_sparsty=0.5)  # type: ignore[call-arg]


def test_odd_names_of_a_subclass_are_guessed_at() -> None:
    """A field may end in an underscore, or have two in a row."""

    class Odd(SquadSettings):
        lambda_: float = 0.1
        a__b: int = 1

    with pytest.raises(SettingsError, match="did you mean APT_LAMBDA_"):
        load({"APT_LAMDA": "1"}, None, settings_class=Odd)


def test_a_restated_default_keeps_our_rules() -> None:
    """Range and meaning are ours, the default is the class's."""

    class Mine(SquadSettings):
        target_sparsity: float = 0.5

    assert Mine().target_sparsity == 0.5
    assert settings_of(Mine())["target_sparsity"].meaning
    for value in ("7", "nan"):
        with pytest.raises(SettingsError, match="must be a number, 0 <= x < 1"):
            load({"APT_TARGET_SPARSITY": value}, settings_class=Mine)


def test_a_default_made_from_other_settings_has_an_origin() -> None:
    """A factory that takes what is set before it."""

    class Mine(SquadSettings):
        warm: int = Field(default_factory=lambda values: values["epochs"] // 2)

    settings = load({"APT_EPOCHS": "30"}, settings_class=Mine)

    assert (settings.warm, str(settings.origin("warm"))) == (15, "class default")
    assert settings.origins["warm"].value is Unset.DERIVED
    assert load({"APT_WARM": "3"}, settings_class=Mine).warm == 3


@pytest.mark.parametrize(
    ("annotation", "text", "message"),
    [
        (int | Literal["auto"], "1_000", "must be a whole number or one of auto"),
        (int | float | None, "nan", "must be a whole number or a number, or none"),
        (int | float | None, "1e400", "must be a whole number or a number, or none"),
        (list[str] | None, '["a",', ""),
        (dict[str, int], '{"a": 1, "b": 1.5}', "must be a JSON object"),
    ],
)
def test_exactness_holds_inside_other_types(annotation: Any, text: str, message: str) -> None:
    """A union, a dict and a list are as exact as a number."""
    kind = type(
        "Mine",
        (SquadSettings,),
        {"__annotations__": {"own": annotation}, "own": Field(default=None), "__module__": __name__},
    )
    with pytest.raises(SettingsError, match=f"APT_OWN=.* is not allowed.*{message}"):
        load({"APT_OWN": text}, settings_class=kind)


def test_a_list_may_be_json() -> None:
    """Where commas would part its items."""

    class Mine(SquadSettings):
        tags: list[str] = []  # noqa: RUF012  pydantic copies it

    assert load({"APT_TAGS": '["a,b", "c"]'}, settings_class=Mine).tags == ["a,b", "c"]
    assert hash(load({"APT_TAGS": "a"}, settings_class=Mine))


class Net(BaseModel):
    """A nested model."""

    lin_1: int = 1


def test_a_nested_model_is_json_and_exact() -> None:
    """A misspelt key is refused and not dropped, from a text and from Python."""

    class Mine(SquadSettings):
        net: Net = Net()

    assert load({"APT_NET": '{"lin_1": 5}'}, settings_class=Mine).net == Net(lin_1=5)
    for wrong in ('{"lin_2": 5}', {"lin_2": 5}):
        with pytest.raises(SettingsError, match=r"net=.* is not allowed: must be a JSON object"):
            load({}, settings_class=Mine, net=wrong)


def test_a_secret_of_a_subclass_is_never_shown() -> None:
    """Not in an error, nor in an origin, a record or a job's variables."""

    class Mine(SquadSettings):
        token: SecretStr = SecretStr("")

    settings = load({"APT_TOKEN": "geheim"}, settings_class=Mine)
    with pytest.raises(SettingsError) as caught:
        load({"APT_TOKEN": " geheim "}, settings_class=Mine)

    assert settings.token.get_secret_value() == "geheim"
    assert "geheim" not in repr(settings) + repr(settings.origins) + settings.origin("token").raw + str(caught.value)
    assert "geheim" not in str(record_of(settings)) + str(variables(settings))
    assert job_environment({}, settings)["APT_TOKEN"] == "geheim"  # noqa: S105


@pytest.mark.parametrize("name", ["notes", "directory", "controls", "origin", "env_files"])
def test_a_field_that_would_lose_its_value_is_refused(name: str) -> None:
    """Every settings object has these names already."""
    with (
        pytest.raises(TypeError, match=f"does not consult {name} as a setting"),
        pytest.warns(UserWarning, match="shadows"),
    ):
        type("Mine", (SquadSettings,), {"__annotations__": {name: str}, name: "x", "__module__": __name__})


ANY_CLASS: Any = SquadSettings


@pytest.mark.parametrize(
    ("use", "instead"),
    [
        (lambda: SquadSettings.settings_cached(), "take settings from apt_settings, or call load()"),
        (lambda: SquadSettings.settings_clear_cache(), "call apt_settings.reset()"),
        (lambda: ANY_CLASS(_cli_parse_args=["x"]), "does not consult _cli_parse_args; for a command line"),
        (lambda: CliApp.run(SquadSettings, cli_args=["--epochs=3"]), "for a command line: apt-settings run"),
        (lambda: ANY_CLASS(_secrets_dir="/x"), "does not consult _secrets_dir; for a secret in a file"),
    ],
)  # fmt: skip
def test_other_ways_of_pydantic_settings_say_what_to_use(use: Callable[[], object], instead: str) -> None:
    """In words of what the user wants, not of internals."""
    with pytest.raises(TypeError, match=re.escape(instead)):
        use()


@pytest.mark.parametrize(
    ("wrongly", "message"),
    [
        (lambda: SquadSettings().copy(update={"epochs": 0}), "call model_copy"),
        (lambda: SquadSettings.model_construct(epochs=0), "call SquadSettings"),
        (lambda: load({}, settings_class=int), "settings_class is a class below AptSettings, and not <class 'int'>"),  # type: ignore[type-var]
        (lambda: load({}, settings_class="squad"), "settings_class is a class below AptSettings, and not 'squad'"),  # type: ignore[call-overload]
        (lambda: fingerprint(TrainingSettings), "settings are what load() gives, and not TrainingSettings"),  # type: ignore[arg-type]
        (lambda: fingerprint(OptimizationSettings()), "what load() gives, and not OptimizationSettings"),  # type: ignore[arg-type]
        (lambda: fingerprint(SquadSettings), "settings are what load() gives, and not SquadSettings"),  # type: ignore[arg-type]
        (lambda: part(OptimizationSettings(), OptimizationSettings), "and not OptimizationSettings"),  # type: ignore[arg-type]
        (lambda: part(load({}, None), OptimizationSettings()), "part(settings, OptimizationSettings) takes a class or"),  # type: ignore[arg-type]
    ],
)
def test_no_way_round_the_rules(wrongly: Any, message: str) -> None:
    """What pydantic offers besides would make settings that no rule saw; what is no class or object of ours is said."""
    with pytest.raises(TypeError, match=re.escape(message)):
        wrongly()


@pytest.mark.parametrize("word", ["mnli", "glue_big", "x"])
def test_a_class_that_is_chosen_has_one_task(word: str) -> None:
    """No other word is offered."""
    with pytest.raises(SettingsError, match=r"must be squad, the only task of SquadSettings$"):
        load({}, None, settings_class=SquadSettings, task=word)


def test_a_name_that_is_no_text_is_no_setting() -> None:
    """`settings.origin(3)` is an error like any other."""
    with pytest.raises(SettingsError, match="3 is not a setting"):
        load({}).origin(3)  # type: ignore[arg-type]


def test_nothing_can_be_added() -> None:
    """An attribute that is no setting is refused by pydantic, a setting by us, with what to call."""
    settings = SquadSettings(_env_file=None)
    with pytest.raises(ValidationError, match="frozen"):
        settings.unknown = 3  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(TypeError, match=r"settings are frozen, and epochs cannot be set: call load\(epochs=...\)"):
        settings.epochs = 3  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
