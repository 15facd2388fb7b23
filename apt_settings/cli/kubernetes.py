"""`job kubernetes`: a manifest, or its submission."""

import re
from hashlib import sha256
from typing import Any, Final

import click

from ..base import AptSettings
from ..basics.suggestions import did_you_mean
from ..errors import Note
from ..fingerprint import fingerprint
from ..jobs.hand_over import RefusedError
from ..jobs.kubernetes import NAME_LIMIT, Pod, label_like, render, submit
from ..jobs.request import RECORDS
from ..sweeps.grid import Sweep
from .grids import takes_grid
from .job_options import asks, like, lost_with_container, request_of
from .options import Job, takes_settings
from .output import complain, print_data
from .terminal import print_notes

MOST_POINTS: Final = 100_000
"""The most completions that an Indexed Job may have."""

_LABEL: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_SUBDOMAIN: Final = rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*"
_CPUS: Final = r"[1-9][0-9]*(\.[0-9]+)?|[1-9][0-9]*m"
_MEMORY: Final = r"[1-9][0-9]*(\.[0-9]+)?(k|[MGTPE]|[KMGTPE]i)"
_PART: Final = r"[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*"
_HOST: Final = r"[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]+)?"
IMAGE: Final = rf"({_HOST}/)?{_PART}(/{_PART})*(:[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?(@sha256:[0-9a-f]{{64}})?"
"""host:port/name:tag@digest; docker's grammar of references."""
_KEY: Final = rf"(({_SUBDOMAIN})/)?[A-Za-z0-9]([A-Za-z0-9_.-]{{0,61}}[A-Za-z0-9])?"
_VALUE: Final = r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?"


def dns_label(text: str) -> str:
    """A name that Kubernetes takes, as click reads it."""
    if not re.fullmatch(_LABEL, text):
        fix = did_you_mean([mended] if (mended := label_like(text)) else [])
        allowed = f"a DNS label, up to {NAME_LIMIT} of a-z, 0-9 and - between them"
        raise click.BadParameter(f"{text!r} must be {allowed}{f'; {fix}' if fix else ''}")
    return text


def _label(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not re.fullmatch(_KEY, key) or not re.fullmatch(_VALUE, value):
        allowed = f"KEY=VALUE, each up to {NAME_LIMIT} letters, digits, and . _ - between them"
        raise click.BadParameter(f"{text!r} must be {allowed}; a key may have a domain and / before it")
    if key.startswith("apt-settings/") or "kubernetes.io/" in key:
        raise click.BadParameter(f"{key!r} is no label to choose: it is set already, or by Kubernetes")
    return key, value


@click.command(context_settings={"allow_interspersed_args": False})
@takes_settings
@takes_grid
@click.option("--image", required=True, type=like(IMAGE, "the name of an image, such as registry.example/train:1"))
@click.option("--name", type=dns_label, metavar="TEXT", help="The job's name; task and fingerprint where not given.")
@click.option("--namespace", type=dns_label, metavar="TEXT", help="Where to run.")
@asks("--service-account", _SUBDOMAIN, "the name of a service account", "As whom to run.")
@asks("--cpus", _CPUS, "a number such as 8, or 500m", "CPUs.")
@asks("--memory", _MEMORY, "a quantity with its unit, such as 64Gi", "Memory.")
@click.option("--gpus", type=click.IntRange(min=1), metavar="N", help="GPUs, as nvidia.com/gpu.")
@click.option("--user", type=click.IntRange(1, 2**31 - 1), metavar="UID", help="Run as this user and group.")
@asks("--claim", _SUBDOMAIN, "the name of a PersistentVolumeClaim", "The volume claim that keeps the records.")
@click.option("--at-once", type=click.IntRange(min=1), metavar="N", help="Of a grid, the most points to run at a time.")
@click.option(
    "--retries", type=click.IntRange(0, 1_000), default=3, show_default=True, metavar="N", help="For failed pods."
)
@click.option("--label", "labels", multiple=True, type=_label, metavar="KEY=VALUE", help="A further label; repeatable.")
@click.option("--full", is_flag=True, help="Write every setting, in a ConfigMap, not only what was set.")
@click.option("--submit", "submitting", is_flag=True, help="Hand it to kubectl.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="-- COMMAND...")
def kubernetes(
    job: Job,
    sweep: Sweep,
    command: tuple[str, ...],
    name: str | None,
    labels: tuple[tuple[str, str], ...],
    full: bool,
    submitting: bool,
    **asked: Any,
) -> int:
    """Print a manifest of Kubernetes, or submit it.

    A Job that runs under apt-settings run, in a pod that the restricted security profile lets pass: the
    image must not run as root, or --user says as whom. Wrong settings fail it at once. A grid becomes
    an Indexed Job with a pod for each point.

    Example: apt-settings job kubernetes --task squad --image registry.example/train -- python train.py
    """
    if asked["at_once"] and not sweep.axes:
        raise click.UsageError("--at-once is of a grid")
    if len(dict(labels)) < len(labels):
        raise click.UsageError("a --label is given twice")
    if sweep.size > MOST_POINTS:
        raise click.UsageError(f"the grid has {sweep.size:,} points, and an Indexed Job {MOST_POINTS:,} at most")
    settings, request = request_of(job, sweep, command, RECORDS, full=full)
    own = {"app.kubernetes.io/managed-by": "apt-settings", **_labels(settings, sweep)}
    wanted = {option: value for option, value in asked.items() if value}
    pod = Pod(name=_name(name, settings, sweep), labels={**own, **dict(labels)}, **wanted)
    manifest = render(request, pod, full=full)
    print_notes(_lost(settings, pod), err=True)
    if not submitting:
        print_data(manifest)
        return 0
    try:
        click.echo(submit(manifest, pod.namespace))
    except RefusedError as refused:
        return complain(refused.status, f"apt-settings: not submitted: {refused}")
    return 0


def _lost(settings: AptSettings, pod: Pod) -> list[Note]:
    """What is gone with the pod."""
    if not pod.claim:
        return [Note("without --claim, all that the job writes is gone with the pod")]
    return lost_with_container(settings)


def _name(name: str | None, settings: AptSettings, sweep: Sweep) -> str:
    """The name of the job, which its pods carry with their index."""
    grid = sha256("\0".join([fingerprint(settings), *sweep.options()]).encode()).hexdigest()[:16]
    usual = f"sweep-{grid}" if sweep.axes else f"{settings.task}-{fingerprint(settings).partition('-')[2]}"
    name = name or label_like(usual)
    index = f"-{sweep.size - 1}" if sweep.axes else ""
    if len(name + index) > NAME_LIMIT:
        raise click.UsageError(
            f"--name {name} is too long: with the index of a pod it has more than {NAME_LIMIT} characters"
        )
    return name


def _labels(settings: AptSettings, sweep: Sweep) -> dict[str, str]:
    """Task and fingerprint, where all points share them."""
    if sweep.axes:
        return {} if "task" in sweep.places else {"apt-settings/task": settings.task}
    return {"apt-settings/task": settings.task, "apt-settings/fingerprint": fingerprint(settings)}
