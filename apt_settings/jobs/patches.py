"""Patches of a Job: what its options do not say, from files of the user, and what they must leave as it is."""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from ..basics.escaping import escaped, shown, spelt
from ..basics.files import UnreadableError, read_bytes
from ..errors import SettingsError
from ..specs.patches import read
from ..specs.texts import SIZE_LIMIT
from .job_keys import POD, faults_of, lost_mounts, mapping_at, mappings_in
from .merge import MergeError, merge
from .request import why_reserved

_CONTAINER: Final = ".".join((*POD, "containers[job]"))
_OTHERWISE: Final = {
    "apiVersion": "leave it out, or write batch/v1",
    "kind": "leave it out, or write Job",
    "metadata.name": "use --name",
    "metadata.namespace": "use --namespace",
    f"{_CONTAINER}.command": "it starts and records the job: write your command behind --",
    f"{_CONTAINER}.args": "they would stand behind your command: write them behind -- as well",
    f"{_CONTAINER}.env": "it has the settings: change them with --set",
    f"{_CONTAINER}.envFrom": "a patch replaces all of it: use --env-from",
}
"""What a patch must leave as it is, and what to do instead."""


class Patch(NamedTuple):
    """A part of a Job, to be merged into it."""

    place: str
    """The file, as messages name it."""
    content: Mapping[str, Any]

    @property
    def variables(self) -> Iterator[str]:
        """The variables that it sets for some container, and the prefixes that it gives them, at any depth."""
        return _variables_in(self.content)


def read_patch(path: str | os.PathLike[str]) -> Patch:
    """The patch in a file of YAML or JSON. Raises SettingsError."""
    place = escaped(os.fspath(path))
    try:
        data = read_bytes(path, SIZE_LIMIT)
    except UnreadableError as error:
        raise SettingsError.at(place, f"cannot be read: {error}") from None
    try:
        return Patch(place, read(data))
    except UnreadableError as error:
        raise SettingsError.at(f"{place}:{error.line}", str(error)) from None


def apply(job: dict[str, Any], patches: Sequence[Patch]) -> dict[str, Any]:
    """A Job with the patches merged into it, one after the other. Raises SettingsError."""
    for patch in patches:
        place = patch.place
        for variable in patch.variables:
            if why := why_reserved(variable):
                raise SettingsError.at(place, f"sets {spelt(variable)}, which {why}")
        try:
            merged = merge(job, patch.content)
        except MergeError as error:
            raise SettingsError.at(place, escaped(str(error))) from None
        before, after = _kept(job), _kept(merged)
        if changed := next((path for path in before if before[path] != after[path]), None):
            raise SettingsError.at(place, f"changes {changed}, which a patch must not", fix=_OTHERWISE[changed])
        if wrong := next(faults_of(merged), None):
            raise SettingsError.at(place, escaped(wrong))
        job = merged
    if patches and (wrong := next(lost_mounts(job), None)):
        raise SettingsError.at(patches[-1].place, escaped(wrong))
    for container in _containers_of(job):
        if not container.get("image"):
            wrong = f"leaves the container {shown(container['name'])} without an image"
            raise SettingsError.at(patches[-1].place, wrong, fix="the container of the job is called job")
    return job


def _kept(job: Mapping[str, Any]) -> dict[str, Any]:
    """What of a Job a patch must leave as it is, by its path."""
    metadata = mapping_at(job, ("metadata",))
    container = next((each for each in _containers_of(job) if each["name"] == "job"), {})
    env = [entry for entry in mappings_in(container.get("env")) if why_reserved(str(entry["name"]))]
    return {
        "apiVersion": job.get("apiVersion"),
        "kind": job.get("kind"),
        "metadata.name": metadata.get("name"),
        "metadata.namespace": metadata.get("namespace"),
        f"{_CONTAINER}.command": container.get("command"),
        f"{_CONTAINER}.args": container.get("args"),
        f"{_CONTAINER}.env": env,
        f"{_CONTAINER}.envFrom": container.get("envFrom"),
    }


def _containers_of(job: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The containers of the pod; none if a patch removed them."""
    return mappings_in(mapping_at(job, POD).get("containers"))


def _variables_in(value: Any, key: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from value if key == "data" else ()
        for name, each in value.items():
            yield from _variables_in(each, name)
    elif isinstance(value, list):
        field = {"env": "name", "envFrom": "prefix"}.get(key)
        yield from (str(each[field]) for each in value if isinstance(each, Mapping) and field in each)
        for each in value:
            yield from _variables_in(each)
