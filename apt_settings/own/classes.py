"""A class whose fields are settings: the base of one written for us, and a handle for one that is there already."""

import inspect
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, is_dataclass, replace
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from ..basics.escaping import shown
from ..errors import SettingsError
from ..values.kinds import holds_secret, is_class
from .frozen import Frozen
from .task import TaskClass

WHERE_IT_RUNS: Final = "where it runs"
"""In the Annotated type of a setting, it says that the setting is about where a job runs, not about the experiment.

Such a setting is not part of the fingerprint.
"""
NOT_COUNTED: Final = "not counted"
"""In the Annotated type of a setting, it says that the fingerprint leaves it out, as something else says it already.

All that runs one job must have the same value all the same.
"""
ADDED_LATER: Final = "added later"
"""In the Annotated type of a setting, it says that the setting counts only where it is not at its default.

So a setting that is new changes no fingerprint of before.
"""
T = TypeVar("T")


class SettingsGroup(BaseModel, metaclass=Frozen):
    """Base of a class of settings: frozen, exact, and built by pydantic only when it is used.

        class TrainerSettings(SettingsGroup):
            eval_every: Annotated[int, Field(ge=1, description="Steps between evaluations.")] = 500

    With `APT_EXTEND=trainer.settings:TrainerSettings`, APT_EVAL_EVERY is a setting like any other, and
    `part(settings, TrainerSettings).eval_every` is its value. A field with the name of one of our settings is that
    setting, and its default is the project's default for it.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, defer_build=True, populate_by_name=True, protected_namespaces=()
    )

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Judge the default of a secret, which is a plain text else: `hub_token: SecretStr = "hf_..."`."""
        super().__pydantic_init_subclass__(**kwargs)
        for name in cls.model_fields.keys() & inspect.get_annotations(cls).keys():
            if holds_secret(cls.model_fields[name].annotation):
                cls.model_fields[name].validate_default = True


@dataclass(frozen=True)
class Group(Generic[T]):
    """A class whose fields are settings beside those of every task."""

    kind: type[T]
    name: str = ""
    """Where it is found, as APT_EXTEND has it: `trainer.settings:TrainerSettings`."""
    prefix: str = ""
    means: tuple[tuple[str, str], ...] = ()
    apart: frozenset[str] = frozenset()
    secret: frozenset[str] | None = None
    """None: the text fields of a class that was not written for us whose names say so."""
    where_it_runs: frozenset[str] = frozenset()
    leave_out: frozenset[str] = frozenset()
    check: bool = False

    @property
    def judges_itself(self) -> bool:
        """Whether the class was written for us: a SettingsGroup, whose validators run everywhere."""
        return issubclass(self.kind, SettingsGroup)

    @property
    def is_task(self) -> bool:
        """Whether the class is a task of its own, and stands beside our tasks."""
        return issubclass(self.kind, TaskClass)

    @property
    def title(self) -> str:
        """The class by its name: `TrainerSettings`."""
        return self.kind.__name__


def group(
    kind: type[T],
    *,
    prefix: str = "",
    means: Mapping[str, str] | None = None,
    apart: Iterable[str] = (),
    secret: Iterable[str] | None = None,
    where_it_runs: Iterable[str] = (),
    leave_out: Iterable[str] = (),
    check: bool = False,
) -> Group[T]:
    """A handle for a class that one does not own, such as a trainer's arguments. APT_EXTEND names it as `module:trl`.

        trl = group(SFTConfig, prefix="trl", means={"num_train_epochs": "epochs"}, leave_out=("fp16", "bf16"))

    `kind` is a dataclass or a pydantic model. A field with the name of one of our settings has that setting's value,
    but for those in `apart`; `means` says so of fields with other names. Every other field is a setting, `trl_` before
    its name where `prefix` is "trl"; those in `leave_out` are none and keep the class's default. `secret` names the
    fields that are never shown (else text fields named like a token or password), `where_it_runs` those that the
    fingerprint leaves out. With `check`, the commands check, run and job make the object too, and tell what its class
    refuses. Raises TypeError for a text in place of a sequence of names, and for a class that cannot be used.
    """
    said = {"apart": apart, "secret": secret, "where_it_runs": where_it_runs, "leave_out": leave_out}
    if word := next((name for name, each in said.items() if isinstance(each, str)), ""):
        raise TypeError(f"{word}={said[word]!r} is a text, and not names: write {word}=({said[word]!r},)")
    made = Group(
        kind,
        prefix=prefix,
        means=tuple((means or {}).items()),
        apart=frozenset(apart),
        secret=None if secret is None else frozenset(secret),
        where_it_runs=frozenset(where_it_runs),
        leave_out=frozenset(leave_out),
        check=check,
    )
    if wrong := unusable(kind) or ("is a task: name the class itself" if made.is_task else ""):
        raise TypeError(f"{shown(kind)} {wrong}")
    if prefix and not prefix.isidentifier():
        raise TypeError(f"prefix={prefix!r} is not a name such as 'trl'")
    return made


def as_group(found: Any, name: str, place: str) -> Group[Any]:
    """What a name stands for, as a group. Raises SettingsError for all but a class that can be used, and a handle."""
    if isinstance(found, Group):
        return replace(found, name=name)
    if wrong := unusable(found):
        raise SettingsError.at(place, f"names {name}, which {wrong}")
    return Group(found, name)


def unusable(found: Any) -> str:
    """Why a class cannot give settings; empty if it can."""
    if not isinstance(found, type):
        return f"is a {type(found).__name__}, and no class or handle of group()"
    if "<locals>" in found.__qualname__:
        return "is a class inside a function: move it to its module, where other processes find it"
    if hasattr(found, "__attrs_attrs__"):
        return "is a class of attrs: make it a dataclass, or write a SettingsGroup"
    if any(base.__name__ == "BaseSettings" for base in found.__mro__) and not issubclass(found, TaskClass):
        return "reads its settings itself: make it a SettingsGroup, or a task below one of ours"
    if not (is_class(found, BaseModel) or is_dataclass(found)):
        return "is neither a SettingsGroup, nor a dataclass, nor a pydantic model"
    return ""


def named_by(found: Any) -> str:
    """The name that APT_EXTEND has for a class, or for a handle that stands in a module; empty for any other."""
    if isinstance(found, Group):
        for module in list(sys.modules.values()):
            for name, value in list(getattr(module, "__dict__", {}).items()):
                if value is found:
                    return f"{importable(module.__name__)}:{name}"
        return ""
    return f"{importable(found.__module__)}:{found.__qualname__}"


def is_same(one: Group[Any], other: Group[Any]) -> bool:
    """Whether two are one class, wherever it was imported: `__main__.Args` of glue.py is `glue.Args`."""
    if one.kind is other.kind:
        return replace(one, name="") == replace(other, name="")
    return named_by(one.kind) == named_by(other.kind)


def importable(module: str) -> str:
    """A module as others import it: that of the running program by its own name."""
    if module != "__main__":
        return module
    main = sys.modules["__main__"]
    spec, file = getattr(main, "__spec__", None), getattr(main, "__file__", None)
    if spec and spec.name:
        return str(spec.name).removesuffix(".__main__")
    return Path(file).stem if file else module
