"""The JSON Schema of all settings of a job."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, JsonSchemaWarningKind
from pydantic_core import core_schema

from ..base import AptSettings, settings_of
from ..own.leaves import fields_of
from ..parts import default_in
from ..registry import Setting, Unset
from ..values import adapter_of, as_jsonable, holds_secret


class WithoutSecrets(GenerateJsonSchema):
    """What makes a schema, in which no field that is a secret, or has one, tells its default."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """The schema of a pydantic model."""
        return _without_secrets(super().model_schema(schema), schema["cls"])

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        """The schema of a dataclass."""
        return _without_secrets(super().dataclass_schema(schema), schema["cls"])

    def emit_warning(self, kind: JsonSchemaWarningKind, detail: str) -> None:
        """Nothing: a warning tells the default that it is about."""


def _without_secrets(schema: JsonSchemaValue, kind: Any) -> JsonSchemaValue:
    for name, field in fields_of(kind).items():
        if holds_secret(field.annotation):
            schema["properties"][field.alias or name].pop("default", None)
    return schema


def json_schema(settings: AptSettings) -> dict[str, Any]:
    """The schema of the settings' class, with a property for each setting of the groups beside it."""
    schema = type(settings).model_json_schema(schema_generator=WithoutSecrets)
    for name, setting in settings_of(settings).items():
        if setting.default is Unset.DERIVED and not setting.is_own:
            schema["properties"][name]["default"] = default_in(settings, name)
        if setting.group:
            own = _property(setting)
            schema.setdefault("$defs", {}).update(own.pop("$defs", {}))
            schema["properties"][name] = own
            if setting.default is Unset.REQUIRED:
                schema.setdefault("required", []).append(name)
    if not schema.get("$defs"):
        schema.pop("$defs", None)
    return schema


def _property(setting: Setting) -> dict[str, Any]:
    """The schema of one setting."""
    own = adapter_of(setting.field).json_schema(schema_generator=WithoutSecrets)
    known = not isinstance(setting.default, Unset) and not setting.secret
    own.pop("default", None)
    default = {"default": as_jsonable(setting.default)} if known else {}
    return {**own, "description": setting.meaning, **default}
