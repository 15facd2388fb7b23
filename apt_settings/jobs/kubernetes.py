"""A job as a manifest of Kubernetes, and handing it over."""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import yaml

from ..basics.exit_status import WRONG_SETTINGS
from .hand_over import hand_over
from .request import RECORDS, Request

_ANY_GROUP: Final = 10001
NAME_LIMIT: Final = 63
"""The most characters of a DNS label, which names of jobs and pods are, and of the value of a label."""


class Pod(NamedTuple):
    """What a job asks of the cluster; empty is what it gives unasked."""

    image: str
    name: str
    labels: Mapping[str, str]
    namespace: str = ""
    service_account: str = ""
    cpus: str = ""
    memory: str = ""
    gpus: int = 0
    user: int = 0
    """The user and group that it runs as, which own the records; 0: those of the image, which must not be root."""
    claim: str = ""
    """The PersistentVolumeClaim that keeps the records; without one they are gone with the pod."""
    at_once: int = 0
    """How many points of a sweep may run at the same time; 0: all."""
    retries: int = 3
    """How often a failed pod is tried again, on the average of all points; wrong settings never are."""


class _Text(str):
    """A text that YAML shall never take for a number or a truth."""


class _Dumper(yaml.SafeDumper):
    """Indents lists as people do, and never writes anchors."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002  indents anyhow
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  whatever it is
        return True


_Dumper.add_representer(
    _Text, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style='"')
)


def render(request: Request, pod: Pod, *, full: bool) -> str:
    """The manifest: a Job, of a sweep an Indexed Job; with `full`, the settings are a ConfigMap beside it."""
    documents = [_job(request, pod, full=full)]
    if full:
        documents.insert(0, _config_map(request, pod))
    dumped = yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)
    return f"# {request.title}\n{dumped}"


def _config_map(request: Request, pod: Pod) -> dict[str, Any]:
    """Values in a ConfigMap stand as they are: nothing in them is expanded."""
    data = {name: _Text(value) for name, value in request.given.items()}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _metadata(pod), "data": data}


def _job(request: Request, pod: Pod, *, full: bool) -> dict[str, Any]:
    spec: dict[str, Any] = {"backoffLimit": pod.retries * request.sweep.size}
    if request.sweep.axes:
        size = request.sweep.size
        spec |= {"completionMode": "Indexed", "completions": size, "parallelism": min(pod.at_once or size, size)}
    wrong = {"containerName": "job", "operator": "In", "values": [WRONG_SETTINGS]}
    # Before 1.29 the schema asks for both kinds of conditions, and an empty one is none.
    spec["podFailurePolicy"] = {"rules": [{"action": "FailJob", "onExitCodes": wrong, "onPodConditions": []}]}
    spec["template"] = {"metadata": {"labels": _labels(pod)}, "spec": _pod_spec(request, pod, full=full)}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": _metadata(pod), "spec": spec}


def _metadata(pod: Pod) -> dict[str, Any]:
    namespace = {"namespace": _Text(pod.namespace)} if pod.namespace else {}
    return {"name": _Text(pod.name), **namespace, "labels": _labels(pod)}


def _labels(pod: Pod) -> dict[_Text, _Text]:
    return {_Text(name): _Text(value) for name, value in pod.labels.items()}


def _pod_spec(request: Request, pod: Pod, *, full: bool) -> dict[str, Any]:
    identity = {"runAsUser": pod.user, "runAsGroup": pod.user} if pod.user else {}
    if pod.claim:  # so that whoever runs can write to the volume
        identity["fsGroup"] = pod.user or _ANY_GROUP
    volume = {"persistentVolumeClaim": {"claimName": _Text(pod.claim)}} if pod.claim else {"emptyDir": {}}
    account = {"serviceAccountName": _Text(pod.service_account)} if pod.service_account else {}
    return {
        "restartPolicy": "Never",
        "enableServiceLinks": False,
        **account,
        "securityContext": {"runAsNonRoot": True, **identity, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [_container(request, pod, full=full)],
        "volumes": [{"name": "records", **volume}],
    }


def _container(request: Request, pod: Pod, *, full: bool) -> dict[str, Any]:
    settings: dict[str, Any] = {"env": [{"name": k, "value": _literal(v)} for k, v in request.given.items()]}
    if full:
        settings = {"envFrom": [{"configMapRef": {"name": _Text(pod.name)}}]}
    wanted = {"cpu": pod.cpus, "memory": pod.memory, "nvidia.com/gpu": str(pod.gpus or "")}
    asked = {resource: _Text(quantity) for resource, quantity in wanted.items() if quantity}
    resources = {"resources": {"requests": asked, "limits": asked}} if asked else {}
    return {
        "name": "job",
        "image": _Text(pod.image),
        "command": [*map(_literal, ["apt-settings", *request.start]), *_index(request), *map(_literal, request.end)],
        **settings,
        **resources,
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": [_Text("ALL")]}},
        "volumeMounts": [{"name": "records", "mountPath": RECORDS}],
    }


def _index(request: Request) -> list[str]:
    """Kubernetes gives the index of a pod as a variable, which it expands itself."""
    return [_Text("--index"), _Text("$(JOB_COMPLETION_INDEX)")] if request.sweep.axes else []


def _literal(text: str) -> _Text:
    """A text that Kubernetes hands on as it is: `$$` is a dollar to it, `$(NAME)` a variable."""
    return _Text(text.replace("$", "$$"))


def label_like(text: str) -> str:
    """A text mended into a DNS label: `cnn_dm run` is `cnn-dm-run`."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:NAME_LIMIT].strip("-")


def submit(manifest: str, namespace: str) -> str:
    """Hand a manifest to kubectl and return what it says. Raises RefusedError."""
    place = ("--namespace", namespace) if namespace else ()
    return hand_over(("kubectl", "create", *place, "-f", "-"), manifest, "it")
