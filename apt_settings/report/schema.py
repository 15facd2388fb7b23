"""The JSON Schema of all settings of a job."""

from typing import Any

from ..base import AptSettings
from ..registry import registry


def json_schema(settings: AptSettings) -> dict[str, Any]:
    """The schema of the settings' class, with the properties of the groups beside it."""
    schema = type(settings).model_json_schema()
    for group in registry().groups:
        own = group.model_json_schema()
        for part in ("properties", "$defs"):
            if part in own:
                schema[part] = schema.get(part, {}) | own[part]
        schema["required"] = [*schema.get("required", ()), *own.get("required", ())]
    return schema
