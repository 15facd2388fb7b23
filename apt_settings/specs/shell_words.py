"""The words of a script: each text that a command may get for one of them."""

import re
from collections.abc import Sequence
from itertools import chain
from typing import Final

from tree_sitter import Node

from .spec import Values, Words, abreast, either, joined, marked

_DEFAULT: Final = r"(?s)\$\{(\w+)(:?[-=+?])(.*)\}"
_ESCAPED: Final = r'\\(["\\$`])'
_CALLED: Final = {"command_substitution": "$(...)", "arithmetic_expansion": "$((...))"}
_LONGEST: Final = 1_000
"""The most characters of a value that is put into a here-document, which may name it very often."""
_MOST_COUNTED: Final = 50
_AROUND: Final = ("redirected_statement", "pipeline", "list")
_SPLIT: Final = ("simple_expansion", "expansion")
"""Words without quotes, which bash splits at blanks."""


def cut(node: Node) -> tuple[list[Node], tuple[str, Node] | None]:
    """The parts of a command up to the end of its line, and the text and first part of what the parser took for more.

    It may take the lines below a command for its words.
    """
    raw, start = node.text or b"", node.start_byte
    for index, child in enumerate(node.children[1:], start=1):
        between = raw[node.children[index - 1].end_byte - start : child.start_byte - start]
        if re.search(rb"(?<!\\)\n", between):
            whole = node  # with what the parser took for redirections and pipes of this command
            while whole.parent and whole.parent.type in _AROUND:
                whole = whole.parent
            below = (whole.text or b"")[child.start_byte - whole.start_byte :]
            return node.children[:index], (below.decode(errors="replace"), child)
    return node.children, None


def combinations(nodes: Sequence[Node], values: Values, above: int) -> list[Words]:
    """The words of a command, once for each value of a word that may be one of several; `above` are the lines before.

    With `{"s": ["1", "2"]}`, `run $s` -> `[[("run", 1), ("1", 1)], [("run", 1), ("2", 1)]]`.
    """
    columns = (
        [[(word, above + node.start_point.row + 1) for word in words] for words in split_texts_of(node, values)]
        for node in nodes
    )
    return [list(chain.from_iterable(row)) for row in abreast(columns)]


def split_texts_of(node: Node, values: Values) -> list[list[str]]:
    """As `texts_of`, each split into the words that bash makes of it: an expansion without quotes at its blanks."""
    texts = texts_of(node, values)
    word = node.children[0] if node.type == "command_name" else node
    return [text.split() for text in texts] if word.type in _SPLIT else [[text] for text in texts]


def assigned_texts(node: Node, values: Values) -> list[str]:
    """The texts that an assignment may give its variable: `A+=b`, where A is `a` -> `["ab"]`."""
    name, operator = text_of(node.children[0]), node.children[1].type
    word = node.children[2] if len(node.children) > 2 else None
    if word is not None and word.type == "array":
        return [marked("(...)")]
    texts = [""] if word is None else texts_of(word, values)
    return joined([values.get(name, [marked(f"${name}")]), texts]) if operator == "+=" else texts


def texts_of(node: Node, values: Values) -> list[str]:
    """Each text that a command may get for a word; what only the running script knows stands in marks.

    With `{"s": ["1", "2"]}`, `"a$s"` -> `["a1", "a2"]`; `~/$x` -> `["\\0~\\0/\\0$x\\0"]`.
    """
    text = text_of(node)
    match node.type:
        case "command_name":
            return texts_of(node.children[0], values)
        case "word" | "number" | "variable_name":
            plain = re.sub(r"\\(.)", r"\1", text.replace("\\\n", ""))
            return [marked("~") + plain[1:] if text.startswith("~") else plain]
        case "raw_string":
            return [text[1:-1]]
        case "ansi_c_string":
            return [marked("$'...'") if "\\" in text else text[2:-1]]
        case "string":
            return _quoted(node, values)
        case "concatenation":
            return joined([texts_of(child, values) for child in node.children])
        case "simple_expansion" | "expansion":
            return _expanded(node, values)
        case "brace_expression":
            return _counted(text)
    return [marked(_CALLED.get(node.type, "..."))]


def _quoted(node: Node, values: Values) -> list[str]:
    """The texts of `"a $b"`."""
    raw, start = node.text or b"", node.start_byte
    parts, position = [], start + 1
    for child in node.named_children:
        if child.type != "string_content":
            parts += [[_unescaped(raw[position - start : child.start_byte - start])], texts_of(child, values)]
            position = child.end_byte
    end = node.end_byte - 1 if raw.endswith(b'"') else node.end_byte
    return joined([*parts, [_unescaped(raw[position - start : end - start])]])


def _unescaped(text: bytes) -> str:
    return re.sub(_ESCAPED, r"\1", text.decode(errors="replace").replace("\\\n", ""))


def _expanded(node: Node, values: Values) -> list[str]:
    """The texts of `$a`, `${a}` and `${a:-default}`."""
    text = text_of(node)
    if simple := re.fullmatch(r"\$\{?(\w+)\}?", text):
        return list(values.get(simple[1], [marked(f"${simple[1]}")]))
    if not (default := re.fullmatch(_DEFAULT, text)):
        return [marked("${...}")]
    held = values.get(default[1], [marked(f"${default[1]}")])
    return either([each for each in held if each or ":" not in default[2]], defaults_of(node, values))


def defaults_of(node: Node, values: Values) -> list[str]:
    """The texts of the default in `${a:-default}`; none for other expansions."""
    default = re.fullmatch(_DEFAULT, text_of(node))
    if not default or default[2].endswith("?"):
        return []
    behind = [child for child in node.named_children if child.type != "variable_name" or text_of(child) != default[1]]
    return joined([texts_of(child, values) for child in behind]) if behind else [default[3]]


def _counted(text: str) -> list[str]:
    """`{1..3}` -> `["1", "2", "3"]`."""
    ends = re.fullmatch(r"\{(\d{1,9})\.\.(\d{1,9})\}", text)
    if not ends or not 0 <= int(ends[2]) - int(ends[1]) < _MOST_COUNTED:
        return [marked("{...}")]
    return [str(each) for each in range(int(ends[1]), int(ends[2]) + 1)]


def text_of(node: Node) -> str:
    """The text of a node as it is in the script."""
    return (node.text or b"").decode(errors="replace")


def as_text(text: str, *, braces: bool = False) -> str:
    """A text of a script's word as a text of its own: its marks are variables again, `${s}` with `braces`.

    What the script itself does not know is `${...}` then.
    """
    parts = text.split("\0")
    for index in range(1, len(parts), 2):
        if braces:
            name = re.fullmatch(r"\$(\w+)", parts[index])
            parts[index] = f"${{{name[1] if name else '...'}}}"
    return "".join(parts)


def filled(text: str, values: Values) -> str:
    """The text of a here-document as its reader gets it: `$s` is a value that is known, else `${s}`."""

    def fill(match: re.Match[str]) -> str:
        if match[1]:
            return match[1]
        name = match[2] or match[3]
        held = list(values.get(name or "", []))
        is_known = len(held) == 1 and "\0" not in held[0] and len(held[0]) <= _LONGEST
        return held[0] if is_known else f"${{{name or '...'}}}"

    pattern = r"\\([$`\\])|\$(?:(\w+)|\{(\w+)[^}\n]*\}|\(\(?[^()\n]*\)?\))|`[^`\n]*`"
    return re.sub(pattern, fill, text)
