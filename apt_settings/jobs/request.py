"""What a job is, whatever launches it: settings, what varies, a command, and where its record goes."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from ..base import AptSettings
from ..loading import choose_task
from ..registry import registry
from ..sources.layers import Layers
from ..sources.names import variable_of
from ..sweeps.grid import Sweep
from ..values import as_text, read_value
from ..variables import pinned, variables

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
    wanted = (variable_of(name) for name, origin in settings.origins.items() if full or origin.is_override)
    return pinned(settings.controls["reference"]) | {
        variable: everything[variable] for variable in wanted if variable in everything
    }


def shared_by(sweep: Sweep, layers: Layers) -> dict[str, str]:
    """The variables that all points of a sweep share: what was set beside it."""
    varying = sweep.places
    chosen = layers if "task" in varying else choose_task(layers)[1]
    settings = registry().settings_of(AptSettings)
    own = {
        variable_of(name): as_text(read_value(origin.value, settings[name].field.annotation))
        for name, origin in chosen.winners().items()
        if name in settings and name not in varying
    }
    return pinned("" if "reference" in varying else chosen.word("reference")) | own
