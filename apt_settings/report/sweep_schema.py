"""The JSON Schema of the TOML file of a sweep, with which an editor completes settings and refuses what is wrong."""

from collections.abc import Mapping
from typing import Any, Final

from ..base import AptSettings
from ..registry import Setting, registry
from ..sources.controls import CONTROLS
from ..sweeps.grid import LIMIT
from ..sweeps.sample import DEFAULT_SEED, MOST_SEED
from ..tasks import task_words
from ..values import adapter_of, is_list, kind_of
from .schema import WithoutSecrets

_DRAFT: Final = "http://json-schema.org/draft-07/schema#"  # which every editor's checker of TOML knows
_WHOLE: Final = r"[-+]?[0-9]+"
_NUMBER: Final = r"[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?"
_FREE: Final = ("dataset", "architecture")
"""Settings whose names are those of the paper, or any of the task custom."""


def sweep_schema() -> dict[str, Any]:
    """The schema of `[grid]`, `[[zip]]` and `[sample]` with all settings, those of a project among them."""
    settings = {name: each for name, each in registry().settings_of(AptSettings).items() if not each.secret}
    reference = {"description": CONTROLS["reference"].meaning, "enum": list(CONTROLS["reference"].words)}
    values = {name: _value(name, setting) for name, setting in settings.items()} | {"reference": reference}
    shared: dict[str, Any] = {}
    for each in values.values():
        shared |= each.pop("$defs", {})
    listed = {name: _listed(each, _texts(settings.get(name), "..")) for name, each in values.items()}
    sampled = {name: _listed(each, _texts(settings.get(name), "log:")) for name, each in values.items()}
    return {
        "$schema": _DRAFT,
        "title": "A sweep of apt-settings",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "points": {"description": "How many points to sample.", "type": "integer", "minimum": 1, "maximum": LIMIT},
            "seed": {
                "description": "Another seed samples other points.",
                "type": "integer",
                "minimum": 0,
                "maximum": MOST_SEED,
                "default": DEFAULT_SEED,
            },
            "grid": {**_table(listed), "description": "Settings of which every combination is a point."},
            "zip": {
                "description": "Settings that vary together; each table varies on its own.",
                "type": "array",
                "items": {**_table(listed), "minProperties": 1},
            },
            "sample": {**_table(sampled), "description": "Ranges from which points are sampled."},
        },
        **({"$defs": shared} if shared else {}),
    }


def _table(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _listed(value: Mapping[str, Any], pattern: str) -> dict[str, Any]:
    """Several values: an array, or a text such as `1..5`."""
    text = {"type": "string", **({"pattern": pattern} if pattern else {"minLength": 1})}
    array = {
        "type": "array",
        "minItems": 1,
        "items": {key: each for key, each in value.items() if key != "description"},
    }
    return {"description": value["description"], "anyOf": [array, text]}


def _value(name: str, setting: Setting) -> dict[str, Any]:
    """One value of a setting, as TOML has it."""
    schema = adapter_of(setting.field).json_schema(schema_generator=WithoutSecrets)
    shared = schema.pop("$defs", {})
    if name == "task":
        schema = {"enum": list(task_words())}
    if name in _FREE or is_list(setting.field):
        schema = {"anyOf": [schema, {"type": "string"}]}
    # TOML has no null.
    choices = [{"const": "none"} if each == {"type": "null"} else each for each in schema.get("anyOf", [])]
    schema |= {"anyOf": choices} if choices else {}
    return {**schema, "description": setting.meaning, **({"$defs": shared} if shared else {})}


def _texts(setting: Setting | None, form: str) -> str:
    """The pattern of texts that list values of a number, or are a range of them; empty for a setting of words."""
    annotation: Any = setting.field.annotation if setting else str
    kind = kind_of(annotation)
    if setting and kind.is_list:
        return r"^\["
    if kind.of not in (int, float):
        return ""
    number = _WHOLE if kind.of is int else _NUMBER
    one = f"({number}|none)" if kind.optional else number
    if form == "log:":
        return rf"^(\[.*|(log:)?{number}\.\.{number}(:{number})?|{one}(,{one})*)$"
    item = rf"({number}\.\.{number}|{one})" if kind.of is int else one
    return rf"^(\[.*|{item}(,{item})*)$"
