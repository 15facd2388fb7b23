"""The roles of one job that a manifest starts together: they must have the same settings."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from yaml.nodes import Node, ScalarNode, SequenceNode

from ..basics.escaping import escaped
from ..values import read_value
from .manifest_values import alternatives
from .spec import MARK, Assignment, Fault, setting_of
from .trees import items_of, line_of, pairs_of, text_of

_ROLES: Final = (
    ("Job", ("spec", "template", "spec")),
    # kubeflow.org/docs/components/trainer/legacy-v1: PyTorchJob, TFJob, MPIJob, XGBoostJob, PaddleJob
    (r"\w+Job", ("spec", r"\w+ReplicaSpecs", ".*", "template", "spec")),
    # jobset.sigs.k8s.io/docs/reference
    ("JobSet", ("spec", "replicatedJobs", "template", "spec", "template", "spec")),
    # lws.sigs.k8s.io/docs/reference
    ("LeaderWorkerSet", ("spec", "leaderWorkerTemplate", "leaderTemplate|workerTemplate", "spec")),
    # docs.ray.io/en/latest/cluster/kubernetes
    ("RayCluster", ("spec", "headGroupSpec|workerGroupSpecs", "template", "spec")),
    ("RayJob", ("spec", "rayClusterSpec", "headGroupSpec|workerGroupSpecs", "template", "spec")),
)
"""Kind -> the way from its document to the pods of its roles; a list on the way has a role for each item."""


class _Value(NamedTuple):
    """What a role says of a setting."""

    role: str
    text: str | None
    """None if only the job knows it."""
    line: int


Held = Mapping[tuple[str, str], Mapping[str, Assignment]]
"""Kind and name -> what each ConfigMap of the file holds."""


def disagreements(documents: list[Node], held: Held) -> Iterator[Fault]:
    """A fault for each setting that two roles of a job have different values for; where they run may differ.

    `APT_EPOCHS is 35 in Worker, and is 30 in Master (line 12): roles of one job must have the same settings`

    And where a container sets what its ConfigMap in the same file has another value for.
    """
    for document in documents:
        fields = pairs_of(document)
        for kind, way in _ROLES:
            if re.fullmatch(kind, text_of(fields.get("kind")) or ""):
                roles, open_roles = [], []
                for role, pod in _pods(document, way, ""):
                    open_roles += [role] if _is_open(pod, held) else []
                    found, faults = _settings_in(role, pod, held)
                    yield from faults
                    roles += [(role, found)] if found else []
                yield from _disagreements_of(roles, open_roles)


def _pods(node: Node, way: tuple[str, ...], role: str) -> Iterator[tuple[str, Node]]:
    if isinstance(node, SequenceNode):
        for number, item in enumerate(node.value):
            name = text_of(pairs_of(item).get("name")) or text_of(pairs_of(item).get("groupName")) or str(number)
            yield from _pods(item, way, name)
    elif not way:
        yield role, node
    else:
        for key, value in pairs_of(node).items():
            if re.fullmatch(way[0], key):
                yield from _pods(value, way[1:], role if key == way[0] else key)


def _settings_in(role: str, pod: Node, held: Held) -> tuple[dict[str, _Value], list[Fault]]:
    """Variable -> what a pod's first container that says it sets it to, of the settings that count."""
    found: dict[str, _Value] = {}
    faults: list[Fault] = []
    for container in map(pairs_of, items_of(pairs_of(pod).get("containers"))):
        from_map = dict(_from_maps(container, held))
        for entry in map(pairs_of, items_of(container.get("env"))):
            variable, value = text_of(entry.get("name")) or "", entry.get("value")
            if not _counts(variable):
                continue
            if not isinstance(value, ScalarNode) or MARK in "".join(alternatives(value.value, {})):
                found.setdefault(variable, _Value(role, None, line_of(entry["name"])))
                continue
            found.setdefault(variable, _Value(role, value.value, line_of(value)))
            if (other := from_map.get(variable)) and _differ(variable, value.value, other.value or ""):
                wrong = f"{_says(variable, value.value)}, and its ConfigMap {_says(variable, other.value or '')}"
                faults.append(Fault(line_of(value), variable, f"{wrong} (line {other.line}): leave one of them out"))
        for variable, other in from_map.items():
            found.setdefault(variable, _Value(role, other.value or "", other.line))
    return found, faults


def _is_open(pod: Node, held: Held) -> bool:
    """Whether a container of a pod takes variables from a ConfigMap or a Secret that is not here."""
    for container in map(pairs_of, items_of(pairs_of(pod).get("containers"))):
        for source in map(pairs_of, items_of(container.get("envFrom"))):
            for kind, key in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
                if key in source and (kind, text_of(pairs_of(source[key]).get("name")) or "") not in held:
                    return True
    return False


def _from_maps(container: Mapping[str, Node], held: Held) -> Iterator[tuple[str, Assignment]]:
    for source in map(pairs_of, items_of(container.get("envFrom"))):
        name = text_of(pairs_of(source.get("configMapRef")).get("name")) or ""
        prefix = text_of(source.get("prefix")) or ""
        for key, each in held.get(("ConfigMap", name), {}).items():
            if _counts(prefix + key) and each.value is not None:
                yield prefix + key, each


def _disagreements_of(
    roles: Sequence[tuple[str, Mapping[str, _Value]]], open_roles: Collection[str]
) -> Iterator[Fault]:
    """A fault for each difference; what an open role does not set itself, something that is not here may set."""
    must = "roles of one job must have the same settings"
    for variable in dict.fromkeys(variable for _, each in roles for variable in each):
        said = [each[variable] for _, each in roles if variable in each]
        first = next((each for each in said if each.text is not None), said[0])
        for role, each in roles:
            value = each.get(variable)
            if value is None and role not in open_roles:
                known = "is set" if first.text is None else _says(variable, first.text)
                yield Fault(first.line, variable, f"{known} in {first.role}, and {role} does not set it: {must}")
            elif (
                value
                and value.text is not None
                and first.text is not None
                and _differ(variable, value.text, first.text)
            ):
                other = f"{_says(variable, first.text)} in {first.role} (line {first.line})"
                yield Fault(value.line, variable, f"{_says(variable, value.text)} in {role}, and {other}: {must}")


def _counts(variable: str) -> bool:
    setting = setting_of(variable)
    return setting is not None and not setting.where_it_runs


def _differ(variable: str, one: str, other: str) -> bool:
    """Whether two values are two."""
    setting = setting_of(variable)
    annotation = setting.field.annotation if setting else str
    return bool(read_value(one, annotation) != read_value(other, annotation))


def _says(variable: str, text: str) -> str:
    """`is 30`; of a secret no value."""
    setting = setting_of(variable)
    return "is another one" if setting and setting.secret else f"is {escaped(text)}"
