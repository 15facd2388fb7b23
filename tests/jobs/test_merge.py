"""Patches merge into a manifest as kubectl's do, and lose nothing that they do not name."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apt_settings.jobs.merge import MERGE_KEYS, MergeError, merge

NAMES = st.sampled_from(("a", "b", "c", "d"))
ENTRIES = st.lists(
    st.fixed_dictionaries({"name": NAMES, "value": NAMES}), max_size=4, unique_by=lambda each: each["name"]
)
MOUNTS = st.lists(
    st.fixed_dictionaries({"name": NAMES, "mountPath": NAMES.map("/{}".format)}),
    max_size=4,
    unique_by=lambda each: each["mountPath"],
)
CONTAINERS = st.lists(
    st.fixed_dictionaries(
        {"name": NAMES},
        optional={"image": NAMES, "env": ENTRIES, "volumeMounts": MOUNTS, "args": st.lists(NAMES, max_size=3)},
    ),
    max_size=4,
    unique_by=lambda each: each["name"],
)
PODS = st.fixed_dictionaries(
    {},
    optional={
        "containers": CONTAINERS,
        "nodeSelector": st.dictionaries(NAMES, NAMES, max_size=3),
        "tolerations": st.lists(st.fixed_dictionaries({"key": NAMES}), max_size=3),
        "priority": st.integers(0, 9),
    },
)


def job(pod: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest of a Job with this pod."""
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "x"}, "spec": {"template": template}}


@given(PODS)
def test_an_empty_patch_changes_nothing(pod: dict[str, Any]) -> None:
    """Nor does an empty mapping within one."""
    assert merge(job(pod), {}) == job(pod)
    assert merge(job(pod), {"spec": {"template": {}}}) == job(pod)


@given(PODS)
def test_a_manifest_merged_into_itself_stays_as_it_is(pod: dict[str, Any]) -> None:
    """Down to the order of its keys and items."""
    assert json.dumps(merge(job(pod), job(pod))) == json.dumps(job(pod))


@given(PODS, PODS)
def test_what_a_patch_does_not_name_stays(pod: dict[str, Any], patch: dict[str, Any]) -> None:
    """Items of lists that merge keep their order, with new ones behind them; no argument is changed."""
    before, patch_before = deepcopy(pod), deepcopy(patch)
    merged = merge(pod, patch)
    names = [each["name"] for each in pod.get("containers", ())]

    assert (pod, patch) == (before, patch_before)
    assert list(merged)[: len(pod)] == list(pod)
    assert [each["name"] for each in merged.get("containers", ())][: len(names)] == names
    for old, new in zip(pod.get("containers", ()), merged.get("containers", ()), strict=False):
        for key in ("env", "volumeMounts"):
            ids = [each[MERGE_KEYS[key]] for each in old.get(key, ())]
            assert [each[MERGE_KEYS[key]] for each in new.get(key, ())][: len(ids)] == ids


@given(PODS, PODS)
def test_a_patch_that_is_merged_twice_is_merged_once(pod: dict[str, Any], patch: dict[str, Any]) -> None:
    """What it says holds after the first time."""
    once = merge(pod, patch)

    assert merge(once, patch) == once


BASE: dict[str, Any] = {
    "nodeSelector": {"disk": "ssd", "zone": "a"},
    "tolerations": [{"key": "x"}],
    "containers": [
        {
            "name": "job",
            "image": "i",
            "args": ["1", "2"],
            "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
            "ports": [{"containerPort": 80}],
        },
        {"name": "side", "image": "s"},
    ],
    "volumes": [{"name": "records", "emptyDir": {}}],
}


def container(**changes: Any) -> dict[str, Any]:
    """A patch of the container of the job."""
    return {"containers": [{"name": "job", **changes}]}


CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "maps merge": ({"nodeSelector": {"gpu": "a100"}}, {"nodeSelector": {"disk": "ssd", "zone": "a", "gpu": "a100"}}),
    "null removes": ({"nodeSelector": {"zone": None, "none": None}}, {"nodeSelector": {"disk": "ssd"}}),
    "null removes all": ({"nodeSelector": None}, {"nodeSelector": None}),
    "null in what is new": ({"affinity": {"nodeAffinity": None}}, {"affinity": {}}),
    "$patch: replace in a mapping": ({"nodeSelector": {"$patch": "replace", "b": "c"}}, {"nodeSelector": {"b": "c"}}),
    "others replace": ({"tolerations": [{"key": "y"}]}, {"tolerations": [{"key": "y"}]}),
    "a volume gets another source": (
        {"volumes": [{"name": "records", "emptyDir": None, "nfs": {"server": "s", "path": "/"}}]},
        {"volumes": [{"name": "records", "nfs": {"server": "s", "path": "/"}}]},
    ),
    "an item is deleted": (
        {"containers": [{"name": "side", "$patch": "delete"}, {"name": "none", "$patch": "delete"}]},
        {"containers": BASE["containers"][:1]},
    ),
    "an item is deleted and anew": (
        {"volumes": [{"name": "records", "hostPath": {"path": "/r"}}, {"name": "records", "$patch": "delete"}]},
        {"volumes": [{"name": "records", "hostPath": {"path": "/r"}}]},
    ),
    "a list is replaced": (
        {"volumes": [{"$patch": "replace"}, {"name": "data", "emptyDir": {}}]},
        {"volumes": [{"name": "data", "emptyDir": {}}]},
    ),
    "a label that is called as a list": (
        {"nodeSelector": {"env": "prod"}},
        {"nodeSelector": {"disk": "ssd", "zone": "a", "env": "prod"}},
    ),
    "a list of none": ({"volumes": []}, {}),
    "a new list": (
        {"imagePullSecrets": [{"name": "a"}, {"name": "b", "$patch": "delete"}]},
        {"imagePullSecrets": [{"name": "a"}]},
    ),
    "in an item": (
        container(
            args=["3"],
            env=[{"name": "B", "value": "3"}, {"name": "C", "value": "4"}],
            ports=[{"containerPort": 80, "name": "p"}],
        ),
        {
            "containers": [
                {
                    "name": "job",
                    "image": "i",
                    "args": ["3"],
                    "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "3"}, {"name": "C", "value": "4"}],
                    "ports": [{"containerPort": 80, "name": "p"}],
                },
                BASE["containers"][1],
            ]
        },
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_patch_merges(name: str) -> None:
    """Mappings by key, lists by their merge key or as a whole; null and $patch remove."""
    patch, changed = CASES[name]
    expected = {key: value for key, value in {**BASE, **changed}.items() if value is not None}

    assert merge(BASE, patch) == expected


def comparable(value: Any, key: str = "") -> Any:
    """A manifest without null, which is nothing, and the order of lists that merge, which kubectl may change."""
    if isinstance(value, dict):
        return {name: comparable(each, name) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        items = [comparable(each) for each in value]
        return sorted(items, key=lambda item: str(item[MERGE_KEYS[key]])) if key in MERGE_KEYS else items
    return value


@pytest.mark.kubernetes
@pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl: apt-get install kubernetes-client")
@pytest.mark.parametrize("name", CASES)
def test_kubectl_merges_alike(name: str, tmp_path: Path) -> None:
    """`kubectl patch` makes the same Job of the same patch, but for the order of items."""
    patch, base = job(CASES[name][0]), job(BASE)
    (tmp_path / "job.json").write_text(json.dumps(base))
    command = [
        "kubectl",
        "patch",
        "--local",
        "-f",
        "job.json",
        "--type=strategic",
        "-o",
        "json",
        "-p",
        json.dumps(patch),
    ]
    done = subprocess.run(command, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert comparable(json.loads(done.stdout)) == comparable(merge(base, patch))


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ({"volumes": {"name": "a"}}, "volumes must be a list, as it is in the Job, and not a mapping"),
        ({"nodeSelector": ["a"]}, "nodeSelector must be a mapping, as it is in the Job, and not a list"),
        ({"tolerations": "all"}, "tolerations must be a list, as it is in the Job, and not a single value"),
        (container(image=["x"]), "containers[job].image must be a single value, as it is in the Job, and not a list"),
        ({"imagePullSecrets": {"name": "a"}}, "imagePullSecrets must be a list of mappings, each with its name"),
        ({"volumes": ["a"]}, "volumes must be a list of mappings, each with its name"),
        ({"volumes": [{"emptyDir": {}}]}, "volumes has an item without name, by which its items merge"),
        ({"volumes": [{"name": {}}]}, "volumes has an item without name, by which its items merge"),
        (
            container(volumeMounts=[{"name": "a"}]),
            "containers[job].volumeMounts has an item without mountPath, by which its items merge",
        ),
        (
            container(**{"$patch": "replace"}),
            "containers[job] has $patch beside other keys: in a list, it must be $patch: delete, or $patch: replace as "
            "an item of its own, which replaces the whole list",
        ),
        (
            {"nodeSelector": {"$patch": "delete"}},
            "nodeSelector has a $patch other than replace, and it is no item of a list that merges: to remove a key, "
            "give it the value null",
        ),
        (
            {"$setElementOrder/containers": [{"name": "job"}]},
            "has $setElementOrder/containers, which is not supported: write $patch: delete or $patch: replace",
        ),
        (
            {"volumes": [{"name": "records", "$retainKeys": ["name"]}]},
            "volumes[records] has $retainKeys, which is not supported: write $patch: delete or $patch: replace",
        ),
        (
            container(**{"$deleteFromPrimitiveList/args": ["1"]}),
            "containers[job] has $deleteFromPrimitiveList/args, which is not supported: write $patch: delete or "
            "$patch: replace",
        ),
        (
            {"tolerations": [{"$patch": "replace"}]},
            "tolerations has $patch, and is replaced as a whole: leave $patch out",
        ),
    ],
)
def test_what_does_not_merge_is_one_error(patch: dict[str, Any], message: str) -> None:
    """It names the path."""
    with pytest.raises(MergeError) as caught:
        merge(BASE, patch)

    assert str(caught.value) == message
