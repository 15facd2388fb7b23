"""A job as a manifest of Kubernetes, and its submission."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from ..basics.exit_status import WRONG_SETTINGS
from ..errors import SettingsError
from ..runs.nodes import COMPLETION_INDEX, JOB_UID
from ..specs.findings import findings
from ..sweeps.ranges import as_ranges
from . import torchrun
from .hand_over import Answer, RefusedError, hand_over
from .patches import Patch, apply
from .request import RECORDS, Mount, Request
from .yaml_text import Text, dump

_ANY_GROUP: Final = 10001
_RECORDS: Final = "records"
_SHM: Final = "shm"
"""The names of our volumes."""
_REFERENCES: Final = {"secret": "secretRef", "configmap": "configMapRef"}
NAME_LIMIT: Final = 63
"""The most characters in the name of a job or pod, which is a DNS label, and in the value of a label."""
SHARED_MEMORY: Final = "/dev/shm"  # noqa: S108  a path of the container
"""Where the workers of a DataLoader pass batches to each other. A container has 64 MiB of it by default."""


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
    env: tuple[tuple[str, str], ...] = ()
    """Variables beside the settings: `("HF_HOME", "/cache")`."""
    secret_env: tuple[tuple[str, str, str], ...] = ()
    """Variable, Secret and key in it: `("HF_TOKEN", "hub", "token")`."""
    env_from: tuple[tuple[str, str], ...] = ()
    """Secrets and ConfigMaps of which every key is a variable: `("secret", "wandb")`."""
    mounts: tuple[Mount, ...] = ()
    """PersistentVolumeClaims. The one at RECORDS keeps the records; without one they are lost with the pod."""
    shm: str = ""
    """The size of SHARED_MEMORY, which counts as memory of the pod."""
    config_map: str = ""
    """The name of a ConfigMap that has the settings; empty: they stand in the pod."""
    patches: tuple[Patch, ...] = ()
    at_once: int = 0
    """How many points of a sweep may run at the same time; 0: all."""
    retries: int = 3
    """How often each point, or node, may be tried again, on average. Kubernetes counts failed pods over all of them."""
    nodes: int = 0
    """How many pods train together, each of which starts torchrun, with which the command begins; 0: no torchrun."""

    @property
    def keeps_records(self) -> bool:
        """Whether a claim keeps the records."""
        return any(mount.path == RECORDS for mount in self.mounts)


def render(request: Request, pod: Pod) -> str:
    """The manifest: a Job, or an Indexed Job for a sweep, or for torchrun on several nodes.

    Before it stands a ConfigMap of that name, which has the settings; for torchrun, a Service, which gives the first
    pod a name. Raises SettingsError for a patch that does not fit.
    """
    job = apply(_job(request, pod), pod.patches)
    documents = [
        *([_config_map(request, pod)] if pod.config_map else []),
        *([_service(pod)] if pod.nodes else []),
        job,
    ]
    manifest = "\n".join([*request.comments, dump(documents)])
    if pod.patches and (found := findings("manifest.yaml", manifest.encode(errors="surrogateescape"))):
        places = ", ".join(patch.place for patch in pod.patches)
        raise SettingsError.at(places, f"makes a faulty job: {found[0].message}")
    return manifest


def _settings_of(request: Request) -> dict[str, Text]:
    """Variable -> value with the place where it was set."""
    places = request.places
    return {name: Text.of(value, places.get(name, "")) for name, value in request.variables.items()}


def _config_map(request: Request, pod: Pod) -> dict[str, Any]:
    """A ConfigMap with all variables. Kubernetes does not expand `$` in it, so values need no escaping.

    It is immutable: a pod that is tried again must train what the first one did.
    """
    metadata = {**_metadata(pod), "name": Text(pod.config_map)}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata,
        "immutable": True,
        "data": _settings_of(request),
    }


def _service(pod: Pod) -> dict[str, Any]:
    """A Service without an address of its own: within it each pod of the job has a name.

    A pod needs its name before it is ready, so that the others find it.
    """
    selector = {Text("batch.kubernetes.io/job-name"): Text(pod.name)}
    spec = {"clusterIP": Text("None"), "publishNotReadyAddresses": True, "selector": selector}
    return {"apiVersion": "v1", "kind": "Service", "metadata": _metadata(pod), "spec": spec}


def _torchrun_env(pod: Pod) -> list[dict[str, Any]]:
    """The variables that tell torchrun where the pods meet: at the first, by the name that the Service gives it.

    And which Job they are of, by which they know its record.
    """
    fields = {
        torchrun.NODE_RANK: "metadata.annotations['batch.kubernetes.io/job-completion-index']",
        JOB_UID: "metadata.labels['batch.kubernetes.io/controller-uid']",
    }
    values = {
        torchrun.NODES: str(pod.nodes),
        torchrun.PROCESSES: str(pod.gpus or 1),
        torchrun.MASTER: f"{pod.name}-0.{pod.name}",
        torchrun.PORT: str(torchrun.USUAL_PORT),
    }
    given = dict(pod.env)  # the number of processes may be the user's
    values_env = [{"name": name, "value": Text(value)} for name, value in values.items() if name not in given]
    from_pod = ({"fieldRef": {"fieldPath": Text(path)}} for path in fields.values())
    return [*values_env, *({"name": name, "valueFrom": each} for name, each in zip(fields, from_pod, strict=True))]


def _job(request: Request, pod: Pod) -> dict[str, Any]:
    size = pod.nodes or request.size
    spec: dict[str, Any] = {"backoffLimit": pod.retries * size}
    if request.sweep.axes or pod.nodes:
        spec |= {"completionMode": "Indexed", "completions": size, "parallelism": min(pod.at_once or size, size)}
    wrong = {"containerName": "job", "operator": "In", "values": [WRONG_SETTINGS]}
    # Before 1.29 the schema requires onPodConditions, which may be empty.
    spec["podFailurePolicy"] = {"rules": [{"action": "FailJob", "onExitCodes": wrong, "onPodConditions": []}]}
    spec["template"] = {"metadata": {"labels": _labels(pod)}, "spec": _pod_spec(request, pod)}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": _metadata(pod), "spec": spec}


def _metadata(pod: Pod) -> dict[str, Any]:
    namespace = {"namespace": Text(pod.namespace)} if pod.namespace else {}
    return {"name": Text(pod.name), **namespace, "labels": _labels(pod)}


def _labels(pod: Pod) -> dict[Text, Text]:
    return {Text(name): Text(value) for name, value in pod.labels.items()}


def _pod_spec(request: Request, pod: Pod) -> dict[str, Any]:
    identity = {"runAsUser": pod.user, "runAsGroup": pod.user} if pod.user else {}
    if not all(mount.read_only for mount in pod.mounts):  # so that the pod's user can write to the volumes
        identity["fsGroup"] = pod.user or _ANY_GROUP
    account = {"serviceAccountName": Text(pod.service_account)} if pod.service_account else {}
    return {
        "restartPolicy": "Never",
        "enableServiceLinks": False,
        **account,
        **({"subdomain": Text(pod.name)} if pod.nodes else {}),
        "securityContext": {"runAsNonRoot": True, **identity, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [_container(request, pod)],
        "volumes": list(_volumes(pod)),
    }


def _volumes(pod: Pod) -> Iterator[dict[str, Any]]:
    """Each claim once, however often it is mounted; a folder of the pod for the records if no claim keeps them."""
    if not pod.keeps_records:
        yield {"name": _RECORDS, "emptyDir": {}}
    for claim, name in _volume_names(pod).items():
        only_read = all(mount.read_only for mount in pod.mounts if mount.source == claim)
        read_only = {"readOnly": True} if only_read else {}
        yield {"name": name, "persistentVolumeClaim": {"claimName": Text(claim), **read_only}}
    if pod.shm:
        yield {"name": _SHM, "emptyDir": {"medium": "Memory", "sizeLimit": Text(pod.shm)}}


def _mounts(pod: Pod) -> Iterator[dict[str, Any]]:
    names = _volume_names(pod)
    if not pod.keeps_records:
        yield {"name": _RECORDS, "mountPath": RECORDS}
    for mount in pod.mounts:
        read_only = {"readOnly": True} if mount.read_only else {}
        yield {"name": names[mount.source], "mountPath": mount.path, **read_only}
    if pod.shm:
        yield {"name": _SHM, "mountPath": SHARED_MEMORY}


def _volume_names(pod: Pod) -> dict[str, str]:
    """Claim -> the name of its volume, a DNS label: that of the claim where it can be, numbered where it is taken."""
    names = {mount.source: _RECORDS for mount in pod.mounts if mount.path == RECORDS}
    for mount in pod.mounts:
        label = label_like(mount.source[: NAME_LIMIT - len("-99")])
        choices = (label, *(f"{label}-{number}" for number in range(2, len(pod.mounts) + 4)))
        taken = {_RECORDS, _SHM, *names.values()}
        names.setdefault(mount.source, next(name for name in choices if name not in taken))
    return names


def _container(request: Request, pod: Pod) -> dict[str, Any]:
    settings = {} if pod.config_map else _settings_of(request)
    env = [
        *({"name": name, "value": _literal(value)} for name, value in settings.items()),
        *({"name": name, "value": _literal(value)} for name, value in pod.env),
        *(_secret_entry(*each) for each in pod.secret_env),
        *(_torchrun_env(pod) if pod.nodes else []),
    ]
    env_from = [{_REFERENCES[kind]: {"name": Text(name)}} for kind, name in pod.env_from]
    if pod.config_map:  # the last one wins
        env_from.append({"configMapRef": {"name": Text(pod.config_map)}})
    options = {"cpu": pod.cpus, "memory": pod.memory, "nvidia.com/gpu": str(pod.gpus or "")}
    quantities = {resource: Text(quantity) for resource, quantity in options.items() if quantity}
    resources = {"resources": {"requests": quantities, "limits": quantities}} if quantities else {}
    return {
        "name": "job",
        "image": Text(pod.image),
        "command": [*map(_literal, ["apt-settings", *request.start]), *_index(request), *map(_literal, request.end)],
        **({"env": env} if env else {}),
        **({"envFrom": env_from} if env_from else {}),
        **resources,
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": [Text("ALL")]}},
        "volumeMounts": list(_mounts(pod)),
    }


def _secret_entry(variable: str, secret: str, key: str) -> dict[str, Any]:
    reference = {"name": Text(secret), "key": Text(key)}
    return {"name": variable, "valueFrom": {"secretKeyRef": reference}}


def _index(request: Request) -> list[str]:
    """The arguments that choose the point. Kubernetes replaces the variable with the index of the pod."""
    if not request.sweep.axes:
        return []
    among = [Text("--among"), Text(as_ranges(request.points))] if request.points else []
    return [*among, Text("--index"), Text(f"$({COMPLETION_INDEX})")]


def _literal(text: str) -> Text:
    """A text that Kubernetes does not expand: it reads `$(NAME)` as a variable and `$$` as a dollar."""
    return Text.of(text.replace("$", "$$"), getattr(text, "place", ""))


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
