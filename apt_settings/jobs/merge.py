"""Merge a patch into a manifest as `kubectl patch` does, by Kubernetes' strategic merge."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from .job_keys import shape_of

MERGE_KEYS: Final[Mapping[str, str]] = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "env": "name",
    "ports": "containerPort",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "volumes": "name",
    "imagePullSecrets": "name",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
    "resourceClaims": "name",
    "schedulingGates": "name",
    "ownerReferences": "uid",
}
"""List -> the key by which its items merge: `patchMergeKey` of PodSpec and Container in k8s.io/api/core/v1/types.go and
of ObjectMeta in k8s.io/apimachinery/pkg/apis/meta/v1/types.go, Kubernetes 1.32. Any other list is replaced."""

_DIRECTIVE: Final = "$patch"
_REPLACE: Final = {_DIRECTIVE: "replace"}


class MergeError(Exception):
    """A patch cannot be merged. `str()` is the path and what is wrong there: `spec.volumes must be a list`."""

    def __init__(self, path: str, wrong: str) -> None:
        super().__init__(f"{path} {wrong}".strip())


def merge(base: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest with a patch merged into it; neither of the two is changed.

        merge({"spec": {"a": 1, "b": 2}}, {"spec": {"a": None, "c": 3}})  # {"spec": {"b": 2, "c": 3}}

    Mappings merge, a `None` removes its key, and lists in MERGE_KEYS merge item by item; any other value replaces what
    was there. `$patch: delete` in an item of such a list removes it, `$patch: replace` in a mapping, or as an item of
    its own, replaces the mapping or list. The order of the base stays, and new items follow, where kubectl may put them
    first. Raises MergeError.
    """
    return _merge_mapping(base, patch, "")


def _merge_mapping(base: Mapping[str, Any], patch: Mapping[str, Any], path: str) -> dict[str, Any]:
    merged = {} if _replaces(patch, path) else dict(base)
    for key, value in patch.items():
        if key == _DIRECTIVE:
            continue
        here = f"{path}.{key}" if path else key
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge_value(merged.get(key), value, key, here)
    return merged


def _merge_value(base: Any, patch: Any, key: str, path: str) -> Any:
    if base is not None and shape_of(base) != shape_of(patch):
        raise MergeError(path, f"must be {shape_of(base)}, as it is in the Job, and not {shape_of(patch)}")
    if key in MERGE_KEYS and isinstance(patch, Mapping | list):  # and not the value of a label that is called env
        return _merge_items(base or [], patch, MERGE_KEYS[key], path)
    if isinstance(patch, Mapping):
        return _merge_mapping(base or {}, patch, path)
    _refuse_directives(patch, path)
    return patch


def _merge_items(base: Sequence[Any], patch: Any, key: str, path: str) -> list[Any]:
    if not isinstance(patch, list):
        raise MergeError(path, f"must be a list of mappings, each with its {key}")
    items = [item for item in patch if item != _REPLACE]
    deleted = [_identity(item, key, path) for item in items if _is_deleted(item)]
    kept = base if len(items) == len(patch) else []
    merged = {name: item for item in kept if (name := _identity(item, key, path)) not in deleted}
    for item in items:
        name = _identity(item, key, path)
        here = f"{path}[{name}]"
        if _is_deleted(item):
            continue
        if _DIRECTIVE in item:
            wrong = "has $patch beside other keys: in a list, it must be $patch: delete, or"
            raise MergeError(here, f"{wrong} $patch: replace as an item of its own, which replaces the whole list")
        merged[name] = _merge_mapping(merged.get(name, {}), item, here)
    return list(merged.values())


def _identity(item: Any, key: str, path: str) -> str | int:
    """What an item of a list is known by."""
    if not isinstance(item, Mapping):
        raise MergeError(path, f"must be a list of mappings, each with its {key}")
    name = item.get(key)
    if not isinstance(name, str | int):
        raise MergeError(path, f"has an item without {key}, by which its items merge")
    return name


def _is_deleted(item: Any) -> bool:
    return isinstance(item, Mapping) and item.get(_DIRECTIVE) == "delete"


def _replaces(patch: Mapping[str, Any], path: str) -> bool:
    """Whether a mapping replaces what is there. Raises MergeError for any other directive."""
    for key in patch:
        if key.startswith("$") and key != _DIRECTIVE:
            raise MergeError(path, f"has {key}, which is not supported: write $patch: delete or $patch: replace")
    if _DIRECTIVE in patch and patch[_DIRECTIVE] != "replace":
        wrong = "has a $patch other than replace, and it is no item of a list that merges"
        raise MergeError(path, f"{wrong}: to remove a key, give it the value null")
    return _DIRECTIVE in patch


def _refuse_directives(value: Any, path: str) -> None:
    if key := next((key for key in _keys(value) if key.startswith("$")), None):
        raise MergeError(path, f"has {key}, and is replaced as a whole: leave {key} out")


def _keys(value: Any) -> Iterator[str]:
    """Every key at any depth."""
    if isinstance(value, Mapping):
        yield from value
    for each in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _keys(each)
