"""Naming groups: who names which, and what a group must not do, told where it is named."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import is_dataclass
from inspect import Parameter, signature
from typing import Any, Final

from pydantic import ValidationError

from .errors import Problem, SettingsError
from .groups import CHOOSING
from .own import Group, Place, groups_named, is_same, leaves_of
from .registry import Registry, fields_of, ours, project_defaults, registry
from .sources.controls import CONTROLS
from .sources.layers import Inputs
from .sources.names import is_foreign, variable_of
from .values import adapter_of, allowed, read_value

_KEYWORDS: Final = frozenset({"environ", "settings_class", "record"})
"""What `load` and `override` take that is no setting."""


def registry_for(inputs: Inputs, *, elsewhere: bool = False) -> Registry:
    """The register in force with the groups that a caller names, by argument or APT_EXTEND. Raises SettingsError.

    With `elsewhere`, no module of the working directory is imported.
    """
    variable = variable_of("extend")
    if inputs.extend is not None:
        return with_groups(inputs.extend, Place(inputs.places.get("extend", "argument extend")))
    if word := inputs.environ.get(variable, ""):
        return with_groups(word, Place(f"environment {variable}", elsewhere))
    return registry()


def with_groups(given: str | Iterable[Any], place: Place) -> Registry:
    """The register in force with these groups too, each of them once. Raises SettingsError."""
    known = registry()
    for group in groups_named([given] if isinstance(given, type | Group) else given, place):
        if not any(is_same(group, each) for each in known.groups):
            _refuse_conflicts(group, known.groups, place)
            known = known._replace(groups=(*known.groups, group))
    return known


def _refuse_conflicts(group: Group[Any], others: Iterable[Group[Any]], place: Place) -> None:
    """Raise SettingsError where a group takes a name that is another's, or restates a default that we refuse."""
    where = f"{place.name} {group.name}"
    found = [*_unknown_fields(group), *_taken(group, others), *_twice(group), *_required(group), *_defaults(group)]
    if found:
        raise SettingsError(Problem(where, wrong, fix=fix) for wrong, fix in found)


def _unknown_fields(group: Group[Any]) -> Iterator[tuple[str, str]]:
    """What a handle says of fields that the class does not have, and of settings that we do not have."""
    fields = {leaf.path[0] for leaf in leaves_of(group)}
    said = {"means": dict(group.means), "apart": group.apart, "where_it_runs": group.where_it_runs}
    for keyword, names in {**said, "secret": group.secret or ()}.items():
        for name in sorted(set(names) - fields):
            yield f"has no field {name}, which {keyword} names", ""
    for name, setting in group.means:
        if setting not in ours():
            yield f"says that {name} means {setting}, which is no setting of ours", ""


def _taken(group: Group[Any], others: Iterable[Group[Any]]) -> Iterator[tuple[str, str]]:
    holders = {name: each for each in others for name in fields_of(each).own}
    rename = "give it another name, or give the group a prefix: group(..., prefix='trl')"
    for name, setting in fields_of(group).own.items():
        if name in ours():
            yield f"says that {name} is not ours, and {setting.variable} is", "give the group a prefix"
        elif name in CONTROLS:
            yield f"has a field {name}, and {setting.variable} says how settings are read", rename
        elif name in _KEYWORDS:
            yield f"has a field {name}, which is a keyword of load", rename
        elif is_foreign(setting.variable):
            yield f"has a field {name}, and {setting.variable} is a variable of another tool", rename
        elif name in holders:
            yield f"has a field {name}, and so has {holders[name].name}", rename


def _twice(group: Group[Any]) -> Iterator[tuple[str, str]]:
    counts = Counter(setting.variable for setting in fields_of(group).own.values())
    for variable, times in counts.items():
        if times > 1:
            names = " and ".join(name for name in fields_of(group).own if variable_of(name) == variable)
            yield f"has the fields {names}, and {variable} would be both", "give one of them another name"


def _required(group: Group[Any]) -> Iterator[tuple[str, str]]:
    """What an object of the class needs and no setting can give."""
    for leaf in leaves_of(group):
        if leaf.field.is_required() and not leaf.settable:
            yield f"needs {'.'.join(leaf.path)}, and its type has no text form", "give it a default"
    if is_dataclass(group.kind):
        fields = {leaf.path[0] for leaf in leaves_of(group)}
        for name, parameter in signature(group.kind).parameters.items():
            if name not in fields and parameter.default is Parameter.empty:
                yield f"needs {name}, which is no setting", "give it a default"


def _defaults(group: Group[Any]) -> Iterator[tuple[str, str]]:
    """Defaults for our settings that we would refuse as values."""
    for name, origin in project_defaults(group).items():
        if name in CHOOSING:
            yield f"gives {name} a default, and a job says itself which job it is", f"export {variable_of(name)}"
            continue
        try:
            adapter_of(ours()[name]).validate_python(read_value(origin.value, ours()[name].annotation))
        except ValidationError:
            yield f"gives {name} the default {origin.raw}, and it must be {allowed(ours()[name])}", ""
