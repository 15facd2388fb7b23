"""Kubernetes manifests: the variables of each container, from its `env` and from ConfigMaps."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ..basics.files import UnreadableError
from ..sources.names import is_ours
from .spec import Assignment, Environment, Fault, Spec

_NUMBER: Final = (
    r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?|0[xob][0-9a-fA-F_]+|[-+]?\.(inf|Inf|nan|NaN)"
)
_BOOLEAN: Final = r"(?i:y|yes|on|true|n|no|off|false)"
_TEMPLATE: Final = r"\{\{|\$\{|\$[A-Za-z_]"
"""Text that helm or envsubst replaces before Kubernetes reads the manifest."""
_MOST_MERGED: Final = 5  # merges of merges take exponential time
_NULL: Final = r"~|null|Null|NULL|"
_REFERENCE: Final = r"(?<!\$)(?:\$\$)*\$\("


def read(text: str) -> Spec:
    """The variables of the containers in all documents. Raises UnreadableError."""
    try:
        documents = [document for document in yaml.compose_all(text, yaml.SafeLoader) if document]
    except (ValueError, OverflowError):  # an escape of no character, or a version with too many digits
        raise UnreadableError("is no YAML: it has a number without a meaning") from None
    except yaml.YAMLError as error:
        if re.search(r"\{[{%]", text):
            return Spec(())  # a template becomes a manifest only when it is rendered
        raise unreadable(error) from None
    return _Reader(documents).spec()


def unreadable(error: yaml.YAMLError) -> UnreadableError:
    """What YAML says of a text that it cannot read, without the text."""
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        return UnreadableError(f"is no YAML: {_without_quotes(error.problem)}", mark.line + 1 if mark else 1)
    return UnreadableError(f"is no YAML: {_without_quotes(str(error).splitlines()[0])}")


def _without_quotes(sentence: str | None) -> str:
    """A message of YAML without the text that it quotes, which may be a part of a password such as `@x`."""
    return re.sub(r"\s*'.*'|\s*\".*\"", "", sentence or "it cannot be read")


class _Reader:
    """Finds containers and ConfigMaps at any depth. A node that aliases repeat is read once."""

    def __init__(self, documents: list[Node]) -> None:
        self._faults: list[Fault] = []
        self._seen: set[tuple[int, int]] = set()
        nodes = list(_mappings(documents))
        self._config_maps = [each for node in nodes for each in self._config_map(node)]
        self._containers = [each for node in nodes for each in self._containers_of(node)]
        self._tables = [each for node in nodes for each in _tables_of(node)]

    def spec(self) -> Spec:
        """The result: an environment for each container and each ConfigMap. One that no container uses is certain."""
        used: set[str | None] = set()
        environments = [self._environment(container, used) for container in self._containers]
        alone = [Environment(tuple(data), name not in used) for name, data in self._config_maps]
        return Spec((*environments, *alone, *map(Environment, self._tables)), tuple(self._faults))

    def _config_map(self, node: MappingNode) -> Iterator[tuple[str | None, list[Assignment]]]:
        """The name and assignments of a ConfigMap; nothing for any other mapping."""
        fields = dict(_pairs(node))
        if _text(fields.get("kind")) == "ConfigMap" and isinstance(data := fields.get("data"), MappingNode):
            metadata = fields.get("metadata")
            name = _text(dict(_pairs(metadata)).get("name")) if isinstance(metadata, MappingNode) else None
            yield name, [self._assignment(key, value) for key, value in _pairs(data) if is_ours(key)]

    def _containers_of(self, node: MappingNode) -> Iterator[MappingNode]:
        """The containers of a pod. Where aliases give several containers the same `env`, one of them."""
        for key, value in _pairs(node):
            if key not in ("containers", "initContainers") or not isinstance(value, SequenceNode):
                continue
            for each in value.value:
                if isinstance(each, MappingNode):
                    fields = dict(_pairs(each))
                    env = (id(fields.get("env", each)), id(fields.get("envFrom")))
                    if env not in self._seen:
                        self._seen.add(env)
                        yield each

    def _environment(self, container: MappingNode, used: set[str | None]) -> Environment:
        """The variables of a container: its ConfigMaps, then its `env`, which overrides them. Adds to `used`.

        It is not certain if a ConfigMap is not in this file.
        """
        fields = dict(_pairs(container))
        assignments, certain = [], True
        for source in _items(fields.get("envFrom")):
            prefix, reference = _text(source.get("prefix")) or "", source.get("configMapRef")
            name = _text(dict(_pairs(reference)).get("name")) if isinstance(reference, MappingNode) else None
            used.add(name)
            same = [found for other, found in self._config_maps if name and other == name]
            certain &= len(same) == 1
            data = same[-1] if same else []
            assignments += [each._replace(variable=prefix + each.variable) for each in data]
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
        """An assignment from `{name: A, value: "1"}`. The value of `valueFrom` or `$(B)` is not known here."""
        if (name := _text(entry.get("name"))) is None:
            return None
        if "value" in entry:
            assignment = self._assignment(name, entry["value"])
            text = assignment.value or ""
            known = assignment.value is not None and not re.search(_REFERENCE, text)
            return assignment._replace(value=text.replace("$$", "$") if known else None)
        return Assignment(name, None if "valueFrom" in entry else "", entry["name"].start_mark.line + 1)

    def _assignment(self, name: str, node: Node) -> Assignment:
        """An assignment. Kubernetes needs a string: for our variables, a number or boolean is a fault."""
        line = node.start_mark.line + 1
        if not isinstance(node, ScalarNode):
            # YAML reads `{{ .Values.seed }}` as a mapping whose key is a mapping.
            template = isinstance(node, MappingNode) and any(isinstance(key, MappingNode) for key, _ in node.value)
            self._faults += [Fault(line, name, "must be a string")] if is_ours(name) and not template else []
            return Assignment(name, None, line)
        if re.search(_TEMPLATE, node.value):
            return Assignment(name, None, line)
        if node.style is None and re.fullmatch(_NULL, node.value):
            return Assignment(name, "", line)
        if node.style is None and is_ours(name) and re.fullmatch(f"{_NUMBER}|{_BOOLEAN}", node.value):
            text = re.sub(r"^([-+]?)\.", r"\g<1>0.", node.value.replace("_", ""))
            self._faults.append(Fault(line, name, f'must be a string: write "{text}"'))
            return Assignment(name, text, line)
        return Assignment(name, node.value, line)


def _tables_of(node: MappingNode) -> Iterator[tuple[Assignment, ...]]:
    """The variables of each `env` of a GitHub workflow and `environment` of Compose.

    They are `NAME: value`, or a list of `NAME=value`.
    """
    for key, value in _pairs(node):
        if key in ("env", "environment") and isinstance(value, MappingNode):
            pairs = [(name, each.value, each) for name, each in _pairs(value) if isinstance(each, ScalarNode)]
        elif key == "environment" and isinstance(value, SequenceNode):
            texts = [each for each in value.value if isinstance(each, ScalarNode)]
            pairs = [(*each.value.partition("=")[::2], each) for each in texts if "=" in each.value]
        else:
            continue
        yield tuple(
            Assignment(name, None if "$" in text else text, each.start_mark.line + 1)
            for name, text, each in pairs
            if is_ours(name)
        )


def _mappings(documents: list[Node]) -> Iterator[MappingNode]:
    """Every mapping at any depth, each once."""
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


def _pairs(node: MappingNode, seen: frozenset[int] = frozenset()) -> Iterator[tuple[str, Node]]:
    """Keys and values. What `<<` merges comes first, as the last value of a key counts."""
    for key, value in node.value:
        if isinstance(key, ScalarNode) and key.value == "<<":
            merged = value.value if isinstance(value, SequenceNode) else [value]
            for each in reversed(merged[:_MOST_MERGED]):
                if isinstance(each, MappingNode) and id(each) not in seen and len(seen) < _MOST_MERGED:
                    yield from _pairs(each, seen | {id(node)})
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
