"""A job for any launcher: its variables, its sweep, its command, and the folder for its records."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final, NamedTuple, Self

from ..base import AptSettings, background_of, written_output_dir
from ..judging.draft import draft_of
from ..loading import choose_task
from ..pin import Pin
from ..registry import registry
from ..registry.groups import OUTPUT_DIR
from ..runs.nodes import COMPLETION_INDEX
from ..sources.handed_on import DEFAULT, places_in
from ..sources.layers import Layers
from ..sources.names import is_ours, variable_of
from ..sweeps.grid import Sweep
from ..values import as_text, read_value
from ..variables import CONTAINER_IMAGE, GIVEN_BY, given_by, pinned, variables

RECORDS: Final = "/records"
"""The path in a container at which the folder, or volume, for its records is mounted."""


class Mount(NamedTuple):
    """A volume of the user, and where the container has it."""

    source: str
    """The PersistentVolumeClaim, or docker's volume or a folder of this machine."""
    path: str
    """Absolute and normal: `/data`."""
    read_only: bool = False


class Request(NamedTuple):
    """A job to render: what the user asks for and, once all of its points are checked, what comes of it."""

    sweep: Sweep
    """The settings that vary; its `axes` are empty if none do."""
    command: tuple[str, ...]
    records: str
    """The folder in which each fingerprint has a folder with its record; empty where none is kept."""
    once: bool = False
    """Whether a point that has ended well is skipped."""
    title: str = ""
    """A comment for people: `squad, apt1-0123456789abcdef`."""
    variables: Mapping[str, str] = {}
    """The variables that all points share: `{"APT_TASK": "squad"}`."""
    points: tuple[int, ...] = ()
    """The points of the sweep to run, ascending; empty: all of them."""
    left_out: tuple[str, ...] = ()
    """What the text does not hold and the job may need: `APT_HUB_TOKEN is secret and is not written`."""
    kept: tuple[str, ...] = ()
    """The variables of the submitting shell that a launcher may hand on although their values are not written."""
    secrets: tuple[str, ...] = ()
    """The variables of secrets that the job needs from whatever starts it: `APT_HUB_TOKEN`."""

    @property
    def size(self) -> int:
        """How many points it runs."""
        return len(self.points) or self.sweep.size

    def in_container(self, image: str) -> Self:
        """The same, where the record says in which image it ran."""
        return self._replace(variables={**self.variables, CONTAINER_IMAGE: image})

    @property
    def places(self) -> dict[str, str]:
        """Variable -> who set it, for a comment beside it; of a default nothing."""
        told = places_in(self.variables.get(GIVEN_BY, ""))
        return {name: place for name, (_, place) in told.items() if place != DEFAULT}

    @property
    def comments(self) -> list[str]:
        """The lines for people at the head of a text."""
        return [f"# {line}" for line in (self.title, *self.left_out)]

    @property
    def guards(self) -> list[str]:
        """The lines of bash that stop a job without a secret that was there when it was written."""
        wrong = "is not set, and neither is {0}: the job needs this secret"
        return [f': "${{{each}:-${{{each}_FILE:?{wrong.format(each)}}}}}"' for each in self.secrets]

    @property
    def start(self) -> list[str]:
        """The arguments of apt-settings before the index of a point: `run --record ... --resume --grid=seed=1..5`."""
        folder, once = f"{PurePosixPath(self.records)}/{{fingerprint}}", ["--once"] if self.once else []
        record = ["--record", folder, "--resume", *once] if self.records else []
        return ["run", *record, *self.sweep.options()]

    @property
    def end(self) -> list[str]:
        """The arguments after the index: `-- python train.py`."""
        return ["--", *self.command]


def variables_for(settings: AptSettings, *, full: bool, expect: bool) -> dict[str, str]:
    """The variables of a job: those of the settings that were set, or with `full` of all, and the pinned controls.

    They give the job the same settings on every machine: they fix the reference, and no `.env` is read. With `expect`
    the job stops where something else comes of them there.
    """
    texts = variables(settings)
    if background_of(settings).layers.point is None:  # the job fills it in, so that its record has what was written
        texts[variable_of(OUTPUT_DIR)] = written_output_dir(settings)
    chosen = (variable_of(name) for name, origin in settings.origins.items() if full or origin.is_override)
    kept = {variable: texts[variable] for variable in chosen if variable in texts}
    words = {name: settings.controls.get(name, "") for name in ("reference", "extend", "foreign")}
    controls = pinned(**words, expect=str(Pin.of(settings)) if expect else "")
    return {**controls, **kept, **given_by(settings.origins, kept)}


def shared_variables(sweep: Sweep, layers: Layers, pin: Pin | None) -> dict[str, str]:
    """The variables that all points of a sweep share: settings that were set and do not vary, and pinned controls."""
    varying = sweep.places
    chosen = layers if "task" in varying else draft_of(*choose_task(layers), registry()).layers
    settings = registry().settings_of(AptSettings)
    givers = {
        name: origin
        for name, origin in chosen.winners().items()
        if name in settings and name not in varying and not settings[name].secret and origin.is_override
    }
    shared = {
        variable_of(name): as_text(read_value(origin.value, settings[name].field.annotation))
        for name, origin in givers.items()
    }
    reference = "" if "reference" in varying else chosen.word("reference")
    controls = pinned(reference, registry().word, chosen.word("foreign"), str(pin or ""))
    return {**controls, **shared, **given_by(givers, shared)}


def why_reserved(variable: str) -> str:
    """Why a user must not set a variable of the container beside the settings, and what to do; empty if they may."""
    names = registry().names_of(AptSettings)
    if variable == COMPLETION_INDEX:
        return "is set by Kubernetes: it chooses the point of a grid"
    if not is_ours(variable) or names.is_file_of_secret(variable):
        return ""
    if names.is_secret(variable):
        return "is secret, and a job's text would show it: use --env-from, or --secret-env in Kubernetes"
    setting = names.variables.get(variable)
    if setting in names.settings:
        return f"is a setting: write --set {setting}=VALUE"
    return "has the prefix of settings: to set one, write --set NAME=VALUE"
