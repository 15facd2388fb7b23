"""Makefiles and justfiles: their variables, and their recipes as scripts."""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from ..sources.names import is_ours
from .spec import Assignment, Environment, Given, Inner, Spec, assigned, known, marked

_EXPORT: Final = r"export(?:[ \t]+(.*))?$"


class _Dialect(NamedTuple):
    """What make and just write in different ways."""

    assignment: str
    """Matches a line that sets a variable: whether it is exported, its name and its value."""
    recipe: str
    """Matches what begins a line of a recipe."""
    value: Callable[[str], str]
    """What is written behind the sign -> the value; what only the tool knows stands in marks."""
    script: Callable[[str], str]
    """A recipe -> a script of a shell."""


def _value_of_make(text: str) -> str:
    text = re.sub(r"[ \t]*(?<!\\)#.*", "", text).strip()
    return re.sub(r"\$[({](\w+)[^)}]*[)}]", lambda each: marked(f"$({each[1]})"), text).replace("$$", "$")


def _value_of_just(text: str) -> str:
    quoted = re.fullmatch(r"""(["'])(.*)\1[ \t]*(?:#.*)?""", text)
    return quoted[2] if quoted else marked(text.partition("#")[0].strip() or "...")


def _script_of_make(text: str) -> str:
    """`$(N)` of make is a variable, `$$x` is one of the shell."""
    return re.sub(r"(?<!\$)\$\((\w+)\)", r"${\1}", text).replace("$$", "$")


def _script_of_just(text: str) -> str:
    """`{{N}}` is a variable."""
    return re.sub(r"\{\{\s*(\w*).*?\}\}", r"${\1}", text)


_MAKE: Final = _Dialect(
    # `export APT_SEED = 3`, `APT_SEED ?= 3`, and for one target alone `train: APT_SEED := 3`
    r"(?:[^\s:=#]+[ \t]*::?[ \t]*)?((?:export|override)[ \t]+)*([A-Za-z_][\w.-]*)[ \t]*(?:[:?+!]{0,3}=)[ \t]*(.*)",
    r"\t",
    _value_of_make,
    _script_of_make,
)
_JUST: Final = _Dialect(
    r"(export[ \t]+)?([A-Za-z_][\w-]*)[ \t]*:=[ \t]*(.*)", r"[ \t]+", _value_of_just, _script_of_just
)


class _File:
    """What stands in a file."""

    def __init__(self, text: str, dialect: _Dialect) -> None:
        self.variables: dict[str, list[Assignment]] = {}
        self.values: dict[str, list[str]] = {}
        self.exported: set[str] = set()
        self.all_exported = False
        self.recipes: dict[int, list[str]] = {}
        """The number of its first line -> the lines of a recipe."""
        recipe = 0
        for number, line in enumerate(text.split("\n"), start=1):
            continues = recipe and (re.match(dialect.recipe, line) or self.recipes[recipe][-1].endswith("\\"))
            if continues or re.match(rf"{dialect.recipe}\S", line):
                recipe = recipe or number
                self.recipes.setdefault(recipe, []).append(re.sub(rf"^{dialect.recipe}[@+-]*", "", line))
            elif recipe and not line.strip():
                self.recipes[recipe].append("")
            else:
                recipe = 0
                self._follow(line, number, dialect)

    def _follow(self, line: str, number: int, dialect: _Dialect) -> None:
        """Follow a line that is none of a recipe."""
        if found := re.match(dialect.assignment, line):
            name, value = found[2], dialect.value(found[3])
            self.values.setdefault(name, []).append(value)
            self.variables.setdefault(name, []).append(assigned(name, value, number))
            self.exported |= {name} if found[1] else set()
        elif found := re.match(_EXPORT, line):
            self.exported |= set((found[1] or "").split())
            self.all_exported |= not found[1]


def read(text: str) -> Spec:
    """The variables of a Makefile. Those that are not exported may come from the caller, and then are."""
    return _read(text, _MAKE)


def read_just(text: str) -> Spec:
    """The variables of a justfile."""
    return _read(text, _JUST)


def _read(text: str, dialect: _Dialect) -> Spec:
    file = _File(text, dialect)
    ours = {name: held for name, held in file.variables.items() if is_ours(name)}
    handed_on = {name: held for name, held in ours.items() if file.all_exported or name in file.exported}
    alone = [each for name, held in ours.items() for each in held if name in known().variables]
    together = tuple(held[0] if len(held) == 1 else held[0]._replace(value=None) for held in handed_on.values())
    given = Given(together, file.values, is_part=True)
    environments = (
        Environment(together, certain=not file.recipes),
        *(Environment((each,), certain=False) for each in alone),
        *(Environment((each,), certain=False) for held in handed_on.values() for each in held),
    )
    inner = tuple(
        Inner(dialect.script("\n".join(lines)), line, "script", given=given.moved(1 - line))
        for line, lines in file.recipes.items()
    )
    return Spec(environments, inner=inner, local=frozenset(ours.keys() - handed_on.keys()))
