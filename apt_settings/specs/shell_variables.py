"""The variables of a script from command to command: what each may hold, and which of them a command gets."""

import re
from collections.abc import Generator, Iterable, Sequence
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
        self._used: set[str] = set()
        """Those that some command has had with their present value."""
        self._had_job = False
        """Whether a job has had them, which has an environment of its own."""
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
            if name in self._used:
                self.snapshot()
            else:
                self._alone[before] = None
                if before.value is not None and assignment.value not in (before.value, None) and not before.file:
                    wrong = f"stands twice, first in line {before.line}; this one counts"
                    self.remarks.append(Fault(assignment.line, name, wrong))
        self._used.discard(name)

    def unset(self, name: str) -> None:
        """Unset a variable from here on."""
        self.unset_here.add(name)
        self.values.pop(name, None)
        if name in self.ours:
            self.snapshot()
            del self.ours[name]

    def use(self) -> None:
        """Note that a command has had all variables with their present values."""
        self.has_commands = True
        self._used |= set(self.ours)

    @contextmanager
    def isolate(self) -> Generator[None, None, None]:
        """Within the block a script does what `( ... )` and `$( ... )` do: what it sets is gone after it."""
        before = dict(self.ours), dict(self.values), set(self._used), self.exports_all
        yield
        if self.ours != before[0]:
            self.snapshot()
        self.ours, self.values, self._used, self.exports_all = before

    def reaches(self, name: str) -> bool:
        """Whether a command gets this variable."""
        return name in self.exported or not self.has_commands

    def reaching(self) -> list[Assignment]:
        """Ours that a command gets."""
        return [each for each in self.ours.values() if self.reaches(each.variable)]

    def snapshot(self) -> None:
        """Keep the variables that a command here gets as an environment."""
        self.keep(self.ours.values(), certain=not self._had_job, varied=self._of_commands)
        self._had_job, self._of_commands = False, set()

    def keep(
        self,
        assignments: Iterable[Assignment],
        *,
        certain: bool = True,
        of_command: Iterable[Assignment] = (),
        below: str = "",
        sweep: Sweep | None = None,
        job_line: int = 0,
        varied: Iterable[str] = (),
    ) -> None:
        """Keep the variables of a command as an environment: those exported, and those that the command alone gets."""
        alone = set(of_command)
        got = [each for each in assignments if each in alone or self.reaches(each.variable)]
        got = [each for each in got if each.variable in self._known or each not in self._kept_names]
        self._kept_names.update(got)
        below = below or self.below
        is_certain = certain and self._certain and not below
        named = Environment(tuple(got), is_certain, below if certain else "", sweep, job_line, frozenset(varied))
        self.environments.append(named)
        self._had_job |= job_line > 0
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
            for each in assignments:
                if is_ours(each.variable):
                    together.setdefault((each.variable, each.line), {})[each] = None
        found = []
        for first, *others in together.values():
            if others:
                self.keep_alone([first, *others])
            found.append(first._replace(value=None, unknown="") if others else first)
        return found

    def end(self, text: str) -> list[Fault]:
        """Keep what is set at the end of a script with this text; returns a fault for each that no command gets."""
        self.snapshot()
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
