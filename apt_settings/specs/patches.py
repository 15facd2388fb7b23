"""Patches for a manifest: one mapping in YAML or JSON, read within the limits of a job spec."""

import re
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ..basics.files import UnreadableError
from .sandbox import confine_large
from .texts import decode
from .trees import unreadable

_DEEPEST: Final = 32
"""The most mappings and lists within each other. The deepest field of a Job is about half as deep."""
_NUMBERS: Final = {
    "tag:yaml.org,2002:int": re.compile(r"[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)\Z"),
    "tag:yaml.org,2002:float": re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?\Z"),
}
"""Numbers as kubectl reads them, with octal modes such as 0400."""
_TEXTS: Final = ("timestamp", "merge", "value")
"""What YAML 1.1 takes for something else, and kubectl for a text: a date, `<<` and `=`."""


class _Loader(yaml.SafeLoader):
    """Reads scalars as kubectl does, to which `12:30` is a text and no number of minutes."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, _NUMBERS.get(tag, pattern)) for tag, pattern in resolvers if not tag.endswith(_TEXTS)]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(data: bytes) -> dict[str, Any]:
    """What a patch holds. Raises UnreadableError, with the line, for what is no patch or hostile."""
    return confine_large(lambda: _read(decode(data)), len(data))


def _read(text: str) -> dict[str, Any]:
    if text.lstrip().startswith("{"):  # JSON may be indented by tabs
        text = re.sub(r"(?m)^[ \t]+", lambda match: match[0].replace("\t", " "), text)
    try:
        _refuse_hostile(text)
        documents = [node for node in yaml.compose_all(text, _Loader) if node]
        if len(documents) != 1 or not isinstance(documents[0], MappingNode):
            raise UnreadableError("must be one mapping, such as spec: {template: {spec: {nodeSelector: {gpu: a100}}}}")
        _check_keys(documents[0])
        content: dict[str, Any] = yaml.constructor.SafeConstructor().construct_document(documents[0])
    except (ValueError, OverflowError):
        raise UnreadableError("is no YAML: it has a value without a meaning") from None
    except yaml.YAMLError as error:
        raise unreadable(error) from None
    return content


def _refuse_hostile(text: str) -> None:
    """Refuse what takes a small file to read and all memory to use. Reading the events needs no recursion."""
    depth = 0
    for event in yaml.parse(text, _Loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            raise UnreadableError("has an alias (*name): write out what it stands for", line)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise UnreadableError("is nested too deeply", line)


def _check_keys(node: Node) -> None:
    """Refuse a key that is no text or stands twice, of which YAML would keep the last."""
    if isinstance(node, SequenceNode):
        for each in node.value:
            _check_keys(each)
    elif isinstance(node, MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, ScalarNode) or key.tag != "tag:yaml.org,2002:str":
                raise UnreadableError("has a key that is no text: put it in quotes", line)
            if key.value in seen:
                raise UnreadableError("has a key twice in one mapping", line)
            seen.add(key.value)
            _check_keys(value)
