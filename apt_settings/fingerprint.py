"""What an experiment is, in one short hash; and whether a record is still what its hash says."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import to_jsonable_python

from .base import AptSettings, background_of, is_set, settings_of, values_of
from .basics.escaping import shown
from .parts import default_in
from .registry import ours
from .sources.names import variable_of

if TYPE_CHECKING:
    from .sources.record import Record

VERSION: Final = "apt1"


def fingerprint(settings: AptSettings) -> str:
    """`apt1-` and 16 hexadecimal digits: equal for two settings whose jobs are the same experiment.

    The digits begin the SHA-256 of the canonical JSON (keys sorted, no spaces, ASCII, floats as Python's `repr`, -0.0
    as 0.0) of every setting but those that say where a job runs. Who set a value does not count, nor do Python,
    pydantic, the machine or the order of fields. A subclass's own settings count, unless marked WHERE_IT_RUNS. A
    setting of a group counts, under its variable's name, where it is not at its default: to add one changes nobody's.
    """
    return fingerprint_of(counted(settings))


def compared(settings: AptSettings) -> dict[str, Any]:
    """Setting -> value, as JSON has it, of all that must be equal where two jobs are to be the same experiment."""
    values = values_of(settings)
    rows = settings_of(settings).items()
    own = {
        name: canonical(values[name])
        for name, each in rows
        if not each.where_it_runs and not (each.secret and each.group)
    }
    return own | {
        name: each.value for name, each in background_of(settings).layers.unjudged.items() if each.is_compared
    }


def counted(settings: AptSettings) -> dict[str, Any]:
    """Name -> value of what the fingerprint is made of: what is compared but new settings at their default."""
    found: dict[str, Any] = {}
    rows, unjudged = settings_of(settings), background_of(settings).layers.unjudged
    for name, value in compared(settings).items():
        at_default = unjudged[name].at_default if name in unjudged else is_at_default(settings, name)
        if not at_default:
            found[variable_of(name) if name in unjudged or rows[name].group else name] = value
    return found


def is_at_default(settings: AptSettings, name: str) -> bool:
    """Whether a setting that is new has the value that means what was done before it came.

    Of one of ours that is our default, whatever a project restates; of a project's own its class's. One that something
    else says, such as the number of examples of a dataset, has it always.
    """
    setting = settings_of(settings)[name]
    if setting.is_said_elsewhere:
        return True
    if not setting.is_new:
        return False
    value = values_of(settings)[name]
    if not setting.is_own:
        return bool(value == ours()[name].default)
    return not is_set(settings, name) or bool(value == default_in(settings, name))


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
    return to_jsonable_python(value, fallback=str)


def fingerprint_of(values: Mapping[str, Any]) -> str:
    """The fingerprint of these values, which are those that count, as JSON has them."""
    return f"{VERSION}-{digest_of(values)[:16]}"


def digest_of(value: object) -> str:
    """The SHA-256 of a value's canonical JSON, in hexadecimal digits."""
    return sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
