"""The words of a script: what each is to the command that gets it."""

import re
from collections.abc import Iterable, Iterator

from tree_sitter import Node

from .spec import Assignment


def assignment_of(node: Node) -> Assignment:
    """`A=1`, whose value may not be known here."""
    name = text_of(node.children[0])
    written = node.children[2] if len(node.children) > 2 else None
    known = node.children[1].type == "=" and node.children[-1].type != "array"  # and not +=
    return Assignment(name, ("" if written is None else value_of(written)) if known else None, line_of(node))


def value_of(node: Node) -> str | None:
    """What a word is to the command that gets it; None where that is decided when the script runs."""
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
    """What stands in the script."""
    return (node.text or b"").decode(errors="replace")


def line_of(node: Node) -> int:
    """The number of its line."""
    return node.start_point.row + 1


def assigned(words: Iterable[tuple[str, int]]) -> Iterator[Assignment]:
    """What `NAME=value` among words sets; a name alone hands on what is set."""
    for word, line in words:
        variable, equals, value = word.partition("=")
        if equals:
            yield Assignment(variable, value, line)


def values_of(options: tuple[str, ...], words: list[tuple[str | None, int]]) -> Iterator[tuple[str, int]]:
    """What an option is given, as `--export=X`, `--export X` or `-eX`."""
    awaited = False
    for word, line in words:
        if awaited and word is not None:
            yield word, line
        awaited = word in options
        for option in options:
            glue = "=" if option.startswith("--") else ""
            if word and word not in options and word.startswith(option + glue):
                yield word[len(option + glue) :], line
