"""Reads a spec of any kind, and the specs inside it: the script of a step, the `.env` that a script writes."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from ..basics.files import UnreadableError
from . import dockerfiles, dotenv, makefiles, manifests, shell
from .kinds import kind_of
from .spec import NOBODY, NOTHING, Beside, Fault, Given, Inner, Spec
from .trees import from_json, from_toml

_DEEPEST: Final = 5
"""The most texts that stand in each other."""
_MOST_INNER: Final = 2_000
"""The most texts in one file that are read; what stands in others is not judged, and named."""

_READERS: Final[Mapping[str, Callable[[str, Given, Beside], Spec]]] = {
    "env": lambda text, given, _: dotenv.read(text, given),
    "script": lambda text, given, _: shell.read(text, given),
    "manifest": manifests.read,
    "json": partial(manifests.read, parse=from_json),
    "toml": partial(manifests.read, parse=from_toml),
    "dockerfile": lambda text, *_: dockerfiles.read(text),
    "makefile": lambda text, *_: makefiles.read(text),
    "justfile": lambda text, *_: makefiles.read_just(text),
    "": lambda *_: Spec(),
}


def read(reader: str, text: str, given: Given = NOTHING, beside: Beside = NOBODY) -> Spec:
    """Everything that a text sets, and all texts in it. What is wrong with its form is a fault."""
    return _Reading(beside).read(reader, text, given)


class _Reading:
    """Reads a text and those in it, up to so many."""

    def __init__(self, beside: Beside) -> None:
        self._beside = beside
        self._left = _MOST_INNER

    def read(self, reader: str, text: str, given: Given, depth: int = 0) -> Spec:
        try:
            spec = _READERS[reader](text, given, self._beside)
        except UnreadableError as error:
            return Spec(faults=(Fault(error.line, "", str(error)),))
        except RecursionError:
            return Spec(faults=(Fault(1, "", "is nested too deeply"),))
        inner = spec.inner if depth < _DEEPEST else ()
        return _together([spec._replace(inner=()), *(self._read_inner(each, depth + 1) for each in inner)])

    def _read_inner(self, inner: Inner, depth: int) -> Spec:
        self._left -= 1
        if self._left < 0:
            return Spec()
        reader = inner.kind or kind_of(inner.name, inner.text).reader
        spec = self.read(reader, inner.text, inner.given, depth)
        if inner.kind != "script":  # it may be no spec at all
            forms = tuple(each for each in spec.faults if not each.variable)
            faults = tuple(each for each in spec.faults if each.variable)
            spec = spec._replace(faults=faults, remarks=(*spec.remarks, *forms))
        return spec.moved(inner.line - 1)


def _together(specs: list[Spec]) -> Spec:
    return Spec(
        tuple(each for spec in specs for each in spec.environments),
        tuple(each for spec in specs for each in spec.faults),
        tuple(each for spec in specs for each in spec.remarks),
        local=frozenset().union(*(spec.local for spec in specs)),
    )
