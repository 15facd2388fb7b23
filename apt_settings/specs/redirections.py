"""Where the output of a statement goes: the file behind `>`, the argument of `tee`."""

from collections.abc import Iterator

from tree_sitter import Node

from .launchers import Words, base_of
from .shell_words import text_of


def target_of(node: Node) -> str:
    """The file that a statement writes to; empty if there is none."""
    for redirect in nodes_in(node, "file_redirect"):
        destination = redirect.child_by_field_name("destination") or redirect.children[-1]
        if ">" in text_of(redirect) and not text_of(destination).startswith("/dev/"):
            return text_of(destination).strip("\"'").rpartition("/")[2] or "x"
    return ""


def argument_of(name: str, words: Words) -> str:
    """The first argument of a command of this name; empty for others."""
    arguments = (word for word, _ in words[1:] if not word.startswith("-"))
    return next(arguments, "") if words and base_of(words[0][0]) == name else ""


def nodes_in(node: Node, kind: str) -> Iterator[Node]:
    """The nodes of a kind in the parts of a statement that are no here-document."""
    waiting = [*node.children]
    while waiting:
        each = waiting.pop(0)
        if each.type == kind:
            yield each
        elif each.type in ("heredoc_redirect", "pipeline", "command", "redirected_statement"):
            waiting += each.children


def above(node: Node, kind: str) -> Node | None:
    """The nearest node of a kind that a node stands in."""
    parent = node.parent
    while parent and parent.type != kind:
        parent = parent.parent
    return parent
