"""The JSON Schema of all settings of a job."""

from typing import Any

from ..base import AptSettings
from ..registry import registry


def json_schema(settings: AptSettings) -> dict[str, Any]:
    """The schema of the settings' class, with the properties of the registered groups added."""
    schema = type(settings).model_json_schema()
    for group in registry().groups:
        group_schema = group.model_json_schema()
        for part in ("properties", "$defs"):
            if part in group_schema:
                schema[part] = schema.get(part, {}) | group_schema[part]
        schema["required"] = [*schema.get("required", ()), *group_schema.get("required", ())]
    return schema
