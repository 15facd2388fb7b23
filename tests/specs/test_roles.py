"""The roles of one job must have the same settings."""

import pytest
import yaml

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
    assert (
        f"and 30 in {found.message.split(' and 30 in ')[1].split(' ')[0]} (line {lines[0]}): roles of" in found.message
    )


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
