"""What a scheduler reads at the head of a script: `#SBATCH --export=ALL,A=1`, `#PBS -v A=1` and their like."""

import re
import shlex
from collections.abc import Sequence
from typing import Final

from ..sources.handed_on import EXPORT
from ..sources.names import is_ours
from ..sweeps.grid import Sweep
from .launchers import base_of, launch_of, values_of
from .shell_variables import Variables
from .spec import Assignment, Fault, Words, marked

_DIRECTIVES: Final = {"#SBATCH": "sbatch", "#PBS": "qsub", "#BSUB": "bsub", "#$": "qsub"}
"""What begins a directive -> the command whose options these are."""


class Directives:
    """Follows the directives of a script. Of several `#SBATCH --export`, the last one counts, for every srun too."""

    def __init__(self, variables: Variables) -> None:
        self.faults: list[Fault] = []
        self._variables = variables
        self._export: tuple[str, int, list[Assignment]] | None = None
        """The last `#SBATCH --export`, its line and what it sets."""
        self._array: tuple[str, int] = ("", 0)
        """The last `#SBATCH --array`, and its line."""
        self._lost: set[str] = set()
        """What is told already not to reach srun."""

    def follow(self, comment: str, line: int, *, is_late: bool) -> None:
        """Follow a comment that may be a directive; it `is_late` below a command, where SLURM reads none."""
        prefix = next((each for each in _DIRECTIVES if re.match(rf"{re.escape(each)}\s", comment)), "")
        if not prefix:
            return
        command = _DIRECTIVES[prefix]
        words = [(word, line) for word in _split(comment[len(prefix) :])]
        launch = launch_of([(command, line), *words])
        if is_late:
            if launch.assignments:
                wrong = "stands below a command, where SLURM reads no option"
                self.faults.append(Fault(line, launch.assignments[0].variable, wrong))
            return
        self.faults += launch.faults
        if command == "sbatch" and (exports := [*values_of(("--export",), words)]):
            self._replace_export(exports[-1][0], line, launch.assignments)
        for text, _ in values_of(("--array", "-a"), words) if command == "sbatch" else ():
            self._array = (text, line)
        for each in launch.assignments:
            self._variables.exported.add(each.variable)
            self._variables.assign(each.variable, [each.value or ""], line, certain=True)

    def _replace_export(self, text: str, line: int, assignments: list[Assignment]) -> None:
        """Keep the `--export` of a line, and find what the one before has set."""
        _, before, listed = self._export or ("", 0, [])
        for each in listed:
            self._variables.ours.pop(each.variable, None)
            if is_ours(each.variable) and each.variable not in {one.variable for one in assignments}:
                wrong = f"is lost: --export of line {line} takes the place of this one; write one list"
                self.faults.append(Fault(before, each.variable, wrong))
                self._variables.keep_alone([each])
        self._export = (text, line, assignments)

    def count(self, sweep: Sweep, words: Words) -> None:
        """Find an array that has more tasks than a sweep has points, where the task is the index of the point."""
        text, line = self._array
        tasks = re.sub(r"[:%][0-9]+", "", text)  # without steps, and how many run at a time
        last = max(map(int, re.findall(r"[0-9]{1,9}", tasks)), default=0)
        is_index = [word for word, _ in values_of(("--index",), words)] == [marked("$SLURM_ARRAY_TASK_ID")]
        if is_index and last >= sweep.size:
            wrong = f"--array reaches task {last}, and the last point of the sweep in line {words[0][1]}"
            fault = Fault(line, "", f"{wrong} is {sweep.size - 1}: leave out what is above it")
            self.faults += [fault] if fault not in self.faults else []

    def lose(self, words: Words, of_command: Sequence[Assignment]) -> None:
        """Find what a command does not hand on: the `--export` of a directive holds for `srun` too."""
        is_changed = EXPORT in self._variables.set_here | self._variables.unset_here
        if self._export is None or is_changed or "srun" not in [base_of(word) for word, _ in words]:
            return
        text, directive, listed = self._export
        if "ALL" in text.split(",") or [*values_of(("--export",), words)]:
            return
        exported = [each for each in self._variables.ours.values() if each.variable in self._variables.exported]
        handed_on = {each.variable for each in listed}
        for each in [*exported, *of_command]:
            if is_ours(each.variable) and each.variable not in handed_on | self._lost:
                self._lost.add(each.variable)
                wrong = f"does not reach srun in line {words[0][1]}, as --export of line {directive} holds for it too"
                self.faults.append(Fault(each.line, each.variable, f"{wrong}: write srun --export=ALL"))


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return re.sub(r"[\"']", " ", text).split()
