"""The roles of one job that a manifest starts together: they must have the same settings."""

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from yaml.nodes import Node, ScalarNode, SequenceNode

from ..base import AptSettings
from ..registry import registry
from ..values import read_value
from .spec import Fault, known
from .trees import items_of, line_of, pairs_of, text_of

_ROLES: Final = (
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
    text: str
    line: int


def disagreements(documents: list[Node]) -> Iterator[Fault]:
    """A fault for each setting that two roles of a job have different values for; where they run may differ.

    `Worker has APT_EPOCHS 35, and Master has 30 in line 12: roles of one job must have the same settings`
    """
    for document in documents:
        fields = pairs_of(document)
        for kind, way in _ROLES:
            if re.fullmatch(kind, text_of(fields.get("kind")) or ""):
                roles = {role: _settings_in(role, pod) for role, pod in _pods(document, way, "")}
                yield from _between({role: each for role, each in roles.items() if each})


def _pods(node: Node | None, way: tuple[str, ...], role: str) -> Iterator[tuple[str, Node]]:
    if isinstance(node, SequenceNode):
        for number, item in enumerate(node.value):
            name = text_of(pairs_of(item).get("name")) or text_of(pairs_of(item).get("groupName")) or str(number)
            yield from _pods(item, way, name)
    elif node is not None and not way:
        yield role, node
    elif node is not None:
        for key, value in pairs_of(node).items():
            if re.fullmatch(way[0], key):
                yield from _pods(value, way[1:], role if key == way[0] else key)


def _settings_in(role: str, pod: Node) -> dict[str, _Value]:
    """Variable -> what a pod's containers set it to, of the settings that count."""
    names, settings = known().variables, registry().settings_of(AptSettings)
    found = {}
    for container in map(pairs_of, items_of(pairs_of(pod).get("containers"))):
        for entry in map(pairs_of, items_of(container.get("env"))):
            variable, value = text_of(entry.get("name")) or "", entry.get("value")
            setting = settings.get(names.get(variable, ""))
            if setting and not setting.where_it_runs and isinstance(value, ScalarNode):
                found[variable] = _Value(role, value.value, line_of(value))
    return found


def _between(roles: Mapping[str, Mapping[str, _Value]]) -> Iterator[Fault]:
    names, settings = known().variables, registry().settings_of(AptSettings)
    must = "roles of one job must have the same settings"
    for variable in dict.fromkeys(variable for each in roles.values() for variable in each):
        annotation = settings[names[variable]].field.annotation
        first = next(each[variable] for each in roles.values() if variable in each)
        for role, each in roles.items():
            value = each.get(variable)
            if value is None:
                yield Fault(
                    first.line, variable, f"is {first.text} in {first.role}, and {role} does not set it: {must}"
                )
            elif read_value(value.text, annotation) != read_value(first.text, annotation):
                wrong = f"is {value.text} in {role}, and {first.text} in {first.role} (line {first.line}): {must}"
                yield Fault(value.line, variable, wrong)
