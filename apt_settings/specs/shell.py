"""Scripts for bash, sbatch and their like: the variables that they export, and those that they set for one command."""

import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Final

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from ..basics.files import UnreadableError
from ..runs.launchers import lost_by
from ..sources.names import is_ours
from .launchers import SHELLS, SLURM, Launch, Words, base_of, launch_of, values_of
from .launchers import texts_of as scripts_of
from .redirections import above, argument_of, nodes_in, target_of
from .shell_words import as_text, defaults_of, filled, text_of, texts_of
from .spec import (
    MARK,
    NOTHING,
    Assignment,
    Environment,
    Fault,
    Given,
    Inner,
    Spec,
    assigned,
    either,
    joined,
    known,
    marked,
)

_MOST_HEREDOCS: Final = 2_000  # the time of the parser is quadratic
_MOST_CUTS: Final = 50
_CONDITIONAL: Final = frozenset(
    {
        "if_statement",
        "case_statement",
        "while_statement",
        "for_statement",
        "c_style_for_statement",
        "function_definition",
        "list",
    }
)
_AROUND: Final = ("redirected_statement", "pipeline", "list")
_SPLIT: Final = ("simple_expansion", "expansion")
"""Words without quotes, which bash splits at blanks."""
_ISOLATED: Final = frozenset({"subshell", "command_substitution", "process_substitution"})
"""What is set in these is gone after them."""
_DIRECTIVES: Final = {"#SBATCH": "sbatch", "#PBS": "qsub", "#BSUB": "bsub", "#$": "qsub"}
"""What a scheduler reads at the head of a script -> the command whose options these are."""
_TRAINS: Final = r"python[\d.]*|torchrun|accelerate|deepspeed|apt-settings"
_ASSIGNMENT: Final = r"[A-Za-z_][\w.-]*="
_SETS_NO_JOB: Final = r"activate$|^/etc/|conda\.sh$|profile$|bashrc$"
"""Files that scripts source to find their tools. They set no settings."""
_NOT_EXPORTED: Final = "is not exported, so no command gets it: write export before it"
_READS_VARIABLES: Final = ("read", "mapfile", "readarray", "getopts", "let", "printf")
"""Commands after which the variables that they name hold something else."""
_PRINTS: Final = ("echo", "printf")
_DECLARE: Final = ("local", "declare", "typeset")
_SCHEDULER_ENV: Final = "SLURM_EXPORT_ENV"


def read(text: str, given: Given = NOTHING) -> Spec:
    """The variables that a script sets. Raises UnreadableError."""
    if text.count("<<") > _MOST_HEREDOCS:
        raise UnreadableError(f"has more than {_MOST_HEREDOCS:,} here-documents, the most that are read")
    reader = _Reader(text.replace("\r\n", "\n"), given)
    reader.walk(_parser().parse(reader.text.encode()).root_node, certain=True)
    spec = reader.spec()
    for number, line in enumerate(text.split("\n"), start=1):
        if line.endswith("\r") and (found := re.search(r"\b(APT_\w+)=", line)):
            ending = Fault(number, found[1], "ends in CRLF, and bash keeps the CR: save with LF")
            return spec._replace(faults=(*spec.faults, ending))
    return spec


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))


class _Reader:
    """Follows a script from command to command, and keeps the variables of each as an environment."""

    def __init__(self, text: str, given: Given) -> None:
        self.text = text
        self._given = given
        self._above = 0
        self._cuts = 0
        self._environments: list[Environment] = []
        self._alone: dict[Assignment, None] = {}
        """What may be set, or is one of several values: each is judged by itself."""
        self._faults: list[Fault] = []
        self._remarks: list[Fault] = []
        self._inner: list[Inner] = []
        self._state = {each.variable: each for each in given.assignments}
        self._values = {name: list(texts) for name, texts in given.values.items()}
        """What each variable of the script may hold here, where that is known."""
        self._used: set[str] = set()
        """The variables that some command has had with their present value."""
        self._exported = set(self._state)
        self._set: set[str] = set()
        """All variables that the script sets for itself, and its functions."""
        self._declared: set[str] = set()
        """Those that it says are its own: `local`, `declare`."""
        self._export_all = False
        self._commands = 0
        self._begun = False
        """Whether a command came before: SLURM reads no #SBATCH line after it."""
        self._directive: tuple[str, int, list[Assignment]] | None = None
        """The last `#SBATCH --export`, its line and what it sets."""
        self._below = given.below
        self._is_shown = False
        """Whether what is expanded here is printed or compared, and no setting."""
        self._writes_to = ""
        """The file that the output of commands goes to here."""
        self._lost: set[str] = set()
        self._known = known().variables
        self._names: set[Assignment] = set()
        """What stands in an environment already: names that are no settings stand in one."""
        self._followed: Mapping[str, Callable[[Node, bool], None]] = {
            "comment": self._comment,
            "variable_assignment": self._assign_node,
            "declaration_command": self._declaration,
            "unset_command": self._unset,
            "command": self._command,
            "for_statement": self._loop,
            "function_definition": self._function,
            "redirected_statement": self._redirected,
            "pipeline": self._pipeline,
            "test_command": self._test,
            "expansion": self._default,
            "ERROR": self._error,
        }

    def spec(self) -> Spec:
        """The result, with the variables at the end of the script as the last environment."""
        self._snapshot(self._state.values())
        for name, assignment in self._state.items():
            if name in known().variables and not (self._reaches_commands(name) or self._is_own(name)):
                self._environments.append(Environment((assignment,), certain=False))
                self._faults.append(Fault(assignment.line, name, _NOT_EXPORTED))
        for assignment in self._alone:
            if self._reaches_commands(assignment.variable):
                self._environments.append(Environment((assignment,), certain=False))
        local = frozenset(name for name in self._set if not self._reaches_commands(name))
        faults, remarks = tuple(self._faults), tuple(self._remarks)
        return Spec(tuple(self._environments), faults, remarks, tuple(self._inner), local)

    def _is_own(self, name: str) -> bool:
        """Whether a variable serves the script itself."""
        return name in self._declared or re.search(rf"\$\{{?{name}\b", self.text) is not None

    def _reaches_commands(self, name: str) -> bool:
        """Whether a variable is exported. In a file without commands all are: the script that reads it exports them."""
        return name in self._exported or not (self._commands or self._given.is_part)

    def _line(self, node: Node) -> int:
        return self._above + node.start_point.row + 1

    def walk(self, node: Node, *, certain: bool) -> None:
        """Follow a statement, and the statements in it. Those that may not run are not `certain`."""
        if follow := self._followed.get(node.type):
            follow(node, certain)
        elif node.type in _ISOLATED:
            self._isolated(node, certain=certain)
        else:
            self._walk_children(node, certain=certain and node.type not in _CONDITIONAL)

    def _unset(self, node: Node, _certain: bool) -> None:
        for child in node.named_children:
            self._forget(text_of(child))

    def _error(self, node: Node, _certain: bool) -> None:
        """Tell where the parser does not understand the script."""
        wrong = "cannot be read as bash from here on, or not all of it"
        self._remarks.append(Fault(self._line(node), "", wrong))
        self._walk_children(node, certain=False)

    def _walk_children(self, node: Node, *, certain: bool) -> None:
        for child in node.children:
            self.walk(child, certain=certain)

    def _isolated(self, node: Node, *, certain: bool) -> None:
        """Follow `( ... )` and `$( ... )`: what is set there is forgotten at the end."""
        before = dict(self._state), dict(self._values), set(self._used), self._export_all
        self._walk_children(node, certain=certain)
        if self._state != before[0]:
            self._snapshot(self._state.values())
        self._state, self._values, self._used, self._export_all = before

    def _loop(self, node: Node, _certain: bool) -> None:
        """Follow `for s in 1 2; do ...; done` with each value."""
        variable, *rest = node.named_children
        words = [child for child in rest if child.type not in ("do_group", "compound_statement")]
        found = [(text, each.type in _SPLIT) for each in words for text in texts_of(each, self._values)]
        texts = either(*(text.split() if is_split else [text] for text, is_split in found)) or [marked('"$@"')]
        self._assign(text_of(variable), texts, self._line(node), certain=True)
        self._walk_children(node, certain=False)

    def _function(self, node: Node, _certain: bool) -> None:
        """Follow the body of a function. What it declares is not there after it."""
        self._set.add(text_of(node.named_children[0]))
        before = dict(self._values)
        self._walk_children(node, certain=False)
        for name in re.findall(r"\b(?:local|declare|typeset)[ \t](?:-\w+[ \t]+)*(\w+)", text_of(node)):
            self._values.pop(name, None)
            if name in before:
                self._values[name] = before[name]

    def _default(self, node: Node, certain: bool) -> None:
        """Judge the default of `${APT_EPOCHS:-ten}`."""
        self._walk_children(node, certain=certain)
        name = text_of(node.named_children[0]) if node.named_children else ""
        operator = text_of(node)[len("${") + len(name) :][:2]
        is_shown = self._is_shown and "=" not in operator  # `echo "seed ${APT_SEED:-default}"`
        if name in self._known and "+" not in operator and not is_shown:
            for text in defaults_of(node, self._values):
                if MARK not in text:
                    assignment = Assignment(name, text, self._line(node))
                    self._environments.append(Environment((assignment,), certain=False))

    def _declaration(self, node: Node, certain: bool) -> None:
        """Follow `export A=1 B`, `declare -x A=1` and `export -n A`. Other declarations export nothing."""
        children, rest = self._cut(node)
        words = [text_of(child) for child in children]
        options = "".join(word for word in words[1:] if re.fullmatch(r"-\w+", word))
        exports = (words[0] == "export" and "n" not in options) or (words[0] != "export" and "x" in options)
        self._begun = True
        self._spaces(node)
        named = [child for child in children if child.is_named]
        declared = {text_of(child).partition("=")[0] for child in named}
        self._declared |= declared if words[0] in _DECLARE and not exports else set()
        for child in named:
            name = text_of(child)
            if child.type == "variable_assignment":
                name = text_of(child.children[0])
                self._exported |= {name} if exports else set()
                self._assign_node(child, certain)
            elif child.type == "variable_name":
                self._exported |= {name} if exports else set()
                if words[0] == "export" and not exports:
                    self._snapshot(self._state.values())
                    self._exported.discard(name)
            elif exports:
                self._walk_children(child, certain=certain)
                self._export_words(texts_of(child, self._values), self._line(child), certain=certain)
        if rest:
            self._again(*rest, certain=certain)

    def _export_words(self, texts: Sequence[str], line: int, *, certain: bool) -> None:
        """Follow `export "A=1"`, whose word may be one of several."""
        values: dict[str, list[str]] = {}
        for text in texts:
            if re.match(_ASSIGNMENT, text):
                name, _, value = text.partition("=")
                values.setdefault(name, []).append(value)
        for name, held in values.items():
            self._exported.add(name)
            self._assign(name, held, line, certain=certain and len(values) == 1)

    def _command(self, node: Node, certain: bool) -> None:
        """Follow `A=1 command ...`."""
        children, rest = self._cut(node)
        before = [child for child in children if child.type == "variable_assignment"]
        self._read_string(children)
        nodes = [child for child in children if child.is_named and child.type not in ("variable_assignment", "comment")]
        before_shown, self._is_shown = self._is_shown, text_of(nodes[0]) in _PRINTS if nodes else False
        for child in children:
            follow = self._walk_children if child.type == "variable_assignment" else self.walk
            follow(child, certain=certain)
        self._is_shown = before_shown
        combinations = self._combinations(nodes)
        self._commands += 1
        self._begun = True
        self._spaces(node)
        launches = [launch_of(words) for words in combinations]
        self._faults += [fault for launch in launches for fault in launch.faults]
        self._remarks += [fault for launch in launches for fault in launch.remarks]
        ours = [*self._prefixes(before), *self._one_of(each.assignments for each in launches)]
        launch, words = launches[0], combinations[0]
        self._lose(words, ours)
        self._used |= set(self._state)
        self._drop(words)
        inherited = [] if launch.starts_anew else [*self._state.values()]
        if ours:
            self._snapshot([*inherited, *ours], certain=certain, local=ours, below=launch.image)
        self._scripts(combinations, [*inherited, *ours], launch)
        if self._writes_to and words and words[0][0] in _PRINTS:
            self._printed(words, self._writes_to)
        if words:  # pragma: no branch - a command has a name, if the parser did not fail
            self._shell(words)
        if rest:
            self._again(*rest, certain=certain)

    def _drop(self, words: Words) -> None:
        """Note where what trains is started by a launcher that does not hand the script's settings on."""
        plain = [word for word, _ in words]
        trains = any(re.fullmatch(_TRAINS, base_of(word)) for word in plain[1:])
        if trains and any(map(is_ours, self._state)) and (lost := lost_by(plain, {})):
            self._remarks.append(Fault(words[0][1], "", lost))

    def _cut(self, node: Node) -> tuple[list[Node], tuple[str, int] | None]:
        """The parts of a command up to the end of its line. The parser may take the lines below for its words."""
        raw, start = node.text or b"", node.start_byte
        for index, child in enumerate(node.children[1:], start=1):
            between = raw[node.children[index - 1].end_byte - start : child.start_byte - start]
            if re.search(rb"(?<!\\)\n", between):
                whole = node  # with what the parser took for redirections and pipes of this command
                while whole.parent and whole.parent.type in _AROUND:
                    whole = whole.parent
                text = (whole.text or b"")[child.start_byte - whole.start_byte :].decode(errors="replace")
                return node.children[:index], (text, self._line(child))
        return node.children, None

    def _again(self, text: str, line: int, *, certain: bool) -> None:
        """Follow lines that the parser took for words of the command above them."""
        self._cuts += 1
        if self._cuts <= _MOST_CUTS:
            above, self._above = self._above, line - 1
            self.walk(_parser().parse(text.encode()).root_node, certain=certain)
            self._above = above

    def _combinations(self, nodes: Sequence[Node]) -> list[Words]:
        """The words of a command, once for each value of a word that may be one of several."""
        words = [(texts_of(node, self._values), self._line(node), node.type in _SPLIT) for node in nodes]
        most = max((len(texts) for texts, *_ in words), default=1)
        return [
            [
                (word, line)
                for texts, line, is_split in words
                for text in texts[min(index, len(texts) - 1) :][:1]
                for word in (text.split() if is_split else [text])
            ]
            for index in range(most)
        ]

    def _prefixes(self, nodes: Sequence[Node]) -> list[Assignment]:
        """The assignments before a command; of several values, each is judged alone."""
        rows = [(_of_container(text_of(node.children[0])), self._texts(node), self._line(node)) for node in nodes]
        most = max((len(texts) for _, texts, _ in rows), default=1)
        return self._one_of(
            [assigned(name, texts[min(index, len(texts) - 1)], line) for name, texts, line in rows]
            for index in range(most)
        )

    def _one_of(self, alternatives: Iterable[Sequence[Assignment]]) -> list[Assignment]:
        """What one of several alternatives sets. Values in which they differ are judged alone, and not known."""
        together: dict[tuple[str, int], dict[Assignment, None]] = {}
        for assignments in alternatives:
            for each in assignments:
                if is_ours(each.variable):
                    together.setdefault((each.variable, each.line), {})[each] = None
        for group in together.values():
            if len(group) > 1:
                self._environments += [Environment((each,), certain=False) for each in group]
        return [
            next(iter(group)) if len(group) == 1 else next(iter(group))._replace(value=None, unknown="")
            for group in together.values()
        ]

    def _lose(self, words: Words, ours: Sequence[Assignment]) -> None:
        """Find what `srun` does not hand on, as the `--export` of the script's #SBATCH line holds for it too."""
        names = [base_of(word) for word, _ in words]
        if "srun" not in names or not self._directive or [*values_of(("--export",), words)]:
            return
        text, directive, listed = self._directive
        exported = [each for each in self._state.values() if each.variable in self._exported]
        kept = {each.variable for each in listed} | self._lost
        if "ALL" in text.split(","):
            return
        for each in [*exported, *ours]:
            if is_ours(each.variable) and each.variable not in kept:
                self._lost.add(each.variable)
                wrong = f"does not reach srun in line {words[0][1]}, as --export of line {directive} holds for it too"
                self._faults.append(Fault(each.line, each.variable, f"{wrong}: write srun --export=ALL"))

    def _scripts(self, combinations: Sequence[Words], environment: Sequence[Assignment], launch: Launch) -> None:
        """Keep the scripts among the words: `bash -c '...'`. They run in the environment of the command."""
        reaching = tuple(
            each for each in environment if self._reaches_commands(each.variable) or each not in self._state.values()
        )
        remote = any(base_of(word) == "ssh" for word, _ in combinations[0])
        for words in combinations:
            for text, line in scripts_of(words):
                given = Given(() if remote else reaching, self._values, True, launch.image or self._below, is_part=True)
                inner = Inner(as_text(text), line, "script", "", given.moved(1 - line))
                self._inner += [inner] if "APT" in text.upper() else []

    def _shell(self, words: Words) -> None:
        """Follow what the command changes in the script itself: `set -a`, `source x.sh`, `read s`."""
        (name, _), *rest = words
        options = [word for word, _ in rest]
        if name == "set":
            on, off = r"-\w*a\w*", r"\+\w*a\w*"
            self._export_all |= any(re.fullmatch(on, word) for word in options) or "-o allexport" in " ".join(options)
            self._export_all &= not any(re.fullmatch(off, word) for word in options)
            self._export_all &= "+o allexport" not in " ".join(options)
        elif name in ("source", ".") and options and not re.search(_SETS_NO_JOB, options[0].replace(MARK, "")):
            self._below = "what is sourced"
            self._values.clear()
        elif name in _READS_VARIABLES:
            for word, line in rest:
                self._values.pop(word.partition("=")[0], None)
                if is_ours(word):
                    self._assign(word, [marked("what it reads")], line, certain=True)

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
                self._faults.append(Fault(self._line(child), name[0], "has a space beside its =: write NAME=value"))

    def _read_string(self, children: Sequence[Node]) -> None:
        """Keep the script of `bash <<< "export A=1; run"`."""
        string = next((child for child in children if child.type == "herestring_redirect"), None)
        if string and base_of(text_of(children[0])) in (*SHELLS, *SLURM):
            for text in texts_of(string.named_children[0], self._values):
                self._inner.append(Inner(as_text(text), self._line(string), "script"))

    def _redirected(self, node: Node, certain: bool) -> None:
        """Keep what is written to a file or read by a command: `cat > job.sh <<EOF`, `echo A=1 >> $GITHUB_ENV`."""
        before, self._writes_to = self._writes_to, target_of(node) or self._writes_to
        self._walk_children(node, certain=certain)
        self._writes_to = before
        command = next((child for child in node.named_children if child.type == "command"), None)
        words = self._combinations(command.named_children)[0] if command else []
        names = [base_of(word) for word, _ in words]
        for redirect in (child for child in node.children if child.type == "heredoc_redirect"):
            parts = {child.type: child for child in redirect.children}
            if body := parts.get("heredoc_body"):  # pragma: no branch - nor a here-document without a text
                piped = [text_of(each) for each in nodes_in(redirect, "command_name")]
                target = target_of(node) or argument_of("tee", words)
                self._heredoc(body, text_of(parts["heredoc_start"]), target, [*names, *map(base_of, piped)])

    def _test(self, node: Node, certain: bool) -> None:
        before, self._is_shown = self._is_shown, True
        self._walk_children(node, certain=certain)
        self._is_shown = before

    def _pipeline(self, node: Node, certain: bool) -> None:
        """Follow `echo A=1 | tee -a x.env` and `echo "export A=1; run" | sbatch`."""
        last = node.named_children[-1]
        words = self._combinations(last.named_children)[0] if last.type == "command" else []
        is_script = bool(words) and base_of(words[0][0]) in (*SHELLS, *SLURM, "ssh", "qsub", "bsub")
        before, self._writes_to = self._writes_to, "x.sh" if is_script else argument_of("tee", words) or self._writes_to
        self._walk_children(node, certain=certain)
        self._writes_to = before

    def _heredoc(self, body: Node, start: str, target: str, names: Sequence[str]) -> None:
        is_script = any(name in (*SHELLS, *SLURM, "ssh", "qsub", "bsub") for name in names)
        to_variable = body.parent and above(body.parent, "variable_assignment")
        if not (target or is_script or to_variable or {"kubectl", "docker", "oc", "tee"} & set(names)):
            return
        is_literal = re.search(r"['\"\\]", start) is not None
        text = text_of(body) if is_literal else filled(text_of(body), self._values)
        reaching = (each for each in self._state.values() if self._reaches_commands(each.variable))
        inherited = tuple(reaching) if is_script and "ssh" not in names else ()
        given = Given(inherited, {} if is_literal else self._values, is_part=True).moved(1 - self._line(body))
        self._inner.append(Inner(text, self._line(body), "script" if is_script else "", target, given))

    def _printed(self, words: Words, target: str) -> None:
        """Keep the text of `echo A=1 >> x.env`."""
        texts = [word for word, _ in words[1:] if not word.startswith("-")]
        if words[0][0] == "printf" and texts:
            values = iter(texts[1:])
            texts = [re.sub(r"%[sdif]", lambda _: next(values, ""), texts[0])]
        text = as_text(" ".join(texts).replace("\\n", "\n"), braces=True)
        name = target if re.fullmatch(r"[\w./-]+", target) else ".env"
        given = Given(values=self._values, certain=False, is_part=True)
        if re.match(rf"(export )?{_ASSIGNMENT}", text):
            self._inner.append(Inner(text, words[0][1], "", name, given))

    def _comment(self, node: Node, _certain: bool) -> None:
        """Follow `#SBATCH --export=ALL,A=1`, which SLURM reads only before the first command; `#PBS -v` and others."""
        text, line = text_of(node), self._line(node)
        prefix = next((each for each in _DIRECTIVES if re.match(rf"{re.escape(each)}\s", text)), "")
        if not prefix:
            return
        words = [(word, line) for word in _split(text[len(prefix) :])]
        name = _DIRECTIVES[prefix]
        launch = launch_of([(name, line), *words])
        of_slurm = [*values_of(("--export",), words)] if name == "sbatch" else []
        if self._begun:
            if launch.assignments:
                wrong = "stands below a command, where SLURM reads no option"
                self._faults.append(Fault(line, launch.assignments[0].variable, wrong))
            return
        self._faults += launch.faults
        if of_slurm:
            self._replace_directive(of_slurm[-1][0], line, launch.assignments)
        for assignment in launch.assignments:
            self._exported.add(assignment.variable)
            self._assign(assignment.variable, [assignment.value or ""], line, certain=True)

    def _replace_directive(self, text: str, line: int, assignments: list[Assignment]) -> None:
        """Keep the `--export` of a #SBATCH line, and find what the one before has set: the last one counts alone."""
        _, before, listed = self._directive or ("", 0, [])
        for each in listed:
            self._state.pop(each.variable, None)
            if is_ours(each.variable) and each.variable not in {one.variable for one in assignments}:
                wrong = f"is lost: --export of line {line} takes the place of this one; write one list"
                self._faults.append(Fault(before, each.variable, wrong))
                self._environments.append(Environment((each,), certain=False))
        self._directive = (text, line, assignments)

    def _texts(self, node: Node) -> list[str]:
        """The texts that an assignment may give its variable."""
        name, operator = text_of(node.children[0]), node.children[1].type
        word = node.children[2] if len(node.children) > 2 else None
        if word is not None and word.type == "array":
            return [marked("(...)")]
        texts = [""] if word is None else texts_of(word, self._values)
        if operator == "+=":
            return joined([self._values.get(name, [marked(f"${name}")]), texts])
        return texts

    def _assign_node(self, node: Node, certain: bool) -> None:
        self._begun = True
        texts = self._texts(node)
        self._walk_children(node, certain=certain)
        name = text_of(node.children[0])
        self._exported |= {_of_container(name)} if name in self._exported else set()
        self._assign(_of_container(name), texts, self._line(node), certain=certain)

    def _assign(self, name: str, texts: list[str], line: int, *, certain: bool) -> None:
        """Set a variable from here on. If that is not certain, or one of several, its value is unknown from here on."""
        self._set.add(name.partition("[")[0])
        if not name.isidentifier():  # an element of an array cannot be exported
            return
        before = self._values.get(name, [marked(f"${name}")])
        self._values[name] = texts if certain else either(before, texts)
        if name == _SCHEDULER_ENV:
            self._directive = None
        if not is_ours(name):
            return
        self._exported |= {name} if self._export_all else set()
        assignments = [assigned(name, text, line) for text in texts]
        if not certain or len(texts) > 1:
            held = [self._state[name]] if name in self._state else []  # perhaps it stays as it is
            self._alone.update(dict.fromkeys([*held, *assignments]))
            self._state[name] = assignments[0]._replace(value=None, unknown=assignments[0].unknown or f"${name}")
            return
        self._overwrite(assignments[0])
        self._state[name] = assignments[0]

    def _overwrite(self, assignment: Assignment) -> None:
        """Keep what a variable held until here, and tell if no command had it."""
        name = assignment.variable
        before = self._state.get(name)
        if before and before != assignment:
            if name in self._used:
                self._snapshot(self._state.values())
            else:
                self._alone[before] = None
                if before.value is not None and assignment.value not in (before.value, None) and not before.file:
                    self._remarks.append(
                        Fault(assignment.line, name, f"stands twice, first in line {before.line}; this one counts")
                    )
        self._used.discard(name)

    def _forget(self, name: str) -> None:
        """Unset a variable from here on."""
        if name == _SCHEDULER_ENV:
            self._directive = None
        self._values.pop(name, None)
        if name in self._state:
            self._snapshot(self._state.values())
            del self._state[name]

    def _snapshot(
        self,
        assignments: Iterable[Assignment],
        *,
        certain: bool = True,
        local: Iterable[Assignment] = (),
        below: str = "",
    ) -> None:
        """Keep the variables of a command as an environment: those exported, and those `local` to the command."""
        of_command = set(local)
        reaching = [each for each in assignments if each in of_command or self._reaches_commands(each.variable)]
        reaching = [each for each in reaching if each.variable in self._known or each not in self._names]
        self._names.update(reaching)
        below = below or self._below
        self._environments.append(
            Environment(tuple(reaching), certain and self._given.certain and not below, below if certain else "")
        )


def _of_container(name: str) -> str:
    """`APPTAINERENV_APT_SEED` -> `APT_SEED`: what the container gets."""
    return re.sub(r"^(SINGULARITY|APPTAINER)ENV_(?=APT_)", "", name)


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return re.sub(r"[\"']", " ", text).split()
