"""Objects of a project's own classes, made from settings."""

from dataclasses import replace
from importlib import import_module
from typing import Any, TypeVar

from .base import AptSettings, background_of, settings_of, values_of
from .errors import SettingsError
from .judging.validation_errors import said_by
from .own import Group, decided_in, is_same, judge, made, named_by
from .registry import Unset, fields_of

T = TypeVar("T")


def part(settings: AptSettings, kind: "type[T] | Group[T]") -> T:
    """A new object of a group's class, or of a handle's, with the values that these settings have for it.

        args = part(settings, TrainerSettings)
        args.eval_every                                 # 100, where APT_EVAL_EVERY says so

    What nobody set, the class makes itself. Arguments of transformers' Trainer are those of
    `integrations.transformers.training_arguments`. Raises SettingsError for a class that is no group of these settings,
    and for what the class refuses.
    """
    if not isinstance(kind, type | Group):
        name = type(kind).__name__
        raise TypeError(f"part(settings, {name}) takes a class or a handle, and not an object of {name}")
    wanted = kind if isinstance(kind, Group) else Group(kind)
    group = group_for(settings, wanted)
    if group is None:
        named, name = background_of(settings).registry.word, named_by(kind)
        together = f"{named},{name}" if named else name
        fix = f"export APT_EXTEND={together}, or call apt_settings.extend before the settings are used"
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
    groups = background_of(settings).registry.groups
    same = next((each for each in groups if is_same(wanted, each)), None)
    return same or next((each for each in groups if each.kind is wanted.kind and wanted == Group(wanted.kind)), None)


def given_to(settings: AptSettings, group: Group[Any]) -> dict[tuple[str, ...], Any]:
    """What the fields of a group's class were given: our values, and its own that somebody set."""
    own, shared, *_ = fields_of(group)
    background, values = background_of(settings), values_of(settings)
    winners = background.layers.winners()
    ours = {path: values[name] for path, name in shared.items()}
    return ours | {each.path: background.group_values[name] for name, each in own.items() if name in winners}


def default_in(settings: AptSettings, name: str) -> Any:
    """What a setting would be here if nobody set it: for a default made from others, what they make of it."""
    setting = settings_of(settings)[name]
    if setting.default is not Unset.DERIVED:
        return setting.default
    if setting.group is None:
        return setting.field.get_default(call_default_factory=True, validated_data=dict(settings.__dict__))
    given = given_to(settings, setting.group)
    given.pop(setting.path, None)
    return judge(setting.group, given).values.get(setting.path)


def check_objects(settings: AptSettings) -> None:
    """Make the object of every group that asks for it with `check`. Raises SettingsError for what a class refuses."""
    for group in background_of(settings).registry.groups:
        if group.check:
            part(settings, group)
