"""The words of a script: the text that a command gets for each of them."""

import re
from collections.abc import Iterable, Iterator

from tree_sitter import Node

from .spec import Assignment


def assignment_of(node: Node) -> Assignment:
    """The assignment `A=1`. Its value is None if only the running script knows it."""
    name = text_of(node.children[0])
    word = node.children[2] if len(node.children) > 2 else None
    known = node.children[1].type == "=" and node.children[-1].type != "array"  # and not +=
    return Assignment(name, ("" if word is None else value_of(word)) if known else None, line_of(node))


def value_of(node: Node) -> str | None:
    """The text that a command gets for a word: `"a b"` -> `a b`; None if only the running script knows it."""
    text = text_of(node)
    match node.type:
        case "command_name":
            return value_of(node.children[0])
        case "word" | "number":
            return None if text.startswith("~") else re.sub(r"\\(.)", r"\1", text.replace("\\\n", ""))
        case "raw_string":
            return text[1:-1]
        case "ansi_c_string":
            return None if "\\" in text else text[2:-1]
        case "string":
            known = all(child.type in ('"', "string_content") for child in node.children)
            return re.sub(r'\\(["\\$`])', r"\1", text[1:-1].replace("\\\n", "")) if known else None
        case "concatenation":
            parts = [value_of(child) for child in node.children]
            return None if None in parts else "".join(part for part in parts if part is not None)
    return None


def text_of(node: Node) -> str:
    """The text of a node as it is in the script."""
    return (node.text or b"").decode(errors="replace")


def line_of(node: Node) -> int:
    """The number of the line at which a node begins."""
    return node.start_point.row + 1


def assignments_in(words: Iterable[tuple[str, int]]) -> Iterator[Assignment]:
    """The assignments among words such as `NAME=value`. A name alone sets nothing: it passes a variable on."""
    for word, line in words:
        variable, equals, value = word.partition("=")
        if equals:
            yield Assignment(variable, value, line)


def values_of(options: tuple[str, ...], words: list[tuple[str | None, int]]) -> Iterator[tuple[str, int]]:
    """The values of options in words, with their lines: X of `--export=X`, `--export X` and `-eX`."""
    after_option = False
    for word, line in words:
        if after_option and word is not None:
            yield word, line
        after_option = word in options
        for option in options:
            separator = "=" if option.startswith("--") else ""
            if word and word not in options and word.startswith(option + separator):
                yield word[len(option + separator) :], line
