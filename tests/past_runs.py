"""Records of runs that nobody has run: for tests of what looks back at them, and for the picture of forty of them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from apt_settings import load
from apt_settings.runs.store import record_of, write
from apt_settings.sources.record import Run

BEGIN = datetime(2024, 5, 1, 10, tzinfo=UTC)


def done(begin: datetime = BEGIN, minutes: float = 60, **changes: Any) -> Run:
    """A run that took so long and ended well, unless the changes say something else."""
    about: dict[str, Any] = {
        "command": ("python", "train.py"),
        "start": begin.isoformat(),
        "end": (begin + timedelta(minutes=minutes)).isoformat(),
        "seconds": 60.0 * minutes,
        "exit_status": 0,
        "host": "node7",
        "scheduler": {},
        "git": None,
        "versions": {},
    }
    return Run(**about | changes)


def keep(name: object, *runs: Run, metrics: Mapping[str, float] | str = "", **values: Any) -> Path:
    """The folder of this name in `runs`, with a record of these runs and with what came out, as JSON has it."""
    folder = Path("runs", str(name))
    folder.mkdir(parents=True)
    environ = {"APT_TASK": "squad", **{f"APT_{key.upper()}": str(value) for key, value in values.items()}}
    write(folder, record_of(load(environ, None)).model_copy(update={"runs": runs}))
    if metrics:
        (folder / "metrics.json").write_text(metrics if isinstance(metrics, str) else json.dumps(metrics))
    return folder
