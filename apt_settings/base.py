"""AptSettings: what the settings of every task have in common."""

import inspect
from collections.abc import Collection, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self, TypeVar

from pydantic import BaseModel, PrivateAttr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, to_jsonable_python
from pydantic_settings import BaseSettings, SettingsConfigDict

from .basics.environment import process_environment
from .basics.escaping import shown, spelt
from .basics.origins import Origin
from .basics.suggestions import did_you_mean, nearest
from .errors import Note, Problem, SettingsError, raised_anew
from .facts.datasets import plain
from .groups import (
    JOB,
    DataSettings,
    DistillationSettings,
    ModelSettings,
    OptimizationSettings,
    PruningSettings,
    TrainingSettings,
    TuningSettings,
)
from .naming import registry_for
from .own import Frozen, Group, TaskClass, decided_in, is_same, judge, made, named_by
from .registry import Registry, Setting, Unset, fields_of, in_force, registry, task_of
from .rules import EXCLUSIVE, Broken, broken, fit
from .sources.controls import CONTROLS
from .sources.handed_on import HANDED_ON_DEFAULT
from .sources.layers import EnvFile, Inputs, Layers, read
from .sources.names import PREFIX, variable_of
from .sources.readers import Source
from .validation_errors import details_of, excluded, misfit, refusal, said_by, words_of
from .values import UnfitError, as_text, fill, frozen, names_in, read_value

if TYPE_CHECKING:
    from .sources.record import RecordedSetting

_CONFIG: Final = SettingsConfigDict(
    env_prefix=PREFIX,
    extra="forbid",
    frozen=True,
    defer_build=True,
    validate_default=False,  # a default that does not fit what was set is a note, not an error
    hide_input_in_errors=True,
    protected_namespaces=(),
)
T = TypeVar("T")
_NOT_CONSULTED: Final = ("env_", "case_", "cli_", "nested_", "secrets_")
_COMMAND_LINE: Final = "for a command line: apt-settings run --set epochs=30 -- python train.py, or load(epochs=30)"
_IN_PLACE_OF: Final = {
    "_cli_parse_args": _COMMAND_LINE,
    "_cli_settings_source": _COMMAND_LINE,
    "_build_sources": _COMMAND_LINE,  # what CliApp hands over
    "expect": "load(expect=...) compares, and so does --expect",
    "_secrets_dir": "for a secret in a file: APT_HUB_TOKEN_FILE=/run/secrets/hub",
}
"""Options of pydantic-settings that have no effect here -> what to use."""
PLACE: Final = "output_dir"
"""The setting that may have names of others in braces, so that no two jobs write to one folder."""
_FINGERPRINT: Final = "apt_settings.fingerprint"
_DISPLAY: Final = "apt_settings.report.display"
"""The module that draws settings, by name: it stands above this one."""


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
        verdict = _validate(draft, draft.values, self)
        problems = [*draft.problems, *_problems(draft, verdict, self, complete=_complete)]
        if problems:
            raise SettingsError(problems)
        super().__setattr__("_background", Background(draft.layers, known, verdict.group_values))
        self._fill_places()

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

    def _fill_places(self) -> None:
        """Put values in the place of their names in output_dir: `runs/{seed}` -> `runs/3`. Raises SettingsError."""
        text: str = self.__dict__[PLACE]
        if names := [*names_in(text)]:
            known = {**values_of(self), "index": self._background.layers.point}
            if "fingerprint" in names:
                known["fingerprint"] = import_module(_FINGERPRINT).fingerprint(self)
            try:
                vars(self)[PLACE] = fill(text, known)
            except UnfitError as error:
                raise SettingsError([Problem(self.origin(PLACE), f"has a part that {error}", setting=PLACE)]) from None
        else:
            vars(self)[PLACE] = fill(text, {})

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

    @classmethod
    def _not_judged(cls, values: Mapping[str, Any]) -> Self:
        """An object of these values and the defaults, to show what there is where something is missing."""
        return super().model_construct(**values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AptSettings) and type(self) is type(other) and values_of(self) == values_of(other)

    def __hash__(self) -> int:
        return hash((type(self), *map(frozen, values_of(self).values())))

    if not TYPE_CHECKING:  # pragma: no branch - so that `settings.epocs` stays an error for type checkers

        def __getattr__(self, name: str) -> Any:
            """A setting of a group beside the class, where that name is free: `settings.eval_every`."""
            known = not name.startswith("_") and self._background.group_values
            return deepcopy(known[name]) if known and name in known else super().__getattr__(name)


def _shown(form: str, settings: AptSettings) -> Any:
    return getattr(import_module(_DISPLAY), form)(settings)


def _refuse_options(arguments: Mapping[str, Any]) -> None:
    """Raise TypeError for an option of pydantic-settings, with what to use in its place."""
    for name in arguments:
        if instead := _IN_PLACE_OF.get(name):
            raise TypeError(f"apt-settings does not consult {name}; {instead}")


def _keep_rules(restated: FieldInfo, ours: FieldInfo) -> None:
    """Let a subclass that restates one of our settings, for a default of its own, keep its range and meaning."""
    restated.metadata = [*ours.metadata, *(each for each in restated.metadata if each not in ours.metadata)]
    restated.description = restated.description or ours.description


def is_point(settings: AptSettings) -> bool:
    """Whether these are the settings of a point of a sweep."""
    return settings._background.layers.point is not None


def written_place(settings: AptSettings) -> str:
    """What output_dir is as it was written, with its names: `runs/{seed}`."""
    return str(settings.origin(PLACE).value)


class Background(NamedTuple):
    """What an object of settings knows beside the values of its class."""

    layers: Layers
    registry: Registry
    """Which settings there were when it was made."""
    group_values: dict[str, Any]
    """The values of the groups that stand beside the class, by the name of the setting."""


def layers_under(
    settings: AptSettings, values: Mapping[str, Any], places: Mapping[str, str] = MappingProxyType({})
) -> tuple[Layers, Registry]:
    """Where these settings come from, with arguments that are stronger; `places` says how a user spells them."""
    background = settings._background
    return background.layers.under(values, places), background.registry


def settings_of(settings: AptSettings) -> Mapping[str, Setting]:
    """Name -> setting, of all that an object of settings has: its class's, then those of the groups beside it."""
    return settings._background.registry.settings_of(type(settings))


def is_set(settings: AptSettings, name: str) -> bool:
    """Whether somebody set a setting for this job."""
    giver = settings._background.layers.winner(name)
    return giver is not None and giver.is_override


def expected_by(settings: AptSettings) -> Origin | None:
    """Who says by APT_EXPECT, or the argument of that name, what the settings must be; None where nobody does."""
    return settings._background.layers.winner("expect")


def unknown_to(settings: AptSettings) -> tuple[Origin, ...]:
    """The variables that are no settings and that APT_UNKNOWN let pass, the weakest source first."""
    sources = reversed(settings._background.layers.sources)
    return tuple(each for source in sources for each in source.unknown if each.kind in ("environment", "env file"))


def unjudged_in(settings: AptSettings) -> Mapping[str, "RecordedSetting"]:
    """What a record says of settings whose groups nobody names here; empty where no record decides."""
    return settings._background.layers.unjudged


def values_of(settings: AptSettings) -> dict[str, Any]:
    """Name -> value of every setting, in the order of `settings_of`; Unset.REQUIRED where somebody must set it."""
    values = {**settings.__dict__, **settings._background.group_values}
    return {name: values.get(name, Unset.REQUIRED) for name in settings_of(settings)}


def json_values(settings: AptSettings) -> dict[str, Any]:
    """Name -> value of every setting, as JSON has it."""
    values: dict[str, Any] = to_jsonable_python(values_of(settings), fallback=str)
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


def part(settings: AptSettings, kind: "type[T] | Group[T]") -> T:
    """A new object of a group's class, or of a handle's, with the values that these settings have for it.

        args = part(settings, TrainerSettings)
        args.eval_every                                 # 100, where APT_EVAL_EVERY says so

    What nobody set, the class makes itself. Arguments of transformers' Trainer are those of
    `integrations.transformers.training_arguments`. Raises SettingsError for a class that is no group of these settings,
    and for what the class refuses.
    """
    wanted = kind if isinstance(kind, Group) else Group(kind)
    group = group_for(settings, wanted)
    if group is None:
        name = named_by(kind)
        fix = f"export APT_EXTEND={name}, or call apt_settings.extend before the settings are used"
        raise SettingsError.at(name, "is no group of these settings", fix=fix)
    if decided := decided_in(wanted.kind):  # pragma: no cover - of transformers, in the part `training`
        module, _, function = decided.maker.partition(":")
        by_maker: T = getattr(import_module(module), function)(settings, kind=wanted.kind)
        return by_maker
    try:
        return made(replace(group, kind=wanted.kind), given_to(settings, group))
    except Exception as error:  # whatever a class of others does
        raise SettingsError.at(group.name, f"refuses these values: {said_by(error)}") from None


def group_for(settings: AptSettings, wanted: "Group[T]") -> "Group[T] | None":
    """The group of these settings that a class or handle stands for; None where there is none."""
    groups = settings._background.registry.groups
    same = next((each for each in groups if is_same(wanted, each)), None)
    return same or next((each for each in groups if each.kind is wanted.kind and wanted == Group(wanted.kind)), None)


def given_to(settings: AptSettings, group: Group[Any]) -> dict[tuple[str, ...], Any]:
    """What the fields of a group's class were given: our values, and its own that somebody set."""
    own, shared, _ = fields_of(group)
    values, winners = values_of(settings), settings._background.layers.winners()
    ours = {path: values[name] for path, name in shared.items()}
    return ours | {setting.path: values[name] for name, setting in own.items() if name in winners}


def default_in(settings: AptSettings, name: str) -> Any:
    """What a setting would be here if nobody set it: for a default made from others, what they make of it."""
    setting = settings_of(settings)[name]
    if setting.default is not Unset.DERIVED or setting.group is None:
        return setting.default_among(settings.__dict__)
    given = given_to(settings, setting.group)
    given.pop(setting.path, None)
    return judge(setting.group, given).values.get(setting.path)


def check_objects(settings: AptSettings) -> None:
    """Make the object of every group that asks for it with `check`. Raises SettingsError for what a class refuses."""
    for group in settings._background.registry.groups:
        if group.check:
            part(settings, group)


def unusable(settings: AptSettings, name: str, wrong: str, allowed: str = "", fix: str = "") -> SettingsError:
    """The error for a valid value that something cannot use: a batch that the devices cannot share."""
    value = as_text(values_of(settings)[name])
    return SettingsError([Problem(settings.origin(name), wrong, allowed, fix, value, setting=name)])


class Draft(NamedTuple):
    """What an object is made of, before its values are judged."""

    task_class: type[AptSettings]
    task: str
    """The task of the class; empty for AptSettings itself, which has none."""
    registry: Registry
    settings: Mapping[str, Setting]
    """Name -> setting, of the class and of the groups beside it."""
    layers: Layers
    winners: dict[str, Origin]
    """Setting -> who decides it, where anybody does."""
    values: dict[str, Any]
    """Setting -> the value that its winner gives, read by the setting's type."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong before any value is judged."""
        return (*self.layers.problems, *self.layers.release.problems)


def draft_of(task_class: type[AptSettings], layers: Layers, known: Registry) -> Draft:
    """What the sources give to a class, with the release as the weakest of them if APT_REFERENCE=release.

    Layers in which environment APT_EPOCHS "30" is over .env:1 "20" -> winner environment APT_EPOCHS, value 30
    """
    settings = known.settings_of(task_class)
    layers = _without_defaults(layers._replace(release=_release(task_class, layers)), settings)
    winners = {name: giver for name, giver in layers.winners().items() if name in settings}
    values = {name: read_value(giver.value, settings[name].field.annotation) for name, giver in winners.items()}
    return Draft(task_class, task_of(task_class), known, settings, layers, winners, values)


def _without_defaults(layers: Layers, settings: Mapping[str, Setting]) -> Layers:
    """The same without what `run` handed on as a default and is the default here, too: nobody set it."""
    defaults = [
        name
        for source in layers.sources
        for name, giver in source.values.items()
        if giver.source == HANDED_ON_DEFAULT
        if name in settings and read_value(giver.value, settings[name].field.annotation) == settings[name].default
    ]
    return layers.without(defaults, "environment") if defaults else layers


def outdated_in(draft: Draft, values: Mapping[str, Any], varied: Collection[str]) -> tuple[str, ...] | None:
    """The outdated defaults of an object with these values; None where the values are not valid.

    `values` are the draft's, except for the settings in `varied`, whose values replace the draft's.
    """
    instance = draft.task_class.__new__(draft.task_class)
    if _validate(draft, values, instance).refused or any(_both_set(draft, values, varied)):
        return None
    if any(_unknown_parts(draft, instance.__dict__[PLACE], has_index=True)):
        return None
    outdated = []
    for each in broken(instance.__dict__, draft.task, draft.task_class):
        if each.setting in varied or (each.setting in values and draft.winners[each.setting].is_override):
            return None
        outdated.append(each.setting)
    return tuple(outdated)


def layers_for(task_class: type[AptSettings], inputs: Inputs) -> Layers:
    """What the sources give to a task's class. It ignores APT_TASK, and a note says so.

    Raises TypeError for a class without a task.
    """
    task = task_of(task_class)
    if not task:
        raise TypeError(f"{task_class.__name__} has no task: call load(), or use a task's class, such as SquadSettings")
    layers = read(inputs, registry().names_of(task_class))
    choice = layers.winner("task")
    if choice is None or choice.kind == "argument":
        return layers
    layers = layers.without(["task"], "environment", "env file")
    if plain(str(choice.value)) == task:
        return layers
    text = f"{choice.label}={choice.raw} is not read by {task_class.__name__}, whose task is {task}"
    return layers._replace(notes=(*layers.notes, Note(text, "task")))


class Verdict(NamedTuple):
    """What came of judging the values of a draft."""

    refused: dict[str, ErrorDetails]
    """What pydantic refuses, by the setting; a class that refuses its values as a whole goes by its own name."""
    group_values: dict[str, Any]
    """The values of the groups beside the class, by the name of the setting."""


def _problems(draft: Draft, verdict: Verdict, instance: AptSettings, *, complete: bool) -> Iterator[Problem]:
    """Everything that is wrong with the values of a draft, in the settings' order.

    Where the settings need not be `complete`, a setting of a project that is required and not set is none of it.
    """
    refused = verdict.refused
    if not complete:
        refused = {name: each for name, each in refused.items() if name in (*JOB, *draft.values) or not _missing(each)}
    of_class = any(draft.settings[name].group is None for name in refused if name in draft.settings)
    values = _defaults(draft) | draft.values if of_class or not instance.__dict__ else instance.__dict__
    misfits = {each.setting: each for each in broken(_without(refused, values), draft.task, draft.task_class)}
    wrong = refused.keys() | misfits.keys()
    for name, setting in draft.settings.items() if wrong else ():
        giver = draft.winners.get(name)
        if name in refused:
            # Where no class is chosen, what a class would give is not missing, and the task is refused already.
            if draft.task or (giver and name != "task"):
                yield refusal(setting, refused[name], giver)
        elif name in misfits and giver and giver.is_override:
            yield misfit(misfits[name], draft.winners)
    for name in refused.keys() - draft.settings.keys():
        yield Problem(name, words_of(refused[name]) or refused[name]["msg"])
    if PLACE not in refused and PLACE in values:
        where = draft.winners.get(PLACE) or PLACE
        for part, fix in _unknown_parts(draft, values[PLACE], has_index=draft.layers.point is not None):
            yield Problem(where, part, fix=fix, setting=PLACE)
    for name in _both_set(draft, draft.values):
        yield excluded(draft.winners[name], draft.winners[EXCLUSIVE[name]], name)


def _unknown_parts(draft: Draft, text: str, *, has_index: bool) -> Iterator[tuple[str, str]]:
    """What is wrong with the names in braces of output_dir, and what to write."""
    for name in names_in(text):
        setting = draft.settings.get(name)
        if name == "index" and not has_index:
            yield "has {index}, and this is no point of a grid", "write {fingerprint} for a folder of its own"
        elif setting and (setting.secret or name == PLACE):
            yield f"has {{{name}}}, which {'is secret' if setting.secret else 'is itself'}", ""
        elif not setting and name not in ("index", "fingerprint"):
            known = did_you_mean([f"{{{each}}}" for each in nearest(name, [*draft.settings, "fingerprint", "index"])])
            fix = "; ".join(filter(None, (known, f"{{{{{name}}}}} is the text itself")))
            yield f"has {{{name}}}, which is no setting", fix


def _both_set(draft: Draft, values: Mapping[str, Any], varied: Collection[str] = ()) -> Iterator[str]:
    """The settings that somebody sets together with the one that says the same in another way."""
    for name, other in EXCLUSIVE.items():
        pair = [each for each in (name, other) if each in values]
        chosen = len(pair) == 2 and all(each in varied or draft.winners[each].is_override for each in pair)
        if chosen and values[name] is not None:
            yield name


def _validate(draft: Draft, values: Mapping[str, Any], instance: AptSettings) -> Verdict:
    """Put values into an object of the class, and judge those of the groups beside it."""
    refused: dict[str, ErrorDetails] = {}
    fields = draft.task_class.model_fields  # pydantic looks it up anew at every use
    of_class = {name: value for name, value in values.items() if name in fields}
    try:
        instance.__pydantic_validator__.validate_python(of_class, self_instance=instance)
    except ValidationError as error:
        refused = {name or draft.task_class.__name__: each for name, each in details_of(error).items()}
        if all(map(_missing, refused.values())):  # then the rest can be shown, where settings need not be complete
            instance.__setstate__(draft.task_class._not_judged(of_class).__getstate__())
    group_values: dict[str, Any] = {}
    for group in draft.registry.groups:
        own, shared, _ = fields_of(group)
        ours = {path: instance.__dict__[name] for path, name in shared.items() if name in instance.__dict__}
        judged = judge(group, ours | {each.path: values[name] for name, each in own.items() if name in values})
        names = {each.path: name for name, each in own.items()}
        group_values |= {names[path]: value for path, value in judged.values.items() if path in names}
        if refused:  # ours are not all known, and what a class refuses may be for want of them
            judged = judged._replace(refused={path: each for path, each in judged.refused.items() if path in names})
        for path, each in judged.refused.items():
            where = names.get(path) or " ".join((group.name, *path))
            refused[where] = each if path not in shared else {**each, "msg": _not_ours(shared[path], ours[path])}
    return Verdict(refused, group_values)


def _missing(refused: ErrorDetails) -> bool:
    return refused["type"] == "missing"


def _not_ours(name: str, value: object) -> str:
    fix = "say apart=(...) and give the group a prefix if it is another setting"
    return f"stands for our {name}, and does not take {shown(value)}; {fix}"


def _defaults(draft: Draft) -> dict[str, Any]:
    defaults = ((name, setting.default) for name, setting in draft.settings.items())
    return {name: default for name, default in defaults if not isinstance(default, Unset)}


def _without(names: Mapping[str, Any], values: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in values.items() if name not in names} if names else values


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


def _release(task_class: type[AptSettings], layers: Layers) -> Source:
    """What the release gives to a class, if APT_REFERENCE=release; a problem where it has no script for the job."""
    reference = layers.winner("reference")
    if reference is None or reference.value != "release":
        return Source({})
    from .facts.release import pairs, scripts
    from .sources.release import source_of

    dataset, architecture = (
        giver.value if (giver := layers.winner(name)) else task_class.model_fields[name].default
        for name in ("dataset", "architecture")
    )
    choice = ((dataset, task_class.datasets), (architecture, task_class.architectures))
    if any(not isinstance(each, str) or (fitting and each not in fitting) for each, fitting in choice):
        return Source({})  # which is refused for that
    if script := scripts().get((dataset, architecture)):
        return source_of(script) if reference.kind != "record" else Source({})  # a record has the values itself
    wrong = f"has no script for {architecture} on {dataset}"
    fitting = ", ".join(name for each, name in scripts() if each == dataset) or "none"
    fix = f"for {dataset} it has {fitting}; in all {pairs(scripts())}"
    return Source({}, problems=(Problem(reference, wrong, fix=fix, value=reference.raw, kind="no script"),))
