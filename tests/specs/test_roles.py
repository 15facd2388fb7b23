"""The roles of one job must have the same settings."""

import pytest
import yaml
from pydantic import SecretStr

from apt_settings import SettingsGroup
from apt_settings.own import Place
from apt_settings.registry import in_force
from apt_settings.registry.naming import with_groups
from apt_settings.specs.findings import findings

ONE = [{"name": "APT_TASK", "value": "squad"}, {"name": "APT_EPOCHS", "value": "30"}]
OTHER = [{"name": "APT_TASK", "value": "squad"}, {"name": "APT_EPOCHS", "value": "35"}]
SAME = [{"name": "APT_EPOCHS", "value": "30"}, {"name": "APT_TASK", "value": "squad"}]
ELSEWHERE = [*ONE, {"name": "APT_OUTPUT_DIR", "value": "/other"}]
SHORT = [{"name": "APT_TASK", "value": "squad"}]


def pod(env: list[dict[str, str]]) -> dict[str, object]:
    """A template of pods."""
    return {"spec": {"containers": [{"name": "main", "image": "train", "env": env}]}}


def manifest(kind: str, one: list[dict[str, str]], other: list[dict[str, str]]) -> str:
    """A job of two roles."""
    specs = {
        "PyTorchJob": {"pytorchReplicaSpecs": {"Master": {"template": pod(one)}, "Worker": {"template": pod(other)}}},
        "JobSet": {
            "replicatedJobs": [
                {"name": "Master", "template": {"spec": {"template": pod(one)}}},
                {"name": "Worker", "template": {"spec": {"template": pod(other)}}},
            ]
        },
        "LeaderWorkerSet": {"leaderWorkerTemplate": {"leaderTemplate": pod(one), "workerTemplate": pod(other)}},
        "RayCluster": {
            "headGroupSpec": {"template": pod(one)},
            "workerGroupSpecs": [{"groupName": "gpu", "template": pod(other)}],
        },
    }
    specs["RayJob"] = {"rayClusterSpec": specs["RayCluster"]}
    return yaml.safe_dump({"apiVersion": "v1", "kind": kind, "spec": specs[kind]}, sort_keys=False)


KINDS = ["PyTorchJob", "JobSet", "LeaderWorkerSet", "RayCluster", "RayJob"]


@pytest.mark.parametrize("kind", KINDS)
def test_roles_that_disagree_are_found(kind: str) -> None:
    """Which roles, which setting, both values and both lines."""
    text = manifest(kind, ONE, OTHER)
    (found,) = findings("job.yaml", text.encode())
    lines = [number for number, line in enumerate(text.splitlines(), start=1) if "3" in line and "value" in line]

    assert found.line == lines[1]
    assert "APT_EPOCHS is 35 in " in found.message
    assert ", and is 30 in " in found.message
    assert f"(line {lines[0]}): roles of one job must have the same settings" in found.message


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", [ONE, SAME, ELSEWHERE, []])
def test_roles_that_agree_are_good(kind: str, other: list[dict[str, str]]) -> None:
    """The order does not count, nor where they run; a role without settings may train nothing."""
    assert findings("job.yaml", manifest(kind, ONE, other).encode()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_role_that_leaves_a_setting_out_has_another_value(kind: str) -> None:
    """It would have the default."""
    (found,) = findings("job.yaml", manifest(kind, ONE, SHORT).encode())
    assert "does not set it: roles of one job must have the same settings" in found.message


def test_the_names_of_roles_are_told() -> None:
    """As they stand in the manifest."""
    messages = [findings("x.yaml", manifest(kind, ONE, OTHER).encode())[0].message for kind in KINDS]
    assert [("Worker" in each or "workerTemplate" in each or "gpu" in each) for each in messages] == [True] * 5


def test_a_sidecar_hides_no_trainer() -> None:
    """The first container that says it counts."""
    text = manifest("PyTorchJob", ONE, OTHER)
    document = yaml.safe_load(text)
    worker = document["spec"]["pytorchReplicaSpecs"]["Worker"]["template"]["spec"]["containers"]
    worker.append({"name": "sidecar", "image": "x", "env": ONE})
    assert len(findings("job.yaml", yaml.safe_dump(document).encode())) == 1


def test_roles_with_one_name_are_two() -> None:
    """Each group of workers counts."""
    document = yaml.safe_load(manifest("RayCluster", ONE, OTHER))
    groups = document["spec"]["workerGroupSpecs"]
    groups.append({"groupName": "gpu", "template": pod(ONE)})
    assert len(findings("job.yaml", yaml.safe_dump(document).encode())) == 1


MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\ndata: {APT_TASK: squad, APT_EPOCHS: 'VALUE'}\n---\n"


def test_a_job_and_its_config_map_must_agree() -> None:
    """Else it is the map that everybody reads, and the other value that trains."""
    job = {"containers": [{"name": "a", "image": "x", "envFrom": [{"configMapRef": {"name": "c"}}], "env": OTHER}]}
    text = yaml.safe_dump({"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": {"spec": job}}})
    maps = MAP.replace("NAME", "c").replace("VALUE", "30")
    (found,) = findings("job.yaml", (maps + text).encode())
    assert "APT_EPOCHS is 35, and its ConfigMap is 30 (line 4): leave one of them out" in found.message
    assert findings("job.yaml", (maps.replace("30", "35") + text).encode()) == []


def test_roles_with_maps_of_their_own_must_agree() -> None:
    """What envFrom brings in is what a role has."""
    document = yaml.safe_load(manifest("PyTorchJob", [], []))
    for role, name in (("Master", "a"), ("Worker", "b")):
        container = document["spec"]["pytorchReplicaSpecs"][role]["template"]["spec"]["containers"][0]
        container["envFrom"] = [{"configMapRef": {"name": name}}]
    maps = MAP.replace("NAME", "a").replace("VALUE", "30") + MAP.replace("NAME", "b").replace("VALUE", "35")
    (found,) = findings("job.yaml", (maps + yaml.safe_dump(document)).encode())
    assert "APT_EPOCHS is 35 in Worker, and is 30 in Master (line 4)" in found.message


@pytest.mark.parametrize(
    "value",
    ["valueFrom: {configMapKeyRef: {name: elsewhere, key: e}}", 'value: "{{ .Values.epochs }}"'],
    ids=["from a map", "a template"],
)
def test_a_value_that_only_the_job_knows_may_agree(value: str) -> None:
    """It is set, whatever it is."""
    for one, other in ((ONE, OTHER), (OTHER, ONE)):
        text = manifest("PyTorchJob", one, other).replace("value: '35'", value)
        assert value in text
        assert findings("job.yaml", text.encode()) == []


def test_a_map_that_is_not_here_may_set_what_another_role_does() -> None:
    """Nobody knows what is in it."""
    document = yaml.safe_load(manifest("PyTorchJob", ONE, []))
    container = document["spec"]["pytorchReplicaSpecs"]["Worker"]["template"]["spec"]["containers"][0]
    container |= {"envFrom": [{"configMapRef": {"name": "elsewhere"}}], "env": [{"name": "APT_TASK", "value": "squad"}]}

    assert findings("job.yaml", yaml.safe_dump(document).encode()) == []


class Own(SettingsGroup):
    """A project's settings."""

    api_key: SecretStr = SecretStr("x")


def test_the_value_of_a_secret_is_never_told() -> None:
    """That it differs is."""
    one, other = ([*ONE, {"name": "APT_API_KEY", "value": value}] for value in ("hunter2", "hunter3"))
    with in_force(with_groups([Own], Place("test"))):
        found = [each.message for each in findings("job.yaml", manifest("PyTorchJob", one, other).encode())]
    assert any("APT_API_KEY is another one in Worker, and is another one in Master" in each for each in found)
    assert not any("hunter" in each for each in found)
