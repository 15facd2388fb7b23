"""Makefiles and justfiles: their variables, and their recipes as scripts."""

import re
from typing import Final

from ..sources.names import is_ours
from .spec import Assignment, Environment, Given, Inner, Spec, assigned, known, marked

_MAKE: Final = (
    r"(?:[^\s:=#]+[ \t]*::?[ \t]*)?((?:export|override)[ \t]+)*([A-Za-z_][\w.-]*)[ \t]*(?:[:?+!]{0,3}=)[ \t]*(.*)"
)
"""`export APT_SEED = 3`, `APT_SEED ?= 3`, and for one target alone `train: APT_SEED := 3`."""
_JUST: Final = r"(export[ \t]+)?([A-Za-z_][\w-]*)[ \t]*:=[ \t]*(.*)"
_EXPORT: Final = r"export(?:[ \t]+(.*))?$"
_MAKE_VALUE: Final = r"\$[({](\w+)[^)}]*[)}]"


def read(text: str) -> Spec:
    """The variables of a Makefile. Those that are not exported may come from the caller, and then are."""
    return _read(text, _MAKE, recipe=r"\t")


def read_just(text: str) -> Spec:
    """The variables of a justfile."""
    return _read(text, _JUST, recipe=r"[ \t]+")


def _read(text: str, pattern: str, recipe: str) -> Spec:
    variables: dict[str, list[Assignment]] = {}
    values: dict[str, list[str]] = {}
    exported: set[str] = set()
    recipes: dict[int, list[str]] = {}
    start, all_exported = 0, False
    for number, line in enumerate(text.split("\n"), start=1):
        continues = start and (re.match(recipe, line) or recipes[start][-1].endswith("\\"))
        if continues or re.match(rf"{recipe}\S", line):
            start = start or number
            recipes.setdefault(start, []).append(re.sub(rf"^{recipe}[@+-]*", "", line))
            continue
        start = start if not line.strip() and start else 0
        if start:
            recipes[start].append("")
        elif found := re.match(pattern, line):
            value = _value(found[3], pattern)
            values.setdefault(found[2], []).append(value)
            variables.setdefault(found[2], []).append(assigned(found[2], value, number))
            exported |= {found[2]} if found[1] else set()
        elif found := re.match(_EXPORT, line):
            exported |= set((found[1] or "").split())
            all_exported |= not found[1]
    ours = {name: held for name, held in variables.items() if is_ours(name)}
    handed_on = {name: held for name, held in ours.items() if all_exported or name in exported}
    alone = [
        Environment((each,), certain=False) for name, held in ours.items() for each in held if name in known().variables
    ]
    together = tuple(held[0] for held in handed_on.values() if len(held) == 1)
    given = Given(together, values, is_part=True)
    inner = [
        Inner(_script("\n".join(lines), pattern), line, "script", "", given.moved(1 - line))
        for line, lines in recipes.items()
    ]
    unknown = [Environment((each,)) for held in handed_on.values() for each in held]
    local = frozenset(ours.keys() - handed_on.keys())
    return Spec((Environment(together), *alone, *unknown), inner=tuple(inner), local=local)


def _value(text: str, pattern: str) -> str:
    """The value of a variable; what only make knows stands in marks."""
    if pattern == _JUST:
        quoted = re.fullmatch(r"""(["'])(.*)\1[ \t]*(?:#.*)?""", text)
        return quoted[2] if quoted else marked(text.partition("#")[0].strip() or "...")
    text = re.sub(r"[ \t]*(?<!\\)#.*", "", text).strip()
    return re.sub(_MAKE_VALUE, lambda each: marked(f"$({each[1]})"), text).replace("$$", "$")


def _script(text: str, pattern: str) -> str:
    """A recipe as a script: `$(N)` of make is a variable, `$$x` is one of the shell."""
    if pattern == _JUST:
        return re.sub(r"\{\{\s*(\w*).*?\}\}", r"${\1}", text)
    text = re.sub(r"(?<!\$)\$\((\w+)\)", r"${\1}", text)
    return text.replace("$$", "$")
