"""Kubernetes manifests: what the containers of each document have, by themselves and from ConfigMaps."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ..ownership import is_ours
from .spec import Assignment, Environment, Fault, Spec, UnreadableError

_STRING: Final = "tag:yaml.org,2002:str"
_REFERENCE: Final = r"(?<!\$)(?:\$\$)*\$\("


def read(text: str) -> Spec:
    """What the containers of all documents have. Raises UnreadableError."""
    try:
        documents = [document for document in yaml.compose_all(text, yaml.SafeLoader) if document]
    except yaml.YAMLError as error:
        if "{{" in text:
            return Spec(())  # a template, which is no manifest before it is rendered
        raise _unreadable(error) from None
    except RecursionError:
        raise UnreadableError("is nested too deeply") from None
    return _Reader(documents).spec()


def _unreadable(error: yaml.YAMLError) -> UnreadableError:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        return UnreadableError(f"is no YAML: {error.problem}", mark.line + 1 if mark else 1)
    return UnreadableError(f"is no YAML: {str(error).splitlines()[0]}")


class _Reader:
    """Finds containers and ConfigMaps, wherever they stand; a node that aliases repeat is looked at once."""

    def __init__(self, documents: list[Node]) -> None:
        self._faults: list[Fault] = []
        nodes = list(_mappings(documents))
        self._config_maps = {name: data for node in nodes for name, data in self._config_map(node)}
        self._containers = [each for node in nodes for each in self._containers_of(node)]

    def spec(self) -> Spec:
        """What was found. A ConfigMap that no container here takes is one of its own."""
        taken: set[str] = set()
        environments = [self._environment(container, taken) for container in self._containers]
        alone = [tuple(data) for name, data in self._config_maps.items() if name not in taken]
        return Spec((*environments, *map(Environment, alone)), tuple(self._faults))

    def _config_map(self, node: MappingNode) -> Iterator[tuple[str, list[Assignment]]]:
        fields = dict(_pairs(node))
        if _text(fields.get("kind")) == "ConfigMap" and isinstance(data := fields.get("data"), MappingNode):
            metadata = fields.get("metadata")
            name = _text(dict(_pairs(metadata)).get("name")) if isinstance(metadata, MappingNode) else None
            yield name or "", [self._assignment(key, value) for key, value in _pairs(data) if is_ours(key)]

    def _containers_of(self, node: MappingNode) -> Iterator[MappingNode]:
        for key, value in _pairs(node):
            if key in ("containers", "initContainers") and isinstance(value, SequenceNode):
                yield from (each for each in value.value if isinstance(each, MappingNode))

    def _environment(self, container: MappingNode, taken: set[str]) -> Environment:
        """The env of a container, over what it takes from ConfigMaps; not certain where one of them is not here."""
        fields = dict(_pairs(container))
        assignments, certain = [], True
        for source in _items(fields.get("envFrom")):
            prefix, reference = _text(source.get("prefix")) or "", source.get("configMapRef")
            name = _text(dict(_pairs(reference)).get("name")) if isinstance(reference, MappingNode) else None
            taken.add(name or "")
            certain &= name in self._config_maps
            own = self._config_maps.get(name or "", [])
            assignments += [each._replace(variable=prefix + each.variable) for each in own]
        seen: dict[str, int] = {}
        for entry in _items(fields.get("env")):
            assignment = self._entry(entry)
            if assignment and is_ours(assignment.variable):
                name, line = assignment.variable, assignment.line
                if name in seen:
                    self._faults.append(Fault(line, name, f"stands twice, first in line {seen[name]}"))
                seen[name] = line
                assignments.append(assignment)
        return Environment(tuple(assignments), certain)

    def _entry(self, entry: Mapping[str, Node]) -> Assignment | None:
        """`{name: A, value: "1"}`; a value from elsewhere, or with `$(B)` in it, is decided in the cluster."""
        if (name := _text(entry.get("name"))) is None:
            return None
        if "value" in entry:
            assignment = self._assignment(name, entry["value"])
            text = assignment.value or ""
            known = assignment.value is not None and not re.search(_REFERENCE, text)
            return assignment._replace(value=text.replace("$$", "$") if known else None)
        return Assignment(name, None if "valueFrom" in entry else "", entry["name"].start_mark.line + 1)

    def _assignment(self, name: str, node: Node) -> Assignment:
        line = node.start_mark.line + 1
        if not isinstance(node, ScalarNode):
            self._faults.append(Fault(line, name, "must be a string"))
            return Assignment(name, None, line)
        if node.tag != _STRING and is_ours(name):
            self._faults.append(Fault(line, name, f'must be a string: write "{node.value}"'))
        return Assignment(name, node.value, line)


def _mappings(documents: list[Node]) -> Iterator[MappingNode]:
    """Every mapping, each once."""
    waiting, seen = list(reversed(documents)), set()
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


def _pairs(node: MappingNode) -> Iterator[tuple[str, Node]]:
    """Keys and values, those that `<<` merges in first."""
    for key, value in node.value:
        if key.value == "<<":
            merged = value.value if isinstance(value, SequenceNode) else [value]
            tables = (each.value for each in merged if isinstance(each, MappingNode))
            yield from ((name.value, each) for table in tables for name, each in table)
    for key, value in node.value:
        if isinstance(key, ScalarNode) and key.value != "<<":
            yield key.value, value


def _items(node: Node | None) -> Iterator[dict[str, Node]]:
    """The mappings of a list."""
    for each in node.value if isinstance(node, SequenceNode) else ():
        if isinstance(each, MappingNode):
            yield dict(_pairs(each))


def _text(node: Node | None) -> str | None:
    return node.value if isinstance(node, ScalarNode) else None
