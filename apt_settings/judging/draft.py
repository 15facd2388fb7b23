"""What an object of settings is made of: who wins each setting, and the value that the winner gives."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..basics.origins import Origin
from ..errors import Note, Problem
from ..facts.datasets import plain
from ..own import TaskClass
from ..registry import Registry, Setting, Unset, registry, task_of
from ..sources.handed_on import DEFAULT
from ..sources.layers import Inputs, Layers, read
from ..sources.readers import Source
from ..values import as_text


def layers_for(task_class: type[TaskClass], inputs: Inputs) -> Layers:
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


class Draft(NamedTuple):
    """What an object is made of, before its values are judged."""

    task_class: type[TaskClass]
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


def draft_of(task_class: type[TaskClass], layers: Layers, known: Registry) -> Draft:
    """What the sources give to a class, with the release as the weakest of them if APT_REFERENCE=release.

    Layers in which environment APT_EPOCHS "30" is over .env:1 "20" -> winner environment APT_EPOCHS, value 30
    """
    settings = known.settings_of(task_class)
    layers = _without_defaults(layers._replace(release=_release(task_class, layers, settings)), settings)
    winners = {name: giver for name, giver in layers.winners().items() if name in settings}
    values = {name: settings[name].read(giver.value) for name, giver in winners.items()}
    return Draft(task_class, task_of(task_class), known, settings, layers, winners, values)


def _without_defaults(layers: Layers, settings: Mapping[str, Setting]) -> Layers:
    """The same without what `run` handed on as a default and is the default here, too: nobody set it.

    One of a project that is made from others stays, as its code may make another one each time, and is a default.
    """
    weaker = {**layers.names.defaults, **layers.release.values}
    givers = (each for source in layers.sources for each in source.values.items())
    handed_on = {name: giver for name, giver in givers if giver.source == DEFAULT and name in settings}
    same = [name for name, giver in handed_on.items() if _is_default(giver, settings[name], weaker.get(name))]
    made = {
        name: giver._replace(kind="class default", source=settings[name].default_origin)
        for name, giver in handed_on.items()
        if settings[name].is_own and settings[name].default is Unset.DERIVED
    }
    return layers.without(same, "environment").replaced(made) if handed_on else layers


def _is_default(giver: Origin, setting: Setting, weaker: Origin | None) -> bool:
    """Whether a value is what its setting has without it, by a project or the release, else by the class."""
    default = setting.read(weaker.value) if weaker else setting.default
    return bool(as_text(default) == giver.value)


def _release(task_class: type[TaskClass], layers: Layers, settings: Mapping[str, Setting]) -> Source:
    """What the release gives to a class, if APT_REFERENCE=release; a problem where it has no script for the job."""
    reference = layers.winner("reference")
    if reference is None or reference.value != "release":
        return Source({})
    from ..facts.release import pairs, scripts
    from ..sources.release import source_of

    dataset, architecture = (
        giver.value if (giver := layers.winner(name)) else settings[name].default
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
