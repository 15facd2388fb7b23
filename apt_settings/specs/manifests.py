"""YAML, JSON and TOML: the variables that stand in them, and the scripts. What a kind of file adds is a table."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ..sources.names import PREFIX, is_ours
from .indexed_jobs import too_many_pods
from .manifest_scripts import inner_of, is_script, texts_in
from .manifest_values import alternatives, is_null, matrix_of, no_string
from .roles import disagreements
from .spec import NOBODY, NOTHING, Assignment, Beside, Environment, Fault, Given, Inner, Spec, assigned, setting_of
from .trees import TEMPLATE_LINES, from_yaml, items_of, line_of, pairs_of, text_of

_ENVIRONMENTS: Final = ("env", "environment", "envs", "env_vars", "variables", "data", "stringData")
"""Keys under which every name is a variable, so that `apt_seed` is one of ours in the wrong case."""
_OF_SCRIPTS: Final = ("env", "environment", "variables", "envs")
"""Keys whose variables the scripts beside and below them get."""
_UNITS: Final = frozenset({"run", "uses", "script", "command", "args", "cmd", "image", "containers", "entrypoint"})
"""Keys of what runs: a step, a service, a container. It has the variables of all that it stands in."""
_TRAINS: Final = r"train|\.(py|sh)\b|torchrun|accelerate|deepspeed"
"""What stands in a step that takes settings, but for our own command."""
_CONTAINERS: Final = frozenset({"containers", "initContainers", "ephemeralContainers"})
_ELSEWHERE: Final = frozenset({"valueFrom", "secret"})
"""Keys beside a name whose value stands in another place."""
_MAPS: Final = {"ConfigMap": "data", "Secret": "stringData"}
"""Kinds of Kubernetes that hold variables, and the field in which each does."""


class _Scope(NamedTuple):
    """What a node inherits from what it stands in."""

    tables: Mapping[str, tuple[Assignment, ...]] = {}
    """Key such as `env` -> the variables of all that the node stands in, the nearest last."""
    values: Mapping[str, Sequence[str]] = {}
    """What a matrix says."""
    below: str = ""
    needs_strings: bool = False
    """Whether Kubernetes refuses a value that is no string."""

    def inside(self, fields: Mapping[str, Node]) -> "_Scope":
        """What the parts of a mapping inherit beside its variables."""
        image = text_of(fields.get("image"))
        below = f"the image {image}" if image and "$" not in image and "{" not in image else "the image"
        return self._replace(
            values={**self.values, **matrix_of(fields)},
            below=below if image else self.below,
            needs_strings=self.needs_strings or "apiVersion" in fields or bool(fields.keys() & _CONTAINERS),
        )

    def given(self) -> Given:
        """What a script here gets."""
        tables = [each for key in _OF_SCRIPTS for each in self.tables.get(key, ())]
        return Given(tuple(tables), self.values, True, self.below, is_part=True)


def read(
    text: str,
    given: Given = NOTHING,
    beside: Beside = NOBODY,
    parse: Callable[[str], list[Node]] = from_yaml,
) -> Spec:
    """The variables in all documents. Raises UnreadableError."""
    return _Reader(parse(text), text, given, beside).spec()


def config_maps(text: str) -> dict[tuple[str, str], dict[str, Assignment]]:
    """Kind and name -> what each ConfigMap and Secret of a YAML text holds. Raises UnreadableError."""
    return _Reader(from_yaml(text), text, NOTHING, NOBODY).maps


class _Reader:
    """Walks over the nodes. A node that aliases repeat is looked at once."""

    def __init__(self, documents: list[Node], text: str, given: Given, beside: Beside) -> None:
        self._documents = documents
        self._lines = text.split("\n")
        self._given = given
        self._beside = beside
        self._environments: list[Environment] = []
        self._faults: dict[Fault, None] = {}
        self._inner: list[Inner] = []
        self._seen: set[int] = set()
        self._entries_of: dict[tuple[int, bool], list[Assignment]] = {}
        self._judged: set[tuple[object, ...]] = set()
        self._used: set[tuple[str, str]] = set()
        self.maps: dict[tuple[str, str], dict[str, Assignment]] = {}
        for document in documents:
            for node in _mappings(document):
                self._map(pairs_of(node))
                self._faults |= dict.fromkeys(too_many_pods(node))
                names = ((text_of(each) or "", line_of(each)) for each, _ in node.value)
                self._find_twice((name, line) for name, line in names if name.startswith(PREFIX))

    def spec(self) -> Spec:
        """The result: an environment for each step, service and container, and for each table that none of them has."""
        roots = [MappingNode("", [(ScalarNode("", ""), document)]) for document in self._documents]
        for root in roots:  # all of them stay, as nodes are known by their id
            self._walk(root, _Scope(values=self._given.values, below=self._given.below))
        for key, data in self.maps.items():
            ours = tuple(each for name, each in data.items() if is_ours(name))
            self._environments.append(Environment(ours, key not in self._used))
        faults = (*self._faults, *disagreements(self._documents, self.maps))
        return Spec(tuple(self._environments), faults, (), tuple(self._inner))

    def _map(self, fields: Mapping[str, Node]) -> None:
        """Keep what a ConfigMap or a Secret holds."""
        kind = text_of(fields.get("kind")) or ""
        if kind not in _MAPS:
            return
        name = text_of(pairs_of(fields.get("metadata")).get("name")) or ""
        held = self.maps.setdefault((kind, name), {})
        for key, value in pairs_of(fields.get(_MAPS[kind])).items():
            if isinstance(value, ScalarNode):
                held[key] = self._assignments(key, value, _Scope(needs_strings=True))[0]
                if kind == "Secret" and (setting := setting_of(key)) and setting.secret:
                    held[key] = Assignment(key, None, held[key].line, unknown="that of a Secret")
                is_file = not is_ours(key) and value.style in ("|", ">", '"', "'")
                self._inner += [inner_of(value, self._lines, name=key)] if is_file and "APT_" in value.value else []
        if kind == "Secret":
            for key, value in pairs_of(fields.get("data")).items():
                held[key] = Assignment(key, None, line_of(value), unknown="a base64 text of a Secret")

    def _walk(self, node: Node, scope: _Scope) -> set[str]:
        """Look at a node and all below it. Returns the keys of the tables that something below it has."""
        if id(node) in self._seen:
            return set()
        self._seen.add(id(node))
        if isinstance(node, SequenceNode):
            return {key for each in node.value for key in self._walk(each, scope)}
        if not isinstance(node, MappingNode):
            return set()
        fields = pairs_of(node)
        if text_of(fields.get("kind")) in _MAPS:
            return set()
        scope, here = self._enter(fields, scope)
        found = {key for each in fields.values() for key in self._walk(each, scope)}
        is_unit = bool(fields.keys() & _UNITS)
        texts = list(texts_in(fields, self._lines))
        # the commands of a script have it, and may set more; a step that trains nothing takes none
        is_other = any(each.kind == "script" for each in texts) or _trains_nothing(fields)
        for key in scope.tables.keys() if is_unit else here - found:
            self._judge(key, scope, whole=not is_other)
        for each in texts:
            given = scope.given().moved(1 - each.line)
            self._inner.append(each._replace(given=given) if each.kind == "script" else each)
        return found | here | (scope.tables.keys() if is_unit else set())

    def _enter(self, fields: Mapping[str, Node], scope: _Scope) -> tuple[_Scope, set[str]]:
        """What the parts of a mapping inherit, and the keys of its own tables."""
        scope, from_files = self._files(fields, scope.inside(fields))
        here: set[str] = set()
        tables = dict(scope.tables)
        if from_files:
            key = "environment" if "environment" in fields else "env"
            tables[key] = (*tables.get(key, ()), *from_files)
            here.add(key)
        for key, value in fields.items():
            if entries := self._entries(key, value, scope):
                tables[key] = (*tables.get(key, ()), *entries)
                here.add(key)
        return scope._replace(tables=tables), here

    def _files(self, fields: Mapping[str, Node], scope: _Scope) -> tuple[_Scope, tuple[Assignment, ...]]:
        """The variables of `envFrom` and `env_file`. What is not there may set others."""
        found: list[Assignment] = []
        for source in map(pairs_of, items_of(fields.get("envFrom"))):
            prefix = text_of(source.get("prefix")) or ""
            for kind, field in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
                if name := text_of(pairs_of(source.get(field)).get("name")):
                    self._used.add((kind, name))
                    held = self._held(kind, name)
                    found += [each._replace(variable=prefix + each.variable) for each in (held or {}).values()]
                    scope = scope if held is not None else scope._replace(below=f"the {kind} {name}")
        node = fields.get("env_file")
        for each in items_of(node) or ([node] if node else []):
            path = text_of(each) or text_of(pairs_of(each).get("path")) or ""
            held_by_file = self._beside.env_file(path)
            found += held_by_file or ()
            scope = scope if held_by_file is not None else scope._replace(below=f"the env_file {path}")
        return scope, tuple(each for each in found if is_ours(each.variable))

    def _held(self, kind: str, name: str) -> Mapping[str, Assignment] | None:
        return self.maps.get((kind, name)) or self._beside.config_maps.get((kind, name))

    def _judge(self, key: str, scope: _Scope, *, whole: bool) -> None:
        """Keep a table as an environment; where aliases give several containers the same one, once."""
        assignments = scope.tables.get(key, ())
        certain = whole and self._given.certain and not scope.below
        identity = (*map(id, assignments), scope.below, certain)
        if identity not in self._judged:
            self._judged.add(identity)
            self._environments.append(Environment(assignments, certain, scope.below if whole else ""))

    def _entries(self, key: str, node: Node, scope: _Scope) -> list[Assignment]:
        """The variables of a table: `APT_X: 1`, `{name: APT_X, value: 1}` and `APT_X=1`."""
        identity = (id(node), scope.needs_strings)
        if identity not in self._entries_of:
            if isinstance(node, MappingNode):
                found = self._in_mapping(key, node, scope)
            else:
                items = [self._in_list(key, item, scope) for item in items_of(node)]
                found = [each for item in items for each in item]
                self._find_twice((each.variable, each.line) for item in items for each in item[:1])
            self._entries_of[identity] = found
        return self._entries_of[identity]

    def _in_mapping(self, key: str, node: MappingNode, scope: _Scope) -> list[Assignment]:
        fields = pairs_of(node)
        found = self._named(key, fields, scope)
        for name, value in fields.items():
            value = pairs_of(value).get("value", value)  # of GitLab, beside a description
            if key == "matrix" and _is_variable(name, key):
                self._any_of(name, items_of(value), scope)
            elif _is_variable(name, key) and (isinstance(value, ScalarNode) or _is_template(value)):
                found += self._assignments(name, value, scope._replace(needs_strings=False))
        return found

    def _any_of(self, name: str, nodes: list[Node], scope: _Scope) -> None:
        """Judge each value of a matrix alone."""
        for node in nodes:
            if isinstance(node, ScalarNode):
                assignments = self._assignments(name, node, scope._replace(needs_strings=False))
                self._environments.append(Environment(tuple(assignments), certain=False))

    def _in_list(self, key: str, item: Node, scope: _Scope) -> list[Assignment]:
        if key == "matrix" and isinstance(item, MappingNode):
            return self._in_mapping(key, item, scope)
        if isinstance(item, ScalarNode):
            name, equals, _ = item.value.partition("=")
            if is_script(key) and re.search(r"\s", item.value):
                return []  # a line of a script
            if not equals or not _is_variable(name, key) or not re.fullmatch(r"[\w.-]+", name):
                return []
            value = ScalarNode("", item.value[len(name) + 1 :], item.start_mark, item.end_mark, style='"')
            return self._assignments(name, value, scope)
        return self._named(key, pairs_of(item), scope)

    def _named(self, key: str, fields: Mapping[str, Node], scope: _Scope) -> list[Assignment]:
        """An assignment from `{name: A, value: "1"}`. The value of `valueFrom` may be in a ConfigMap."""
        name = text_of(fields.get("name")) or text_of(fields.get("key")) or ""
        if not _is_variable(name, key):
            return []
        if "value" in fields:
            return self._assignments(name, fields["value"], scope)
        line = line_of(fields.get("name") or fields["key"])
        if not fields.keys() & _ELSEWHERE:
            return [Assignment(name, "", line)] if len(fields) == 1 and key == "env" else []
        reference = pairs_of(pairs_of(fields.get("valueFrom")).get("configMapKeyRef"))
        map_name, map_key = text_of(reference.get("name")) or "", text_of(reference.get("key")) or ""
        self._used.add(("ConfigMap", map_name))
        held = (self._held("ConfigMap", map_name) or {}).get(map_key)
        unknown = Assignment(name, None, line, unknown="one of another place")
        return [held._replace(variable=name, line=line, file="") if held else unknown]

    def _find_twice(self, found: Iterable[tuple[str, int]]) -> None:
        """Note a variable that stands twice, unless a line of a template between says which of them counts."""
        first: dict[str, int] = {}
        for name, line in found:
            if name in first and not re.search(TEMPLATE_LINES, "\n".join(self._lines[first[name] : line])):
                self._faults[Fault(line, name, f"stands twice, first in line {first[name]}")] = None
            first[name] = line

    def _assignments(self, name: str, node: Node, scope: _Scope) -> list[Assignment]:
        """The assignment of a node's text. One of several values, as of a matrix, is judged alone."""
        line = line_of(node) + (1 if isinstance(node, ScalarNode) and node.style in ("|", ">") else 0)
        if not isinstance(node, ScalarNode):
            if not _is_template(node):
                self._faults[Fault(line, name, "must be a string")] = None
            return [Assignment(name, None, line, unknown="{{ ... }}")]
        if is_null(node):
            return [Assignment(name, "", line)]
        if scope.needs_strings and (text := no_string(node)) is not None:
            self._faults[Fault(line, name, f'must be a string: write "{text}"')] = None
            return [Assignment(name, text, line)]
        assignments = [assigned(name, each, line) for each in alternatives(node.value, scope.values)]
        if len(assignments) == 1:
            return assignments
        self._environments += [Environment((each,), certain=False) for each in assignments if each.value is not None]
        return [Assignment(name, None, line)]


def _trains_nothing(fields: Mapping[str, Node]) -> bool:
    """Whether fields are a step beside those that train: `uses: actions/checkout`, `run: pip install x`."""
    return "uses" in fields or ("run" in fields and not re.search(_TRAINS, text_of(fields["run"]) or ""))


def _is_variable(name: str, key: str) -> bool:
    """Whether a name under a key is a variable that claims to be ours."""
    return name.startswith(PREFIX) or (is_ours(name) and key in _ENVIRONMENTS)


def _is_template(node: Node) -> bool:
    """YAML reads `{{ .Values.seed }}` as a mapping whose key is a mapping."""
    return isinstance(node, MappingNode) and any(isinstance(key, MappingNode) for key, _ in node.value)


def _mappings(document: Node) -> Iterator[MappingNode]:
    """Every mapping at any depth, each once."""
    waiting, seen = [document], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, MappingNode):
            yield node
            waiting += [value for _, value in reversed(node.value)]
        elif isinstance(node, SequenceNode):
            waiting += reversed(node.value)
