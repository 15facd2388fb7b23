"""The texts in YAML, JSON and TOML that are specs of their own: scripts, the words of commands, and files."""

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import dropwhile
from typing import Final

from yaml.nodes import Node, ScalarNode, SequenceNode

from .launchers import SHELLS, base_of
from .manifest_values import as_shell
from .spec import Inner
from .trees import items_of, line_of, pairs_of, text_of

_SCRIPTS: Final = (
    r"(?i).*(command|script|cmd)s?|run|args|setup|source|entrypoint|user[-_]?data"
    r"|bash|shell|exec|on[-_]?start|bootstrap"
)
"""Keys whose texts are scripts, or lists of their lines."""
_COMMANDS: Final = (("entrypoint", "command", "args"), ("cmd",))
"""Keys whose lists are the words of one command, together."""
_WORDS: Final = frozenset(key for keys in _COMMANDS for key in keys)
_TABLES_OF_SCRIPTS: Final = ("scripts", "tasks")
_FILES: Final = {"runtimeEnvYAML": "manifest"}
"""Keys whose texts are files of a kind."""


def texts_in(fields: Mapping[str, Node], lines: Sequence[str]) -> Iterator[Inner]:
    """The texts of a mapping that are specs of their own; `lines` are those of the whole file.

    Those that are scripts run in the environment of the mapping.
    """
    content = fields.get("content")
    if isinstance(content, ScalarNode) and "APT_" in content.value:
        yield inner_of(content, lines, name=text_of(fields.get("path")) or "")
    for words in _commands(fields):
        yield from _command(list(_scalars(words)), lines)
    for key, node in fields.items():
        if key in _FILES and isinstance(node, ScalarNode):
            yield inner_of(node, lines)._replace(kind=_FILES[key])
        elif key in _TABLES_OF_SCRIPTS:
            yield from (_script(each, lines) for each in _scalars(pairs_of(node).values()) if _names_us(each))
        elif is_script(key):
            parts = [*_scalars([node]), *(_scalars(items_of(node)) if key not in _WORDS else ())]
            if any(map(_names_us, parts)):
                scripts = [_script(each, lines) for each in parts]
                yield scripts[0]._replace(text="\n".join(each.text for each in scripts))


def is_script(key: str) -> bool:
    """Whether a text under this key is a script, or a list of lines of one."""
    return re.fullmatch(_SCRIPTS, key) is not None


def inner_of(node: ScalarNode, lines: Sequence[str], name: str = "") -> Inner:
    """The text of a scalar, line by line as it stands; `name` is the file that it becomes."""
    if node.style not in ("|", ">"):
        return Inner(node.value, line_of(node), name=name)
    text = node.value
    if node.style == ">":
        rows = [line.strip() for line in lines[node.start_mark.line + 1 : node.end_mark.line]]
        ends = [" \\" if row and after else "" for row, after in zip(rows, [*rows[1:], ""], strict=True)]
        text = "\n".join(map("".join, zip(rows, ends, strict=True)))
    return Inner(text, line_of(node) + 1, name=name)


def _commands(fields: Mapping[str, Node]) -> Iterator[list[Node]]:
    """The lists of words that are commands."""
    for keys in _COMMANDS:
        yield [each for key in keys for each in items_of(fields.get(key))]
    for key in filter(is_script, fields):
        yield from (each.value for each in items_of(fields[key]) if isinstance(each, SequenceNode))


def _command(nodes: list[ScalarNode], lines: Sequence[str]) -> Iterator[Inner]:
    """The script of a command: the text of `[bash, -c, "..."]`, else its words in one line."""
    if not any(map(_names_us, nodes)):
        return
    nodes = list(dropwhile(lambda each: re.match(r"\w+=", each.value), nodes))
    words = [each.value for each in nodes]
    at = next((index for index, word in enumerate(words) if re.fullmatch(r"-\w*c", word)), len(words))
    if any(base_of(word) in SHELLS for word in words[:at]) or at == 0:
        yield from (_script(each, lines) for each in nodes[at + 1 : at + 2])
    else:
        yield _script(nodes[0], lines)._replace(text=as_shell(shlex.join(words)))


def _script(node: ScalarNode, lines: Sequence[str]) -> Inner:
    inner = inner_of(node, lines)
    return inner._replace(text=as_shell(inner.text), kind="script")


def _scalars(nodes: Iterable[Node]) -> Iterator[ScalarNode]:
    return (each for each in nodes if isinstance(each, ScalarNode))


def _names_us(node: ScalarNode) -> bool:
    return "APT" in node.value.upper()
