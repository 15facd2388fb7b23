"""The JSON Schema of all settings of a job."""

from typing import Any

from ..base import AptSettings, settings_of
from ..parts import default_in
from ..registry import Setting, Unset
from ..values import adapter_of, as_jsonable


def json_schema(settings: AptSettings) -> dict[str, Any]:
    """The schema of the settings' class, with a property for each setting of the groups beside it."""
    schema = type(settings).model_json_schema()
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
    own = adapter_of(setting.field).json_schema()
    known = not isinstance(setting.default, Unset) and not setting.secret
    own.pop("default", None)
    default = {"default": as_jsonable(setting.default)} if known else {}
    return {**own, "description": setting.meaning, **default}
