"""YAML, JSON, TOML and templates of them as one kind of tree: nodes that know their lines."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ..basics.files import UnreadableError

TEMPLATED: Final = "\ue000"
"""Stands for what a tool such as helm writes into a template."""
_IS_TEMPLATE: Final = r"\{[{%]"
TEMPLATE_LINES: Final = r"(?m)^[ \t]*(?:\{\{[^{}\n]*\}\}|\{%[^\n]*%\}|\{#[^\n]*#\})[ \t]*$"
"""Lines that say which of those below them count, and have nothing else."""
_TEMPLATE_PARTS: Final = r"\{\{[^{}\n]*\}\}|\{%[^\n]*?%\}|\{#[^\n]*?#\}"
_JSON_TOKENS: Final = (
    r'(?s)"(?:[^"\\]|\\.)*+"|/\*(?:[^*]|\*(?!/))*+\*/|//[^\n]*+'
    r"|,(?=(?:\s|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/)*+[\]}])|\t"
)
_STRING: Final = "tag:yaml.org,2002:str"


def from_yaml(text: str) -> list[Node]:
    """The documents of a YAML text, or of what is left of a template. Raises UnreadableError."""
    try:
        return _composed(text)
    except UnreadableError:
        if not re.search(_IS_TEMPLATE, text):
            raise
    try:
        return _composed(re.sub(_TEMPLATE_PARTS, TEMPLATED, re.sub(TEMPLATE_LINES, "", text)))
    except UnreadableError:
        return []  # it becomes YAML only when it is rendered


def _composed(text: str) -> list[Node]:
    try:
        return [document for document in yaml.compose_all(text, yaml.SafeLoader) if document]
    except (ValueError, OverflowError):  # an escape of no character, or a version with too many digits
        raise UnreadableError("is no YAML: it has a number without a meaning") from None
    except yaml.YAMLError as error:
        raise unreadable(error) from None


def unreadable(error: yaml.YAMLError) -> UnreadableError:
    """What YAML says of a text that it cannot read, without the text."""
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        return UnreadableError(f"is no YAML: {_without_quotes(error.problem)}", mark.line + 1 if mark else 1)
    return UnreadableError(f"is no YAML: {_without_quotes(str(error).splitlines()[0])}")


def _without_quotes(sentence: str | None) -> str:
    """A message of YAML without the text that it quotes, which may be a part of a password such as `@x`."""
    return re.sub(r"\s*'.*'|\s*\".*\"", "", sentence or "it cannot be read")


def from_json(text: str) -> list[Node]:
    """A JSON text, which may have comments, tabs and commas at the end of a list. Raises UnreadableError."""
    return from_yaml(re.sub(_JSON_TOKENS, _plain_json, text))


def _plain_json(token: re.Match[str]) -> str:
    if token[0].startswith('"'):
        return token[0].replace("\t", " ")
    return "\n" * token[0].count("\n") or " "


def from_toml(text: str) -> list[Node]:
    """A TOML text. Each name has the line in which it stands next. Raises UnreadableError."""
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, ValueError) as error:
        if re.search(_IS_TEMPLATE, text):
            return []
        line = re.search(r"at line (\d+)", str(error))
        raise UnreadableError("is no TOML", int(line[1]) if line else 1) from None
    return [_node(document, _Lines(text))]


class _Lines:
    """Where names stand in a text: the first question for a name has its first line, the second its second."""

    def __init__(self, text: str) -> None:
        found: dict[str, list[int]] = {}
        for number, line in enumerate(text.split("\n")):
            for name in re.findall(r"APT_\w+", line.partition("#")[0]):
                found.setdefault(name, []).append(number)
        self._lines = {name: iter(lines) for name, lines in found.items()}
        self._last = 0

    def line_of(self, text: str) -> int:
        name = re.match(r"APT_\w+", text)
        if name:
            self._last = next(self._lines.get(name[0], iter(())), self._last)
        return self._last


def _node(value: Any, lines: _Lines) -> Node:
    """A value of TOML as a node."""
    if isinstance(value, dict):
        pairs = [(_scalar(key, lines.line_of(key)), _node(each, lines)) for key, each in value.items()]
        return MappingNode("tag:yaml.org,2002:map", pairs, start_mark=_mark(lines), end_mark=_mark(lines))
    if isinstance(value, list):
        nodes = [_node(each, lines) for each in value]
        return SequenceNode("tag:yaml.org,2002:seq", nodes, start_mark=_mark(lines), end_mark=_mark(lines))
    text = value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return _scalar(text, lines.line_of(text), style='"')


def _scalar(text: str, line: int, style: str | None = None) -> ScalarNode:
    mark = yaml.Mark("", 0, line, 0, None, 0)
    return ScalarNode(_STRING, text, start_mark=mark, end_mark=mark, style=style)


def _mark(lines: _Lines) -> yaml.Mark:
    return yaml.Mark("", 0, lines.line_of(""), 0, None, 0)


def pairs_of(node: Node | None) -> dict[str, Node]:
    """The keys and values of a mapping, and of what `<<` merges into it; nothing for any other node."""
    return dict(_pairs(node)) if isinstance(node, MappingNode) else {}


_MOST_MERGED: Final = 5  # merges of merges take exponential time


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


def items_of(node: Node | None) -> list[Node]:
    """The items of a list; nothing for any other node."""
    return node.value if isinstance(node, SequenceNode) else []


def text_of(node: Node | None) -> str | None:
    """The text of a scalar; None for any other node."""
    return node.value if isinstance(node, ScalarNode) else None


def line_of(node: Node) -> int:
    """The number of the line at which a node begins."""
    return node.start_mark.line + 1
