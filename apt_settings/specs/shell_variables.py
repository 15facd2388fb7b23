"""The variables of a script from command to command: what each may hold, and which of them a command gets."""

import re
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from ..registry.groups import CHOOSING
from ..sources.names import is_ours
from ..sweeps.grid import Sweep
from .spec import Assignment, Environment, Fault, Given, assigned, either, known, marked

_NOT_EXPORTED: Final = "is not exported, so no command gets it: write export before it"


class Variables:
    """The variables at one place of a script, and the environments of the commands before it."""

    def __init__(self, given: Given) -> None:
        self.values = {name: list(texts) for name, texts in given.values.items()}
        """What each variable may hold here, where that is known."""
        self.ours = {each.variable: each for each in given.assignments}
        """What those with our prefix are set to here."""
        self.exported = set(self.ours)
        self.exports_all = False
        """Whether `set -a` holds here."""
        self.declared: set[str] = set()
        """Those that the script says are its own: `local`, `declare`."""
        self.set_here: set[str] = set()
        """All that the script sets, and its functions."""
        self.unset_here: set[str] = set()
        self.has_commands = given.is_part
        """False in a file of variables alone: the script that sources it exports them."""
        self.below = given.below
        """What may have set others, and is not read."""
        self.environments: list[Environment] = []
        self.remarks: list[Fault] = []
        self._certain = given.certain
        self.runs = ""
        """The script that a command here runs, and that is not read."""
        self.has_jobs = False
        """Whether what takes settings has an environment of its own: the commands beside it need not fit."""
        self._used: dict[str, Assignment] = {}
        """What the last command has had."""
        self._states: list[int] = []
        """Which environments are of commands that take no settings by themselves."""
        self._of_commands: set[str] = set()
        """Those that a command has set for itself."""
        self._alone: dict[Assignment, None] = {}
        """What may be set, or is one of several values: each is judged by itself."""
        self._known = known().variables
        self._kept_names: set[Assignment] = set()
        """What stands in an environment already: names that are no settings stand in one."""

    def assign(self, name: str, texts: Sequence[str], line: int, *, certain: bool) -> None:
        """Set a variable from here on. If that is not certain, or one of several, its value is unknown from here on."""
        self.set_here.add(name.partition("[")[0])
        if not name.isidentifier():  # an element of an array cannot be exported
            return
        before = self.values.get(name, [marked(f"${name}")])
        self.values[name] = list(texts) if certain else either(before, texts)
        if not is_ours(name):
            return
        if self.exports_all:
            self.exported.add(name)
        assignments = [assigned(name, text, line) for text in texts]
        if certain and len(texts) == 1:
            self._overwrite(assignments[0])
            self.ours[name] = assignments[0]
            return
        held = [self.ours[name]] if name in self.ours else []  # perhaps it stays as it is
        self._alone.update(dict.fromkeys([*held, *assignments]))
        self.ours[name] = assignments[0]._replace(value=None, unknown=assignments[0].unknown or f"${name}")

    def _overwrite(self, assignment: Assignment) -> None:
        """Keep what a variable held until here, and tell if no command had it."""
        name = assignment.variable
        before = self.ours.get(name)
        if before and before != assignment:
            is_lost = self._used.get(name) != before and before.value is not None and not before.file
            if is_lost and assignment.value not in (before.value, None):
                wrong = f"stands twice, first in line {before.line}; this one counts"
                self.remarks.append(Fault(assignment.line, name, wrong))
            self.leave(before)

    def leave(self, assignment: Assignment) -> None:
        """Keep what a variable held until here, with what else the last command had; if none had it, alone."""
        if self._used.get(assignment.variable) == assignment:
            self._snapshot(self.ours | self._used)
        elif self._chooses(assignment.variable):  # what others are beside it has never stood beside it
            self._alone[assignment._replace(value=None, unknown="one that no command gets")] = None
        else:
            self._alone[assignment] = None

    def keep_back(self, name: str) -> None:
        """Export a variable no more, as the script says."""
        if name in self.ours:
            self.leave(self.ours[name])
        self.exported.discard(name)
        self.declared.add(name)

    def unset(self, name: str, *, certain: bool) -> None:
        """Unset a variable from here on; if that is not certain, its value is unknown from here on."""
        self.unset_here.add(name)
        before = self.ours.pop(name, None)
        if certain:
            self.values[name] = [""]
            if before:
                self.leave(before)
            return
        self.values[name] = either(self.values.get(name, [marked(f"${name}")]), [""])
        if before:
            self._alone[before] = None
            self.ours[name] = before._replace(value=None, unknown=f"${name}")

    def names_with(self, prefix: str) -> list[str]:
        """The names with a prefix that may be set here."""
        return [name for name in {**self._known, **self.ours, **self.values} if name.startswith(prefix)]

    def use(self) -> None:
        """Note that a command has had all variables with their present values."""
        self.has_commands = True
        self._used = dict(self.ours)

    @contextmanager
    def isolate(self) -> Generator[None, None, None]:
        """Within the block a script does what `( ... )` and `$( ... )` do: what it sets is gone after it."""
        before = dict(self.ours), dict(self.values), dict(self._used), self.exports_all
        yield
        if self.ours != before[0]:
            self._snapshot(self.ours)
        self.ours, self.values, self._used, self.exports_all = before

    def reaches(self, name: str) -> bool:
        """Whether a command gets this variable."""
        return name in self.exported or not self.has_commands

    def reaching(self) -> list[Assignment]:
        """Ours that a command gets."""
        return [each for each in self.ours.values() if self.reaches(each.variable)]

    def _snapshot(self, held: Mapping[str, Assignment]) -> None:
        """Keep what commands have had as an environment."""
        self._states.append(len(self.environments))
        self.keep(held.values(), varied=self._of_commands)
        self._of_commands = set()

    def keep(
        self,
        assignments: Iterable[Assignment],
        *,
        certain: bool = True,
        of_command: Iterable[Assignment] = (),
        below: str = "",
        sweep: Sweep | None = None,
        job_line: int = 0,
        is_run: bool = False,
        varied: Iterable[str] = (),
    ) -> None:
        """Keep the variables of a command as an environment: those exported, and those that the command alone gets."""
        alone = set(of_command)
        got = [each for each in assignments if each in alone or self.reaches(each.variable)]
        got = [each for each in got if each.variable in self._known or each not in self._kept_names]
        self._kept_names.update(got)
        below = below or self.below
        is_certain = certain and self._certain and not below
        names = frozenset(varied)
        named = Environment(tuple(got), is_certain, below if certain else "", sweep, job_line, is_run, names)
        self.environments.append(named)
        self.has_jobs |= job_line > 0
        self._of_commands |= {each.variable for each in alone} | named.varied

    def keep_alone(self, assignments: Iterable[Assignment], beside: Iterable[Assignment] = ()) -> None:
        """Keep each of these as an environment of its own, in which others may be set too.

        What a value may be depends on the task and the like, which are those `beside` it, and of the script.
        """
        held = {each.variable: each for each in (*self.reaching(), *beside) if self._chooses(each.variable)}
        for each in assignments:
            choice = [other for name, other in held.items() if name != each.variable]
            self.environments.append(Environment((*choice, each), certain=False))

    def _chooses(self, variable: str) -> bool:
        return self._known.get(variable) in CHOOSING

    def one_of(self, alternatives: Iterable[Sequence[Assignment]]) -> list[Assignment]:
        """What one of several alternatives sets. Values in which they differ are judged alone, and not known."""
        together: dict[tuple[str, int], dict[Assignment, None]] = {}
        for assignments in alternatives:
            last = {(each.variable, each.line): each for each in assignments if is_ours(each.variable)}
            for place, each in last.items():
                together.setdefault(place, {})[each] = None
        same = [first for first, *others in together.values() if not others]
        found = []
        for first, *others in together.values():
            if others:
                self.keep_alone([first, *others], same)
            found.append(first._replace(value=None, unknown="") if others else first)
        return found

    def end(self, text: str) -> list[Fault]:
        """Keep what is set at the end of a script with this text; returns a fault for each that no command gets."""
        self._snapshot(self.ours)
        for index in self._states if self.has_jobs or self.runs else ():
            held = self.environments[index]
            self.environments[index] = held._replace(certain=False, below="" if self.has_jobs else self.runs)
        lost = [
            each
            for name, each in self.ours.items()
            if name in self._known and not (self.reaches(name) or self._serves(name, text))
        ]
        self.keep_alone(lost)
        self.keep_alone(each for each in self._alone if self.reaches(each.variable))
        return [Fault(each.line, each.variable, _NOT_EXPORTED) for each in lost]

    def _serves(self, name: str, text: str) -> bool:
        """Whether a variable serves the script itself."""
        return name in self.declared or re.search(rf"\$\{{?{name}\b", text) is not None

    def local(self) -> frozenset[str]:
        """What the script sets, its functions too, and no command gets."""
        return frozenset(name for name in self.set_here if not self.reaches(name))
