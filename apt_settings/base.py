"""AptSettings: what the settings of every task have in common."""

import inspect
from collections.abc import Mapping
from copy import deepcopy
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from pydantic import BaseModel, PrivateAttr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from .basics.environment import process_environment
from .basics.escaping import spelt
from .basics.origins import Origin
from .basics.suggestions import did_you_mean, nearest
from .errors import Note, Problem, SettingsError, raised_anew
from .judging.draft import draft_of, layers_for
from .judging.judgement import problems_in, validate
from .judging.rules import Broken, broken, fit
from .own import Frozen, TaskClass
from .registry import Registry, Setting, in_force, registry, task_of
from .registry.groups import (
    OUTPUT_DIR,
    DataSettings,
    DistillationSettings,
    ModelSettings,
    OptimizationSettings,
    PruningSettings,
    TrainingSettings,
    TuningSettings,
)
from .registry.naming import registry_for
from .sources.controls import CONTROLS
from .sources.env_files import EnvFile
from .sources.layers import Inputs, Layers
from .sources.names import PREFIX, variable_of
from .values import UnfitError, as_jsonable, as_text, fill, frozen, names_in

_CONFIG: Final = SettingsConfigDict(
    env_prefix=PREFIX,
    extra="forbid",
    frozen=True,
    defer_build=True,
    validate_default=False,  # a default that does not fit what was set is a note, not an error
    hide_input_in_errors=True,
    protected_namespaces=(),
)
_NOT_CONSULTED: Final = ("env_", "case_", "cli_", "nested_", "secrets_")
_COMMAND_LINE: Final = "for a command line: apt-settings run --set epochs=30 -- python train.py, or load(epochs=30)"
_INSTEAD_OF: Final = {
    "_cli_parse_args": _COMMAND_LINE,
    "_cli_settings_source": _COMMAND_LINE,
    "_build_sources": _COMMAND_LINE,  # what CliApp hands over
    "expect": "load(expect=...) compares, and so does --expect",
    "_secrets_dir": "for a secret in a file: APT_HUB_TOKEN_FILE=/run/secrets/hub",
}
"""Options of pydantic-settings that have no effect here -> what to use."""
_FINGERPRINT: Final = "apt_settings.fingerprint"
_PARTS: Final = "apt_settings.parts"
_DISPLAY: Final = "apt_settings.report.display"
"""Modules that stand above this one, by name."""


if TYPE_CHECKING:  # to type checkers, BaseSettings itself is a class that may be changed

    class Base(BaseModel, metaclass=Frozen):
        """What pydantic-settings gives."""
else:
    Base = BaseSettings


class AptSettings(
    Base,
    OptimizationSettings,
    TuningSettings,
    PruningSettings,
    DistillationSettings,
    TrainingSettings,
    ModelSettings,
    DataSettings,
    TaskClass,
):
    """All settings of one APT job: typed, frozen, hashable, and each with its origin.

    A task's class, or a subclass of it with more fields, reads the environment when it is called:

        SquadSettings(epochs=30).origin("epochs")       # argument epochs
        SquadSettings(_env_file="prod.env")             # in place of .env; None reads none

    Raises SettingsError. Two settings are equal when their class and values are, whoever set them.
    """

    model_config = _CONFIG

    _background: "Background" = PrivateAttr()

    if TYPE_CHECKING:  # Type checkers derive __init__ from the fields; this is how they learn of _env_file.
        _env_file: EnvFile = ...

    @raised_anew
    def __init__(
        self,
        *,
        _env_file: EnvFile = ...,
        _layers: Layers | None = None,
        _registry: Registry | None = None,
        _complete: bool = True,
        **arguments: Any,
    ) -> None:
        """`.env:1` says 0.4 for target_sparsity -> 0.4 in self, judged by type, range and rules, or SettingsError."""
        _refuse_options(arguments)
        inputs = Inputs(process_environment(), _env_file, arguments)
        with in_force(_registry or (registry() if _layers else registry_for(inputs))) as known:
            draft = draft_of(type(self), _layers or layers_for(type(self), inputs), known)
        judgement = validate(draft, draft.values, self)
        problems = [*draft.problems, *problems_in(draft, judgement, self, complete=_complete)]
        if problems:
            raise SettingsError(problems)
        super().__setattr__("_background", Background(draft.layers, known, judgement.group_values))
        self._fill_output_dir()

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse options of pydantic-settings, and aliases: the sources are read by us, so these have no effect."""
        super().__pydantic_init_subclass__(**kwargs)
        common = AptSettings.model_config
        changed = [key for key, value in cls.model_config.items() if value != common.get(key)]
        without_effect = [f"model_config {key}" for key in changed if key.startswith(_NOT_CONSULTED)]
        without_effect += ["settings_customise_sources"] * ("settings_customise_sources" in vars(cls))
        without_effect += [f"{variable_of(name)} as a setting" for name in CONTROLS if name in cls.model_fields]
        taken = (
            name for name in cls.model_fields.keys() - AptSettings.model_fields.keys() if hasattr(AptSettings, name)
        )
        without_effect += [f"{name} as a setting: every settings object has it" for name in sorted(taken)]
        for name in AptSettings.model_fields.keys() & inspect.get_annotations(cls).keys():
            _keep_rules(cls.model_fields[name], AptSettings.model_fields[name])
        aliased = (name for name, field in cls.model_fields.items() if field.validation_alias)
        without_effect += [f"the alias of {name}" for name in aliased]
        if without_effect:
            raise TypeError(f"{cls.__name__}: apt-settings does not consult {', '.join(without_effect)}")

    @classmethod
    def settings_cached(cls) -> Self:
        """Refused: it would know nothing of `reset` and `override`. Raises TypeError."""
        raise TypeError(f"{cls.__name__}.settings_cached: take settings from apt_settings, or call load()")

    @classmethod
    def settings_clear_cache(cls) -> None:
        """Refused, as `settings_cached` is. Raises TypeError."""
        raise TypeError(f"{cls.__name__}.settings_clear_cache: call apt_settings.reset()")

    def _fill_output_dir(self) -> None:
        """Put values in the place of their names in output_dir: `runs/{seed}` -> `runs/3`. Raises SettingsError."""
        text: str = self.__dict__[OUTPUT_DIR]
        if names := [*names_in(text)]:
            known = {**values_of(self), "index": self._background.layers.point}
            if "fingerprint" in names:
                known["fingerprint"] = import_module(_FINGERPRINT).fingerprint(self)
            try:
                vars(self)[OUTPUT_DIR] = fill(text, known)
            except UnfitError as error:
                raise SettingsError(
                    [Problem(self.origin(OUTPUT_DIR), f"has a part that {error}", setting=OUTPUT_DIR)]
                ) from None
        else:
            vars(self)[OUTPUT_DIR] = fill(text, {})

    def origin(self, name: str) -> Origin:
        """Who set a setting, and what it overrides. Raises SettingsError for a name that is no setting."""
        settings = settings_of(self)
        if name not in settings:
            raise SettingsError.at(spelt(str(name)), "is not a setting", fix=did_you_mean(nearest(str(name), settings)))
        setting = settings[name]
        return self._background.layers.origin(name, setting.default_among(self.__dict__), setting.default_origin)

    @property
    def origins(self) -> Mapping[str, Origin]:
        """Setting -> who set it, for every setting."""
        return MappingProxyType({name: self.origin(name) for name in settings_of(self)})

    @property
    def notes(self) -> tuple[Note, ...]:
        """What there is to know although nothing is wrong: outdated defaults, unknown names that were allowed."""
        return (*self._background.layers.notes, *(_note(self, each) for each in _outdated(self)))

    @property
    def env_files(self) -> tuple[str, ...]:
        """The absolute path of every `.env` that was read."""
        return self._background.layers.env_files

    @property
    def controls(self) -> Mapping[str, str]:
        """How the settings are read: control -> its word, or the paths of `env_file`."""
        words = {name: self._background.layers.word(name) for name, control in CONTROLS.items() if control.words}
        more = {"extend": self._background.registry.word, "foreign": self._background.layers.word("foreign")}
        return {**words, "env_file": ":".join(self.env_files), **{name: text for name, text in more.items() if text}}

    @property
    def directory(self) -> str:
        """The working directory in which `.env` was looked for."""
        return self._background.layers.directory

    @raised_anew
    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with `update` as arguments: checked and traced like any other. Raises SettingsError."""
        if not update:
            return super().model_copy(deep=deep)
        _refuse_options(update)
        layers, known = layers_under(self, update)
        return type(self)(_layers=layers, _registry=known)

    def __setattr__(self, name: str, value: Any) -> None:
        """Refused for a setting. Raises TypeError."""
        if name in type(self).model_fields:
            ways = f"load({name}=...), settings.model_copy(update={{{name!r}: ...}}) or override({name}=...)"
            raise TypeError(f"settings are frozen, and {name} cannot be set: call {ways}")
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        """One line of less than 300 characters: class, task, fingerprint, and who set what is overridden."""
        return str(_shown("as_line", self))

    def __str__(self) -> str:
        """The table of `apt-settings show`."""
        return str(_shown("as_text", self))

    def _repr_html_(self) -> str:
        """The same for a notebook."""
        return str(_shown("as_html", self))

    def __rich__(self) -> Any:
        """The same for rich."""
        return _shown("as_rich", self)

    def copy(self, **_options: Any) -> Self:
        """Refused: pydantic's own would make settings that no rule saw. Raises TypeError."""
        raise TypeError(f"{type(self).__name__}.copy: call model_copy(update={{...}}), which checks what it makes")

    @classmethod
    def model_construct(cls, _fields_set: set[str] | None = None, **values: Any) -> Self:
        """Refused: pydantic's own makes settings that no rule saw. Raises TypeError."""
        raise TypeError(f"{cls.__name__}.model_construct: call {cls.__name__}(...), which checks what it makes")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AptSettings) and type(self) is type(other) and _values(self) == _values(other)

    def __hash__(self) -> int:
        return hash((type(self), *map(frozen, _values(self).values())))

    if not TYPE_CHECKING:  # pragma: no branch - so that `settings.epocs` stays an error for type checkers

        def __getattr__(self, name: str) -> Any:
            """A setting of a group, or an object whose fields are settings, where that name is free: `settings.net`."""
            known = {} if name.startswith("_") else self._background.group_values
            if name in known:
                return deepcopy(known[name])
            if nested := next((each for each in known if each.startswith(f"{name}.")), None):
                setting = settings_of(self)[nested]
                return getattr(import_module(_PARTS).part(self, setting.group), setting.path[0])
            return super().__getattr__(name)


def _shown(form: str, settings: AptSettings) -> Any:
    return getattr(import_module(_DISPLAY), form)(settings)


def _refuse_options(arguments: Mapping[str, Any]) -> None:
    """Raise TypeError for an option of pydantic-settings, with what to use in its place."""
    for name in arguments:
        if instead := _INSTEAD_OF.get(name):
            raise TypeError(f"apt-settings does not consult {name}; {instead}")


def _keep_rules(restated: FieldInfo, ours: FieldInfo) -> None:
    """Let a subclass that restates one of our settings, for a default of its own, keep its range and meaning."""
    restated.metadata = [*ours.metadata, *(each for each in restated.metadata if each not in ours.metadata)]
    restated.description = restated.description or ours.description


def written_output_dir(settings: AptSettings) -> str:
    """What output_dir is as it was written, with its names: `runs/{seed}`."""
    return str(settings.origin(OUTPUT_DIR).value)


class Background(NamedTuple):
    """What an object of settings knows beside the values of its class."""

    layers: Layers
    registry: Registry
    """Which settings there were when it was made."""
    group_values: dict[str, Any]
    """The values of the groups that stand beside the class, by the name of the setting."""


def background_of(settings: AptSettings) -> Background:
    """What an object of settings knows beside its values. Raises TypeError for what is none."""
    background = getattr(settings, "_background", None)
    if not isinstance(background, Background):
        kind = settings.__name__ if isinstance(settings, type) else type(settings).__name__
        raise TypeError(f"settings are what load() gives, and not {kind}")
    return background


def layers_under(
    settings: AptSettings, values: Mapping[str, Any], places: Mapping[str, str] = MappingProxyType({})
) -> tuple[Layers, Registry]:
    """Where these settings come from, with arguments that are stronger; `places` says how a user spells them."""
    background = background_of(settings)
    return background.layers.under(values, places), background.registry


def settings_of(settings: AptSettings) -> Mapping[str, Setting]:
    """Name -> setting, of all that an object of settings has: its class's, then those of the groups beside it."""
    return background_of(settings).registry.settings_of(type(settings))


def is_set(settings: AptSettings, name: str) -> bool:
    """Whether somebody set a setting for this job."""
    giver = settings._background.layers.winner(name)
    return giver is not None and giver.is_override


def unknown_to(settings: AptSettings) -> tuple[Origin, ...]:
    """The variables that are no settings and that APT_UNKNOWN let pass, the weakest source first."""
    sources = reversed(settings._background.layers.sources)
    return tuple(each for source in sources for each in source.unknown if each.kind in ("environment", "env file"))


def values_of(settings: AptSettings) -> dict[str, Any]:
    """Name -> value of every setting, in the order of `settings_of`; an Unset where it has none.

    That of a secret is hidden: the object itself, and `part`, have it as it is.
    """
    values = _values(settings)
    return values | {name: each.hide(values[name]) for name, each in settings_of(settings).items() if each.secret}


def _values(settings: AptSettings) -> dict[str, Any]:
    rows, values = settings_of(settings), {**settings.__dict__, **settings._background.group_values}
    values |= {name: each.default for name, each in rows.items() if name not in values}
    return {name: values[name] for name in rows}


def json_values(settings: AptSettings) -> dict[str, Any]:
    """Name -> value of every setting, as JSON has it."""
    values: dict[str, Any] = as_jsonable(values_of(settings))
    return values


def outdated_defaults(settings: AptSettings) -> tuple[str, ...]:
    """The settings whose default does not fit what was set beside it: `distill_epochs` under APT_EPOCHS=10."""
    return tuple(each.setting for each in _outdated(settings))


def fitting_defaults(settings: AptSettings) -> dict[str, tuple[Any, str]]:
    """Outdated default -> the nearest value that fits, and the setting that demands it in the end, or `task`.

    With 2 epochs, `distill_epochs` -> (2, "epochs"); where they end the pruning too, what must fit that is theirs.
    """
    found = fit(settings.__dict__, task_of(type(settings)), type(settings))

    def demands(name: str) -> str:
        other = found[name].other
        return demands(other) if other in found else other or "task"

    return {name: (each.closest, demands(name)) for name, each in found.items()}


def unusable(settings: AptSettings, name: str, wrong: str, allowed: str = "", fix: str = "") -> SettingsError:
    """The error for a valid value that something cannot use: a batch that the devices cannot share."""
    value = as_text(values_of(settings)[name])
    return SettingsError([Problem(settings.origin(name), wrong, allowed, fix, value, setting=name)])


def _outdated(settings: AptSettings) -> list[Broken]:
    """The rules that valid settings break: only a default can, as what somebody sets must fit."""
    return broken(settings.__dict__, task_of(type(settings)), type(settings))


def _note(settings: AptSettings, outdated: Broken) -> Note:
    name, value = outdated.setting, settings.__dict__[outdated.setting]
    demanded_by = f" ({settings.origin(outdated.other)})" if outdated.other else ""
    text = (
        f"{name} stays {value} ({settings.origin(name)}) although it should be {outdated.demand}{demanded_by}; "
        f"to change it: {variable_of(name)}={as_text(outdated.closest)}"
    )
    return Note(text, name)
