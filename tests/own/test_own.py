"""A project's own settings: what can be named, how its fields are read, what is refused, and what is never shown."""

import dataclasses
import json
import math
import pickle
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import InitVar, dataclass, field, fields
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, NewType, Self, TypeVar
from uuid import UUID

import click
import pytest
from click.shell_completion import ShellComplete
from grids import checker, grid
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    DirectoryPath,
    Field,
    FilePath,
    SecretStr,
    create_model,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings
from support import ROOT, started

import apt_settings
from apt_settings import (
    WHERE_IT_RUNS,
    AptSettings,
    SettingsError,
    SettingsGroup,
    SquadSettings,
    fingerprint,
    group,
    load,
    override,
    part,
)
from apt_settings.base import json_values, settings_of, values_of
from apt_settings.cli import commands, main
from apt_settings.fingerprint import counted
from apt_settings.integrations.trackers import tracked
from apt_settings.own import Group, Place, definition_of, leaves_of
from apt_settings.own.leaves import fields_of
from apt_settings.registry import Registry, Setting, extend_process, in_force
from apt_settings.registry.naming import with_groups
from apt_settings.report.display import as_html
from apt_settings.report.schema import json_schema
from apt_settings.runs.running import job_environment
from apt_settings.runs.store import record_of
from apt_settings.values import allowed
from apt_settings.variables import as_env_file, as_shell, variables

if TYPE_CHECKING:
    from collections.abc import Sequence as OnlyForCheckers

T = TypeVar("T")
CANARY = "geheim-canary-42"


class Colour(Enum):
    """Has texts and numbers as values."""

    RED = "red"
    SEVEN = 7


Count = NewType("Count", int)


class Loss(BaseModel):
    """A nested model."""

    smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    weights: dict[str, float] = {}


@dataclass
class Net:
    """A nested dataclass."""

    lin1_size: int = 32
    lin2_size: int = 16


class Trainer(SettingsGroup):
    """All kinds of settings."""

    eval_every: Annotated[int, Field(ge=1, description="Steps between evaluations.")] = 500
    """Not this: the description counts."""
    save_every: int | Literal["auto"] = "auto"
    colour: Colour = Colour.RED
    folder: Path = Path("data")
    tags: list[str] = Field(default_factory=list)
    sizes: tuple[int, float] = (1, 0.5)
    either: int | float | None = None
    table: dict[str, int] = Field(default_factory=dict)
    loss: Loss = Loss(smoothing=0.25)
    maybe: Net | None = None
    nets: list[Net] = Field(default_factory=list)
    threads: Annotated[int, WHERE_IT_RUNS] = 4
    name: Annotated[str, Field(pattern="^a+$")] = "aa"
    limit: Annotated[int, Field(ge=3)] | None = None
    levels: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1)] = Field(default_factory=lambda: [1])
    count: Count = Count(3)
    hub_token: SecretStr | None = None
    doubled: int = Field(default_factory=lambda values: values["eval_every"] * 2)

    @field_validator("folder")
    @classmethod
    def _is_no_root(cls, value: Path) -> Path:
        if value == Path("/"):
            raise ValueError("the root is no folder for data")
        return value

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if self.eval_every == 13:
            raise ValueError("13 brings no luck")
        return self


class Restated(SettingsGroup):
    """A project's default for a setting of ours."""

    target_sparsity: float = 0.5
    distill_epochs: int | None = 100


class Required(SettingsGroup):
    """One that somebody must set."""

    metric: str


@dataclass
class Arguments:
    """A class that was not written for us."""

    learning_rate: float = 1.0
    num_train_epochs: int = 3
    batch_size: int = 4
    max_length: int = 512
    net: Net = field(default_factory=lambda: Net(1, 2))
    hub_token: str = "off"  # noqa: S105
    hooks: Callable[[], None] | None = None
    types: "OnlyForCheckers[int] | None" = None
    start: InitVar[int] = 0
    derived: int = field(init=False, default=0)
    _private: int = 0

    def __post_init__(self, start: int) -> None:
        self.derived = self.max_length * 2
        self.num_train_epochs += start


trl = group(
    Arguments,
    prefix="trl",
    means={"num_train_epochs": "epochs"},
    apart=("batch_size",),
    where_it_runs=("max_length",),
    leave_out=("types",),
)


@pytest.fixture(autouse=True)
def clean_process() -> Iterator[None]:
    """No group stays in the process."""
    yield
    extend_process(Registry())


def given(kind: Any, environ: Mapping[str, str] | None = None, **arguments: Any) -> Any:
    """Settings with a group beside them, whose attributes no type checker knows."""
    return load(environ or {}, None, extend=[kind], **arguments)


# What can be named, and what cannot.


@dataclass
class Loop:
    """Holds one of its own kind."""

    name: str = "x"
    next: "Loop | None" = None


@dataclass
class Of(Generic[T]):
    """A generic class."""

    count: int = 1
    value: T | None = None


@dataclass
class Below(Arguments):
    """A dataclass below another, with a field by keyword alone."""

    extra: int = field(default=7, kw_only=True)


class Model(BaseModel):
    """A pydantic model as it is."""

    size: int = Field(default=1, alias="Size")


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (Loop, ["name", "next"]),
        (Of, ["count"]),
        (Model, ["size"]),
        (Required, ["metric"]),
        (Below, ["num_train_epochs", "max_length", "net.lin1_size", "net.lin2_size", "hub_token", "extra"]),
        (trl, ["trl_batch_size", "trl_max_length", "trl_net.lin1_size", "trl_net.lin2_size", "trl_hub_token"]),
    ],
)
def test_fields_that_init_takes_are_settings(kind: Any, names: list[str]) -> None:
    """Not InitVar, `init=False`, private ones, types without a text form, and those that have our name or meaning."""
    assert names == list(group_settings([kind]))


def test_a_type_is_what_the_class_states() -> None:
    """A parser of transformers that was made of the class before has put other types into its fields."""

    @dataclass
    class Arguments:
        debug: str | list[str] = ""

    (debug,) = fields(Arguments)
    debug.type = list[str]

    assert fields_of(Arguments)["debug"].annotation == str | list[str]


def local_class() -> type:
    class Inside(SettingsGroup):
        x: int = 1

    return Inside


class Attrs:
    """What attrs makes looks like this."""

    __attrs_attrs__ = ()


class Config(SettingsGroup):
    """Takes a name of Debian's apt."""

    config: str = "x"


class Control(SettingsGroup):
    """Takes the name of a control."""

    unknown: str = "x"


class Keyword(SettingsGroup):
    """Takes a keyword of load."""

    record: str = "x"


class Fit(SettingsGroup):
    """Takes a keyword of override."""

    fit: str = "x"


@dataclass
class Twice:
    """Two fields, one variable."""

    LR: float = 0.1
    lr: float = 0.1


class WrongDefault(SettingsGroup):
    """A default for a setting of ours that we refuse."""

    target_sparsity: float = 7


class OutOfRange(SettingsGroup):
    """A default that its own type refuses."""

    eval_every: Annotated[int, Field(ge=1)] = 0


class NoChoice(SettingsGroup):
    """A default that is none of the choices."""

    kind: Literal["a", "b"] = "c"  # type: ignore[assignment]


class NoPattern(SettingsGroup):
    """A default that pydantic alone has words for."""

    name: Annotated[str, Field(pattern="^a+$")] = "b"


class BeyondItself(SettingsGroup):
    """A default for a setting of ours, beyond the group's own range."""

    batch_size: Annotated[int, Field(le=8)] = 16


@dataclass
class NoNumber:
    """A default of another type."""

    steps: int = "x"  # type: ignore[assignment]


@dataclass
class InANet:
    """A default of a nested object."""

    net: Net = field(default_factory=lambda: Net("x"))  # type: ignore[arg-type]


class MadeOutOfRange(SettingsGroup):
    """A factory makes what its type refuses."""

    eval_every: Annotated[int, Field(ge=1)] = Field(default_factory=int)


class DerivedOutOfRange(SettingsGroup):
    """One made from others."""

    every: int = 0
    eval_every: Annotated[int, Field(ge=1)] = Field(default_factory=lambda values: values["every"])


class JudgedByPydantic(SettingsGroup):
    """Pydantic itself is told to judge it."""

    eval_every: Annotated[int, Field(ge=1, validate_default=True)] = 0


def no_variable(name: str) -> Any:
    fields: Any = {name: (int, 3)}
    return create_model("NoVariable", __base__=SettingsGroup, __module__=__name__, **fields)


class OtherTask(SettingsGroup):
    """A default for what a job says itself."""

    task: str = "squad"


@dataclass
class NeedsStart:
    """Cannot be made without what is no setting."""

    start: InitVar[int]
    size: int = 1


class Reads(BaseSettings):
    """Reads the environment itself."""


@dataclass
class NeedsHook:
    """Cannot be made without what nothing can set."""

    hook: Callable[[], None]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (local_class(), "is a class inside a function: move it to its module"),
        (Attrs, "is a class of attrs: make it a dataclass"),
        (Reads, "reads its settings itself: make it a SettingsGroup, or a task below one of ours"),
        (SquadSettings, "is a task, and its name is squad; give it one of its own"),
        (int, "is neither a SettingsGroup, nor a dataclass, nor a pydantic model"),
        (Loss(), "is a Loss, and no class or handle"),
        (Config, "a field config, and APT_CONFIG is a variable of another tool; give it another name"),
        (Control, "a field unknown, and APT_UNKNOWN says how settings are read"),
        (Keyword, "a field record, which is a keyword of load"),
        (Fit, "a field fit, which is a keyword of override; give it another name, or give the group a prefix"),
        (
            no_variable("größe"),
            "a field größe, and no variable can be called APT_GRÖSSE; give it one of at most",
        ),
        (no_variable("x" * 77), "and no variable can be called APT_X{77}; give it one of at most 76"),
        (Twice, "has the fields LR and lr, and APT_LR would be both"),
        (WrongDefault, "gives target_sparsity the default 7.*must be a number, 0 <= x < 1"),
        (
            OutOfRange,
            r"argument extend \S+OutOfRange gives eval_every the default 0, and it must be a whole number, 1 <= x",
        ),
        (NoChoice, "gives kind the default 'c', and it must be one of a, b"),
        (NoPattern, "gives name the default 'b', and it is not allowed: String should match pattern"),
        (BeyondItself, "gives batch_size the default 16, and it must be a whole number, x <= 8"),
        (
            NoNumber,
            r"steps the default 'x', .* a whole number; mend it, or leave it out: group\(NoNumber, leave_out",
        ),
        (InANet, "gives net.lin1_size the default 'x', and it must be a whole number"),
        (MadeOutOfRange, "MadeOutOfRange gives eval_every the default 0, and it must be a whole number, 1 <= x"),
        (DerivedOutOfRange, "DerivedOutOfRange gives eval_every the default 0, and it must be a whole number, 1 <= x"),
        (JudgedByPydantic, "JudgedByPydantic gives eval_every a default, and it must be a whole number, 1 <= x"),
        (OtherTask, "gives task a default, and a job says itself which job it is"),
        (NeedsHook, "needs hook, and its type has no text form; give it a default"),
        (NeedsStart, "needs start, which is no setting; give it a default"),
        ("os:path", "names os:path, which is a module"),
        ("json:no_such", "names json:no_such, and json has no no_such"),
        (f"{__name__}:Argument", "has no Argument; did you mean Arguments"),
        ("no_such_module:X", "names the module no_such_module, which is neither on sys.path nor in /"),
        ("nonsense", "is not allowed: must be MODULE:NAME, such as trainer.settings:TrainerSettings"),
    ],
)
def test_what_cannot_be_used_is_refused_where_it_is_named(kind: Any, message: str) -> None:
    """One sentence, with what to write."""
    with pytest.raises(SettingsError, match=message) as caught:
        given(kind)
    assert "Traceback" not in str(caught.value)


@dataclass
class Fragile:
    """Cannot be made here."""

    width: int = 1

    def __post_init__(self) -> None:
        raise KeyError("no device")


class Unusual(SettingsGroup):
    """Defaults that no text can stand for, that a validator would refuse, and that are made for this machine."""

    separator: str = "\n"
    most: float = math.inf
    scale: float = 1
    parts: tuple[Fragile, ...] = ({"width": 3},)  # type: ignore[assignment]
    folder: DirectoryPath = Path("no/such")
    maybe: DirectoryPath | None = Path("no/such")
    shards: tuple[FilePath, ...] = (Path("no/such"),)
    odd: Annotated[int, AfterValidator(lambda value: value // (value - 2))] = 2
    even: Annotated[int, Field(ge=1)] = Field(default_factory=lambda: 2)


class Given(BaseModel):
    """All defaults are judged by pydantic, after a validator of the class."""

    model_config = ConfigDict(validate_default=True)
    steps: int = "1k"  # type: ignore[assignment]

    @field_validator("steps", mode="before")
    @classmethod
    def _in_thousands(cls, value: object) -> object:
        return int(value[:-1]) * 1000 if isinstance(value, str) else value


@pytest.mark.parametrize("kind", [Unusual, Given])
def test_a_default_is_judged_by_type_and_range_alone(kind: Any) -> None:
    """No validator runs for it, and it need not have a text form."""
    settings = given(kind)

    assert part(settings, kind) == kind()


one = group(Arguments, secret=())
other = group(Below, secret=(), means={"num_train_epochs": "epochs"})


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (int, {}, "is neither a SettingsGroup, nor a dataclass"),
        (Arguments, {"prefix": "a b"}, "prefix='a b' is not a name"),
        *(
            (Arguments, {word: "net"}, rf"{word}='net' is a text, and not names: write {word}=\('net',\)")
            for word in ("apart", "secret", "where_it_runs", "leave_out")
        ),
    ],
)
def test_a_wrong_handle_is_refused_where_it_is_written(kind: Any, options: dict[str, Any], message: str) -> None:
    """By the program that writes it."""
    with pytest.raises(TypeError, match=message):
        group(kind, **options)


def test_a_handle_needs_a_name() -> None:
    """Other processes find it by that."""
    with pytest.raises(SettingsError, match="has a handle that stands in no module: give it a name in one"):
        load({}, None, extend=[group(Arguments)])


def test_two_groups_with_one_name_are_refused() -> None:
    """Both are named."""
    with pytest.raises(SettingsError) as caught:
        load({}, None, extend=[one, other])
    (problem,) = caught.value.problems

    assert re.search(r":other has the fields max_length, net.lin1_size, .*, and so has \S+:one; give it", str(problem))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"means": {"nope": "epochs"}}, "has no field nope, which means names"),
        ({"means": {"max_length": "nope"}}, "max_length means nope, which is no setting of ours"),
        ({"secret": ["nope"]}, "has no field nope, which secret names"),
        ({"leave_out": ["max_lenght"]}, "has no field max_lenght, which leave_out names; did you mean max_length"),
        ({"apart": ["batch_size"]}, "says that batch_size is not ours, and APT_BATCH_SIZE is; give the group a prefix"),
    ],
)
def test_a_handle_is_held_to_its_class(options: dict[str, Any], message: str) -> None:
    """A misspelt field in it is no silent nothing."""
    with pytest.raises(SettingsError, match=message):
        given(dataclasses.replace(group(Arguments, **options), name="here:x"))


# How values are read, kept and given back.

VALUES = [
    ("eval_every", "100", 100),
    ("save_every", "7", 7),
    ("save_every", "auto", "auto"),
    ("colour", "7", Colour.SEVEN),
    ("folder", "/a b/c", Path("/a b/c")),
    ("tags", "a,b", ["a", "b"]),
    ("tags", '["a,b", "", "[x"]', ["a,b", "", "[x"]),
    ("sizes", "3,0.25", (3, 0.25)),
    ("either", "3", 3),
    ("either", "0.5", 0.5),
    ("either", "none", None),
    ("table", '{"a": 1}', {"a": 1}),
    ("loss.smoothing", "0.5", 0.5),
    ("loss.weights", '{"é": 0.5}', {"é": 0.5}),
    ("maybe", '{"lin1_size": 3}', Net(3)),
    ("nets", '[{"lin1_size": 3}, {}]', [Net(3), Net()]),
    ("threads", "9", 9),
    ("limit", "3", 3),
    ("levels", "2,3", [2, 3]),
    ("count", "5", 5),
]


@pytest.mark.parametrize(("name", "text", "value"), VALUES)
def test_every_type_has_one_text_form_that_reads_back(
    name: str, text: str, value: Any, write_env: Callable[..., Path], tmp_path: Path
) -> None:
    """Through a variable, a `.env`, a shell, a record and a job's text, the value is the same."""
    variable = "APT_" + name.upper().replace(".", "__")
    settings = given(Trainer, {variable: text})
    texts = variables(settings)
    env_file = write_env(as_env_file(texts), "again.env")
    shell = subprocess.run(["sh", "-c", f"{as_shell(texts)}env -0"], capture_output=True, text=True, check=True).stdout
    (tmp_path / "run.json").write_text(apt_settings.runs.store.as_json(record_of(settings)))
    again = [
        load(texts, None, extend=[Trainer]),
        load({}, env_file, extend=[Trainer]),
        load(dict(line.partition("=")[::2] for line in shell.split("\0") if line), None, extend=[Trainer]),
        load({}, record=tmp_path, extend=[Trainer]),
        load({}, None, extend=[Trainer], **{name: value}),
    ]

    assert values_of(settings)[name] == value
    assert type(values_of(settings)[name]) is type(value)
    assert again == [settings] * len(again)
    assert {fingerprint(each) for each in again} == {fingerprint(settings)}
    assert hash(settings) == hash(again[0])


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "eval_every",
            "1_000",
            "APT_EVAL_EVERY='1_000' is not allowed: must be a whole number, 1 <= x; did you mean 1000?",
        ),
        ("save_every", " 5 ", "must be a whole number or one of auto"),
        ("either", "nan", "must be a whole number or a number, or none"),
        ("either", "1e400", "must be a whole number or a number"),
        ("colour", "blue", "must be one of red, 7"),
        ("sizes", "1", "must be 2 values joined by commas"),
        ("table", '{"a": 1.5}', "must be a JSON object"),
        ("table", '{"a": NaN}', "must be a JSON object"),
        ("table", '{"a": 1, "a": 2}', "must be a JSON object; 'a' stands twice in it"),
        ("maybe", '{"lin_2": 5}', "must be a JSON object, or none"),
        ("loss__smoothing", "1", "APT_LOSS__SMOOTHING='1' is not allowed: must be a number, 0 <= x < 1"),
        ("folder", "/", "APT_FOLDER='/' is not allowed: the root is no folder for data"),
        ("eval_every", "13", r":Trainer 13 brings no luck"),
        ("eval_evry", "1", "APT_EVAL_EVRY is not a setting; did you mean APT_EVAL_EVERY"),
        ("loss", "1", "APT_LOSS is not a setting; its fields are settings: loss.smoothing loss.weights"),
        ("name", "b", r"APT_NAME='b' is not allowed: String should match pattern '\^a\+\$'"),
        ("limit", "2", "APT_LIMIT='2' is not allowed: must be a whole number, 3 <= x, or none"),
        ("levels", "0,7", "must be a comma-separated list, or a JSON array, each a whole number, 1 <= x"),
        ("levels", "[]", "List should have at least 1 item"),
    ],
)
def test_what_a_group_refuses_is_one_line_like_ours(name: str, text: str, message: str) -> None:
    """Exact in unions too, with what is allowed."""
    with pytest.raises(SettingsError, match=message) as caught:
        given(Trainer, {f"APT_{name.upper()}": text})
    assert len(caught.value.problems) == 1


def test_a_part_is_the_class_itself() -> None:
    """A new object each time, of the class, with its methods; and what settings keep is not read back from it."""
    settings = given(trl, {"APT_TRL_NET__LIN1_SIZE": "9"}, epochs=30, trl_max_length=64)
    one, other = part(settings, trl), part(settings, Arguments)
    one.max_length = 1

    assert isinstance(one, Arguments)
    assert (other.max_length, other.derived, other.num_train_epochs) == (64, 128, 30)
    assert (other.learning_rate, other.batch_size) == (settings.learning_rate, 4)
    assert other.net == Net(9, 2)
    assert other.hub_token == "off"  # noqa: S105
    assert values_of(settings)["trl_max_length"] == 64


def test_lists_and_dicts_are_frozen() -> None:
    """Nobody changes settings through a part or an attribute."""
    settings = given(Trainer, tags=["a"], table={"a": 1})
    before = hash(settings)
    part(settings, Trainer).tags.append("b")
    settings.tags.append("c")

    assert (settings.tags, hash(settings)) == (["a"], before)


def test_a_default_made_from_other_settings_says_so() -> None:
    """It follows what it is made from, unless it is set."""
    assert given(Trainer, eval_every=100).doubled == 200
    assert given(Trainer, eval_every=100, doubled=3).doubled == 3
    assert str(given(Trainer).origin("doubled")) == "class default"
    assert part(given(Trainer, eval_every=100), Trainer).doubled == 200


def test_settings_stay_what_they_are() -> None:
    """The class is the task's; equality, copies and pickles have the group's values, on every way to a process."""
    settings = given(Trainer, {"APT_TASK": "squad"}, eval_every=7)

    assert type(settings) is SquadSettings
    assert "eval_every" not in settings.model_dump()
    assert settings == pickle.loads(pickle.dumps(settings)) == settings.model_copy()  # noqa: S301  it is ours
    assert settings != settings.model_copy(update={"eval_every": 8})
    with pytest.raises(AttributeError):
        getattr(settings, "eval_" + "evry")
    with pytest.raises(SettingsError, match=r"is no group of these settings; export APT_EXTEND=\S+:Arguments"):
        part(settings, Arguments)


def token_of(settings: AptSettings) -> str:
    token = part(settings, Trainer).hub_token
    return token.get_secret_value() if token else ""


def eval_every_of(settings: AptSettings) -> int:
    return part(settings, Trainer).eval_every


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_have_the_part(method: str) -> None:
    """However a worker is started."""
    with get_context(method).Pool(1) as pool:
        assert pool.apply(eval_every_of, (given(Trainer, eval_every=7),)) == 7


# Ours, required, derived.


@pytest.mark.filterwarnings("ignore::apt_settings.SettingsWarning")
def test_a_projects_default_stands_between_the_release_and_ours(write_env: Callable[..., Path]) -> None:
    """argument > environment > `.env` > release > project's default > ours; a misfit of it is a note."""
    file = write_env("APT_TARGET_SPARSITY=0.3\n")
    settings = given(Restated)

    assert (settings.target_sparsity, str(settings.origin("target_sparsity"))) == (0.5, "Restated default")
    assert [str(each) for each in settings.origin("target_sparsity").overridden] == ["class default"]
    assert load({}, file, extend=[Restated]).target_sparsity == 0.3
    assert given(Restated, reference="release", task="squad").origin("target_sparsity").kind == "release"
    assert any("distill_epochs stays 100 (Restated default)" in str(note) for note in settings.notes)
    assert part(settings, Restated).target_sparsity == 0.5
    assert part(given(Restated, target_sparsity=0.2), Restated).target_sparsity == 0.2
    with pytest.raises(SettingsError, match="must be a number, 0 <= x < 1"):
        given(Restated, target_sparsity=7)


@dataclass
class Narrow:
    """Its batch_size is no number."""

    batch_size: Literal["small", "large"] = "small"


def test_a_name_of_ours_that_means_something_else_is_refused() -> None:
    """Where the class does not take our value, with what to write."""
    with pytest.raises(
        SettingsError, match="Narrow batch_size stands for our batch_size, and does not take 32"
    ) as caught:
        given(Narrow)
    assert "apart=" in str(caught.value)


class Smaller(SettingsGroup):
    """Takes less than we do of our settings, and makes one of its own from them."""

    batch_size: Annotated[int, Field(le=8)] = 4
    max_steps: int = 1000
    lr_scheduler: Literal["linear", "cosine"] = "linear"
    epochs: int = 40
    halved: int = Field(default_factory=lambda values: values["batch_size"] // 2)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "batch_size",
            "16",
            r"and does not take 16 \(environment APT_BATCH_SIZE\): must be .* x <= 8; say",
        ),
        (
            "max_steps",
            "none",
            r"and does not take none \(environment APT_MAX_STEPS\): must be a whole number;",
        ),
        ("lr_scheduler", "constant", r"does not take constant \(.*\): must be one of linear, cosine; say apart"),
    ],
)
def test_what_a_class_takes_of_ours_counts_and_is_told(
    name: str, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the error, with who set the value, and by `explain`."""
    with pytest.raises(SettingsError, match=message):
        given(Smaller, {f"APT_{name.upper()}": text})
    with in_force(with_groups([Smaller], Place("test"))):
        main(["explain", name])
        main(["explain", "epochs"])
    narrowed = [line.split()[:3] for line in capsys.readouterr().out.splitlines() if "Smaller takes" in line]

    assert narrowed == [["note", f"{__name__}:Smaller", "takes"]]


def test_the_paper_is_not_judged_by_a_class(capsys: pytest.CaptureFixture[str]) -> None:
    """`show` and `diff` ask what the paper has, which nobody uses here."""
    with in_force(with_groups([Smaller], Place("test"))):
        statuses = [main(words) for words in (["show"], ["diff", "paper", "now"], ["diff", "now", "release"])]
    out, err = capsys.readouterr()

    assert (statuses, err) == ([0, 1, 1], "")
    assert re.search(r"batch_size +32 \(paper, Table 6\) +4 \(Smaller default\)", out)
    assert re.search(r"halved +made from other settings \(class default\) +2 \(class default\)", out)


def test_another_name_for_ours_answers_with_ours() -> None:
    """APT_NUM_TRAIN_EPOCHS says what it is."""
    with pytest.raises(SettingsError, match="APT_NUM_TRAIN_EPOCHS is not a setting; that is APT_EPOCHS"):
        given(trl, {"APT_NUM_TRAIN_EPOCHS": "3"})
    with pytest.raises(SettingsError, match="APT_TRL_NUM_TRAIN_EPOCHS is not a setting; that is APT_EPOCHS"):
        given(trl, {"APT_TRL_NUM_TRAIN_EPOCHS": "3"})
    with pytest.raises(SettingsError, match=r"APT_TRL_HOOKS is not a setting; its type .* has no text form"):
        given(trl, {"APT_TRL_HOOKS": "3"})
    with pytest.raises(SettingsError, match="it is a field of Arguments, and no argument of the class sets it"):
        given(trl, {"APT_TRL_DERIVED": "3"})
    with pytest.raises(SettingsError, match="it is a field of Arguments, and leave_out names it"):
        given(trl, {"APT_TRL_TYPES": "3"})


class Limited(BaseModel):
    """Refuses what its fields would take."""

    size: int = 1

    @model_validator(mode="after")
    def _is_small(self) -> Self:
        if self.size > 9:
            raise ValueError("too large")
        return self


def test_what_a_class_refuses_is_one_line() -> None:
    """Whatever kind of class it is, and without the values that pydantic would repeat."""
    with pytest.raises(SettingsError, match=r"Limited refuses these values: Value error, too large$"):
        part(given(Limited, size=77), Limited)


def test_a_class_that_cannot_be_shared_is_no_group() -> None:
    """A class of the program that has no name in APT_EXTEND, asked for by another."""
    settings = given(Trainer)
    with pytest.raises(SettingsError, match="is no group of these settings"):
        part(settings, one)


@dataclass
class Tokens:
    """Secrets with and without a default."""

    api_key: str
    """The key."""
    auth_token: str | None = None
    db_password: str = field(default_factory=str)
    plain: int = 0


def test_secrets_may_have_any_default() -> None:
    """A text, none, a factory, or nothing at all."""
    settings = given(Tokens, {"APT_API_KEY": CANARY, "APT_DB_PASSWORD": ""})
    made = part(settings, Tokens)

    assert (made.api_key, made.auth_token, made.db_password) == (CANARY, None, "")
    assert group_settings([Tokens])["plain"].meaning == ""
    assert group_settings([Tokens])["api_key"].meaning == "The key."


@pytest.mark.parametrize(
    ("names", "is_secret"),
    [
        ("token hub_token session_token password db_passwd passphrase client_secret credentials apikey", True),
        ("api_key aws_secret_access_key private_key wandb_key account_key WANDB_KEY", True),
        ("pad_token eos_token bos_token unk_token sep_token cls_token mask_token decoder_start_token", False),
        ("sort_key text_key max_tokens tokenizer secretary", False),
    ],
)
def test_a_plain_text_is_secret_by_its_name(names: str, is_secret: bool) -> None:
    """In a class of others; the words of a tokenizer are none, and they are recorded like any text."""
    kind = dataclasses.make_dataclass("Texts", [(name, str, "x") for name in names.split()])

    assert {is_secret} == {leaf.secret for leaf in leaves_of(Group(kind))}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"{CANARY} ", "ends with a space or a line break"),
        (f"{CANARY}\n", "ends with a space or a line break"),
        (f"\t{CANARY}", "begins with a space or a line break"),
        (f"{CANARY}\n{CANARY}", "has a line break, or a character that cannot be printed"),
        (CANARY * 1000, "has more than 4096 characters"),
    ],
)
def test_a_secret_that_is_no_line_is_told_why(text: str, why: str) -> None:
    """In words, as its value is never shown."""
    with pytest.raises(SettingsError, match=rf"APT_HUB_TOKEN='\*+' is not allowed: the secret {why}$") as caught:
        given(Trainer, {"APT_HUB_TOKEN": text})
    assert CANARY not in str(caught.value)


def test_a_secret_on_a_command_line_is_told_and_not_recorded(module: str, tmp_path: Path) -> None:
    """As a value of --set, behind its flag, after = and as a word of its own."""
    set_here = started("check", "--extend", module, "--set", f"hub_token={CANARY}")
    words = ["--hub-token", CANARY, f"--hub_token={CANARY}", "word", f"--other={CANARY}", CANARY, "--hub-token"]
    ran = started("run", "--extend", module, "--record", "runs", "--", "true", *words, APT_HUB_TOKEN=CANARY)
    (record,) = tmp_path.glob("runs/*/run.json")
    stars = "*" * 10

    assert "note: --set hub_token shows a secret in ps and the shell's history: set APT_HUB_TOKEN" in set_here.stdout
    assert "note: --hub-token shows a secret in ps: set APT_HUB_TOKEN, or APT_HUB_TOKEN_FILE to a file" in ran.stderr
    assert json.loads(record.read_text())["runs"][0]["command"] == [
        *("true", "--hub-token", stars, f"--hub_token={stars}", "word", f"--other={stars}", stars, "--hub-token")
    ]


def leaking() -> str:
    return CANARY


@dataclass
class Leaking:
    """Its secret comes from elsewhere."""

    auth_token: str = field(default_factory=leaking)


def test_a_secret_that_a_default_brings_in_is_hidden_too() -> None:
    """It is a secret of the class, whoever made it."""
    settings = given(Leaking)

    assert CANARY not in repr(values_of(settings)) + repr(group_settings([Leaking])["auth_token"].default)
    assert CANARY not in str(record_of(settings)) + str(settings.origins)
    assert part(settings, Leaking).auth_token == CANARY


@dataclass
class Lying:
    """Says Net, and has none."""

    net: Net = None  # type: ignore[assignment]
    size: int = None  # type: ignore[assignment]


def test_a_default_may_be_no_value_of_its_type() -> None:
    """As many dataclasses have it: it is kept, and the field is set as a whole."""
    settings = given(Lying)

    assert part(settings, Lying) == Lying()
    assert part(given(Lying, {"APT_NET": '{"lin1_size": 5}', "APT_SIZE": "3"}), Lying) == Lying(Net(5), 3)
    assert load(variables(settings), None, extend=[Lying]) == settings


def failing() -> int:
    raise KeyError("HOME_OF_DATA")


@dataclass
class Failing:
    """Cannot make its default."""

    size: int = field(default_factory=failing)


MISSING: Any = "???"


@dataclass
class Layer:
    """A part of a structured config."""

    width: int = MISSING
    depth: int = 2


@dataclass
class Structured:
    """A structured config of Hydra."""

    data: str = MISSING
    layer: Layer = field(default_factory=Layer)


def test_what_hydra_calls_missing_is_required() -> None:
    """In nested configs too."""
    with pytest.raises(SettingsError) as caught:
        given(Structured)

    assert [each.variable for each in caught.value.problems] == ["APT_DATA", "APT_LAYER__WIDTH"]
    assert part(given(Structured, {"APT_LAYER__WIDTH": "3"}, data="x"), Structured) == Structured("x", Layer(3, 2))


class Moments(SettingsGroup):
    """Types that pydantic reads."""

    every: timedelta = timedelta(hours=1)
    day: date = date(2024, 5, 1)
    moment: datetime = datetime(2024, 5, 1, tzinfo=UTC)
    hour: time = time(10)
    price: Decimal = Decimal(1)
    id: UUID = UUID(int=0)


def test_every_type_says_what_it_takes() -> None:
    """`explain` has a line for it."""
    assert all(allowed(each.field) for each in group_settings([Moments]).values())


def test_json_has_no_citation_for_a_setting_of_a_project(capsys: pytest.CaptureFixture[str]) -> None:
    """It is null, and no text."""
    with in_force(with_groups([Required], Place("test"))):
        main(["show", "--format", "json"])

    assert json.loads(capsys.readouterr().out)["settings"]["metric"]["citation"] is None


class Crashing(SettingsGroup):
    """Its validator fails otherwise than by a ValueError."""

    size: int = 1

    @model_validator(mode="after")
    def _crashes(self) -> Self:
        raise KeyError("no such thing")


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Failing, "failing makes no default: KeyError: 'HOME_OF_DATA'"),
        (Crashing, "Crashing KeyError: 'no such thing'"),
    ],
)
def test_code_of_a_class_that_fails_is_one_line(kind: Any, message: str) -> None:
    """Never a traceback."""
    with pytest.raises(SettingsError, match=message):
        given(kind)


class Aliased(SettingsGroup):
    """A field that JSON has under another name."""

    size: int = Field(default=1, alias="Size")


def test_an_alias_of_a_group_is_for_others() -> None:
    """The setting has the field's name."""
    assert part(given(Aliased, {"APT_SIZE": "3"}), Aliased).size == 3


def group_settings(named: Any) -> Mapping[str, Setting]:
    settings = with_groups(named, Place("test")).settings_of(AptSettings)
    return {name: each for name, each in settings.items() if each.group}


def test_a_class_without_source_is_its_own_place() -> None:
    """Where there is no file to name."""
    code = "from dataclasses import dataclass\n@dataclass\nclass Made:\n    x: int = 1\n"
    names: dict[str, Any] = {"__name__": "made_up"}
    exec(code, names)  # noqa: S102

    definition = group_settings([Arguments])["max_length"].definition
    assert definition.endswith(f"test_own.py:{line_of('max_length: int = 512')}")
    assert definition_of(names["Made"], ("x",)) == "made_up:Made"


def line_of(text: str) -> int:
    lines = Path(__file__).read_text().splitlines()
    return next(number for number, line in enumerate(lines, start=1) if line.strip().startswith(text))


# Secrets.


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A module in the working directory with all kinds of settings, and its name for APT_EXTEND."""
    code = '''
from typing import Annotated
from dataclasses import dataclass, field
from pydantic import Field, SecretStr
from apt_settings import SettingsGroup, group

class Secrets(SettingsGroup):
    eval_every: Annotated[int, Field(ge=1, description="Steps between evaluations.")] = 500
    hub_token: Annotated[SecretStr | None, Field(description="Token of the hub.")] = None

@dataclass
class Log:
    api_key: str = "x"
    log_every: int = field(default=10, metadata={"help": "Steps between two lines."})
    """Not this."""
    level: str = "info"
    """How much
    is logged."""

@dataclass
class Checked:
    size: int = 1
    def __post_init__(self):
        if self.size == 13:
            raise RuntimeError("13 brings no luck")

checked = group(Checked, check=True)

class Required(SettingsGroup):
    metric: str
'''
    (tmp_path / "mine.py").write_text(code)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("APT_TASK", "squad")
    yield "mine:Secrets,mine:Log"
    sys.modules.pop("mine", None)


COMMANDS = [
    ("show",),
    ("show", "--format", "json"),
    ("show", "--format", "env"),
    ("explain", "hub_token"),
    ("explain", "api_key"),
    ("check",),
    ("check", "job.sh"),
    ("check", "--format", "json", "job.sh"),
    ("env",),
    ("env", "--format", "dotenv"),
    ("env", "--example"),
    ("schema",),
    ("diff", "paper", "now"),
    ("diff", "now", "other.env"),
    ("plan",),
    ("plan", "--format", "json"),
    ("release-args",),
    ("sweep", "--grid", "seed=1..3"),
    ("sweep", "--grid", "seed=1..3", "--index", "1", "--format", "env"),
    ("job", "slurm", "--", "true"),
    ("job", "slurm", "--grid", "seed=1..3", "--", "true"),
    ("job", "kubernetes", "--image", "x", "--full", "--", "true"),
    ("job", "docker", "--image", "x", "--", "true"),
    ("run", "--record", "runs", "--", "true"),
    ("runs", "--all", "--origins"),
    ("runs", "--format", "json"),
    ("runs", "--html", "page.html", "--full"),
    ("show", "--from", "runs"),
    ("show", "--set", "eval_every=0"),
    ("check", "--set", f"hub_token= {CANARY}"),
    ("show", "--set", f"hub_token={CANARY}", "--set", f"api_key={CANARY}"),
]


WITH_SECRETS = f'''
from dataclasses import dataclass, field
from typing import Annotated
from pydantic import BaseModel, Field, Secret, SecretBytes, SecretStr
from apt_settings import AlpacaSettings, SettingsGroup

class Hub(BaseModel):
    key: SecretStr = "{CANARY}"

class Odd(BaseModel):
    key: SecretStr = Field(default="{CANARY}", alias="hubKey")
    pin: Secret[int] = 7001

@dataclass
class OddData:
    odd: Odd = field(default_factory=Odd)
    code: SecretStr = "{CANARY}"

class Token(SecretStr):
    pass

class Kinds(SettingsGroup):
    text: SecretStr = "{CANARY}"
    marked: Annotated[SecretStr, Field(min_length=3)] = "{CANARY}"
    optional: SecretStr | None = "{CANARY}"
    either: int | SecretStr = "{CANARY}"
    number: SecretStr | int = 7001
    several: list[SecretStr] = ["{CANARY}"]
    named: dict[str, SecretStr] = {{"a": "{CANARY}"}}
    made: SecretStr = Field(default_factory=lambda: "{CANARY}")
    follows: SecretStr = Field(default_factory=lambda values: values["text"])
    hub: Hub = Hub()
    another_hub: Hub | None = Hub()
    hubs: list[Hub] = [Hub()]

class AsItIs(BaseModel):
    plain_text: SecretStr = "{CANARY}"
    plain_hubs: dict[str, Hub] = {{"a": Hub()}}

@dataclass
class Data:
    data_text: SecretStr = "{CANARY}"
    data_hub: Hub = field(default_factory=Hub)

class Refused(SettingsGroup):
    key: Annotated[SecretStr, Field(min_length=99)] = "{CANARY}"

class RefusedAsItIs(BaseModel):
    key: Annotated[SecretStr, Field(min_length=99)] = "{CANARY}"

class Task(AlpacaSettings):
    datasets, architectures = ("mine",), ("gpt2",)
    task: str = "mine"
    dataset: str = "mine"
    architecture: str = "gpt2"
    task_text: SecretStr = "{CANARY}"
    task_bytes: SecretBytes = b"{CANARY}"
    task_kind: Token = "{CANARY}"
    task_secret: Secret[str] = "{CANARY}"
    task_hub: Hub | None = Hub()
    task_odd: Odd | None = Odd()
    task_data: OddData | None = OddData()

class Below(Task):
    task: str = "below"
    datasets = ("below",)
    dataset: str = "below"
    task_text: SecretStr = "{CANARY}-2"
'''
CLASSES = ("Kinds", "AsItIs", "Data", "Task", "Below")


@pytest.fixture
def with_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A module in the working directory, all of whose classes have secrets with defaults."""
    (tmp_path / "with_secrets.py").write_text(WITH_SECRETS)
    monkeypatch.syspath_prepend(tmp_path)
    yield import_module("with_secrets")
    sys.modules.pop("with_secrets")


def told_at_every_door(capfd: Any) -> str:
    """What all commands print, and what they write."""
    told = []
    secrets = [("explain", name) for name, setting in settings_of(load()).items() if setting.secret]
    for argv in (*COMMANDS, *secrets):
        if argv[-2:] == ("--from", "runs"):
            argv = ("show", "--from", str(next(Path("runs").iterdir())))
        with suppress(SystemExit):  # how a recorded run ends
            main(argv)
        told += capfd.readouterr()
    return "".join((*told, *(path.read_text() for path in (*Path("runs").glob("*/run.json"), Path("page.html")))))


def test_no_command_shows_a_secret(module: str, monkeypatch: pytest.MonkeyPatch, capfd: Any, tmp_path: Path) -> None:
    """Not in its output, its errors, its records, nor the files that it writes."""
    (tmp_path / "job.sh").write_text(f"export APT_HUB_TOKEN={CANARY} APT_EVAL_EVERY=0\ntrue\n")
    (tmp_path / "other.env").write_text(f"APT_API_KEY={CANARY}-2\n")
    for name, value in {"APT_EXTEND": module, "APT_HUB_TOKEN": CANARY, "APT_API_KEY": CANARY}.items():
        monkeypatch.setenv(name, value)
    told = told_at_every_door(capfd)

    assert CANARY not in told
    assert '"secret": true' in told
    assert "hub_token is secret and is not written: the job needs APT_HUB_TOKEN" in told


@pytest.mark.parametrize("task", ["squad", "mine", "below"])
def test_a_default_of_a_secret_is_hidden_whatever_it_is(
    task: str, with_secrets: Any, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    """What the type calls a secret is one at every door: plain texts, lists, and objects that have one somewhere."""
    monkeypatch.setenv("APT_TASK", task)
    monkeypatch.setenv("APT_EXTEND", ",".join(f"{with_secrets.__name__}:{each}" for each in CLASSES))
    told, settings = told_at_every_door(capfd), load()
    secrets = {name for name, setting in settings_of(settings).items() if setting.secret}
    objects = [settings, settings.origins, tracked(settings), counted(settings), json_values(settings)]

    assert secrets >= {"text", "several", "hub.key", "another_hub", "plain_hubs", "data_text"}
    assert task == "squad" or secrets >= {"task_text", "task_bytes", "task_hub"}
    assert [each for each in (CANARY, "7001") if each in f"{told}{objects}{settings}{as_html(settings)}"] == []


def test_a_secret_of_any_type_is_read_and_handed_on(with_secrets: Any) -> None:
    """The class gets values of its types, defaults too; the command gets the texts, and nothing tells them."""
    kinds = with_secrets.Kinds
    plain = part(load({}, None, extend=[kinds]), kinds)
    texts = {
        "APT_SEVERAL": f"{CANARY},b",
        "APT_NAMED": json.dumps({"a": CANARY}),
        "APT_ANOTHER_HUB": json.dumps({"key": CANARY}),
        "APT_EITHER": "7001",
        "APT_OPTIONAL": "none",
    }
    settings = load(texts, None, extend=[kinds])
    given = part(settings, kinds)

    assert (plain.text, plain.follows, plain.several) == (SecretStr(CANARY), SecretStr(CANARY), [SecretStr(CANARY)])
    assert (given.several, given.named) == ([SecretStr(CANARY), SecretStr("b")], {"a": SecretStr(CANARY)})
    assert (given.another_hub.key, given.either, given.optional) == (SecretStr(CANARY), 7001, None)
    assert texts.items() <= job_environment({}, settings).items()
    assert variables(settings).keys().isdisjoint(texts)


@pytest.mark.parametrize(
    "wrong",
    [
        {"several": [CANARY, 3]},
        {"named": {CANARY: [1]}},
        {"either": [CANARY]},
        {"another_hub": {"key": CANARY, "x": 1}},
    ],
)
def test_what_is_refused_of_a_secret_is_not_told(wrong: dict[str, Any], with_secrets: Any) -> None:
    """Neither the value of an argument that is no text, nor one that it overrules."""
    kinds = with_secrets.Kinds
    with pytest.raises(SettingsError, match=r"argument \w+='\*+' is not allowed") as caught:
        load({"APT_SEVERAL": CANARY}, None, extend=[kinds], **wrong)

    assert CANARY not in str(caught.value) + repr(caught.value.problems)


@pytest.mark.parametrize("kind", ["Refused", "RefusedAsItIs"])
def test_a_default_of_a_secret_that_is_refused_is_not_told(kind: str, with_secrets: Any) -> None:
    """What it must be is told."""
    with pytest.raises(SettingsError, match="gives key a default, and it is not allowed: Value should have") as caught:
        load({}, None, extend=[getattr(with_secrets, kind)])

    assert CANARY not in str(caught.value)


@dataclass
class Pins:
    """What its handle calls secret is no text."""

    pin: int = 7001
    names: list[str] = field(default_factory=lambda: [CANARY])
    net: Net = field(default_factory=Net)


secret_pins = group(Pins, secret=("pin", "names", "net"))


def test_a_handle_may_call_any_field_secret() -> None:
    """It keeps its type."""
    settings = load({"APT_PIN": "7002"}, None, extend=[secret_pins])

    assert [each for each in ("7001", "7002", CANARY) if each in f"{settings}{settings.origins}"] == []
    assert part(settings, secret_pins) == Pins(7002)
    assert [name for name, setting in group_settings([Pins]).items() if setting.secret] == []


def test_no_object_shows_a_secret() -> None:
    """repr, origins, problems, fingerprints, what ranks compare; the value is there for the command and the part."""
    settings = given(Trainer, {"APT_HUB_TOKEN": CANARY})
    other = given(Trainer, {"APT_HUB_TOKEN": "another"})
    origin = settings.origin("hub_token")

    assert CANARY not in repr(settings) + repr(origin) + origin.raw + str(settings.origins) + repr(
        settings.model_dump()
    )
    assert CANARY not in json.dumps(counted(settings)) + str(record_of(settings)) + str(variables(settings))
    assert fingerprint(settings) == fingerprint(other)
    assert job_environment({}, settings)["APT_HUB_TOKEN"] == CANARY
    assert token_of(settings) == CANARY
    with pytest.raises(SettingsError) as caught:
        given(Trainer, {"APT_HUB_TOKEN": f" {CANARY} "})
    assert CANARY not in str(caught.value) + repr(caught.value.problems)


def test_a_secret_is_read_from_a_file(tmp_path: Path) -> None:
    """As Docker and Kubernetes mount it; two at once, and a file that is not there, are refused."""
    (tmp_path / "hub").write_text(f"{CANARY}\n")
    environ = {"APT_HUB_TOKEN_FILE": str(tmp_path / "hub")}
    settings = given(Trainer, environ)

    assert token_of(settings) == CANARY
    assert str(settings.origin("hub_token")) == "environment APT_HUB_TOKEN_FILE"
    handed = job_environment(environ, settings)
    assert "APT_HUB_TOKEN" not in handed
    assert handed["APT_HUB_TOKEN_FILE"] == environ["APT_HUB_TOKEN_FILE"]
    with pytest.raises(SettingsError, match="it is the same secret"):
        given(Trainer, {**environ, "APT_HUB_TOKEN": "x"})
    with pytest.raises(SettingsError, match="APT_HUB_TOKEN_FILE='/no/such' names a file that cannot be read: No such"):
        given(Trainer, {"APT_HUB_TOKEN_FILE": "/no/such"})


# Naming.


def test_env_hands_on_what_names_the_settings(module: str) -> None:
    """A shell exports it; a `.env` cannot have it, and a note says so, as it does of secrets."""
    shell = started("env", "--extend", module, APT_HUB_TOKEN=CANARY)
    dotenv = started("env", "--extend", module, "--format", "dotenv")

    assert f"export APT_EXTEND={module}\n" in shell.stdout
    assert "note: hub_token is secret and is not written: the job needs APT_HUB_TOKEN" in shell.stderr
    assert "APT_EXTEND" not in dotenv.stdout
    assert f"note: APT_EXTEND={module} cannot stand in a .env: export it beside this one" in dotenv.stderr


def test_a_module_of_the_working_directory_is_found(module: str) -> None:
    """By every command, and by the program that run starts; what it prints stays out of what a shell evaluates."""
    with Path("mine.py").open("a") as code:
        code.write("print('hello from the module')\n")
    Path("train.py").write_text(
        "from apt_settings import part, settings\nfrom mine import Secrets\n"
        "print(part(settings, Secrets).eval_every, part(settings, Secrets).hub_token.get_secret_value())\n"
    )
    ran = started("run", "--extend", module, "--", sys.executable, "train.py", APT_EVAL_EVERY="7", APT_HUB_TOKEN=CANARY)
    env = started("env", APT_EXTEND=module)
    wrong = started("env", APT_EXTEND="nope:X")

    assert ran.stdout.splitlines()[-1] == f"7 {CANARY}"
    assert "hello" not in env.stdout
    assert "hello" in env.stderr
    assert (wrong.stdout, wrong.returncode) == ("(exit 78)\n", 78)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            "x = 1 / 0\n",
            r"broken, which fails when it is imported: ZeroDivisionError: division by zero \(.*broken.py:1\)",
        ),
        ("import no_such_thing\n", "fails when it is imported: ModuleNotFoundError: No module named 'no_such_thing'"),
        ("raise SystemExit(3)\n", "fails when it is imported: SystemExit: 3"),
        ("from apt_settings import settings\n", "asks for the settings while it is imported; take settings from"),
        ("def x(:\n", "fails when it is imported: SyntaxError"),
    ],
)
def test_a_module_that_fails_is_told_in_one_line(code: str, message: str, monkeypatch: Any, tmp_path: Path) -> None:
    """Its error's type, text and place; never a traceback."""
    (tmp_path / "broken.py").write_text(code)
    monkeypatch.setenv("APT_EXTEND", "broken:X")
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(SettingsError, match=message) as caught:
        load()
    sys.modules.pop("broken", None)
    assert len(str(caught.value).splitlines()) == 2


def test_the_working_directory_is_not_left_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is appended last, and only where the module was found in it."""
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each])
    with pytest.raises(SettingsError):
        load({"APT_EXTEND": "nope:X"}, None)
    assert str(tmp_path) not in sys.path


@pytest.mark.usefixtures("module")
def test_no_file_names_code(write_env: Callable[..., Path], capfd: Any) -> None:
    """Not a `.env`, not a spec, not a record: nothing is imported."""
    text = "APT_EXTEND=mine:Secrets\n"
    write_env(text)
    with pytest.raises(SettingsError, match=r"APT_EXTEND cannot stand in a \.env: it names code to import"):
        load({})
    Path("job.sh").write_text(f"export {text}export APT_EVAL_EVERY=0 APT_EPOCHS=ten\ntrue\n")
    assert main(["check", "job.sh"]) == 1
    out, err = capfd.readouterr()

    assert "APT_EPOCHS='ten' is not allowed" in out
    assert "EVAL_EVERY" not in out
    assert "the names of mine:Secrets are not judged: --extend mine:Secrets" in err
    assert "mine" not in sys.modules


def test_a_spec_is_judged_by_the_groups_that_the_caller_named(module: str) -> None:
    """What it says itself does not count."""
    Path("job.sh").write_text("export APT_EXTEND=mine:Secrets APT_EVAL_EVERY=0\ntrue\n")
    done = started("check", "--extend", module, "job.sh")

    assert "job.sh:1: APT_EVAL_EVERY='0' is not allowed: must be a whole number, 1 <= x" in done.stdout


def test_a_module_that_is_half_imported_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the settings that are to be made with it: the program imports it first."""
    (tmp_path / "halfway.py").write_text("from apt_settings import settings\n")
    monkeypatch.setenv("APT_EXTEND", "halfway:X")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SettingsError, match="names halfway, which asks for the settings while it is imported"):
        import_module("halfway")
    assert "halfway" not in sys.modules


def test_a_program_started_by_its_module_has_that_name(tmp_path: Path) -> None:
    """`python -m glue` is glue, too."""
    (tmp_path / "glue.py").write_text(
        "from dataclasses import dataclass\nimport apt_settings\n@dataclass\nclass Args:\n    steps: int = 3\n"
        "if __name__ == '__main__':\n    apt_settings.extend(Args)\n"
        "    print(apt_settings.settings.controls['extend'])\n"
    )
    done = subprocess.run([sys.executable, "-m", "glue"], capture_output=True, text=True)

    assert (done.stdout, done.stderr) == ("glue:Args\n", "")


def test_extend_comes_before_the_settings() -> None:
    """The same class twice is nothing, reset keeps it, and afterwards it is an error with the lines to write."""
    apt_settings.extend(Trainer)
    apt_settings.extend(Trainer)
    assert values_of(apt_settings.settings)["eval_every"] == 500
    apt_settings.extend(Trainer)
    apt_settings.reset()
    with override(eval_every=3) as settings:
        assert part(settings, Trainer).eval_every == 3
    assert values_of(apt_settings.settings)["eval_every"] == 500
    with pytest.raises(SettingsError, match=r"write import apt_settings; apt_settings.extend\(Required\); settings ="):
        apt_settings.extend(Required)


def test_the_class_of_a_running_program_is_one_class(tmp_path: Path) -> None:
    """`python glue.py` under APT_EXTEND=glue:Args has its own class, and no record names `__main__`."""
    (tmp_path / "glue.py").write_text(
        "from dataclasses import dataclass\nimport apt_settings\n@dataclass\nclass Args:\n    steps: int = 3\n"
        "if __name__ == '__main__':\n    apt_settings.extend(Args)\n    from apt_settings import part, settings\n"
        "    args = part(settings, Args)\n    print(args.steps, type(args) is Args, settings.controls['extend'])\n"
    )
    alone = subprocess.run([sys.executable, "glue.py"], capture_output=True, text=True)
    run = started(
        "run", "--task", "squad", "--extend", "glue:Args", "--set", "steps=5", "--", sys.executable, "glue.py"
    )

    assert (alone.stdout, alone.stderr) == ("3 True glue:Args\n", "")
    assert run.stdout == "5 True glue:Args\n"


def completed(words: list[str], incomplete: str) -> list[str]:
    completion = ShellComplete(commands, {}, "apt-settings", "_APT_SETTINGS_COMPLETE")
    return [item.value for item in completion.get_completions(words, incomplete)]


def test_a_tab_runs_nothing_of_the_working_directory(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger's checkout is not run by completion; an installed module is known to it."""
    monkeypatch.setenv("APT_EXTEND", module)
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each])
    assert completed(["explain"], "log_ev") == []
    assert "mine" not in sys.modules

    monkeypatch.syspath_prepend(Path.cwd())
    assert completed(["explain"], "log_ev") == ["log_every"]


def test_every_command_is_looked_through_for_secrets() -> None:
    """A new command must stand in the list."""
    context = click.Context(commands)
    assert set(commands.list_commands(context)) == {argv[0] for argv in COMMANDS}


def test_nested_values_of_python_are_flattened() -> None:
    """An object given as a dict sets its fields, and is there as an object; a misspelt one is told."""
    settings = given(Trainer, loss={"smoothing": 0.5})
    assert settings.origin("loss.smoothing").value == 0.5
    assert settings.loss == Loss(smoothing=0.5)
    with pytest.raises(AttributeError, match="no attribute 'los'"):
        _ = settings.los
    with pytest.raises(SettingsError, match=r"loss\.smothing is not a setting; did you mean loss\.smoothing"):
        given(Trainer, loss={"smothing": 0.5})


# Commands.


NOTE = "note: metric is required, and not set: a job would not start"
LOOKS = [
    ("show",),
    ("schema",),
    ("explain", "metric"),
    ("env",),
    ("plan",),
    ("sweep", "--grid", "seed=1,2"),
    ("sweep", "--grid", "seed=1,2", "--index", "1", "--format", "env"),
    ("release-args",),
    ("diff", "paper", "now"),
]


@pytest.mark.usefixtures("module")
def test_required_settings_are_told_and_wanted() -> None:
    """To look is fine, to start is not."""
    looks = [started(*argv, APT_EXTEND="mine:Required") for argv in LOOKS]
    starts = [
        started(*argv, APT_EXTEND="mine:Required")
        for argv in (("check",), ("run", "--", "true"), ("job", "slurm", "--", "true"))
    ]

    assert [done.returncode for done in looks] == [0] * len(LOOKS)
    assert "required, not set" in looks[0].stdout
    assert "metric" in json.loads(looks[1].stdout)["required"]
    assert "required, not set" in looks[2].stdout
    noted = [argv[0] for argv, done in zip(LOOKS, looks, strict=True) if NOTE in done.stdout + done.stderr]
    assert noted == ["show", "env", "plan", "sweep", "sweep"]
    assert NOTE in looks[6].stderr
    assert [done.returncode for done in starts] == [1, 78, 78]
    assert all("APT_METRIC is not set and has no default" in done.stdout + done.stderr for done in starts)


def test_explain_says_where_a_setting_is_defined(module: str) -> None:
    """File and line, and its meaning from help or from the docstring below it."""
    by_help = started("explain", "log_every", APT_EXTEND=module).stdout
    by_docstring = started("explain", "APT_LEVEL", APT_EXTEND=module).stdout

    assert "Steps between two lines." in by_help
    assert "mine.py:14" in by_help
    assert "How much is logged." in by_docstring


def test_explain_says_which_default_does_not_count(tmp_path: Path) -> None:
    """That of a class which was not written for us, under a name of ours."""
    code = "from dataclasses import dataclass\n@dataclass\nclass A:\n    seed: int = 42\n"
    (tmp_path / "theirs.py").write_text(code)
    told = started("explain", "seed", "--extend", "theirs:A").stdout

    assert "theirs:A has seed 42, which does not count" in told
    assert re.search(r"^now +128$", told, re.MULTILINE)


@pytest.mark.usefixtures("module")
def test_an_object_that_shall_be_checked_is_made() -> None:
    """check, run and job make it; show does not."""
    done = [started(*argv, "--set", "size=13", APT_EXTEND="mine:checked") for argv in (("check",), ("show",))]

    assert [each.returncode for each in done] == [1, 0]
    assert "mine:checked refuses these values: RuntimeError: 13 brings no luck" in done[0].stdout


@pytest.mark.usefixtures("module")
def test_a_record_is_read_without_the_code() -> None:
    """To show and to compare; to run it, the caller names the same."""
    first = started(
        "run", "--extend", "mine:Secrets", "--set", "eval_every=7", "--record", "r", "--resume", "--", "true"
    )
    shown = started("show", "--from", "r")
    diffed = started("diff", "r", "r")
    ran = started("run", "--from", "r", "--", "true")
    named = started("show", "--from", "r", "--extend", "mine:Secrets")
    recorded = json.loads(Path("r/run.json").read_text())

    assert (first.returncode, diffed.returncode) == (0, 0)
    assert recorded["settings"]["eval_every"]["group"] == "mine:Secrets"
    assert recorded["fingerprint"] in shown.stdout
    assert recorded["fingerprint"] in named.stdout
    assert "eval_every 7 (--set eval_every) is of mine:Secrets: not judged here" in shown.stdout
    assert ran.returncode == 78
    assert "has settings of mine:Secrets, which nobody names here; export APT_EXTEND=mine:Secrets" in ran.stderr


def test_a_field_that_is_gone_stops_a_replay_only_where_it_was_set() -> None:
    """At its default it meant what its absence means; set, it is an unknown name."""
    Path("gone.py").write_text(
        "from apt_settings import SettingsGroup\nclass S(SettingsGroup):\n    kept: int = 1\n    gone: int = 2\n"
    )
    for value in ("2", "3"):
        started(
            "run", "--task", "squad", "--extend", "gone:S", "--set", f"gone={value}", "--record", value, "--", "true"
        )
    Path("gone.py").write_text("from apt_settings import SettingsGroup\nclass S(SettingsGroup):\n    kept: int = 1\n")
    same, other = (
        started("run", "--extend", "gone:S", "--from", str(next(Path(value).iterdir())), "--", "true")
        for value in ("2", "3")
    )

    assert same.returncode == 0, same.stderr
    assert "note: gone is no setting any more, and the record has it at its default" in same.stderr
    assert other.returncode == 78
    assert "gone is not a setting" in other.stderr


def test_a_default_changes_no_fingerprint_and_is_compared_all_the_same(module: str) -> None:
    """A group at its defaults is not in the fingerprint; a changed default is another run all the same."""
    plain = started("show", "--format", "json")
    extended = started("show", "--format", "json", APT_EXTEND=module)
    once = ("run", "--extend", module, "--record", "r", "--once", "--", "true")
    started(*once)
    again = started(*once)
    Path("mine.py").write_text(Path("mine.py").read_text().replace("= 500", "= 700"))
    changed = started(*once)

    assert json.loads(plain.stdout)["fingerprint"] == json.loads(extended.stdout)["fingerprint"]
    assert "skipped" in again.stderr
    assert "skipped" not in changed.stderr


def test_a_group_that_comes_or_goes_at_its_defaults_is_no_other_run(module: str) -> None:
    """--resume goes on, with one more group or one less."""
    line = ("run", "--record", "r", "--resume", "--", "true")

    assert [started(*line, APT_EXTEND=named).returncode for named in ("", module, "")] == [0, 0, 0]


def test_a_secret_in_a_spec_may_be_a_file_of_the_job(module: str) -> None:
    """It is not read here."""
    Path("job.sh").write_text("export APT_TASK=squad APT_HUB_TOKEN_FILE=/only/there\ntrue\n")

    assert started("check", "--extend", module, "job.sh").stdout == "good: 1 file: 2 settings judged\n"


def test_lists_of_ones_own_are_swept_as_arrays() -> None:
    """The message has an example of any list, and an array works."""
    with pytest.raises(SettingsError, match=r"""takes lists: write an array of lists, such as '\["a", "a,b"\]'"""):
        with_trainer(lambda: grid(("tags", "a,b")))
    assert with_trainer(lambda: [point["tags"] for point in map(grid(("tags", '["a", "b,c"]')).point, (0, 1))]) == [
        "a",
        "b,c",
    ]


def test_objects_are_swept_too() -> None:
    """Two equal ones are the same experiment."""
    weights = [{"a": 1.0}, {"a": 2.0}, {"a": 1.0}]
    twins = with_trainer(lambda: [checker(grid(("loss.weights", weights)), {}).twin(index) for index in range(3)])

    assert twins == [0, 1, 0]


class Callback:
    """A class that pydantic does not know."""


@dataclass
class Hooked:
    """A number, or an object that only a program can give."""

    hook: Callback | int = 3


def test_what_only_a_program_can_give_is_no_harm_to_the_rest() -> None:
    """The schema and a variable have the other type of the union."""
    settings = given(Hooked)

    assert json_schema(settings)["properties"]["hook"] == {"description": "", "default": 3, "type": "integer"}
    assert values_of(given(Hooked, {"APT_HOOK": "5"}))["hook"] == 5


def with_trainer(work: Callable[[], T]) -> T:
    with in_force(with_groups([Trainer], Place("test"))):
        return work()


def test_the_schema_of_a_group_stands_alone() -> None:
    """Definitions of nested types are hoisted, and a secret has no default in it."""
    text = with_trainer(lambda: json.dumps(json_schema(given(Trainer))))
    properties = json.loads(text)["properties"]

    assert properties["maybe"]["anyOf"][0]["$ref"] == "#/$defs/Net"
    assert "Net" in json.loads(text)["$defs"]
    assert "default" not in properties["hub_token"]
    assert properties["eval_every"]["minimum"] == 1


def test_a_resumed_run_names_a_changed_default(module: str) -> None:
    """The folder holds another run, whatever the fingerprint says."""
    line = ("run", "--extend", module, "--record", "r", "--resume", "--", "true")
    started(*line)
    Path("mine.py").write_text(Path("mine.py").read_text().replace("= 500", "= 700"))
    changed = started(*line)

    assert changed.returncode == 78
    assert "eval_every was 500 (class default), and is 700 (class default)" in changed.stderr


@pytest.mark.parametrize("policy", ["warn", "ignore"])
def test_a_name_that_is_let_pass_reaches_the_command(policy: str, write_env: Callable[..., Path]) -> None:
    """From the environment and from a `.env`; a job's text names it without its value."""
    write_env("APT_MINE=from-file\nAPT_BOTH=file\n")
    environ = {"APT_TASK": "squad", "APT_UNKNOWN": policy, "APT_OTHER": "from-env", "APT_BOTH": "env"}
    ran = started("run", "--", "sh", "-c", "echo $APT_MINE $APT_OTHER $APT_BOTH", **environ)
    job = started("job", "slurm", "--", "true", **environ)

    assert ran.stdout == "from-file from-env env\n"
    assert "from-" not in job.stdout + job.stderr
    assert "\n# APT_MINE is no setting and is not written: set it" in job.stdout
    assert "note: APT_MINE is no setting and is not written: set it in the job's environment" in job.stderr


def test_a_job_takes_secrets_from_the_shell_that_submits_it(module: str) -> None:
    """A script for SLURM keeps them, and docker is told their names; nothing else of that shell counts."""
    environ = {"APT_EXTEND": module, "APT_HUB_TOKEN": CANARY, "APT_UNKNOWN": "warn", "APT_OTHER": "x"}
    script = started("job", "slurm", "--", "true", **environ).stdout
    head = script.partition("exec ")[0]
    shell = f"{head}\necho $APT_HUB_TOKEN $APT_OTHER [$APT_SEED]"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, env={**environ, "APT_SEED": "3"})
    line = started("job", "docker", "--image", "x", "--", "true", **environ).stdout

    assert done.stdout == f"{CANARY} x []\n"
    assert "--env=APT_HUB_TOKEN --env=APT_HUB_TOKEN_FILE --env=APT_OTHER " in line
    assert CANARY not in script + line


def test_the_example_describes_all_its_settings() -> None:
    """Each has a description, and ten of them are its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "examples" / "own_settings")
        settings = group_settings("trainer.settings:TrainerSettings,trainer.log:LogConfig")

    assert len(settings) >= 10
    assert [name for name, each in settings.items() if not each.meaning and name != "log_dir"] == []
