"""Scripts for bash and sbatch: the variables that they export, and those that they set for one command."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import dropwhile, takewhile
from typing import Final

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from ..base import AptSettings
from ..basics.files import UnreadableError
from ..registry import registry
from ..sources.flags import flags_in
from ..sources.names import is_ours, variable_of
from ..values import is_list
from .shell_words import assignment_of, assignments_in, line_of, text_of, value_of, values_of
from .spec import Assignment, Environment, Fault, Spec, known

_MOST_HEREDOCS: Final = 2_000  # the time of the parser is quadratic
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
        "list",
    }
)
_SLURM: Final = ("sbatch", "srun", "salloc")
_CONTAINERS: Final = ("docker", "podman", "nerdctl")
_LAUNCHERS: Final = ("mpirun", "mpiexec", "orterun")
_ASSIGNMENT: Final = r"[A-Za-z_][\w.-]*="
_SETS_NO_JOB: Final = r"activate$|^/etc/|conda\.sh$|profile$|bashrc$"
"""Files that scripts source to find their tools. They set no settings."""
_NOT_EXPORTED: Final = "is not exported, so no command gets it: write export before it"
_ALL_EXPORTED: Final = r"^[ \t]*set[ \t](?:.*[ \t])?(-\w*a\w*|-o[ \t]+allexport)\b"


def read(text: str) -> Spec:
    """The variables that a script sets. Raises UnreadableError."""
    if text.count("<<") > _MOST_HEREDOCS:
        raise UnreadableError(f"has more than {_MOST_HEREDOCS:,} here-documents, the most that are read")
    reader = _Reader(text.replace("\r\n", "\n"))
    reader.walk(Parser(Language(tree_sitter_bash.language())).parse(text.encode()).root_node, certain=True)
    spec = reader.spec()
    for number, line in enumerate(text.split("\n"), start=1):
        if line.endswith("\r") and (found := re.search(r"\b(APT_\w+)=", line)):
            ending = Fault(number, found[1], "ends in CRLF, and bash keeps the CR: save with LF")
            return spec._replace(faults=(*spec.faults, ending))
    return spec


class _Reader:
    """Follows a script from command to command, and keeps the variables of each as an environment."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._all_exported = re.search(_ALL_EXPORTED, text, re.MULTILINE) is not None
        self._environments: list[Environment] = []
        self._faults: list[Fault] = []
        self._remarks: list[Fault] = []
        self._state: dict[str, Assignment] = {}
        self._used: set[str] = set()
        """The variables that some command has had with their present value."""
        self._exported: set[str] = set()
        self._commands = 0
        self._begun = False
        """Whether a command came before: SLURM reads no #SBATCH line after it."""
        self._complete = True
        """False once the script has sourced a file that may set variables too."""

    def spec(self) -> Spec:
        """The result, with the variables at the end of the script as the last environment."""
        self._snapshot(self._state.values())
        for name, assignment in self._state.items():
            if (
                name in known().variables
                and not self._reaches_commands(name)
                and not re.search(rf"\$\{{?{name}\b", self._text)
            ):
                self._environments.append(Environment((assignment,), certain=False))
                self._faults.append(Fault(assignment.line, name, _NOT_EXPORTED))
        return Spec(tuple(self._environments), tuple(self._faults), tuple(self._remarks))

    def _reaches_commands(self, name: str) -> bool:
        """Whether a variable is exported. In a file without commands all are: the script that reads it exports them."""
        return name in self._exported or self._all_exported or not self._commands

    def walk(self, node: Node, *, certain: bool) -> None:
        """Follow a statement, and the statements in it. Those that may not run are not `certain`."""
        match node.type:
            case "comment":
                self._comment(text_of(node), line_of(node))
            case "variable_assignment":
                self._begun = True
                self._assign(assignment_of(node), certain=certain)
            case "declaration_command":
                self._declaration(node, certain=certain)
            case "unset_command":
                for child in node.named_children:
                    self._forget(text_of(child))
            case "command":
                self._command(node, certain=certain)
            case _:
                self._walk_children(node, certain=certain and node.type not in _CONDITIONAL)
                self._heredoc(node)

    def _walk_children(self, node: Node, *, certain: bool) -> None:
        for child in node.children:
            self.walk(child, certain=certain)

    def _declaration(self, node: Node, *, certain: bool) -> None:
        """Follow `export A=1 B` and `declare -x A=1`. Other declarations export nothing."""
        words = [text_of(child) for child in node.children]
        exports = words[0] == "export" or any(re.fullmatch(r"-\w*x\w*", word) for word in words)
        self._begun = True
        self._spaces(node)
        for child in node.named_children if exports else ():
            if child.type == "variable_assignment":
                assignment = assignment_of(child)
                self._assign(assignment, certain=certain)
                self._exported.add(assignment.variable)
            elif child.type == "variable_name":
                self._exported.add(text_of(child))
            elif (word := value_of(child)) and re.match(_ASSIGNMENT, word):  # export "NAME=value"
                (assignment,) = assignments_in([(word, line_of(child))])
                self._assign(assignment, certain=certain)
                self._exported.add(assignment.variable)

    def _command(self, node: Node, *, certain: bool) -> None:
        """Follow `A=1 command ...`."""
        assignments = [assignment_of(child) for child in node.named_children if child.type == "variable_assignment"]
        words = [
            (value_of(child), line_of(child)) for child in node.named_children if child.type != "variable_assignment"
        ]
        assignments += self._arguments(words)
        inherited = () if _starts_anew([word or "" for word, _ in words]) else self._state.values()
        self._commands += 1
        self._begun = True
        self._complete &= not re.match(r"(source|\.)\s", text_of(node)) or bool(re.search(_SETS_NO_JOB, text_of(node)))
        self._used |= set(self._state)
        self._spaces(node)
        if ours := [each for each in assignments if is_ours(each.variable)]:
            self._snapshot([*inherited, *ours], certain=certain, local=ours)
        for child in node.children:
            if child.type == "command_substitution":
                self.walk(child, certain=False)

    def _spaces(self, node: Node) -> None:
        """Find `export APT_SEED =3` and `export APT_SEED= 3`, which set another variable, or an empty value."""
        for child in node.named_children:
            name = re.match(r"\w+", text_of(child))
            if not name or not is_ours(name[0]):
                continue
            rest = (node.text or b"")[child.end_byte - node.start_byte :].decode(errors="replace")
            before = text_of(child) == name[0] and re.match(r"[ \t]+=", rest)
            behind = text_of(child) == f"{name[0]}=" and node.type != "command" and re.match(r"[ \t]+[^\s#;&|]", rest)
            if before or behind:
                self._faults.append(Fault(line_of(child), name[0], "has a space beside its =: write NAME=value"))

    def _heredoc(self, node: Node) -> None:
        """Follow the text of `sbatch <<EOF`, which is a script too."""
        if node.type != "redirected_statement" or not re.match(r"\s*((sbatch|bash|sh|ssh)\b)", text_of(node)):
            return
        for redirect in node.children:
            for body in redirect.children if redirect.type == "heredoc_redirect" else ():
                if body.type == "heredoc_body":
                    spec = read(text_of(body))
                    above = line_of(body) - 1
                    self._faults += [fault._replace(line=fault.line + above) for fault in spec.faults]
                    for assignments, certain in spec.environments:
                        moved = (each._replace(line=each.line + above) for each in assignments)
                        self._environments.append(Environment(tuple(moved), certain))

    def _arguments(self, words: list[tuple[str | None, int]]) -> Iterator[Assignment]:
        """The variables that a command sets for another: `env A=1 cmd`, `sbatch --export=A=1`, `docker run -e A=1`."""
        if not words or words[0][0] is None:
            return
        names = [(word or "").rpartition("/")[2] for word, _ in words]
        name, arguments = names[0], words[1:]
        if "env" in names:
            arguments = words[names.index("env") + 1 :]
            options = takewhile(lambda each: each[0] is None or re.match(rf"-|{_ASSIGNMENT}", each[0]), arguments)
            yield from assignments_in((word, line) for word, line in options if word and re.match(_ASSIGNMENT, word))
        elif "apt-settings" in names or "apt_settings" in names:
            yield from (Assignment(variable_of("task"), word, line) for word, line in values_of(("--task",), arguments))
            for word, line in values_of(("--set",), arguments):
                setting, _, value = word.partition("=")
                yield Assignment(variable_of(setting), value, line)
            self._remarks += _flags(arguments)
        elif name in _CONTAINERS:
            yield from assignments_in(values_of(("--env", "-e"), arguments))
        elif name in _LAUNCHERS:
            yield from assignments_in(values_of(("-x", "-genv"), arguments))
        if name in _SLURM:
            for word, line in values_of(("--export",), arguments):
                yield from self._export(word, line)

    def _comment(self, text: str, line: int) -> None:
        """Follow `#SBATCH --export=ALL,A=1`, which SLURM reads only before the first command."""
        directive = re.match(r"#SBATCH\s(?:.*\s)?--export[=\s]\s*((?:\"[^\"]*\"|'[^']*'|\S)+)", text)
        if not directive:
            return
        exported = list(self._export(directive[1], line))
        if self._begun and exported:
            wrong = "stands below a command, where SLURM reads no option"
            self._faults.append(Fault(line, exported[0].variable, wrong))
            return
        for assignment in exported:
            self._assign(assignment, certain=True)
            self._exported.add(assignment.variable)

    def _export(self, text: str, line: int) -> Iterator[Assignment]:
        """The variables in the value of `--export`. SLURM splits it at commas outside quotes, and keeps the quotes."""
        last = ""
        for item in re.findall(r"""(?:[^,'"]|'[^']*'|"[^"]*"|['"])+""", text):
            variable, equals, value = item.partition("=")
            if equals:
                yield Assignment(variable, value, line)
            elif is_ours(last) and (not item.isidentifier() or (item.islower() and _takes_list(last))):
                self._faults.append(Fault(line, last, "is cut at a comma: export it in the script"))
            last = variable if equals else ""

    def _assign(self, assignment: Assignment, *, certain: bool) -> None:
        """Set a variable from here on. If that is not certain, its value is unknown from here on."""
        name = assignment.variable
        if not is_ours(name) or not name.isidentifier():  # an element of an array cannot be exported
            return
        if not certain:
            self._environments.append(Environment((assignment,), certain=False))
            self._state[name] = assignment._replace(value=None)
            return
        before = self._state.get(name)
        if before and before.value is not None and before != assignment:
            if name in self._used:
                self._snapshot(self._state.values())
            elif assignment.value not in (before.value, None):
                self._faults.append(Fault(assignment.line, name, f"stands twice, first in line {before.line}"))
        self._used.discard(name)
        self._state[name] = assignment

    def _forget(self, name: str) -> None:
        """Unset a variable from here on."""
        if name in self._state:
            self._snapshot(self._state.values())
            del self._state[name]

    def _snapshot(
        self, assignments: Iterable[Assignment], *, certain: bool = True, local: Iterable[Assignment] = ()
    ) -> None:
        """Keep the variables of a command as an environment: those exported, and those `local` to the command."""
        of_command = set(local)
        reaching = (each for each in assignments if each in of_command or self._reaches_commands(each.variable))
        self._environments.append(Environment(tuple(reaching), certain and self._complete))


def _flags(words: Sequence[tuple[str | None, int]]) -> Iterator[Fault]:
    """The flags behind the -- of `apt-settings run` that mean settings: they are for the command alone."""
    behind = list(dropwhile(lambda each: each[0] != "--", words))
    for flag in flags_in([word or "" for word, _ in behind], known().settings):
        line = next(line for word, line in behind if word and word.startswith(flag.name))
        fix = f"write --set {flag.setting}=... before the --"
        yield Fault(line, "", f"{flag.name} is for the command alone, and no record or fingerprint has it: {fix}")


def _takes_list(variable: str) -> bool:
    setting = registry().settings_of(AptSettings).get(known().variables.get(variable, ""))
    return setting is not None and is_list(setting.field)


def _starts_anew(words: list[str]) -> bool:
    """Whether a command does not inherit the environment: `env -i`, `docker run`, `sbatch --export=NONE`."""
    exports = [word for word, _ in values_of(("--export",), [(word, 0) for word in words])]
    if any("ALL" not in word.split(",") for word in exports):
        return True
    if words and words[0].rpartition("/")[2] in _CONTAINERS:
        return True
    return "env" in words and bool({"-i", "-u"} & set(words))
