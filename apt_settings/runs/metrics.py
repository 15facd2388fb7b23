"""What came out of a run: the numbers that its trainer leaves in a file."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeAlias

from ..basics.escaping import escaped
from ..basics.files import UnreadableError, read_bytes
from ..errors import SettingsError
from ..sources.record import Run

FILE_NAME: Final = "metrics.json"
"""Beside the record, where APT_RUN_DIR says."""
OF_TRANSFORMERS: Final = "all_results.json"
"""In output_dir, by `Trainer.save_metrics` (transformers/trainer_pt_utils.py)."""
_SIZE_LIMIT: Final = 1024 * 1024
_LATE: Final = timedelta(minutes=1)
"""How much the clock of a file server may differ from that of the host."""

Metrics: TypeAlias = Mapping[str, int | float]


def metrics_of(folder: Path, output_dir: object, run: Run | None) -> Metrics:
    """Name -> number, of the file beside the record, or else of the one in the run's output_dir.

    The latter counts only where it was written while the run ran: several runs may have one output_dir.
    Raises SettingsError for a file that is no flat JSON of numbers.
    """
    file = folder / FILE_NAME
    if file.is_file():
        return read_metrics(file)
    if not isinstance(output_dir, str) or run is None:
        return {}
    file = Path(output_dir) / OF_TRANSFORMERS
    try:
        is_its_own = file.is_file() and _is_within(run, file.stat().st_mtime)
    except (OSError, ValueError, OverflowError):  # a path that is none, or a time that has none before or after it
        return {}
    return read_metrics(file) if is_its_own else {}


def _is_within(run: Run, moment: float) -> bool:
    written = datetime.fromtimestamp(moment, UTC)
    begin = datetime.fromisoformat(run.start) - _LATE
    return begin <= written and (run.end is None or written <= datetime.fromisoformat(run.end) + _LATE)


def read_metrics(file: Path) -> Metrics:
    """Name -> number of a file. Raises SettingsError."""
    name = escaped(str(file))
    try:
        content = json.loads(read_bytes(file, _SIZE_LIMIT))
    except UnreadableError as error:
        raise SettingsError.at(name, f"cannot be read: {error}") from None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or not all(map(_is_number, content.values())):
        raise SettingsError.at(name, "is no flat JSON of numbers", fix='write {"eval_accuracy": 0.91}')
    return content


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
