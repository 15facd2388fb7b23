"""Scripts for bash, sbatch and their like: the variables that they export, and those that they set for one command."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Final

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from ..basics.files import UnreadableError
from ..runs.launchers import lost_by
from ..sources.names import is_ours
from .directives import Directives
from .launchers import ASSIGNMENT, OUR_NAMES, Launch, base_of, in_container, launch_of, replaced, script_of, scripts_in
from .redirections import PRINTS, READ_SCRIPTS, Heredoc, file_of_tee, heredocs_of, printed, target_of
from .shell_variables import Variables
from .shell_words import (
    as_text,
    assigned_texts,
    combinations,
    cut,
    defaults_of,
    filled,
    split_texts_of,
    text_of,
    texts_of,
)
from .spec import MARK, NOTHING, Assignment, Fault, Given, Inner, Spec, Words, abreast, assigned, either, known, marked

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
_ISOLATED: Final = frozenset({"subshell", "command_substitution", "process_substitution"})
"""What is set in these is gone after them."""
_TRAINS: Final = r"python[\d.]*|torchrun|accelerate|deepspeed"
_SETS_NO_JOB: Final = r"activate$|^/etc/|conda\.sh$|profile$|bashrc$"
"""Files that scripts source to find their tools. They set no settings."""
_READS_VARIABLES: Final = ("read", "mapfile", "readarray", "getopts", "let", "printf")
"""Commands after which the variables that they name hold something else."""
_EXPORTS_ALL: Final = r"(^| )-(\w*a\w*|o allexport)( |$)"
_EXPORTS_NO_MORE: Final = r"(^| )\+(\w*a\w*|o allexport)( |$)"
"""Options of `set`."""
_ALL_OF_PREFIX: Final = r'"?\$\{!(\w+)[@*]\}"?'
_DECLARE: Final = ("local", "declare", "typeset")


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
    """Follows a script from command to command."""

    def __init__(self, text: str, given: Given) -> None:
        self.text = text
        self._variables = Variables(given)
        self._directives = Directives(self._variables)
        self._faults: list[Fault] = []
        self._remarks: list[Fault] = []
        self._inner: list[Inner] = []
        self._got: tuple[Assignment, ...] = ()
        """What the last command has had."""
        self._above = 0
        """How many lines stand above the text that is followed."""
        self._cuts = 0
        self._begun = False
        """Whether a command came before."""
        self._is_open = False
        """Whether commands here may have more than what is followed: those of a function have what its callers set."""
        self._is_shown = False
        """Whether what is expanded here is printed or compared, and no setting."""
        self._writes_to = ""
        """The file that the output of commands goes to here."""
        self._followed: Mapping[str, Callable[[Node, bool], None]] = {
            "comment": self._comment,
            "variable_assignment": self._assign,
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
        lost = self._variables.end(self.text)
        return Spec(
            tuple(self._variables.environments),
            (*self._faults, *self._directives.faults, *lost),
            (*self._remarks, *self._variables.remarks),
            tuple(self._inner),
            self._variables.local(),
        )

    def _line(self, node: Node) -> int:
        return self._above + node.start_point.row + 1

    def _texts(self, node: Node) -> list[str]:
        return texts_of(node, self._variables.values)

    def _assigned(self, node: Node) -> list[str]:
        return assigned_texts(node, self._variables.values)

    def _words(self, nodes: Sequence[Node]) -> list[Words]:
        return combinations(nodes, self._variables.values, self._above)

    def walk(self, node: Node, *, certain: bool) -> None:
        """Follow a statement, and the statements in it. Those that may not run are not `certain`."""
        if follow := self._followed.get(node.type):
            follow(node, certain)
        elif node.type in _ISOLATED:
            with self._variables.isolate():
                self._walk_children(node, certain=certain)
        else:
            self._walk_children(node, certain=certain and node.type not in _CONDITIONAL)

    def _walk_children(self, node: Node, *, certain: bool) -> None:
        for child in node.children:
            self.walk(child, certain=certain)

    def _walk_into(self, file: str, node: Node, *, certain: bool) -> None:
        """Follow the parts of a statement, whose output goes to a file; where it has no name, as outside of it."""
        before, self._writes_to = self._writes_to, file or self._writes_to
        self._walk_children(node, certain=certain)
        self._writes_to = before

    def _walk_below(self, below: tuple[str, Node] | None, *, certain: bool) -> None:
        """Follow lines that the parser took for words of the command above them."""
        if below and self._cuts < _MOST_CUTS:
            self._cuts += 1
            text, first = below
            above, self._above = self._above, self._line(first) - 1
            self.walk(_parser().parse(text.encode()).root_node, certain=certain)
            self._above = above

    def _comment(self, node: Node, _certain: bool) -> None:
        self._directives.follow(text_of(node), self._line(node), is_late=self._begun)

    def _error(self, node: Node, _certain: bool) -> None:
        """Tell where the parser does not understand the script."""
        wrong = "cannot be read as bash from here on, or not all of it"
        self._remarks.append(Fault(self._line(node), "", wrong))
        self._walk_openly(node)

    def _walk_openly(self, node: Node) -> None:
        before, self._is_open = self._is_open, True
        self._walk_children(node, certain=False)
        self._is_open = before

    def _unset(self, node: Node, certain: bool) -> None:
        """Follow `unset A` and `unset "${!APT_@}"`."""
        for child in node.named_children:
            prefix = re.fullmatch(_ALL_OF_PREFIX, text_of(child))
            for name in self._variables.names_with(prefix[1]) if prefix else [text_of(child)]:
                self._variables.unset(name, certain=certain)

    def _assign(self, node: Node, certain: bool) -> None:
        """Follow `A=1`."""
        self._begun = True
        texts = self._assigned(node)
        self._walk_children(node, certain=certain)
        name = text_of(node.children[0])
        if name in self._variables.exported:
            self._variables.exported.add(_of_container(name))
        self._variables.assign(_of_container(name), texts, self._line(node), certain=certain)

    def _loop(self, node: Node, _certain: bool) -> None:
        """Follow `for s in 1 2; do ...; done` with each value."""
        variable, *rest = node.named_children
        nodes = [child for child in rest if child.type not in ("do_group", "compound_statement")]
        words = [words for each in nodes for words in split_texts_of(each, self._variables.values)]
        texts = either(*words) or [marked('"$@"')]
        self._variables.assign(text_of(variable), texts, self._line(node), certain=True)
        self._walk_children(node, certain=False)

    def _function(self, node: Node, _certain: bool) -> None:
        """Follow the body of a function. What it declares is not there after it."""
        values = self._variables.values
        self._variables.set_here.add(text_of(node.named_children[0]))
        before = dict(values)
        self._walk_openly(node)
        for name in re.findall(r"\b(?:local|declare|typeset)[ \t](?:-\w+[ \t]+)*(\w+)", text_of(node)):
            values.pop(name, None)
            if name in before:
                values[name] = before[name]

    def _test(self, node: Node, certain: bool) -> None:
        before, self._is_shown = self._is_shown, True
        self._walk_children(node, certain=certain)
        self._is_shown = before

    def _default(self, node: Node, certain: bool) -> None:
        """Judge the default of `${APT_EPOCHS:-ten}`."""
        self._walk_children(node, certain=certain)
        name = text_of(node.named_children[0]) if node.named_children else ""
        operator = text_of(node)[len("${") + len(name) :][:2]
        if operator in ("=", ":="):
            self._variables.assign(name, self._texts(node), self._line(node), certain=False)
        is_shown = self._is_shown and "=" not in operator  # `echo "seed ${APT_SEED:-default}"`
        if name in known().variables and "+" not in operator and not is_shown:
            texts = defaults_of(node, self._variables.values)
            self._variables.keep_alone(Assignment(name, text, self._line(node)) for text in texts if MARK not in text)

    def _declaration(self, node: Node, certain: bool) -> None:
        """Follow `export A=1 B`, `declare -x A=1` and `export -n A`. Other declarations export nothing."""
        children, below = cut(node)
        words = [text_of(child) for child in children]
        options = "".join(word for word in words[1:] if re.fullmatch(r"-\w+", word))
        exports = "n" not in options if words[0] == "export" else "x" in options
        self._begun = True
        self._find_spaces(node)
        named = [child for child in children if child.is_named]
        if words[0] in _DECLARE and not exports:
            self._variables.declared |= {text_of(child).partition("=")[0] for child in named}
        for child in named:
            self._declare(child, words[0], exports=exports, certain=certain)
        self._walk_below(below, certain=certain)

    def _declare(self, node: Node, command: str, *, exports: bool, certain: bool) -> None:
        """Follow one word of a declaration."""
        if node.type in ("variable_assignment", "variable_name"):
            name = text_of(node.children[0] if node.type == "variable_assignment" else node)
            if exports:
                self._variables.exported.add(name)
            if node.type == "variable_assignment":
                self._assign(node, certain)
            elif command == "export" and not exports:
                self._variables.keep_back(name)
        elif exports:
            self._walk_children(node, certain=certain)
            texts = [text for words in split_texts_of(node, self._variables.values) for text in words]
            self._export_words(texts, self._line(node), certain=certain)

    def _export_words(self, texts: Sequence[str], line: int, *, certain: bool) -> None:
        """Follow `export "A=1"`, whose word may be one of several."""
        values: dict[str, list[str]] = {}
        for text in texts:
            if MARK in text.partition("=")[0]:
                self._variables.below = "what is exported"
            elif re.match(ASSIGNMENT, text):
                name, _, value = text.partition("=")
                values.setdefault(name, []).append(value)
        for name, held in values.items():
            self._variables.exported.add(name)
            self._variables.assign(name, held, line, certain=certain and len(values) == 1)

    def _command(self, node: Node, certain: bool) -> None:
        """Follow `A=1 command ...`."""
        children, below = cut(node)
        before = [child for child in children if child.type == "variable_assignment"]
        nodes = [child for child in children if child.is_named and child.type not in ("variable_assignment", "comment")]
        if not nodes:  # the parser took the next line for the command behind `A=1 B=2`
            for child in before:
                self._assign(child, certain)
            self._walk_below(below, certain=certain)
            return
        shown, self._is_shown = self._is_shown, bool(nodes) and text_of(nodes[0]) in PRINTS
        for child in children:
            follow = self._walk_children if child.type == "variable_assignment" else self.walk
            follow(child, certain=certain)
        self._is_shown = shown
        self._variables.has_commands = self._begun = True
        self._find_spaces(node)
        self._launch(self._words(nodes), before)
        self._read_string(children)
        self._walk_below(below, certain=certain)

    def _launch(self, alternatives: Sequence[Words], before: Sequence[Node]) -> None:
        """Follow what a command does, whose words may be one of several, with the assignments before it."""
        alternatives = [replaced(in_container(words)) for words in alternatives]
        launches = [launch_of(words) for words in alternatives]
        self._faults += [fault for launch in launches for fault in launch.faults]
        self._remarks += [fault for launch in launches for fault in launch.remarks]
        ours = [*self._prefixes(before), *self._variables.one_of(each.assignments for each in launches)]
        launch, words = launches[0], alternatives[0]
        varied = {each.variable: each._replace(value=None) for one in launches for each in one.alone}
        self._variables.keep_alone((each for one in launches for each in one.alone), [*ours, *varied.values()])
        self._directives.lose(words, ours)
        self._variables.use()
        self._drop(words)
        inherited = [] if launch.starts_anew else self._variables.ours.values()
        environment = [*(each for each in inherited if each.variable not in launch.unset), *ours]
        self._got = tuple(each for each in environment if each in ours or self._variables.reaches(each.variable))
        job_line = words[0][1] if _is_job(words) else 0
        is_function = any(word in self._variables.set_here for word, _ in words[:1])
        runs = "" if job_line else script_of(words)
        self._variables.runs = self._variables.runs or runs
        if ours or launch.sweep or varied or job_line or launch.unset:
            below, sweep = launch.image or runs, launch.sweep
            if sweep:
                self._directives.count(sweep, words)
            self._variables.keep(
                environment,
                certain=not (self._is_open or launch.is_open or is_function),
                of_command=ours,
                below=below,
                sweep=sweep,
                job_line=job_line,
                is_run=launch.is_run,
                varied=varied,
            )
        self._keep_scripts(alternatives, launch)
        if words:  # pragma: no branch - a command has a name, if the parser did not fail
            if self._writes_to and words[0][0] in PRINTS:
                self._inner += printed(words, self._writes_to, self._variables.values)
            self._change(words)

    def _prefixes(self, nodes: Sequence[Node]) -> list[Assignment]:
        """The assignments before a command; of several values, each is judged alone."""
        columns = []
        for node in nodes:
            name, line = _of_container(text_of(node.children[0])), self._line(node)
            columns.append([assigned(name, text, line) for text in self._assigned(node)])
        return self._variables.one_of(abreast(columns))

    def _drop(self, words: Words) -> None:
        """Note where what trains is started by a launcher that does not hand the script's settings on."""
        plain = [word for word, _ in words]
        if any(map(_trains, plain[1:])) and any(map(is_ours, self._variables.ours)) and (lost := lost_by(plain, {})):
            self._remarks.append(Fault(words[0][1], "", lost))

    def _change(self, words: Words) -> None:
        """Follow what a command changes in the script itself: `set -a`, `source x.sh`, `read s`."""
        (name, _), *rest = words
        options = [word for word, _ in rest]
        variables = self._variables
        if name == "set":
            text = " ".join(options)
            is_on = variables.exports_all or re.search(_EXPORTS_ALL, text) is not None
            variables.exports_all = is_on and not re.search(_EXPORTS_NO_MORE, text)
        elif name in ("source", ".") and options and not re.search(_SETS_NO_JOB, options[0].replace(MARK, "")):
            variables.below = "what is sourced"
            variables.values.clear()
        elif name == "eval" and MARK in "".join(options):
            variables.below = "what eval reads"
            variables.values.clear()
        elif name in _READS_VARIABLES:
            for word, line in rest:
                variables.values.pop(word.partition("=")[0], None)
                if is_ours(word):
                    variables.assign(word, [marked("what it reads")], line, certain=True)

    def _find_spaces(self, node: Node) -> None:
        """Find `export APT_SEED =3` and `export APT_SEED= 3`, which set another variable, or an empty value."""
        for child in node.named_children:
            name = re.match(r"\w+", text_of(child))
            if not name or not is_ours(name[0]):
                continue
            rest = (node.text or b"")[child.end_byte - node.start_byte :].decode(errors="replace")
            before = text_of(child) == name[0] and re.match(r"[ \t]+=", rest)
            value = r"[ \t]+[\d.]+(?=[ \t])" if node.type == "command" else r"[ \t]+[^\s#;&|]"  # no command is a number
            behind = text_of(child) == f"{name[0]}=" and re.match(value, rest)
            if before or behind:
                self._faults.append(Fault(self._line(child), name[0], "has a space beside its =: write NAME=value"))

    def _keep_scripts(self, alternatives: Sequence[Words], launch: Launch) -> None:
        """Keep the scripts among the words: `bash -c '...'`. They run in the environment of the command."""
        variables = self._variables
        given = Given(self._got, variables.values, True, launch.image or variables.below, is_part=True)
        for text, line in (each for words in alternatives for each in scripts_in(words)):
            if "APT" in text.upper():
                variables.has_jobs = True
                self._inner.append(Inner(as_text(text), line, "script", given=given.moved(1 - line)))

    def _read_string(self, children: Sequence[Node]) -> None:
        """Keep the script of `bash <<< "export A=1; run"`."""
        string = next((child for child in children if child.type == "herestring_redirect"), None)
        if string and base_of(text_of(children[0])) in READ_SCRIPTS:
            self._variables.has_jobs = True
            given = Given(self._got, self._variables.values, is_part=True).moved(1 - self._line(string))
            for text in self._texts(string.named_children[0]):
                self._inner.append(Inner(as_text(text), self._line(string), "script", given=given))

    def _redirected(self, node: Node, certain: bool) -> None:
        """Keep what is written to a file or read by a command: `cat > job.sh <<EOF`, `echo A=1 >> $GITHUB_ENV`."""
        self._walk_into(target_of(node), node, certain=certain)
        command = next((child for child in node.named_children if child.type == "command"), None)
        words = self._words(command.named_children)[0] if command else []
        self._inner += map(self._heredoc, heredocs_of(node, words))

    def _heredoc(self, heredoc: Heredoc) -> Inner:
        body, values, line = heredoc.body, self._variables.values, self._line(heredoc.body)
        text = text_of(body) if heredoc.is_literal else filled(text_of(body), values)
        self._variables.has_jobs |= heredoc.is_script
        inherited = self._got if heredoc.is_script else ()
        given = Given(inherited, {} if heredoc.is_literal else values, is_part=True).moved(1 - line)
        return Inner(text, line, "script" if heredoc.is_script else "", heredoc.target, given)

    def _pipeline(self, node: Node, certain: bool) -> None:
        """Follow `echo A=1 | tee -a x.env` and `echo "export A=1; run" | sbatch`."""
        last = node.named_children[-1]
        words = self._words(last.named_children)[0] if last.type == "command" else []
        is_script = bool(words) and base_of(words[0][0]) in READ_SCRIPTS
        self._walk_into("x.sh" if is_script else file_of_tee(words), node, certain=certain)


def _trains(word: str) -> bool:
    return re.fullmatch(_TRAINS, base_of(word)) is not None or base_of(word) in OUR_NAMES


def _is_job(words: Words) -> bool:
    """Whether a command takes settings to train with: `srun python train.py`, `apt-settings run`, and not `show`."""
    plain = [word for word, _ in words]
    ours = [index for index, word in enumerate(plain) if base_of(word) in OUR_NAMES]
    return "run" in plain[ours[0] + 1 : ours[0] + 2] if ours else any(map(_trains, plain))


def _of_container(name: str) -> str:
    """`APPTAINERENV_APT_SEED` -> `APT_SEED`: what the container gets."""
    return re.sub(r"^(SINGULARITY|APPTAINER)ENV_(?=APT_)", "", name)
