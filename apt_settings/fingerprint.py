"""What an experiment is, in one short hash."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from .base import AptSettings
from .groups import WHERE_IT_RUNS

VERSION: Final = "apt1"


def fingerprint(settings: AptSettings) -> str:
    """`apt1-` and 16 hexadecimal digits: equal for two settings whose jobs are the same experiment.

    The digits begin the SHA-256 of the canonical JSON (keys sorted, no spaces, ASCII, floats as Python's `repr`, -0.0
    as 0.0) of every setting but those that say where a job runs. Who set a value does not count, nor do Python,
    pydantic, the machine or the order of fields. A subclass's own settings count, unless marked WHERE_IT_RUNS.
    """
    fields = type(settings).model_fields
    return fingerprint_of({name: getattr(settings, name) for name in fields}, fields)


def fingerprint_of(values: Mapping[str, Any], fields: Mapping[str, FieldInfo] = AptSettings.model_fields) -> str:
    """The fingerprint of settings with these values, as Python or JSON has them, that are declared by these fields."""
    elsewhere = {name for name, field in fields.items() if WHERE_IT_RUNS in field.metadata}
    counted = {name: value for name, value in values.items() if name not in elsewhere}
    text = json.dumps(canonical(counted), sort_keys=True, separators=(",", ":"))
    return f"{VERSION}-{sha256(text.encode()).hexdigest()[:16]}"


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
