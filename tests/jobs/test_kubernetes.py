"""A job as a manifest: valid for every Kubernetes, and running what was planned under its own rules."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml
from support import RECORDS, ROOT, printed, run_command_in, start_command

from apt_settings import fingerprint, load
from apt_settings.cli import main
from apt_settings.jobs.kubernetes import label_like
from apt_settings.sources.record import read
from apt_settings.specs.findings import findings

JOB = ["job", "kubernetes", "--image", "registry.example/train:1"]
HOSTILE = "a, b'\"$(HOME) $$ $x `id` \\ é日 {{x}} # yes"
COMMAND = ("--", "python", "train.py", HOSTILE)
CASES = {
    "job": ["--task", "squad", "--gpus", "2", "--cpus", "8", "--memory", "64Gi", "--claim", "records"],
    "full": ["--task", "cnn_dm", "--full", "--user", "1000", "--namespace", "lab", "--service-account", "trainer"],
    "pod": [
        *("--task", "squad", "--gpus", "1", "--memory", "64Gi", "--claim", "records", "--volume", "datasets:/data:ro"),
        *("--volume", "records:/cache", "--shm", "8Gi", "--env", "HF_HOME=/cache/hf"),
        *("--secret-env", "HF_TOKEN=hub:token", "--env-from", "secret/wandb", "--env-from", "configmap/proxy"),
        *("--patch", str(RECORDS / "kubernetes-patch.yaml")),
    ],
    "torchrun": [
        *("--task", "squad", "--nodes", "2", "--torchrun", "--gpus", "8", "--claim", "records", "--name", "qa"),
        *("--namespace", "lab"),
    ],
    "sweep": ["--grid", "task=mnli,cnn_dm", "--grid", "seed=1..3", "--at-once", "2", "--label", "team=nlp"],
}


TORCHRUN = ("--task", "squad", "--nodes", "2", "--torchrun")


@pytest.fixture(params=CASES)
def manifest(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[str, str]:
    """The name of a case, and its manifest."""
    monkeypatch.setenv("APT_OUTPUT_DIR", HOSTILE)
    monkeypatch.setenv("APT_LEARNING_RATE", "1e-4")
    command = ["--", *COMMAND[2:]] if request.param == "torchrun" else COMMAND
    return request.param, printed(capsys, *JOB, *CASES[request.param], *command)


def test_a_manifest_is_stable(manifest: tuple[str, str], golden: Callable[[str, str], None]) -> None:
    """Readable, and the same for the same job."""
    name, text = manifest
    golden(f"kubernetes-{name}.yaml", text)


@pytest.mark.kubernetes
@pytest.mark.parametrize("version", ["oldest", "newest"])
def test_a_manifest_is_valid(manifest: tuple[str, str], version: str, tmp_path: Path) -> None:
    """For the oldest and the newest Kubernetes there is a schema for; strictly, and a warning is a failure."""
    validator = pytest.importorskip("kubernetes_validate", reason="needs pip install 'apt-settings[lint]'")
    schemas = [path.name for path in (Path(validator.__file__).parent / "kubernetes-json-schema").glob("*-strict")]
    known = sorted(tuple(map(int, re.findall(r"\d+", name))) for name in schemas)
    chosen = ".".join(map(str, known[0] if version == "oldest" else known[-1]))
    (tmp_path / "job.yaml").write_text(manifest[1])
    command = [sys.executable, "-m", "kubernetes_validate", "-k", chosen, "--strict", str(tmp_path / "job.yaml")]
    done = subprocess.run(command, capture_output=True, text=True)

    assert (done.returncode, "WARN" in done.stdout + done.stderr) == (0, False), done.stdout + done.stderr


@pytest.mark.kubernetes
@pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl: apt-get install kubernetes-client")
def test_kubectl_decodes_a_manifest(manifest: tuple[str, str]) -> None:
    """Offline, with Kubernetes' own types."""
    documents = [text for text in manifest[1].split("---\n") if "kind: Job" in text]
    for text in documents:
        command = ["kubectl", "set", "env", "--local", "-f", "-", "X=1", "-o", "name"]
        done = subprocess.run(command, input=text, capture_output=True, text=True)

        assert (done.returncode, done.stdout.partition("/")[0]) == (0, "job.batch"), done.stderr
    assert len(documents) == 1


def pods(manifest: str) -> Iterator[dict[str, Any]]:
    for document in yaml.safe_load_all(manifest):
        if document["kind"] == "Job":
            yield document["spec"]["template"]["spec"]


def test_the_restricted_profile_lets_it_pass(manifest: tuple[str, str]) -> None:
    """What the pod security standard demands of every pod and container stands there."""
    (pod,) = pods(manifest[1])
    (container,) = pod["containers"]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    assert all(set(volume) & {"emptyDir", "persistentVolumeClaim"} for volume in pod["volumes"])
    assert (pod["restartPolicy"], pod["enableServiceLinks"]) == ("Never", False)


INDEX = "JOB_COMPLETION_INDEX"


def expanded(text: str, environ: Mapping[str, str]) -> str:
    """A text as Kubernetes hands it on: `$$` is a dollar, `$(NAME)` a variable that there is."""
    return re.sub(
        r"\$(\$|\(([^()]*)\))",
        lambda match: "$" if match[1] == "$" else environ.get(match[2], match[0]),
        text,
    )


def value_of(entry: dict[str, Any], environ: Mapping[str, str]) -> str:
    """What a container has as a variable."""
    if field := entry.get("valueFrom", {}).get("fieldRef"):
        index = "metadata.annotations['batch.kubernetes.io/job-completion-index']"
        known = {index: environ.get(INDEX, ""), "metadata.labels['batch.kubernetes.io/controller-uid']": "f7a1-4e2b"}
        return known[field["fieldPath"]]
    return expanded(entry.get("value", "a secret"), environ)


def container(manifest: str, folder: Path, index: int | None = None) -> tuple[list[str], dict[str, str]]:
    """The arguments and the environment of a container's command: what the manifest gives it and nothing else."""
    (pod,) = pods(manifest)
    (container,) = pod["containers"]
    environ: dict[str, str] = {} if index is None else {INDEX: str(index)}
    for document in yaml.safe_load_all(manifest):
        environ |= document.get("data", {})
    for entry in container.get("env", ()):
        environ[entry["name"]] = value_of(entry, environ)
    words = [expanded(word, environ) for word in container["command"]]
    words = [word.replace("/records", str(folder)) for word in words[1:]]
    return words, {**environ, "PATH": os.environ["PATH"]}


def started(manifest: str, folder: Path, index: int | None = None) -> subprocess.CompletedProcess[str]:
    """A container's command, run here."""
    words, environ = container(manifest, folder, index)
    return run_command_in(words, environ)


@pytest.mark.parametrize("argv", [["--task", "squad"], ["--task", "squad", "--full"]])
def test_a_container_runs_what_was_planned(
    argv: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Dollars, quotes and UTF-8 come through Kubernetes' expansion; the record has the planned fingerprint."""
    monkeypatch.setenv("APT_MODEL_NAME_OR_PATH", HOSTILE)
    planned = load(task="squad")
    assert main([*JOB, *argv, "--", "printf", "%s|", "$(APT_TASK)", HOSTILE]) == 0
    done = started(capsys.readouterr().out, tmp_path / "out")
    (record,) = map(read, (tmp_path / "out").glob("*"))

    assert (done.returncode, done.stdout) == (0, f"$(APT_TASK)|{HOSTILE}|"), done.stderr
    assert record.fingerprint == fingerprint(planned)
    assert load({}, record=next((tmp_path / "out").glob("*"))) == planned


def test_every_pod_of_a_sweep_is_its_point(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The completion index chooses the point."""
    manifest = printed(capsys, *JOB, "--grid", "task=mnli,squad", "--grid", "seed=1..3", "--", "true")
    assert [started(manifest, tmp_path / "out", index).returncode for index in (1, 5)] == [0, 0]
    planned = {fingerprint(load({}, None, task=task, seed=seed)) for task, seed in (("mnli", 2), ("squad", 3))}

    assert planned == {path.name for path in (tmp_path / "out").iterdir()}
    assert "completionMode: Indexed\n  completions: 6\n  parallelism: 6\n" in manifest


def test_the_first_pod_has_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    """The master's address is pod 0 of the job, in the Service that selects the job's pods, ready or not."""
    argv = ["--task", "squad", "--nodes", "3", "--gpus", "4", "--retries", "2", "--torchrun"]
    service, job = yaml.safe_load_all(printed(capsys, *JOB, *argv, "--", "train.py"))
    name = job["metadata"]["name"]
    pod = job["spec"]["template"]["spec"]
    environ = {entry["name"]: entry.get("value") for entry in pod["containers"][0]["env"]}

    assert service["spec"] == {
        "clusterIP": "None",
        "publishNotReadyAddresses": True,
        "selector": {"batch.kubernetes.io/job-name": name},
    }
    assert environ["PET_MASTER_ADDR"] == f"{name}-0.{service['metadata']['name']}"
    assert pod["subdomain"] == service["metadata"]["name"]
    assert (environ["PET_NNODES"], environ["PET_NPROC_PER_NODE"]) == ("3", "4")
    assert {key: job["spec"][key] for key in ("completionMode", "completions", "parallelism", "backoffLimit")} == {
        "completionMode": "Indexed",
        "completions": 3,
        "parallelism": 3,
        "backoffLimit": 6,
    }


def test_torchrun_on_one_node_needs_no_number(capsys: pytest.CaptureFixture[str]) -> None:
    """It is as on several."""
    one = printed(capsys, *JOB, "--task", "squad", "--torchrun", "--", "train.py")
    same = printed(capsys, *JOB, "--task", "squad", "--nodes", "1", "--torchrun", "--", "train.py")

    assert one == same
    assert "completions: 1\n" in one


@pytest.mark.training
def test_two_pods_train_together(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """With the command and the environment of the manifest, and loopback for the name of the first pod."""
    pytest.importorskip("torch", reason="needs pip install 'apt-settings[torch]'")
    argv = ["--task", "squad", "--set", "epochs=90", "--nodes", "2", "--claim", "records", "--torchrun"]
    manifest = printed(capsys, *JOB, *argv, "--", sys.executable, str(ROOT / "tests" / "two_nodes.py"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        here = {"PET_MASTER_ADDR": "127.0.0.1", "PET_MASTER_PORT": str(free.getsockname()[1])}
    with ExitStack() as until_the_end, (tmp_path / "log").open("w+") as log:
        pods = []
        for index in (0, 1):
            words, environ = container(manifest, tmp_path / "records", index)
            pods.append(start_command(*words, env={**environ, **here}, stdout=log, stderr=log))
            until_the_end.callback(pods[-1].terminate)  # of two that wait for each other, none ends by itself
        statuses = [pod.wait() for pod in pods]
        assert statuses == [0, 0], (tmp_path / "log").read_text()
    told = [(tmp_path / f"trained.{rank}").read_text().split(": ") for rank in (0, 1)]

    assert [how for how, _ in told] == [f"90 epochs, node {rank}, 2 ranks, from step 0" for rank in (0, 1)]
    assert told[0][1] == told[1][1]
    (folder,) = (tmp_path / "records").iterdir()
    assert {each.name for each in folder.iterdir()} >= {"run.json", "node-1.json"}


def test_wrong_settings_fail_the_job_at_once(manifest: tuple[str, str], tmp_path: Path) -> None:
    """Somebody's change by hand ends with 78, which the policy of the job does not try again."""
    text = manifest[1].replace('"0.0001"', '"1e-4x"')
    (job,) = (document for document in yaml.safe_load_all(text) if document["kind"] == "Job")
    (rule,) = job["spec"]["podFailurePolicy"]["rules"]

    assert started(text, tmp_path, 0).returncode == 78
    assert (rule["action"], rule["onExitCodes"]["values"]) == ("FailJob", [78])


def test_no_retries_are_no_retries(capsys: pytest.CaptureFixture[str]) -> None:
    """--retries 0 fails the job with its first failed pod."""
    assert main([*JOB, "--task", "squad", "--claim", "records", "--retries", "0", "--", "true"]) == 0
    job = yaml.safe_load(capsys.readouterr().out)

    assert job["spec"]["backoffLimit"] == 0


def test_check_finds_nothing_in_what_we_write(manifest: tuple[str, str]) -> None:
    """The manifests are good by our own judgement of manifests."""
    assert findings("job.yaml", manifest[1].encode()) == []


@pytest.mark.parametrize(
    ("argv", "status", "words"),
    [
        (["--image", "a\nb", "--task", "squad"], 2, "must be the name of an image"),
        (["--name", "My_Job", "--task", "squad"], 2, "'My_Job' must be a DNS label"),
        (["--name", "My_Job", "--task", "squad"], 2, "did you mean my-job?"),
        (["--name", "x" * 64, "--task", "squad"], 2, "must be a DNS label, up to 63"),
        (["--name", "x" * 62, "--task", "squad", "--grid", "seed=1..20"], 2, "is too long: with the index of a pod"),
        (["--label", f"team={'x' * 64}", "--task", "squad"], 2, "must be KEY=VALUE, each up to 63"),
        (["--label", "team", "--task", "squad"], 2, "must be KEY=VALUE"),
        (["--memory", "64 GB", "--task", "squad"], 2, "must be a quantity with its unit, such as 64Gi"),
        (["--memory", "32", "--task", "squad"], 2, "must be a quantity with its unit, such as 64Gi"),
        (["--image", "https://x/y", "--task", "squad"], 2, "must be the name of an image"),
        (["--image", "x:tag:y", "--task", "squad"], 2, "must be the name of an image"),
        (["--retries", "99999999999", "--task", "squad"], 2, "is not in the range"),
        (["--label", "apt-settings/task=x", "--task", "squad"], 2, "is not yours to set"),
        (["--label", "a=1", "--label", "a=2", "--task", "squad"], 2, "a --label is given twice"),
        (["--at-once", "3", "--task", "squad"], 2, "--at-once needs a grid"),
        (["--namespace", "a/b", "--task", "squad"], 2, "must be a DNS label"),
        (["--task", "squad", "--grid", "seed=1..100001"], 2, "and an Indexed Job can have 100,000 at most"),
        (["--task", "squad", "--full", "--grid", "seed=1,2"], 2, "--full writes the settings of one job"),
        (["--grid", "task=mnli,x"], 78, "at 1 of 2 points (1): --grid task='x'"),
        (["--set", "seed=1"], 78, "APT_TASK is not set"),
        (["--env", "geheim", "--task", "squad"], 2, "must be NAME=VALUE in one line, NAME of letters, digits"),
        (["--env", "A=a\nb", "--task", "squad"], 2, "'--env': must be NAME=VALUE in one line"),
        (["--env", "A B=x", "--task", "squad"], 2, "must be NAME=VALUE in one line"),
        (["--env", "APT_EPOCHS=3"], 2, "--env: APT_EPOCHS is a setting: write --set epochs=VALUE"),
        (["--env", "APT_ENV_FILE=x"], 2, "--env: APT_ENV_FILE has the prefix of settings: to set one, write --set"),
        (["--env", "JOB_COMPLETION_INDEX=0"], 2, "--env: JOB_COMPLETION_INDEX is set by Kubernetes"),
        (["--env", "A=1", "--env", "A=2"], 2, "--env: A is given twice"),
        (["--env", "A=1", "--secret-env", "A=x:y"], 2, "--secret-env: A is given twice"),
        (["--secret-env", "A=x"], 2, "must be NAME=SECRET:KEY, with the name of a Secret and its key"),
        ([*TORCHRUN, "--env", "PET_MASTER_PORT=1"], 2, "--env: PET_MASTER_PORT is for --torchrun to set"),
        (["--secret-env", "APT_SEED=x:y"], 2, "--secret-env: APT_SEED is a setting: write --set seed=VALUE"),
        (["--env-from", "wandb"], 2, "'wandb' must be secret/NAME or configmap/NAME"),
        (["--volume", "data"], 2, "'data' must be CLAIM:/PATH or CLAIM:/PATH:ro, CLAIM the name of a PersistentVolume"),
        (["--volume", "Data_1:/x"], 2, "'Data_1:/x' must be CLAIM:/PATH or CLAIM:/PATH:ro"),
        (["--volume", "data:/x:rw"], 2, "'data:/x:rw' must be CLAIM:/PATH or CLAIM:/PATH:ro"),
        (["--volume", "data:x"], 2, "'x' must be an absolute path below /, without .."),
        (["--volume", "data:/x/../y"], 2, "'/x/../y' must be an absolute path below /, without .."),
        (["--volume", "data:/"], 2, "'/' must be an absolute path below /, without .."),
        (["--volume", "a:/x", "--volume", "b://x/"], 2, "--volume b:/x: --volume a:/x has this path already"),
        (["--claim", "a", "--volume", "b:/records"], 2, "--volume b:/records: --claim a has this path already"),
        (["--volume", "a:/dev/shm", "--shm", "8Gi"], 2, "--volume a:/dev/shm: --shm has this path already"),
        (["--volume", "a:/records:ro"], 2, "the volume at /records keeps the records: leave out :ro"),
        (["--shm", "8"], 2, "'8' must be a quantity with its unit, such as 8Gi"),
        (["--nodes", "2"], 2, "--nodes needs --torchrun, which tells the nodes where they meet"),
        ([*TORCHRUN, "--grid", "seed=1,2"], 2, "and so does a grid: write a job for each point, with --set in place"),
        ([*TORCHRUN, "--env", "PET_NNODES=3"], 2, "--env: PET_NNODES is for --torchrun to set"),
        ([*TORCHRUN, "--name", "1-qa"], 2, "--name 1-qa must begin with a letter: --torchrun names a Service after it"),
        ([*TORCHRUN, "--nodes", "11", "--name", "x" * 61], 2, "is too long: with the index of a pod it has more than"),
        (["--torchrun"], 2, "true is none: write train.py, or --no-python true for a program"),
    ],
)
def test_what_cannot_be_is_refused(
    argv: list[str], status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One clear error, and no manifest."""
    image = [] if "--image" in argv else JOB[2:]
    command = ["train.py"] if "--nodes" in argv else ["true"]
    assert main([*JOB[:2], *image, *argv, "--", *command]) == status
    out, err = capsys.readouterr()

    assert out == ""
    assert words in " ".join(err.split())


def test_a_claim_is_one_volume(capsys: pytest.CaptureFixture[str]) -> None:
    """However often it is mounted; names are labels of their own, and only what is written to gets the pod's group."""
    claims = ["a.b:/1", "a-b:/2:ro", "records:/3:ro", "shm:/4:ro", "a.b:/5:ro"]
    argv = [word for claim in claims for word in ("--volume", claim)]
    (pod,) = pods(printed(capsys, *JOB, "--task", "squad", *argv, "--", "true"))
    (read_only,) = pods(printed(capsys, *JOB, "--task", "squad", "--volume", "a:/data:ro", "--", "true"))
    volumes = {each["name"]: each.get("persistentVolumeClaim") for each in pod["volumes"]}

    assert volumes == {
        "records": None,
        "a-b": {"claimName": "a.b"},
        "a-b-2": {"claimName": "a-b", "readOnly": True},
        "records-2": {"claimName": "records", "readOnly": True},
        "shm-2": {"claimName": "shm", "readOnly": True},
    }
    assert [
        (each["name"], each["mountPath"], each.get("readOnly")) for each in pod["containers"][0]["volumeMounts"]
    ] == [
        *(("records", "/records", None), ("a-b", "/1", None), ("a-b-2", "/2", True), ("records-2", "/3", True)),
        *(("shm-2", "/4", True), ("a-b", "/5", True)),
    ]
    assert ("fsGroup" in pod["securityContext"], "fsGroup" in read_only["securityContext"]) == (True, False)


def test_claim_is_the_volume_of_the_records(capsys: pytest.CaptureFixture[str]) -> None:
    """Both words write the same manifest."""
    short = printed(capsys, *JOB, "--task", "squad", "--claim", "a", "--", "true")
    long = printed(capsys, *JOB, "--task", "squad", "--volume", "a:/records/", "--", "true")

    assert short == long


@pytest.mark.parametrize(
    ("argv", "note"),
    [
        ([], "without --claim, everything that the job writes is lost with the pod"),
        (["--volume", "a:/output:ro"], "without --claim, everything that the job writes is lost with the pod"),
        (["--volume", "a:/output"], "without --claim, the records in /records are lost with the pod"),
        (["--claim", "a", "--volume", "b:/output"], ""),
        (["--claim", "a"], "output_dir '/output' is in the container and is lost with it"),
    ],
)
def test_what_is_lost_with_the_pod_is_noted(argv: list[str], note: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that a volume keeps is not."""
    assert main([*JOB, "--task", "squad", "--set", "output_dir=/output", *argv, "--", "true"]) == 0
    told = capsys.readouterr().err

    assert note in told
    assert told.count("note:") == bool(note)


def test_a_secret_reaches_the_job_through_a_secret(capsys: pytest.CaptureFixture[str], hub: str) -> None:
    """A secret setting is the only one of ours that --secret-env gives, and its note is gone then."""
    job = [*JOB, "--task", "squad", "--extend", hub, "--claim", "records"]
    assert main([*job, "--secret-env", "APT_TOKEN=hub:token", "--", "true"]) == 0
    out, err = capsys.readouterr()
    assert main([*job, "--env", "APT_TOKEN=geheim", "--", "true"]) == 2
    refused = " ".join(capsys.readouterr().err.split())
    (pod,) = pods(out)
    entry = {"name": "APT_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hub", "key": "token"}}}

    assert entry in pod["containers"][0]["env"]
    assert "token is secret" not in out + err
    assert "--env: APT_TOKEN is secret, and a job's text would show it: use --env-from, or --secret-env" in refused
    assert "geheim" not in out + err + refused


def test_a_secret_reaches_the_job_through_a_file(
    capsys: pytest.CaptureFixture[str], hub: str, write_env: Callable[..., Path]
) -> None:
    """Its path is no secret: `--env` and a patch may name it, and `--secret-env`, which gives the value, may not."""
    job = [*JOB, "--task", "squad", "--extend", hub, "--claim", "records"]
    entry = {"name": "APT_TOKEN_FILE", "value": "/run/secrets/token"}
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "job", "env": [entry]}]}}}}
    write_env(json.dumps(patch), "secret.json")
    by_env = printed(capsys, *job, "--env", "APT_TOKEN_FILE=/run/secrets/token", "--", "true")
    by_patch = printed(capsys, *job, "--patch", "secret.json", "--", "true")
    assert main([*job, "--secret-env", "APT_TOKEN_FILE=hub:token", "--", "true"]) == 2
    refused = " ".join(capsys.readouterr().err.split())

    for text in (by_env, by_patch):
        (pod,) = pods(text)
        assert entry in pod["containers"][0]["env"]
        assert "is secret and is not written" not in text
    assert "APT_TOKEN_FILE takes a path, and a key of a Secret is the value: write --secret-env APT_TOKEN=" in refused


def test_the_number_of_processes_may_be_yours(capsys: pytest.CaptureFixture[str]) -> None:
    """Two in a pod without GPUs: `--env` sets what torchrun reads, once."""
    argv = [*JOB, *TORCHRUN, "--env", "PET_NPROC_PER_NODE=2", "--", "train.py"]
    (pod,) = pods(printed(capsys, *argv))
    env = pod["containers"][0]["env"]

    assert [each["value"] for each in env if each["name"] == "PET_NPROC_PER_NODE"] == ["2"]


def test_a_value_says_where_it_was_set(capsys: pytest.CaptureFixture[str], write_env: Callable[..., Path]) -> None:
    """As a comment beside it, in the environment of the container and in the ConfigMap."""
    write_env("APT_SEED=3\n")
    argv = ["--task", "squad", "--set", "epochs=45", "--set", "output_dir=$x # y"]
    job = printed(capsys, *JOB, *argv, "--", "true")
    full = printed(capsys, *JOB, *argv, "--full", "--", "true")

    assert '- name: APT_EPOCHS\n              value: "45" # --set epochs\n' in job
    assert '- name: APT_OUTPUT_DIR\n              value: "$$x # y" # --set output_dir\n' in job
    assert '  APT_EPOCHS: "45" # --set epochs\n' in full
    assert '  APT_SEED: "3" # .env:1\n' in full
    assert '  APT_WEIGHT_DECAY: "0.0"\n' in full


@pytest.mark.parametrize("name", [None, "qa", "x" * 63])
def test_a_config_map_is_that_of_its_fingerprint(name: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    """Its name carries it, however the job is called, and nobody can change it below a pod that is tried again."""
    argv = ["--name", name] if name else []
    texts = printed(capsys, *JOB, "--task", "squad", "--full", *argv, "--", "true")
    config_map, job = yaml.safe_load_all(texts)
    digest = fingerprint(load({}, None, task="squad")).partition("-")[2]
    (container,) = job["spec"]["template"]["spec"]["containers"]

    assert config_map["immutable"] is True
    assert config_map["metadata"]["name"] == f"{name or 'squad'}-{digest}"
    assert container["envFrom"] == [{"configMapRef": {"name": config_map["metadata"]["name"]}}]
    assert job["metadata"]["name"] == (name or f"squad-{digest}")


def test_a_job_is_called_after_what_was_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """By the dataset that the user names; the label has the task, which is a setting."""
    metadata = yaml.safe_load(printed(capsys, *JOB, "--task", "sst2", "--", "true"))["metadata"]

    assert metadata["name"].startswith("sst2-")
    assert metadata["labels"]["apt-settings/task"] == "glue_big"


def test_a_queue_of_kueue_is_a_label(capsys: pytest.CaptureFixture[str]) -> None:
    """As the page about clusters says."""
    text = printed(capsys, *JOB, "--task", "squad", "--label", "kueue.x-k8s.io/queue-name=gpu", "--", "true")

    assert yaml.safe_load(text)["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "gpu"


def test_names_are_mended_into_labels() -> None:
    """The task's name is one with an underscore, and a mended name is a label whatever it was."""
    assert label_like("cnn_dm Run!") == "cnn-dm-run"
    assert label_like("é") == ""
    assert len(label_like("x" * 100)) == 63


def test_kubectl_is_handed_the_manifest(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fake: Callable[..., None]
) -> None:
    """Its answer is printed, its refusal is shown with its status, and without it the error says so."""
    fake("kubectl", 'echo "$@"; grep kind')
    submit = [*JOB, "--task", "squad", "--namespace", "lab", "--submit", "--", "true"]
    assert main(submit) == 0
    assert capsys.readouterr().out == "create --namespace lab -f -\nkind: Job\n"
    fake("kubectl", "echo 'AlreadyExists' >&2; exit 1")
    assert main(submit) == 1
    assert "not submitted: AlreadyExists" in capsys.readouterr().err
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert main(submit) == 127

    assert "there is no kubectl on the PATH" in capsys.readouterr().err


def test_pods_that_share_no_folder_share_no_record(capsys: pytest.CaptureFixture[str]) -> None:
    """Each would wait for a record that another one cannot show it."""
    argv = ["job", "kubernetes", "--task", "squad", "--image", "x", "--nodes", "2", "--torchrun"]
    assert "--record" not in printed(capsys, *argv, "--", "train.py")
    assert "--record" in printed(capsys, *argv, "--claim", "records", "--", "train.py")
