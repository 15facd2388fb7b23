"""A job as a manifest of Kubernetes, and its submission."""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import yaml

from ..basics.exit_status import WRONG_SETTINGS
from .hand_over import Answer, RefusedError, hand_over
from .request import RECORDS, Request

_ANY_GROUP: Final = 10001
NAME_LIMIT: Final = 63
"""The most characters in the name of a job or pod, which is a DNS label, and in the value of a label."""


class Pod(NamedTuple):
    """Options of the pod; the manifest leaves out an empty one, so that the cluster's default holds."""

    image: str
    name: str
    labels: Mapping[str, str]
    namespace: str = ""
    service_account: str = ""
    cpus: str = ""
    memory: str = ""
    gpus: int = 0
    user: int = 0
    """The user and group that the pod runs as, who then own the records; 0: the image's user, who must not be root."""
    claim: str = ""
    """The PersistentVolumeClaim that keeps the records; without one they are lost with the pod."""
    at_once: int = 0
    """How many points of a sweep may run at the same time; 0: all."""
    retries: int = 3
    """How often each point may be tried again, on average. Kubernetes counts failed pods over all points."""


class _Text(str):
    """A text that is dumped in quotes, so that YAML reads no number or boolean: `"30"`."""


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key, and writes no anchors, as people write manifests."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002  yaml's signature
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  yaml's signature
        return True


_Dumper.add_representer(
    _Text, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style='"')
)


def render(request: Request, pod: Pod, *, full: bool) -> str:
    """The manifest: a Job, or an Indexed Job for a sweep; with `full`, a ConfigMap before it has the settings."""
    documents = [_job(request, pod, full=full)]
    if full:
        documents.insert(0, _config_map(request, pod))
    dumped = yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)
    return "\n".join([*request.comments, dumped])


def _config_map(request: Request, pod: Pod) -> dict[str, Any]:
    """A ConfigMap with all variables. Kubernetes does not expand `$` in it, so values need no escaping."""
    data = {name: _Text(value) for name, value in request.variables.items()}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _metadata(pod), "data": data}


def _job(request: Request, pod: Pod, *, full: bool) -> dict[str, Any]:
    spec: dict[str, Any] = {"backoffLimit": pod.retries * request.sweep.size}
    if request.sweep.axes:
        size = request.sweep.size
        spec |= {"completionMode": "Indexed", "completions": size, "parallelism": min(pod.at_once or size, size)}
    wrong = {"containerName": "job", "operator": "In", "values": [WRONG_SETTINGS]}
    # Before 1.29 the schema requires onPodConditions, which may be empty.
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
    if pod.claim:  # so that the pod's user can write to the volume
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
    settings: dict[str, Any] = {"env": [{"name": k, "value": _literal(v)} for k, v in request.variables.items()]}
    if full:
        settings = {"envFrom": [{"configMapRef": {"name": _Text(pod.name)}}]}
    options = {"cpu": pod.cpus, "memory": pod.memory, "nvidia.com/gpu": str(pod.gpus or "")}
    quantities = {resource: _Text(quantity) for resource, quantity in options.items() if quantity}
    resources = {"resources": {"requests": quantities, "limits": quantities}} if quantities else {}
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
    """The arguments that choose the point. Kubernetes replaces the variable with the index of the pod."""
    return [_Text("--index"), _Text("$(JOB_COMPLETION_INDEX)")] if request.sweep.axes else []


def _literal(text: str) -> _Text:
    """A text that Kubernetes does not expand: it reads `$(NAME)` as a variable and `$$` as a dollar."""
    return _Text(text.replace("$", "$$"))


def label_like(text: str) -> str:
    """A DNS label made of a text: `cnn_dm run` -> `cnn-dm-run`."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:NAME_LIMIT].strip("-")


def submit(manifest: str, namespace: str) -> Answer:
    """Hand a manifest to kubectl and return what it says. Raises RefusedError, which tells what was created by then."""
    options = ("--namespace", namespace) if namespace else ()
    try:
        return hand_over(("kubectl", "create", *options, "-f", "-"), manifest, "it")
    except RefusedError as refused:
        created = [line.removesuffix(" created") for line in refused.left.splitlines() if line.endswith(" created")]
        if not created:
            raise
        remove = " ".join(["kubectl delete", *options, *created])
        message = f"{refused}\n{', '.join(created)} was created before, and is still there; to remove it: {remove}"
        raise RefusedError(refused.status, message) from None
