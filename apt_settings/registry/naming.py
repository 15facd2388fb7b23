"""Naming groups and tasks: who names which, and what their classes must not do, told where they are named."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import is_dataclass
from inspect import Parameter, signature
from typing import Any, Final

from ..basics.escaping import shown, spelt
from ..basics.suggestions import did_you_mean, nearest
from ..errors import Problem, SettingsError
from ..facts.datasets import DATASETS, plain, task_with
from ..own import Group, Place, groups_named, is_same, leaves_of, wrong_defaults
from ..own.leaves import default_of, names_of_fields
from ..sources.controls import CONTROLS
from ..sources.foreign import is_foreign
from ..sources.layers import Inputs
from ..sources.names import variable_of
from ..values import accepts, allowed, refused_as_default, wrong_default
from .fields import fields_of, project_defaults
from .groups import CHOOSING
from .register import Registry, registry
from .setting import Setting, Unset, ours, task_of

_KEYWORDS: Final = {"environ": "load", "settings_class": "load", "record": "load", "fit": "override"}
"""What a function takes that is no setting -> the function."""
_CUSTOM: Final = "custom"


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
    """The register in force with these groups and tasks too, each of them once. Raises SettingsError."""
    known = registry()
    for group in groups_named([given] if isinstance(given, type | Group) else given, place):
        if any(is_same(group, each) for each in (*known.groups, *known.tasks)):
            continue
        if found := [*(_wrong_with_task if group.is_task else _wrong_with_group)(group, known)]:
            raise SettingsError(Problem(f"{place.name} {group.name}", wrong, fix=fix) for wrong, fix in found)
        if group.is_task:
            known = known._replace(tasks=(*known.tasks, group))
        else:
            known = known._replace(groups=(*known.groups, group))
    return known


def _wrong_with_group(group: Group[Any], known: Registry) -> Iterator[tuple[str, str]]:
    """Where a group takes a name that is another's, or restates a default that we refuse: what is wrong, what to do."""
    yield from _unknown_fields(group)
    rename = "give it another name, or give the group a prefix: group(..., prefix='trl')"
    yield from _taken(fields_of(group).own, known, rename)
    yield from _twice(group)
    yield from _required(group)
    yield from _defaults(group)


def _wrong_with_task(task: Group[Any], known: Registry) -> Iterator[tuple[str, str]]:
    """Where a task takes a name that is another's, or has a default that it refuses: what is wrong, what to do."""
    settings = Registry().settings_of(task.kind)
    yield from _name_of_task(task, known)
    yield from _datasets_of_task(task, known)
    for name, fitting in (("dataset", task.kind.datasets), ("architecture", task.kind.architectures)):
        default = settings[name].default
        if fitting and default is not Unset.REQUIRED and default not in fitting:
            fix = f"write {name}s = ({shown(default)},), or another default: {name}: str = {shown(fitting[0])}"
            yield f"has the default {name} {default}, which is none of its {name}s: {', '.join(fitting)}", fix
        for each in fitting:
            if not accepts(settings[name].field, each):
                yield f"has the {name} {each}, which the type of {name} refuses", f"write {name}: str = {shown(each)}"
    for name, setting in settings.items():
        default = setting.default
        if isinstance(default, Unset):
            continue
        if setting.restated_by and not accepts(setting.field, default):
            yield f"gives {name} the default {shown(default)}, and it must be {allowed(setting.field)}", ""
        elif setting.is_own:
            wrong = refused_as_default(setting.field, default_of(setting.field), is_shown=not setting.secret)
            if wrong:
                yield wrong_default(name, setting.field, wrong), ""
    yield from _taken({name: each for name, each in settings.items() if each.is_own}, known, "give it another name")


def _name_of_task(task: Group[Any], known: Registry) -> Iterator[tuple[str, str]]:
    """The name must be a word that chooses this task and no other."""
    name = task_of(task.kind)
    if name in (*DATASETS, _CUSTOM, ""):
        yield f"is a task, and its name is {name or 'missing'}", 'give it one of its own: task: str = "gsm8k"'
    elif not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        yield f"has the task name {shown(name)}, and APT_TASK takes lower case letters, digits and _", ""
    elif taken := _holder_of(name, known):
        yield f"has the task name {name}, which is of {taken}", "give it another name"


def _datasets_of_task(task: Group[Any], known: Registry) -> Iterator[tuple[str, str]]:
    for dataset in task.kind.datasets:
        if taken := _holder_of(dataset, known):
            yield f"has the dataset {dataset}, which is of {taken}", 'name its own: datasets = ("gsm8k",)'


def _holder_of(word: str, known: Registry) -> str:
    """The task that is called so already, or has a dataset of this name; empty where none has."""
    named = (each.name for each in known.tasks if plain(word) in map(plain, (task_of(each.kind), *each.kind.datasets)))
    return task_with(word) or next(named, "")


def _unknown_fields(group: Group[Any]) -> Iterator[tuple[str, str]]:
    """What a handle says of fields that the class does not have, and of settings that we do not have."""
    fields = {leaf.path[0] for leaf in leaves_of(group)}
    said = {"means": dict(group.means), "apart": group.apart, "where_it_runs": group.where_it_runs}
    for keyword, names in {**said, "secret": group.secret or (), "leave_out": group.leave_out}.items():
        known = fields if keyword != "leave_out" else names_of_fields(group.kind)
        for name in sorted(set(names) - known):
            yield f"has no field {name}, which {keyword} names", did_you_mean(nearest(name, sorted(known)))
    for name, setting in group.means:
        if setting not in ours():
            yield f"says that {name} means {setting}, which is no setting of ours", ""


def _taken(own: Mapping[str, Setting], known: Registry, rename: str) -> Iterator[tuple[str, str]]:
    """Names of a group's or a task's own settings that are another's. Two tasks may share a name, as a job has one."""
    holders = {name: each.name for each in known.groups for name in fields_of(each).own}
    both: dict[str, list[str]] = {}
    is_task = not any(each.group for each in own.values())
    for each in () if is_task else known.tasks:
        holders |= {name: each.name for name, setting in known.settings_of(each.kind).items() if setting.is_own}
    for name, setting in own.items():
        if name in ours():
            yield f"says that {name} is not ours, and {setting.variable} is", "give the group a prefix"
        elif name in CONTROLS:
            yield f"has a field {name}, and {setting.variable} says how settings are read", rename
        elif name in _KEYWORDS:
            yield f"has a field {name}, which is a keyword of {_KEYWORDS[name]}", rename
        elif spelt(setting.variable) != setting.variable:
            fix = "give it one of at most 76 ASCII letters, digits and _, or leave it out: group(..., leave_out=...)"
            yield f"has a field {name}, and no variable can be called {setting.variable}", fix
        elif is_foreign(setting.variable):
            yield f"has a field {name}, and {setting.variable} is a variable of another tool", rename
        elif name in holders:
            both.setdefault(holders[name], []).append(name)
    for holder, names in both.items():
        yield f"has {'a field' if len(names) == 1 else 'the fields'} {', '.join(names)}, and so has {holder}", rename


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
    """Defaults for our settings that we would refuse as values, and those of its own that their types refuse."""
    for name, origin in project_defaults(group).items():
        if name in CHOOSING:
            yield f"gives {name} a default, and a job says itself which job it is", f"export {variable_of(name)}"
            continue
        if not accepts(ours()[name], origin.value):
            yield f"gives {name} the default {origin.raw}, and it must be {allowed(ours()[name])}", ""
    wrong, shared = wrong_defaults(group), fields_of(group).shared
    for leaf in leaves_of(group):
        if leaf.path in wrong and (group.judges_itself or leaf.path not in shared):
            leave_out = f"mend it, or leave it out: group({group.title}, leave_out=({leaf.path[0]!r},))"
            fix = "" if group.judges_itself else leave_out
            yield wrong_default(".".join(leaf.path), leaf.field, wrong[leaf.path]), fix
