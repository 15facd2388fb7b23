"""Indexed Jobs of Kubernetes: whether each pod has a point of the sweep that its command makes."""

import re
from collections.abc import Iterator
from typing import Final

from yaml.nodes import MappingNode, Node, ScalarNode

from ..runs.nodes import COMPLETION_INDEX
from ..sweeps.ranges import read_ranges
from .launchers import launch_of, values_of
from .spec import Fault
from .trees import items_of, line_of, pairs_of, text_of

_INDEX: Final = f"$({COMPLETION_INDEX})"


def too_many_pods(job: MappingNode) -> Iterator[Fault]:
    """A fault where a Job has more pods than its sweep has points, and a pod's index is that of its point."""
    spec = pairs_of(pairs_of(job).get("spec"))
    completions = text_of(spec.get("completions")) or ""
    if text_of(spec.get("completionMode")) != "Indexed" or not re.fullmatch("[0-9]{1,9}", completions):
        return
    pod = pairs_of(pairs_of(spec.get("template")).get("spec"))
    for container in map(pairs_of, items_of(pod.get("containers"))):
        size = _points(container)
        if size is not None and int(completions) > size:
            wrong = f"completions is {completions}, and the command has {size:,} points: write completions: {size}"
            yield Fault(line_of(spec["completions"]), "", wrong)


def _points(container: dict[str, Node]) -> int | None:
    """How many points the command of a container has, one for each index; None where that is not known."""
    nodes = [each for key in ("command", "args") for each in items_of(container.get(key))]
    words = [(each.value, line_of(each)) for each in nodes if isinstance(each, ScalarNode)]
    if [word for word, _ in values_of(("--index",), words)] != [_INDEX]:
        return None
    for among, _ in values_of(("--among",), words):
        return len(read_ranges(among) or ()) or None
    sweep = launch_of(words).sweep
    return sweep.size if sweep else None
