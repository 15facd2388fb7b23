"""Patches of a Job: they reach the manifest, and change nothing that says what is trained."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support import printed

from apt_settings import SettingsError
from apt_settings.cli import main
from apt_settings.jobs import job_keys
from apt_settings.jobs.patches import Patch, apply

JOB = ["job", "kubernetes", "--image", "registry.example/train:1", "--task", "squad"]


def pod(**fields: object) -> dict[str, object]:
    """A patch of the pod."""
    return {"spec": {"template": {"spec": fields}}}


def job(**fields: object) -> dict[str, object]:
    """A patch of the container of the job."""
    return pod(containers=[{"name": "job", **fields}])


def test_patches_are_merged_in_order(capsys: pytest.CaptureFixture[str], write_env: Callable[..., Path]) -> None:
    """YAML or JSON, with as much of the Job around it as one likes; the later one wins."""
    whole = {"apiVersion": "batch/v1", "kind": "Job", **pod(nodeSelector={"gpu": "a100"}, hostname="a")}
    write_env(yaml.safe_dump(whole), "a.yaml")
    write_env(json.dumps({"spec": {"suspend": True, "template": {"spec": {"hostname": "b"}}}}), "b.json")
    manifest = yaml.safe_load(printed(capsys, *JOB, "--patch", "a.yaml", "--patch", "b.json", "--", "true"))
    spec = manifest["spec"]["template"]["spec"]

    assert (spec["nodeSelector"], spec["hostname"], manifest["spec"]["suspend"]) == ({"gpu": "a100"}, "b", True)


def test_texts_of_a_patch_stay_texts(capsys: pytest.CaptureFixture[str], write_env: Callable[..., Path]) -> None:
    """Whatever a YAML might take them for; numbers and words stay without quotes."""
    texts = {"a": "y", "b": "1e3", "on": "a\n\n- name: APT_EPOCHS\n  value: '3'", "c": "é"}
    write_env(json.dumps(pod(nodeSelector=texts, priority=3, schedulerName="volcano")), "a.json")
    text = printed(capsys, *JOB, "--patch", "a.json", "--", "true")

    assert yaml.safe_load(text)["spec"]["template"]["spec"]["nodeSelector"] == texts
    assert '"a": "y"\n' in text
    assert '"b": "1e3"\n' in text
    assert "priority: 3\n" in text
    assert "schedulerName: volcano\n" in text


WORDS = st.sampled_from(("job", "x", "APT_EPOCHS", "$patch", "delete", "replace", ""))
KEYS = ("metadata", "spec", "template", "containers", "env", "name", "image", "volumes", "labels", "$patch", "data")


@pytest.mark.parametrize(
    ("patch", "wrong"),
    [
        (
            pod(nodeselector={"a": "b"}),
            "spec.template.spec.nodeselector is no key of the pod; did you mean nodeSelector?",
        ),
        (
            {"nodeSelector": {"a": "b"}},
            "nodeSelector is no key of a manifest: it is of the pod, spec.template.spec.nodeSel",
        ),
        (
            {"spec": {"nodeSelector": {}}},
            "spec.nodeSelector is no key of a Job: it is of the pod, spec.template.spec.node",
        ),
        (
            {"spec": {"template": {"tolerations": []}}},
            "spec.template.tolerations is no key of a template: it is of the pod",
        ),
        (
            pod(image="x"),
            "spec.template.spec.image is no key of the pod: it is of a container, spec.template.spec.containe",
        ),
        (
            pod(backoffLimit=3),
            "spec.template.spec.backoffLimit is no key of the pod: it is of a Job, spec.backoffLimit",
        ),
        (job(volumeMount=[]), "containers[job].volumeMount is no key of a container; did you mean volumeMounts?"),
        (pod(tolerations={"key": "gpu"}), "spec.template.spec.tolerations must be a list, and is a mapping"),
        (pod(nodeSelector=["a"]), "spec.template.spec.nodeSelector must be a mapping of strings, and is a list"),
        (pod(nodeSelector={"gpu": True}), 'spec.template.spec.nodeSelector.gpu must be a string: write "true"'),
        ({"metadata": {"labels": {"a": 1}}}, 'metadata.labels.a must be a string: write "1"'),
        (pod(restartPolicy="Always"), "restartPolicy is 'Always': a Job with a podFailurePolicy takes Never alone"),
        (job(env=[{"name": "A", "value": 3}]), 'containers[job].env[A].value must be a string: write "3"'),
        (job(env=[{"name": "A", "value": [3]}]), "containers[job].env[A].value must be a string"),
        (
            job(volumeMounts=[{"name": "x", "mountPath": "/x"}]),
            "volumeMounts names the volume 'x', which the pod does not",
        ),
    ],
)
def test_what_no_job_takes_is_refused(
    patch: dict[str, Any], wrong: str, write_env: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Kubernetes would drop it, or refuse it when the job is submitted; the message says where it belongs."""
    write_env(json.dumps(patch), "a.json")
    assert main([*JOB, "--patch", "a.json", "--", "true"]) == 78

    assert wrong in " ".join(capsys.readouterr().err.split())


def test_a_key_that_nobody_knows_may_be_of_a_newer_kubernetes(write_env: Callable[..., Path]) -> None:
    """It is handed on: only what stands in a wrong place, or is nearly another key, is surely wrong."""
    write_env(json.dumps(pod(quark=1)), "a.json")

    assert main([*JOB, "--patch", "a.json", "--", "true"]) == 0


@pytest.mark.kubernetes
@pytest.mark.parametrize(
    ("table", "model"),
    [
        (job_keys.OF_JOB, "jobspec-batch-v1"),
        (job_keys.OF_TEMPLATE, "podtemplatespec-v1"),
        (job_keys.OF_POD, "podspec-v1"),
        (job_keys.OF_CONTAINER, "container-v1"),
    ],
)
def test_the_keys_are_those_of_kubernetes(table: Mapping[str, str], model: str) -> None:
    """In every version whose models there are; none is missing, and none is made up."""
    validator = pytest.importorskip("kubernetes_validate", reason="needs pip install 'apt-settings[lint]'")
    models = (Path(validator.__file__).parent / "kubernetes-json-schema").glob(f"*-local/{model}.json")
    keys = {key for each in models for key in json.loads(each.read_text())["properties"]}

    assert keys == table.keys()


@pytest.mark.parametrize(("policy", "status"), [("OnFailure", 0), ("Always", 78)])
def test_a_pod_starts_again_where_no_policy_judges_its_end(
    policy: str, status: int, write_env: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Who removes the podFailurePolicy may take OnFailure; no Job takes Always."""
    spec = {"podFailurePolicy": None, "template": {"spec": {"restartPolicy": policy}}}
    write_env(json.dumps({"spec": spec}), "a.json")

    assert main([*JOB, "--patch", "a.json", "--", "true"]) == status
    assert ("a Job takes Never or OnFailure" in capsys.readouterr().err) == bool(status)


ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | WORDS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(KEYS), below, max_size=3),
    max_leaves=12,
)
BASE: dict[str, Any] = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "x"},
    "spec": {
        "template": {
            "spec": {"containers": [{"name": "job", "image": "i", "command": ["x"]}], "restartPolicy": "Never"}
        }
    },
}


@given(st.dictionaries(st.sampled_from(KEYS), ANYTHING, max_size=3), ANYTHING, ANYTHING)
def test_whatever_a_patch_is_the_command_stays(top: dict[str, Any], below: Any, within: Any) -> None:
    """Or it is refused with one error that names the file."""
    patches = (top, {"spec": below}, pod(containers=[{"name": "job", "env": within}]), pod(containers=below))
    for patch in patches:
        try:
            job = apply(BASE, [Patch("a.json", patch)])
        except SettingsError as error:
            job, places = BASE, [each.where for each in error.problems]
        else:
            places = ["a.json"]
        (container, *_) = job["spec"]["template"]["spec"]["containers"]

        assert (places, container["name"], container["command"]) == (["a.json"], "job", ["x"])


SETTING = "write --set epochs=VALUE"


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        (job(env=[{"name": "APT_EPOCHS", "value": "3"}]), f"a.json sets APT_EPOCHS, which is a setting: {SETTING}"),
        (job(env=[{"name": "apt_x", "value": "3"}]), "a.json sets apt_x, which has the prefix of settings: to set one"),
        (
            pod(initContainers=[{"name": "i", "image": "i", "env": [{"name": "APT_EPOCHS", "valueFrom": {}}]}]),
            f"a.json sets APT_EPOCHS, which is a setting: {SETTING}",
        ),
        (
            pod(initContainers=[{"name": "i", "image": "i", "envFrom": [{"prefix": "APT_", "secretRef": {}}]}]),
            "a.json sets APT_, which has the prefix of settings",
        ),
        ({"data": {"APT_EPOCHS": "3"}}, f"a.json sets APT_EPOCHS, which is a setting: {SETTING}"),
        (
            job(env=[{"name": "JOB_COMPLETION_INDEX", "value": "0"}]),
            "a.json sets JOB_COMPLETION_INDEX, which is set by Kubernetes: it chooses the point of a grid",
        ),
        ({"kind": "Pod"}, "a.json changes kind, which a patch must not; leave it out, or write Job"),
        ({"apiVersion": "v1"}, "a.json changes apiVersion, which a patch must not; leave it out, or write batch/v1"),
        ({"metadata": {"name": "x"}}, "a.json changes metadata.name, which a patch must not; use --name"),
        ({"metadata": None}, "a.json changes metadata.name, which a patch must not; use --name"),
        ({"metadata": {"namespace": "x"}}, "changes metadata.namespace, which a patch must not; use --namespace"),
        (
            job(command=["sh"]),
            "changes spec.template.spec.containers[job].command, which a patch must not; it starts and records the "
            "job: write your command behind --",
        ),
        (job(args=["x"]), "changes spec.template.spec.containers[job].args, which a patch must not; they would stand"),
        (job(env=None), "changes spec.template.spec.containers[job].env, which a patch must not; it has the settings"),
        (
            job(envFrom=[{"secretRef": {"name": "x"}}]),
            "changes spec.template.spec.containers[job].envFrom, which a patch must not; a patch replaces all of it: "
            "use --env-from",
        ),
        (pod(containers=[{"name": "job", "$patch": "delete"}]), "changes spec.template.spec.containers[job].command"),
        (pod(containers=None), "changes spec.template.spec.containers[job].command"),
        ({"spec": {"template": None}}, "changes spec.template.spec.containers[job].command"),
        (
            pod(containers=[{"name": "train", "tty": True}]),
            "a.json leaves the container 'train' without an image; the container of the job is called job",
        ),
        (
            pod(volumes={"name": "a"}),
            "a.json spec.template.spec.volumes must be a list, as it is in the Job, and not a mapping",
        ),
        (
            pod(**{"$retainKeys": ["a"]}),
            "a.json spec.template.spec has $retainKeys, which is not supported: write $patch: delete or $patch: rep",
        ),
        (
            pod(initContainers=[{"name": "i", "image": "i", "command": ["sh", "-c", "APT_EPOCHS=ten x"]}]),
            "a.json makes a faulty job: APT_EPOCHS='ten' is not allowed: must be a whole number",
        ),
    ],
)
def test_what_a_patch_must_not_do_is_refused(
    patch: dict[str, object], message: str, write_env: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """One error with the file and the path, and no manifest."""
    write_env(json.dumps(patch), "a.json")
    assert main([*JOB, "--patch", "a.json", "--", "true"]) == 78
    out, err = capsys.readouterr()

    assert out == ""
    assert message in err


def test_the_settings_of_a_full_manifest_stay(
    write_env: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """They are in a ConfigMap, which no patch may take from the container."""
    write_env(json.dumps(job(envFrom=None)), "a.json")

    assert main([*JOB, "--full", "--patch", "a.json", "--", "true"]) == 78
    assert "a.json changes spec.template.spec.containers[job].envFrom" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "a.yaml cannot be read: No such file or directory"),
        ("a: 1\nb: *a\n", "a.yaml:2 has an alias (*name): write out what it stands for"),
        ("spec: [\n", "a.yaml:2 is no YAML: "),
    ],
)
def test_what_is_no_patch_is_refused(
    content: str | None, message: str, write_env: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """With the file and the line."""
    if content is not None:
        write_env(content, "a.yaml")

    assert main([*JOB, "--patch", "a.yaml", "--", "true"]) == 78
    assert message in capsys.readouterr().err
