"""What an experiment is, in one short hash; and whether a record is still what its hash says."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import to_jsonable_python

from .base import AptSettings, settings_of, values_of
from .basics.escaping import shown

if TYPE_CHECKING:
    from .sources.record import Record

VERSION: Final = "apt1"


def fingerprint(settings: AptSettings) -> str:
    """`apt1-` and 16 hexadecimal digits: equal for two settings whose jobs are the same experiment.

    The digits begin the SHA-256 of the canonical JSON (keys sorted, no spaces, ASCII, floats as Python's `repr`, -0.0
    as 0.0) of every setting but those that say where a job runs. Who set a value does not count, nor do Python,
    pydantic, the machine or the order of fields. A subclass's own settings count, unless marked WHERE_IT_RUNS.
    """
    return fingerprint_of(counted(settings))


def counted(settings: AptSettings) -> dict[str, Any]:
    """Setting -> value, as JSON has it, of all that says what an experiment is, and not where it runs."""
    values = values_of(settings)
    return {name: canonical(values[name]) for name, each in settings_of(settings).items() if not each.where_it_runs}


def changed(record: "Record") -> str:
    """What is wrong with a record whose settings are not those of its fingerprint; empty where nothing is."""
    if record.fingerprint == fingerprint_of(canonical(record.counted)) and record.task == record.counted.get("task"):
        return ""
    version = record.fingerprint.partition("-")[0]
    if version != VERSION:
        return f"has a fingerprint of {shown(version)}, and this apt-settings knows {VERSION}: read it with its own"
    return "was changed after it was written: its settings are not those of its fingerprint"


def canonical(value: Any) -> Any:
    """A value as the fingerprint reads it: as JSON has it, sets sorted, -0.0 as 0.0."""
    if isinstance(value, float):
        return value + 0.0
    if isinstance(value, Mapping):
        return {str(key): canonical(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(map(canonical, value), key=repr)
    if isinstance(value, (list, tuple)):
        return [canonical(item) for item in value]
    return to_jsonable_python(value)


def fingerprint_of(values: Mapping[str, Any]) -> str:
    """The fingerprint of these values, which are those that count, as JSON has them."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return f"{VERSION}-{sha256(text.encode()).hexdigest()[:16]}"
