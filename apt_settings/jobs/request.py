"""What a job is, whatever launches it: settings, what varies, a command, and where its record goes."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from ..base import AptSettings
from ..loading import choose_task
from ..sources.controls import CONTROLS
from ..sources.layers import Reading
from ..sources.names import PREFIX
from ..sweeps.grid import Sweep
from ..values import as_text, read_value
from ..variables import ENV_FILE, NO_FILE, REFERENCE, variables

RECORDS: Final = "/records"
"""Where a container finds the folder, or volume, for its records."""


class Request(NamedTuple):
    """A job to be rendered. All of its points have been checked."""

    title: str
    """What it is, for people: `squad, apt1-0123456789abcdef`."""
    given: Mapping[str, str]
    """The variables that all points share."""
    sweep: Sweep
    """What varies; without axes where nothing does."""
    command: tuple[str, ...]
    records: str
    """The folder below which each fingerprint has a folder with its record."""
    once: bool = False
    """Whether a point that has ended well is left alone."""

    @property
    def start(self) -> list[str]:
        """The arguments of apt-settings that run the job, up to where the index of a point belongs."""
        folder, once = f"{self.records}/{{fingerprint}}", ["--once"] if self.once else []
        return ["run", "--record", folder, "--resume", *once, *self.sweep.options()]

    @property
    def end(self) -> list[str]:
        """The arguments behind the index."""
        return ["--", *self.command]


def given_by(settings: AptSettings, *, full: bool) -> dict[str, str]:
    """The variables that give a job its settings wherever it runs: what was set, or with `full` all.

    The reference is pinned, and no `.env` is read.
    """
    everything = variables(settings)
    names = {PREFIX + name.upper(): full or origin.is_override for name, origin in settings.origins.items()}
    own = {variable: everything[variable] for variable in names if names[variable] and variable in everything}
    return {ENV_FILE: NO_FILE, REFERENCE: settings.controls["reference"], **own}


def shared_by(sweep: Sweep, reading: Reading) -> dict[str, str]:
    """The variables that all points of a sweep share: what was set beside it."""
    varying = sweep.places
    chosen = reading if "task" in varying else choose_task(reading)[1]
    fields = AptSettings.model_fields
    own = {
        PREFIX + name.upper(): as_text(read_value(origin.value, fields[name].annotation))
        for name, origin in chosen.deciding.items()
        if name in fields and name not in varying
    }
    word = chosen.first("reference")
    pinned = {} if "reference" in varying else {REFERENCE: str(word.value) if word else CONTROLS["reference"].words[0]}
    return {ENV_FILE: NO_FILE, **pinned, **own}
