"""The other processes of a job: they find the record that the first one keeps, verify their settings, and join."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from glob import escape, iglob
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from ..basics.escaping import bytes_escaped, escaped
from ..errors import CannotWriteError, SettingsError
from ..fingerprint import changed
from ..sources.record import FILE_NAME, Record, Run, read
from .conflicts import conflicts_with
from .nodes import start_in
from .store import written_time

PATIENCE: Final = 600.0
"""Seconds that a process waits for the first one, as torch's rendezvous does: the image may be pulled there yet."""
PATIENCE_WITHOUT_ID: Final = 60.0
"""The same where nobody says which job it is: then each process may have a folder of its own."""
_TOLD_AFTER: Final = 5.0
_LOOK_AGAIN_AFTER: Final = 0.2


class Newcomer:
    """A process of a job that looks for the record of its start."""

    def __init__(self, record: Record, template: Path, *, resume: bool) -> None:
        """`template` is the folder of --record, in which `{fingerprint}` may be another on a node that disagrees."""
        self._record = record
        self._start = start_in(os.environ)
        now = datetime.now(UTC)
        self._came, self._earliest = written_time(now), written_time(now - timedelta(seconds=PATIENCE))
        self._folder = template
        self._patience = PATIENCE if self._start else PATIENCE_WITHOUT_ID
        every = "*".join(map(escape, str(template).split("{fingerprint}")))
        self._pattern = f"{every}/{FILE_NAME}" if resume else f"{every}/*/{FILE_NAME}"
        self._seen: dict[str, int] = {}
        """Record of another start -> when it was written."""

    def wait(self, warn: Callable[[str], None]) -> tuple[Path, int] | None:
        """The folder that the first process keeps, and how many runs its record has; None without an id and a record.

        Raises SettingsError where settings differ, and CannotWriteError where the record of a job that has an id does
        not come.
        """
        began, is_told = monotonic(), False
        while (found := next(self._records(), None)) is None:
            waited = monotonic() - began
            if waited > self._patience:
                wrong = (
                    f"has no record of this job {self._name} after {self._patience:.0f} s: its first process keeps it"
                )
                if self._start:
                    raise CannotWriteError.at(f"--record {escaped(str(self._folder))}", wrong)
                warn(f"{escaped(str(self._folder))} {wrong}; this one runs without")
                return None
            if waited > _TOLD_AFTER and not is_told:
                warn(f"waiting for the record of this job {self._name} in {escaped(str(self._folder))}")
                is_told = True
            sleep(_LOOK_AGAIN_AFTER)
        path, stored = found
        if wrong := changed(stored):
            raise SettingsError.at(escaped(str(path)), wrong)
        keeper = stored.runs[-1].host
        why = f" here: the processes of a job must agree, and {escaped(keeper)} keeps its record"
        if conflicts := [*conflicts_with(stored, path.parent, self._record, why)]:
            raise SettingsError(conflicts)
        return path.parent, len(stored.runs)

    @property
    def _name(self) -> str:
        return escaped(" ".join(f"{name}={value}" for name, value in self._start.items()) or "without an id")

    def _records(self) -> Iterator[tuple[Path, Record]]:
        """The records of this start; each file is read again only where it was written anew."""
        for name in iglob(self._pattern):
            with suppress(OSError, SettingsError):
                written = os.stat(name).st_mtime_ns
                if self._seen.get(name) == written:
                    continue
                stored = read(name)
                if stored.runs and self._is_mine(stored, stored.runs[-1]):
                    yield Path(name), stored
                self._seen[name] = written

    def _is_mine(self, stored: Record, run: Run) -> bool:
        """Whether this process is of that run: of its start, or where nobody says, of one that began with it.

        What has ended with other settings was another run of the same start, as of a loop in a script.
        """
        if self._start:
            same = start_in(run.scheduler) == {name: bytes_escaped(each) for name, each in self._start.items()}
            return same and (run.end is None or stored.fingerprint == self._record.fingerprint)
        return run.start >= self._earliest and (run.end is None or run.end >= self._came)


def is_of_start(record: Record) -> bool:
    """Whether the last run of a record is of this start of the job."""
    start = start_in(os.environ)
    return bool(start and record.runs) and start_in(record.runs[-1].scheduler) == start
