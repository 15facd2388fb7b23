"""The keys of a Job that people patch, and where each stands: Kubernetes drops or refuses one elsewhere, and later."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from ..basics.escaping import shown
from ..basics.suggestions import did_you_mean, nearest

POD: Final = ("spec", "template", "spec")
_ONE, _LIST, _MAP, _TEXTS = "a single value", "a list", "a mapping", "a mapping of strings"
_OF_MANIFEST: Final = {"apiVersion": _ONE, "kind": _ONE, "metadata": _MAP, "spec": _MAP}
_OF_METADATA: Final = {
    **dict.fromkeys(("name", "namespace", "generateName"), _ONE),
    **dict.fromkeys(("labels", "annotations"), _TEXTS),
    **dict.fromkeys(("finalizers", "ownerReferences"), _LIST),
}
OF_JOB: Final = {
    **dict.fromkeys(("parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "completionMode"), _ONE),
    **dict.fromkeys(("backoffLimitPerIndex", "maxFailedIndexes", "manualSelector", "suspend", "managedBy"), _ONE),
    **dict.fromkeys(("ttlSecondsAfterFinished", "podReplacementPolicy"), _ONE),
    **dict.fromkeys(("podFailurePolicy", "scheduling", "successPolicy", "selector", "template"), _MAP),
}
OF_TEMPLATE: Final = {"metadata": _MAP, "spec": _MAP}
OF_POD: Final = {
    **dict.fromkeys(("activeDeadlineSeconds", "automountServiceAccountToken", "dnsPolicy", "enableServiceLinks"), _ONE),
    **dict.fromkeys(
        ("hostIPC", "hostNetwork", "hostPID", "hostUsers", "hostname", "hostnameOverride", "nodeName"), _ONE
    ),
    **dict.fromkeys(("priority", "priorityClassName", "restartPolicy", "runtimeClassName", "schedulerName"), _ONE),
    **dict.fromkeys(("serviceAccount", "serviceAccountName", "setHostnameAsFQDN", "shareProcessNamespace"), _ONE),
    **dict.fromkeys(("preemptionPolicy", "subdomain", "terminationGracePeriodSeconds"), _ONE),
    **dict.fromkeys(("affinity", "dnsConfig", "os", "overhead", "resources", "securityContext", "workloadRef"), _MAP),
    "schedulingGroup": _MAP,
    **dict.fromkeys(
        ("containers", "ephemeralContainers", "evictionResponders", "hostAliases", "imagePullSecrets"), _LIST
    ),
    **dict.fromkeys(("initContainers", "readinessGates", "resourceClaims", "schedulingGates"), _LIST),
    **dict.fromkeys(("tolerations", "topologySpreadConstraints", "volumes"), _LIST),
    "nodeSelector": _TEXTS,
}
OF_CONTAINER: Final = {
    **dict.fromkeys(("image", "imagePullPolicy", "name", "restartPolicy", "stdin", "stdinOnce"), _ONE),
    **dict.fromkeys(("terminationMessagePath", "terminationMessagePolicy", "tty", "workingDir"), _ONE),
    **dict.fromkeys(("lifecycle", "livenessProbe", "readinessProbe", "resources", "securityContext"), _MAP),
    "startupProbe": _MAP,
    **dict.fromkeys(("args", "command", "env", "envFrom", "ports", "resizePolicy", "restartPolicyRules"), _LIST),
    **dict.fromkeys(("volumeDevices", "volumeMounts"), _LIST),
}
"""Key -> what its value is: JobSpec in k8s.io/api/batch/v1/types.go, PodSpec and Container in
k8s.io/api/core/v1/types.go, up to Kubernetes 1.37."""


class _Place(NamedTuple):
    """A mapping of a Job whose keys are known."""

    path: tuple[str, ...]
    what: str
    """What it is, for messages: `the pod`."""
    keys: Mapping[str, str]


_PLACES: Final = (
    _Place((), "a manifest", _OF_MANIFEST),
    _Place(("metadata",), "metadata", _OF_METADATA),
    _Place(("spec",), "a Job", OF_JOB),
    _Place(("spec", "template"), "a template", OF_TEMPLATE),
    _Place(("spec", "template", "metadata"), "metadata", _OF_METADATA),
    _Place(POD, "the pod", OF_POD),
)
_CONTAINER: Final = _Place((*POD, "containers[job]"), "a container", OF_CONTAINER)
_MEANT: Final = (_PLACES[5], _CONTAINER, _PLACES[2])
"""Where a key that stands in the wrong place is looked for, in this order."""


def faults_of(job: Mapping[str, Any]) -> Iterator[str]:
    """What Kubernetes would refuse or drop of a Job, with its path.

    `spec.nodeSelector is no key of a Job: it is of the pod, spec.template.spec.nodeSelector`
    """
    for place in _PLACES:
        yield from _faults_of(mapping_at(job, place.path), place)
    pod = mapping_at(job, POD)
    with_policy = "podFailurePolicy" in mapping_at(job, ("spec",))
    if pod.get("restartPolicy") not in (("Never",) if with_policy else ("Never", "OnFailure")):
        fix = "a Job with a podFailurePolicy takes Never alone" if with_policy else "a Job takes Never or OnFailure"
        yield f"{'.'.join(POD)}.restartPolicy is {shown(pod.get('restartPolicy'))}: {fix}"
    for path, container in _containers(pod):
        yield from _faults_of(container, _CONTAINER._replace(path=path))
        for entry in mappings_in(container.get("env")):
            name = f"{'.'.join(path)}.env[{entry.get('name', '')}]"
            yield from _no_texts(name, {"value": entry.get("value")})


def lost_mounts(job: Mapping[str, Any]) -> Iterator[str]:
    """The mounts of volumes that the pod does not have."""
    pod = mapping_at(job, POD)
    volumes = [each.get("name") for each in mappings_in(pod.get("volumes"))]
    for path, container in _containers(pod):
        for mount in mappings_in(container.get("volumeMounts")):
            if mount.get("name") not in volumes:
                named = f"{'.'.join(path)}.volumeMounts names the volume {shown(mount.get('name'))}"
                yield f"{named}, which the pod does not have: add it to its volumes"


def _faults_of(fields: Mapping[str, Any], place: _Place) -> Iterator[str]:
    for key, value in fields.items():
        path, expected = ".".join((*place.path, str(key))), place.keys.get(key)
        if expected is None:
            if meant := _meant(str(key), place):  # else it may be of a Kubernetes that is newer than this table
                yield f"{path} is no key of {place.what}{meant}"
        elif value is not None and shape_of(value) != (_MAP if expected == _TEXTS else expected):
            yield f"{path} must be {expected}, and is {shape_of(value)}"
        elif expected == _TEXTS:
            yield from _no_texts(path, value or {})


def _meant(key: str, place: _Place) -> str:
    """Where a key belongs, or which one is meant; empty where nobody can say."""
    if same := next((each for each in place.keys if each.lower() == key.lower()), ""):
        return f"; {did_you_mean([same])}"
    for other in _MEANT:
        if key in other.keys:
            return f": it is of {other.what}, {'.'.join((*other.path, key))}"
    guess = did_you_mean(nearest(key, place.keys)[:1])
    return f"; {guess}" if guess else ""


def _no_texts(path: str, fields: Mapping[str, Any]) -> Iterator[str]:
    """The values that are no texts: `env[A].value must be a string: write "3"`."""
    for name, value in fields.items():
        if value is not None and not isinstance(value, str):
            text = str(value).lower() if isinstance(value, bool) else value
            fix = f': write "{text}"' if shape_of(value) == _ONE else ""
            yield f"{path}.{name} must be a string{fix}"


def mapping_at(job: Mapping[str, Any], path: Sequence[str]) -> Mapping[str, Any]:
    """The mapping at a path; an empty one if a patch put something else there."""
    for key in path:
        below = job.get(key)
        job = below if isinstance(below, Mapping) else {}
    return job


def mappings_in(value: Any) -> list[Mapping[str, Any]]:
    """The mappings in a list; none if a patch put something else there."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _containers(pod: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """The path of each container, and the container."""
    for kind in ("containers", "initContainers"):
        for container in mappings_in(pod.get(kind)):
            yield (*POD, f"{kind}[{container.get('name', '')}]"), container


def shape_of(value: Any) -> str:
    """What a value is, for messages: `a list`."""
    return _MAP if isinstance(value, Mapping) else _LIST if isinstance(value, list) else _ONE
