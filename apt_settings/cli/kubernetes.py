"""`job kubernetes`: print a manifest of Kubernetes, or submit it."""

import re
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import click

from ..base import AptSettings
from ..basics.escaping import shown
from ..basics.suggestions import did_you_mean
from ..errors import Note
from ..fingerprint import fingerprint
from ..jobs.kubernetes import NAME_LIMIT, SHARED_MEMORY, Pod, label_like, render, submit
from ..jobs.patches import read_patch
from ..jobs.request import RECORDS, Mount, Request
from ..sweeps.grid import Sweep
from .grids import ONLY, takes_grid
from .job_options import (
    AT_ONCE,
    ENV,
    IMAGE,
    NO_EXPECT,
    TORCHRUN,
    VARIABLE,
    drop_fingerprint,
    drop_unset,
    refuse_mounts,
    refuse_torchrun,
    refuse_variables,
    text_option,
    under_torchrun,
    volume_option,
)
from .job_requests import lost_with_container, print_answer, request_of, usual_name
from .options import COMMAND, Job, WrappingCommand, takes_expected, takes_settings
from .output import print_data
from .paths import PathOption
from .terminal import print_notes

MOST_POINTS: Final = 100_000
"""The most points of a sweep, which an Indexed Job calls completions."""

_LABEL: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_SUBDOMAIN: Final = rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*"
_CPUS: Final = r"[1-9][0-9]*(\.[0-9]+)?|[1-9][0-9]*m"
_MEMORY: Final = r"[1-9][0-9]*(\.[0-9]+)?(k|[MGTPE]|[KMGTPE]i)"
_KEY: Final = rf"(({_SUBDOMAIN})/)?[A-Za-z0-9]([A-Za-z0-9_.-]{{0,61}}[A-Za-z0-9])?"
_VALUE: Final = r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?"


def dns_label(text: str) -> str:
    """A type for click: it returns a DNS label such as `cnn-dm-1`, and raises BadParameter for any other text."""
    if not re.fullmatch(_LABEL, text):
        fix = did_you_mean([mended] if (mended := label_like(text)) else [])
        allowed = f"a DNS label, up to {NAME_LIMIT} of a-z, 0-9 and - between them"
        raise click.BadParameter(f"{text!r} must be {allowed}{f'; {fix}' if fix else ''}")
    return text


def _label(text: str) -> tuple[str, str]:
    """A type for click: `team=nlp` -> `("team", "nlp")`. Raises BadParameter."""
    key, equals, value = text.partition("=")
    if not equals or not re.fullmatch(_KEY, key) or not re.fullmatch(_VALUE, value):
        allowed = f"KEY=VALUE, each up to {NAME_LIMIT} letters, digits, and . _ - between them"
        raise click.BadParameter(f"{text!r} must be {allowed}; a key may have a domain and / before it")
    if key.startswith("apt-settings/") or "kubernetes.io/" in key:
        raise click.BadParameter(f"{key!r} is not yours to set: apt-settings or Kubernetes sets it")
    return key, value


def _source(text: str) -> tuple[str, str]:
    """A type for click: `secret/wandb` -> `("secret", "wandb")`. Raises BadParameter."""
    match = re.fullmatch(rf"(secret|configmap)/({_SUBDOMAIN})", text)
    if not match:
        raise click.BadParameter(f"{shown(text)} must be secret/NAME or configmap/NAME")
    return match[1], match[2]


def _secret_variable(text: str) -> tuple[str, str, str]:
    """A type for click: `HF_TOKEN=hub:token` -> `("HF_TOKEN", "hub", "token")`. Its message shows no text."""
    match = re.fullmatch(rf"({VARIABLE})=(?P<secret>{_SUBDOMAIN}):(?P<key>[A-Za-z0-9_.-]{{1,253}})", text)
    if not match:
        raise click.BadParameter(
            "must be NAME=SECRET:KEY, with the name of a Secret and its key, as in HF_TOKEN=hub:token"
        )
    return match[1], match["secret"], match["key"]


@click.command(cls=WrappingCommand)
@takes_settings
@takes_expected
@takes_grid
@ONLY
@click.option(
    "--record",
    "records",
    type=PathOption(path_type=Path),
    callback=drop_fingerprint,
    metavar="DIR",
    help="The folder here in which --only finds the records: a mount or a copy of the volume.",
)
@IMAGE
@click.option("--name", type=dns_label, metavar="TEXT", help="The name; by default dataset or task, and fingerprint.")
@click.option("--namespace", type=dns_label, metavar="TEXT", help="The namespace to run in.")
@text_option("--service-account", _SUBDOMAIN, "the name of a service account", "The service account to run as.")
@text_option("--cpus", _CPUS, "a number such as 8, or 500m", "CPUs.")
@text_option("--memory", _MEMORY, "a quantity with its unit, such as 64Gi", "Memory.")
@click.option("--gpus", type=click.IntRange(min=1), metavar="N", help="GPUs, as nvidia.com/gpu.")
@click.option("--user", type=click.IntRange(1, 2**31 - 1), metavar="UID", help="Run as this user and group.")
@text_option(
    "--claim",
    _SUBDOMAIN,
    "the name of a PersistentVolumeClaim",
    f"The volume claim that keeps the records: --volume TEXT:{RECORDS}.",
)
@volume_option(
    "CLAIM",
    _SUBDOMAIN,
    "the name of a PersistentVolumeClaim",
    "Mount a volume claim, :ro to read it only; repeatable.",
)
@text_option(
    "--shm", _MEMORY, "a quantity with its unit, such as 8Gi", f"The size of {SHARED_MEMORY}; it counts as memory."
)
@ENV
@click.option(
    "--secret-env",
    multiple=True,
    type=_secret_variable,
    metavar="NAME=SECRET:KEY",
    help="A variable whose value is a key of a Secret; repeatable.",
)
@click.option(
    "--env-from",
    multiple=True,
    type=_source,
    metavar="secret/NAME|configmap/NAME",
    help="Take every key of a Secret or ConfigMap as a variable; repeatable.",
)
@click.option(
    "--patch",
    "files",
    multiple=True,
    type=PathOption(path_type=Path),
    metavar="FILE",
    help="Merge YAML or JSON into the Job, as kubectl patch does; repeatable.",
)
@AT_ONCE
@click.option(
    "--retries",
    type=click.IntRange(0, 1_000),
    default=3,
    show_default=True,
    metavar="N",
    help="How often to try again when a pod fails.",
)
@click.option(
    "--nodes",
    type=click.IntRange(min=1),
    metavar="N",
    help="Pods that train together, each with these resources; needs --torchrun.",
)
@TORCHRUN
@click.option("--label", "labels", multiple=True, type=_label, metavar="KEY=VALUE", help="A further label; repeatable.")
@click.option("--full", is_flag=True, help="Write every setting, not only those that you set, to a ConfigMap.")
@click.option("--submit", "submitting", is_flag=True, help="Submit the manifest with kubectl.")
@NO_EXPECT
@COMMAND
def kubernetes(
    job: Job,
    sweep: Sweep,
    only: frozenset[str] | None,
    records: Path | None,
    command: tuple[str, ...],
    name: str | None,
    labels: tuple[tuple[str, str], ...],
    claim: str | None,
    mounts: tuple[Mount, ...],
    files: tuple[Path, ...],
    full: bool,
    no_expect: bool,
    submitting: bool,
    with_torchrun: bool,
    **options: Any,
) -> int:
    """Print a manifest of Kubernetes, or submit it.

    The manifest is a Job that runs the command with apt-settings run. Its pod meets the restricted
    security profile, which forbids root: if the image runs as root, choose a user with --user. A job with
    wrong settings fails at once and is not tried again. A grid becomes an Indexed Job with a pod for each
    point; --nodes 2 --torchrun one with two pods that train together.

    Example: apt-settings job kubernetes --task squad --image registry.example/train -- python train.py
    """
    if options["at_once"] and not sweep.axes:
        raise click.UsageError("--at-once needs a grid")
    if (only is None) != (records is None):
        raise click.UsageError("--only and --record go together: the records say which points are to run")
    if len(dict(labels)) < len(labels):
        raise click.UsageError("a --label is given twice")
    if sweep.size > MOST_POINTS:
        raise click.UsageError(
            f"the grid has {sweep.size:,} points, and an Indexed Job can have {MOST_POINTS:,} at most"
        )
    if with_torchrun:
        command, options = under_torchrun(command), {**options, "nodes": options["nodes"] or 1}
    _refuse_nodes(options["nodes"], sweep, with_torchrun=with_torchrun, env=options["env"])
    _refuse_mounts(claim, mounts, options["shm"])
    mounts = (*([Mount(claim, RECORDS)] if claim else []), *mounts)
    secrets = [variable for variable, *_ in options["secret_env"]]
    refuse_variables({"--env": [variable for variable, _ in options["env"]], "--secret-env": secrets})
    patches = tuple(map(read_patch, files))
    chosen = (only, records) if only and records else None
    asked = Request(sweep, command, RECORDS)
    given = [*secrets, *dict(options["env"]), *(each for patch in patches for each in patch.variables)]
    settings, request = request_of(job, asked, full=full, expect=not no_expect, given=given, only=chosen)
    all_labels = {"app.kubernetes.io/managed-by": "apt-settings", **_labels(settings, sweep), **dict(labels)}
    name = _name(name, settings, request, options["nodes"])
    pod = Pod(
        name=name,
        labels=all_labels,
        mounts=mounts,
        patches=patches,
        config_map=_config_map(name, settings) if full else "",
        **drop_unset(options),
    )
    if pod.nodes and not pod.keeps_records:  # pods that share no folder cannot share a record
        request = request._replace(records="")
    manifest = render(request.in_container(pod.image), pod)
    print_notes(_lost(settings, pod), err=True)
    if submitting:
        return print_answer("kubectl", partial(submit, manifest, pod.namespace))
    print_data(manifest)
    return 0


def _refuse_nodes(nodes: int | None, sweep: Sweep, *, with_torchrun: bool, env: tuple[tuple[str, str], ...]) -> None:
    """Raise UsageError for nodes that would not train together."""
    if nodes and not with_torchrun:
        raise click.UsageError("--nodes needs --torchrun, which tells the nodes where they meet")
    if nodes and sweep.axes:
        fix = "write a job for each point, with --set in place of the grid; job slurm takes both"
        raise click.UsageError(f"--torchrun numbers the pods of an Indexed Job, and so does a grid: {fix}")
    if with_torchrun:
        refuse_torchrun("--env", [variable for variable, _ in env])


def _refuse_mounts(claim: str | None, mounts: tuple[Mount, ...], shm: str | None) -> None:
    """Raise UsageError for volumes that cannot be mounted together, or that cannot keep the records."""
    others = {RECORDS: f"--claim {claim}" if claim else "", SHARED_MEMORY: "--shm" if shm else ""}
    refuse_mounts(mounts, {path: option for path, option in others.items() if option})
    if any(mount.path == RECORDS and mount.read_only for mount in mounts):
        raise click.UsageError(f"the volume at {RECORDS} keeps the records: leave out :ro")


def _lost(settings: AptSettings, pod: Pod) -> list[Note]:
    """A note if something that the job writes is lost with the pod."""
    if all(mount.read_only for mount in pod.mounts):
        return [Note("without --claim, everything that the job writes is lost with the pod")]
    lost = [] if pod.keeps_records else [Note(f"without --claim, the records in {RECORDS} are lost with the pod")]
    return [*lost, *lost_with_container(settings, pod.mounts)]


def _config_map(name: str, settings: AptSettings) -> str:
    """The name of the ConfigMap: that of the job, with the fingerprint of what it holds."""
    digest = fingerprint(settings).partition("-")[2]
    return name if name.endswith(digest) else f"{name}-{digest}"


def _name(name: str | None, settings: AptSettings, request: Request, nodes: int | None) -> str:
    """The name of the job: `--name`, or one made of the task and fingerprint. A pod's name is this and its index."""
    sweep = request.sweep
    name = name or _usual_name(settings, request)
    size = nodes or (request.size if sweep.axes else 0)
    index = f"-{size - 1}" if size else ""
    if len(name + index) > NAME_LIMIT:
        raise click.UsageError(
            f"--name {name} is too long: with the index of a pod it has more than {NAME_LIMIT} characters"
        )
    if nodes and not name[0].isalpha():
        raise click.UsageError(f"--name {name} must begin with a letter: --torchrun names a Service after it")
    return name


def _usual_name(settings: AptSettings, request: Request) -> str:
    """The name of a job that is given none: another one for whatever else it runs."""
    if not request.sweep.axes:
        return label_like(f"{usual_name(settings, request.sweep)}-{fingerprint(settings).partition('-')[2]}")
    parts = [fingerprint(settings), *request.sweep.options(), *map(str, request.points)]
    digest = sha256("\0".join(parts).encode()).hexdigest()
    return f"sweep-{digest[:16]}"


def _labels(settings: AptSettings, sweep: Sweep) -> dict[str, str]:
    """The labels for task and fingerprint, as far as all points share them."""
    if sweep.axes:
        return {} if "task" in sweep.places else {"apt-settings/task": settings.task}
    return {"apt-settings/task": settings.task, "apt-settings/fingerprint": fingerprint(settings)}
