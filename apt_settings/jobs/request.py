"""What a job is, whatever launches it: settings, what varies, a command, and where its record goes."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from ..base import AptSettings
from ..ownership import PREFIX
from ..sweeps import Sweep
from ..variables import REFERENCE, variables

ENV_FILE: Final = f"{PREFIX}ENV_FILE"
NO_FILE: Final = "/dev/null"


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


def given_by(settings: AptSettings, sweep: Sweep, *, full: bool) -> dict[str, str]:
    """The variables that give a job its settings wherever it runs: what was set and does not vary, or with `full` all.

    The reference is pinned, and no `.env` is read.
    """
    varying = sweep.places
    pinned = {} if "reference" in varying else {REFERENCE: settings.controls["reference"]}
    everything, own = variables(settings), {}
    for name, origin in settings.origins.items():
        variable = PREFIX + name.upper()
        # A task that varies by the names of datasets brings the dataset with it.
        if (full or origin.is_override) and variable in everything and origin.place not in varying.values():
            own[variable] = everything[variable]
    return {ENV_FILE: NO_FILE, **pinned, **own}
