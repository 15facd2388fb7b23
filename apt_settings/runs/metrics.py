"""What came out of a run: the numbers that its trainer leaves in a file."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from sys import float_info
from typing import Final, NamedTuple, TypeAlias

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
"""How far the clock of a file server may be ahead of that of the host, where a run has just ended."""

Metrics: TypeAlias = Mapping[str, int | float]


class Results(NamedTuple):
    """What a file of results says."""

    metrics: Metrics
    """Name -> number."""
    left_out: tuple[str, ...]
    """The names of what is no number: a text, a list, an object, true."""


NONE: Final = Results({}, ())


def results_of(folder: Path, output_dir: object, run: Run | None) -> Results:
    """Those of the file beside the record, or else of the one in the run's output_dir.

    Neither counts if it is older than the last attempt, `run`: then it is of an earlier one. The latter counts only
    where it was written while the run ran: several runs may have one output_dir.
    Raises SettingsError for a file that is no JSON object.
    """
    written = _written(folder / FILE_NAME)
    if written is not None:
        return NONE if run and written < _moment(run.start) else read_results(folder / FILE_NAME)
    if not isinstance(output_dir, str) or run is None:
        return NONE
    file = Path(output_dir) / OF_TRANSFORMERS
    written = _written(file)
    return read_results(file) if written and _is_within(run, written) else NONE


def _written(file: Path) -> datetime | None:
    """When a file was written; None where there is none."""
    try:
        return datetime.fromtimestamp(file.stat().st_mtime, UTC) if file.is_file() else None
    except (OSError, ValueError, OverflowError):  # a path that is none, or a time that has none before or after it
        return None


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _is_within(run: Run, written: datetime) -> bool:
    return _moment(run.start) <= written and (run.end is None or written - _LATE <= _moment(run.end))


def read_results(file: Path) -> Results:
    """The numbers of a file, and what is none. Raises SettingsError."""
    name = escaped(str(file))
    try:
        content = json.loads(read_bytes(file, _SIZE_LIMIT))
    except UnreadableError as error:
        raise SettingsError.at(name, f"cannot be read: {error}") from None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise SettingsError.at(name, "is no JSON object of numbers", fix='write {"eval_accuracy": 0.91}')
    numbers = {key: value for key, value in content.items() if _is_number(value)}
    return Results(numbers, tuple(key for key in content if key not in numbers))


def _is_number(value: object) -> bool:
    """Whether it is a number that a float can hold."""
    if isinstance(value, int):
        return not isinstance(value, bool) and abs(value) <= float_info.max
    return isinstance(value, float)
