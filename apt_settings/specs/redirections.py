"""Where the output of a statement goes, and the texts that a script writes there: here-documents, those of `echo`."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from tree_sitter import Node

from .launchers import ASSIGNMENT, SHELLS, SLURM, base_of
from .shell_words import as_text, text_of
from .spec import Given, Inner, Values, Words

PRINTS: Final = ("echo", "printf")
READ_SCRIPTS: Final = (*SHELLS, *SLURM, "ssh", "qsub", "bsub")
"""Commands that run the script that they read."""
_READ_FILES: Final = ("kubectl", "docker", "oc", "tee")


class Heredoc(NamedTuple):
    """A here-document that somebody reads: `cat > job.sh <<EOF`."""

    body: Node
    is_literal: bool
    """Whether the shell leaves the text as it is: `<<'EOF'`."""
    target: str
    """The file that it is written to; empty if there is none."""
    readers: list[str]
    """The commands that may read it."""

    @property
    def is_script(self) -> bool:
        """Whether it runs here."""
        return any(name in READ_SCRIPTS for name in self.readers)


def heredocs_of(node: Node, words: Words) -> Iterator[Heredoc]:
    """The here-documents of a statement with a command of these words that may set something."""
    names = [base_of(word) for word, _ in words]
    for redirect in (child for child in node.children if child.type == "heredoc_redirect"):
        parts = {child.type: child for child in redirect.children}
        if body := parts.get("heredoc_body"):  # pragma: no branch - nor a here-document without a text
            is_literal = re.search(r"['\"\\]", text_of(parts["heredoc_start"])) is not None
            piped = [base_of(text_of(each)) for each in _nodes_in(redirect, "command_name")]
            target = target_of(node) or file_of_tee(words)
            found = Heredoc(body, is_literal, target, [*names, *piped])
            if target or found.is_script or _is_in_assignment(body) or {*_READ_FILES} & {*found.readers}:
                yield found


def printed(words: Words, target: str, values: Values) -> Iterator[Inner]:
    """The text of `echo A=1 >> x.env`, if it sets something."""
    texts = [word for word, _ in words[1:] if not word.startswith("-")]
    if words[0][0] == "printf" and texts:
        arguments = iter(texts[1:])
        texts = [re.sub(r"%[sdif]", lambda _: next(arguments, ""), texts[0])]
    text = as_text(" ".join(texts).replace("\\n", "\n"), braces=True)
    name = target if re.fullmatch(r"[\w./-]+", target) else ".env"
    if re.match(f"(export )?{ASSIGNMENT}", text):
        yield Inner(text, words[0][1], "", name, Given(values=values, certain=False, is_part=True))


def target_of(node: Node) -> str:
    """The file that a statement writes to; empty if there is none."""
    for redirect in _nodes_in(node, "file_redirect"):
        destination = redirect.child_by_field_name("destination") or redirect.children[-1]
        if ">" in text_of(redirect) and not text_of(destination).startswith("/dev/"):
            return text_of(destination).strip("\"'").rpartition("/")[2] or "x"
    return ""


def file_of_tee(words: Words) -> str:
    """The file that `tee x.env` writes to; empty for other commands."""
    arguments = (word for word, _ in words[1:] if not word.startswith("-"))
    return next(arguments, "") if words and base_of(words[0][0]) == "tee" else ""


def _nodes_in(node: Node, kind: str) -> Iterator[Node]:
    """The nodes of a kind in the parts of a statement that are no here-document."""
    waiting = [*node.children]
    while waiting:
        each = waiting.pop(0)
        if each.type == kind:
            yield each
        elif each.type in ("heredoc_redirect", "pipeline", "command", "redirected_statement"):
            waiting += each.children


def _is_in_assignment(node: Node) -> bool:
    """Whether a node stands in the value of a variable: `A=$(cat <<EOF ...)`."""
    parent = node.parent
    while parent and parent.type != "variable_assignment":
        parent = parent.parent
    return parent is not None
