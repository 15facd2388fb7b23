"""A project's own settings: classes of its own, or classes that are there already, whose fields are settings too."""

from .classes import ADDED_LATER, NOT_COUNTED, WHERE_IT_RUNS, Group, SettingsGroup, is_same, named_by
from .decided import decided_in
from .frozen import Frozen
from .importing import Place, groups_named
from .leaves import definition_of, leaves_of, meaning_of
from .objects import judge, keywords_of, made, wrong_defaults
from .task import TaskClass

__all__ = [
    "ADDED_LATER",
    "NOT_COUNTED",
    "WHERE_IT_RUNS",
    "Frozen",
    "Group",
    "Place",
    "SettingsGroup",
    "TaskClass",
    "decided_in",
    "definition_of",
    "groups_named",
    "is_same",
    "judge",
    "keywords_of",
    "leaves_of",
    "made",
    "meaning_of",
    "named_by",
    "wrong_defaults",
]
