"""The fields of a group's class: which are settings of their own, which stand for ours, and which nothing can set."""

from collections.abc import Mapping
from functools import cache
from itertools import accumulate
from typing import Any, NamedTuple

from ..basics.escaping import shown
from ..basics.origins import Origin
from ..facts.other_names import DERIVED, OTHER_NAMES
from ..own import Group, decided_in, leaves_of
from ..own.leaves import default_of, names_of_fields
from ..sources.names import variable_of
from .setting import Setting, ours


class Fields(NamedTuple):
    """What the fields of a group are."""

    own: Mapping[str, Setting]
    """Name -> setting, of those that are settings of their own."""
    shared: Mapping[tuple[str, ...], str]
    """Path -> our setting, of those that have its value."""
    meant: Mapping[str, str]
    """Name of a field, with the group's prefix or without -> our setting that it stands for, if called otherwise."""
    hints: Mapping[str, str]
    """Name -> what to do instead, of those that are no settings."""


@cache
def fields_of(group: Group[Any]) -> Fields:
    """Which fields of a group are settings of their own, which have our values, and which nothing can set."""
    own: dict[str, Setting] = {}
    shared: dict[tuple[str, ...], str] = {}
    meant: dict[str, str] = {}
    hints: dict[str, str] = {}
    decided = decided_in(group.kind)
    means = {**dict.fromkeys(decided.fields if decided else (), ""), **dict(group.means)}
    for leaf in leaves_of(group):
        path, top = leaf.path, leaf.path[0]
        if len(path) == 1 and (top in means or (top in ours() and top not in group.apart)):
            if decided is None:  # pragma: no branch - else transformers' integration fills it
                shared[path] = means.get(top, top)
            meant |= {top: means[top]} if means.get(top) else {}
            setting, name = means.get(top) or OTHER_NAMES.get(top, top), _name_of(group, path)
            if name != top:
                meant |= {name: setting} if setting in ours() else {}
                hints |= {name: DERIVED[top]} if top in DERIVED else {}
            continue
        name = _name_of(group, path)
        for parent in accumulate(name.split(".")[:-1], "{}.{}".format):
            hints.setdefault(parent, "its fields are settings:")
            hints[parent] += f" {name}"
        if leaf.settable:
            own[name] = Setting(name, path, group.kind, leaf.field, group, leaf.secret)
        else:
            kind = getattr(leaf.field.annotation, "__name__", str(leaf.field.annotation))
            hints[name] = f"its type {kind} has no text form: it keeps its default"
    for field in names_of_fields(group.kind) - {leaf.path[0] for leaf in leaves_of(group)}:
        why = "leave_out names it" if field in group.leave_out else "no argument of the class sets it"
        hints.setdefault(_name_of(group, (field,)), f"it is a field of {group.title}, and {why}")
    return Fields(own, shared, meant, hints)


def _name_of(group: Group[Any], path: tuple[str, ...]) -> str:
    return ".".join((f"{group.prefix}_{path[0]}" if group.prefix else path[0], *path[1:]))


def project_defaults(group: Group[Any]) -> dict[str, Origin]:
    """Our setting -> the default that a SettingsGroup restates for it: `TrainerSettings default`."""
    if not group.judges_itself:
        return {}
    declared = {leaf.path: leaf for leaf in leaves_of(group) if leaf.has_default}
    values = {
        name: default_of(declared[path].field) for path, name in fields_of(group).shared.items() if path in declared
    }
    return {
        name: Origin("project default", f"{group.title} default", variable_of(name), value, shown(value))
        for name, value in values.items()
    }
