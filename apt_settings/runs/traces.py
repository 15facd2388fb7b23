"""What a run leaves to look at: the job of its scheduler, its point of a sweep, its log, and the code that it ran."""

import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from shlex import join

from ..basics.escaping import bytes_escaped
from ..sources.record import Run
from .nodes import JOB_UID


def log_here() -> str:
    """The file that stderr, or else stdout, of this process goes to; empty where both go elsewhere.

    It is relative to the working directory where it lies below that.
    """
    for descriptor in (2, 1):
        with suppress(OSError):  # a closed stream, a file that is gone, a system without /proc
            path, status = os.readlink(f"/proc/self/fd/{descriptor}"), os.fstat(descriptor)
            if stat.S_ISREG(status.st_mode) and os.path.samestat(status, os.stat(path)):
                return bytes_escaped(str(_relative(Path(path))))
    return ""


def _relative(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def job_of(scheduler: Mapping[str, str]) -> str:
    """`SLURM job 1200_7`, as sacct and scancel take it; empty where no scheduler has started the run."""
    if "SLURM_JOB_ID" in scheduler:
        array, task = scheduler.get("SLURM_ARRAY_JOB_ID"), scheduler.get("SLURM_ARRAY_TASK_ID")
        return f"SLURM job {f'{array}_{task}' if array and task else scheduler['SLURM_JOB_ID']}"
    return f"Kubernetes job {scheduler[JOB_UID]}" if JOB_UID in scheduler else ""


def point_in(origins: Sequence[str]) -> int | None:
    """The point of a sweep that gave a setting, by who gave each; None where none did."""
    found = (re.match(r"point (\d{1,9}) of ", origin) for origin in origins)
    return next((int(match[1]) for match in found if match), None)


def code_of(run: Run | None) -> dict[str, str]:
    """`{"commit": "474551d12ab3", "changes": "3f2a9c1e0b7d", "command": "python train.py", "torch": "2.5.0"}`.

    Empty for a record that no run has written. The changes are the digest of what was not committed.
    """
    if run is None:
        return {}
    git = run.git
    changes = (git.diff[:12] or "some") if git and git.dirty else "none"
    return {
        "commit": git.commit[:12] if git else "none",
        "changes": changes,
        "command": join(run.command),
    } | run.versions


def differences_of_code(runs: Sequence[Run | None]) -> Iterator[tuple[str, tuple[str | None, ...]]]:
    """What is not the same in the code of these, with what each has: `torch`, `("2.5.0", "2.6.0")`."""
    every = [code_of(run) for run in runs]
    for name in dict.fromkeys(name for each in every for name in each):
        sides = tuple(each.get(name) for each in every)
        if len(set(sides)) > 1:
            yield name, sides


def note_on_code(before: Run, here: Run, place: str) -> str:
    """A sentence on what is not as it was in a recorded run; empty where all is. The command is the user's own."""
    found = (
        f"{name} was {one or 'none'}, and is {other or 'none'}"
        for name, (one, other) in differences_of_code([before, here])
        if name != "command"
    )
    text = "; ".join(found)
    return text and f"the code is not that of {place}: {text}"
