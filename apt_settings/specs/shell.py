"""Scripts for a shell and for sbatch: what they export, and hand to the commands that they start."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from ..ownership import is_ours
from .spec import Assignment, Environment, Fault, Spec

_CONDITIONAL: Final = frozenset(
    {
        "if_statement",
        "case_statement",
        "while_statement",
        "for_statement",
        "c_style_for_statement",
        "function_definition",
        "subshell",
        "command_substitution",
    }
)
_SLURM: Final = ("sbatch", "srun", "salloc")
_CONTAINERS: Final = ("docker", "podman", "nerdctl")
_ASSIGNMENT: Final = r"[A-Za-z_][\w.-]*="
_ALL_EXPORTED: Final = r"^\s*set\s+(-\w*a\w*|-o\s+allexport)\b"


def read(text: str) -> Spec:
    """What a script sets."""
    reader = _Reader(text.replace("\r\n", "\n"))
    reader.walk(Parser(Language(tree_sitter_bash.language())).parse(text.encode()).root_node, certain=True)
    spec = reader.spec()
    lines = enumerate(text.split("\n"), start=1)
    ends = ((number, re.search(r"\b(APT_\w+)=", line)) for number, line in lines if line.endswith("\r"))
    carried = (Fault(number, match[1], "ends in a CRLF, of which bash keeps a part") for number, match in ends if match)
    return spec._replace(faults=(*spec.faults, *carried))


class _Reader:
    """Follows a script from command to command."""

    def __init__(self, text: str) -> None:
        self._all_exported = re.search(_ALL_EXPORTED, text, re.MULTILINE) is not None
        self._environments: list[Environment] = []
        self._faults: list[Fault] = []
        self._state: dict[str, Assignment] = {}
        self._used: set[str] = set()
        """The variables that a command has had in their present value."""
        self._exported: set[str] = set()
        self._commands = 0
        self._complete = True
        """Whether no other file has been read into the script that may set variables too."""

    def spec(self) -> Spec:
        """What was found, with the state at the end."""
        self._snapshot(self._state.values())
        hidden = [each for name, each in self._state.items() if name not in self._exported]
        if self._commands and not self._all_exported:
            self._faults += [Fault(each.line, each.variable, _NOT_EXPORTED) for each in hidden]
        return Spec(tuple(self._environments), tuple(self._faults))

    def walk(self, node: Node, *, certain: bool) -> None:
        """Take in a statement, and those in it."""
        match node.type:
            case "comment":
                self._comment(_text(node), _line(node))
            case "variable_assignment":
                self._assign(_assignment(node), certain=certain)
            case "declaration_command":
                self._declaration(node, certain=certain)
            case "unset_command":
                for child in node.named_children:
                    self._forget(_text(child))
            case "command":
                self._command(node, certain=certain)
            case _:
                inside = certain and node.type not in _CONDITIONAL
                for child in node.children:
                    self.walk(child, certain=inside)

    def _declaration(self, node: Node, *, certain: bool) -> None:
        """`export A=1 B`, `declare -x A=1`; other declarations keep a variable to the shell."""
        words = [_text(child) for child in node.children]
        exports = words[0] == "export" or any(re.fullmatch(r"-\w*x\w*", word) for word in words)
        for child in node.named_children:
            if child.type == "variable_assignment":
                assignment = _assignment(child)
                self._assign(assignment, certain=certain)
                self._exported |= {assignment.variable} if exports else set()
            elif child.type == "variable_name" and exports:
                self._exported.add(_text(child))

    def _command(self, node: Node, *, certain: bool) -> None:
        own = [_assignment(child) for child in node.named_children if child.type == "variable_assignment"]
        words = [(_value(child), _line(child)) for child in node.named_children if child.type != "variable_assignment"]
        own += self._arguments(words)
        self._commands += 1
        self._complete &= not re.match(r"(source|\.)\s", _text(node)) or bool(re.search(_SETS_NO_JOB, _text(node)))
        self._used |= set(self._state)
        if ours := [each for each in own if is_ours(each.variable)]:
            self._snapshot([*self._state.values(), *ours], certain=certain)
        for child in node.children:
            self.walk_inside(child)

    def walk_inside(self, node: Node) -> None:
        """What stands in the words of a command is run on its own."""
        if node.type == "command_substitution":
            self.walk(node, certain=False)

    def _arguments(self, words: list[tuple[str | None, int]]) -> Iterator[Assignment]:
        """What a command sets for others: `env A=1 cmd`, `sbatch --export=`, `docker run -e A=1`."""
        if not words or words[0][0] is None:
            return
        name, arguments = words[0][0].rpartition("/")[2], words[1:]
        if name == "env":
            for word, line in arguments:
                if word and re.match(_ASSIGNMENT, word):
                    variable, _, value = word.partition("=")
                    yield Assignment(variable, value, line)
        elif name in _SLURM:
            for word, line in _values_of(("--export",), arguments):
                yield from self._export(word, line)
        elif name in _CONTAINERS:
            for word, line in _values_of(("--env", "-e"), arguments):
                if "=" in word:
                    variable, _, value = word.partition("=")
                    yield Assignment(variable, value, line)

    def _comment(self, text: str, line: int) -> None:
        """`#SBATCH --export=ALL,A=1`, which SLURM reads until the first command."""
        directive = re.match(r"#SBATCH\s+--export[=\s]\s*(.*?)\s*$", text)
        if not directive:
            return
        exported = list(self._export(directive[1], line))
        if self._commands and exported:
            wrong = "stands below a command, where SLURM reads no option"
            self._faults.append(Fault(line, exported[0].variable, wrong))
            return
        for assignment in exported:
            self._assign(assignment, certain=True)
            self._exported.add(assignment.variable)

    def _export(self, text: str, line: int) -> Iterator[Assignment]:
        """The variables of `--export`, which SLURM splits at commas, outside quotes that it keeps."""
        last = ""
        for item in re.findall(r"""(?:[^,'"]|'[^']*'|"[^"]*"|['"])+""", text):
            variable, equals, value = item.partition("=")
            if equals:
                yield Assignment(variable, value, line)
            elif is_ours(last) and not re.fullmatch(r"[A-Z_][A-Z0-9_]*", item):
                self._faults.append(Fault(line, last, f"is cut at the comma before {item!r}: export it in the script"))
            last = variable if equals else ""

    def _assign(self, assignment: Assignment, *, certain: bool) -> None:
        name = assignment.variable
        if not is_ours(name):
            return
        if not certain:
            self._environments.append(Environment((assignment,), certain=False))
            self._state[name] = assignment._replace(value=None)
            return
        before = self._state.get(name)
        if before and before.value is not None and before != assignment:
            if name in self._used:
                self._snapshot(self._state.values())
            elif before.value != assignment.value:
                self._faults.append(Fault(assignment.line, name, f"stands twice, first in line {before.line}"))
        self._used.discard(name)
        self._state[name] = assignment

    def _forget(self, name: str) -> None:
        if name in self._state:
            self._snapshot(self._state.values())
            del self._state[name]

    def _snapshot(self, assignments: Iterable[Assignment], *, certain: bool = True) -> None:
        self._environments.append(Environment(tuple(assignments), certain and self._complete))


_SETS_NO_JOB: Final = r"activate$|^/etc/|conda\.sh$|profile$|bashrc$"
"""What scripts source to find their tools, and not their settings."""
_NOT_EXPORTED: Final = "is not exported, so that no command gets it: write export before it"


def _values_of(options: tuple[str, ...], words: list[tuple[str | None, int]]) -> Iterator[tuple[str, int]]:
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


def _assignment(node: Node) -> Assignment:
    name = _text(node.children[0])
    written = node.children[2] if len(node.children) > 2 else None
    return Assignment(name, "" if written is None else _value(written), _line(node))


def _value(node: Node) -> str | None:
    """What a word is to the command that gets it; None where that is decided when the script runs."""
    text = _text(node)
    match node.type:
        case "command_name":
            return _value(node.children[0])
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
            parts = [_value(child) for child in node.children]
            return None if None in parts else "".join(part for part in parts if part is not None)
    return None


def _text(node: Node) -> str:
    return (node.text or b"").decode(errors="replace")


def _line(node: Node) -> int:
    return node.start_point.row + 1
