"""The pin of a job: what its settings must be wherever it runs, and what is told where they are others."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple, Self, TypeAlias

from .base import AptSettings, background_of, settings_of, values_of
from .basics.origins import Origin
from .basics.packages import version_of
from .errors import Problem, SettingsError
from .fingerprint import compared, digest_of, fingerprint, is_at_default
from .sources.handed_on import giver, places_in
from .sources.layers import Layers
from .values import as_text
from .variables import EXPECT

SWEEP: Final = "sweep1"
"""What begins the pin of a sweep, which has one for all of its points."""
_PIN: Final = r"((?:[a-z]+[0-9]+)-[0-9a-f]{16})(?:\+([0-9a-f]{8}))?(?:@([\w.+-]{1,40}))?"
_ALLOWED: Final = "a fingerprint such as apt1-7e3c2819041d5c04, or a pin, which has more behind it"


class Pin(NamedTuple):
    """What a job must be. `str()` is `apt1-7e3c2819041d5c04+0a1b2c3d@0.2.0`."""

    identity: str
    """The fingerprint; of a sweep `sweep1-` and 16 hexadecimal digits."""
    digest: str = ""
    """Of all values that count, defaults included: the fingerprint leaves out a new setting at its default."""
    version: str | None = None
    """The apt-settings that made it, empty where nobody says; None: this one, whose version is read to be told."""

    @classmethod
    def of(cls, settings: AptSettings) -> Self:
        """The pin of these settings."""
        return cls(fingerprint(settings), digest_of(compared(settings))[:8])

    @classmethod
    def read(cls, text: str) -> Self | None:
        """A pin, or a fingerprint alone; None for any other text."""
        match = re.fullmatch(_PIN, text, re.ASCII)
        return cls(*(part or "" for part in match.groups())) if match else None

    def allows(self, other: "Pin") -> bool:
        """Whether another pin is of the same job, as far as this one says."""
        return self.identity == other.identity and self.digest in ("", other.digest)

    def __str__(self) -> str:
        made_by = version_of("apt-settings") if self.version is None else self.version
        digest, version = (mark + part if part else "" for mark, part in (("+", self.digest), ("@", made_by)))
        return f"{self.identity}{digest}{version}"


Known: TypeAlias = Callable[[str, AptSettings], Iterable[Problem]]
"""A fingerprint, and settings with another -> what differs, where a record of the first is at hand."""


def nothing_known(_fingerprint: str, _settings: AptSettings) -> Iterable[Problem]:
    """Where no record of the expected job is at hand."""
    return ()


class PinnedSweep(NamedTuple):
    """The sweep that settings are of, as far as a pin is about it."""

    pin: Callable[[], Pin]
    grid: Callable[[], str]
    """What varies, as options."""


def refuse_others(
    settings: AptSettings,
    sweep: PinnedSweep | None = None,
    known: Known = nothing_known,
    *,
    is_point: bool = False,
) -> None:
    """Raise SettingsError where APT_EXPECT names another job than that of these settings, or what is no pin.

    With a `sweep`, the pin is that of the sweep; where one point of it runs, it may be the point's, too. `known` says
    what differs, where somebody knows.
    """
    layers = background_of(settings).layers
    if wrong := wrong_pin(layers):
        raise SettingsError([wrong])
    origin = layers.winner("expect")
    if origin is None or (expected := Pin.read(str(origin.value))) is None:
        return
    if is_point and not expected.identity.startswith(SWEEP):
        sweep = None
    here = sweep.pin() if sweep else Pin.of(settings)
    if not expected.allows(here):
        same = expected.identity == here.identity
        told = [*known(expected.identity, settings)] or [*_here(settings, sweep, same=same)]
        raise SettingsError([_main(origin, expected, here), *_of_versions(expected), *told])


def wrong_pin(layers: Layers) -> Problem | None:
    """What is wrong where APT_EXPECT is no pin; None where it is one, or nobody sets it."""
    origin = layers.winner("expect")
    if origin is None or Pin.read(str(origin.value)):
        return None
    return Problem(origin, "is not allowed", _ALLOWED, value=origin.raw, kind="bad value")


def _main(origin: Origin, expected: Pin, here: Pin) -> Problem:
    anew = f"to pin what is here: {EXPECT}={here}"
    if expected.identity == here.identity:
        wrong = f"has the digest {expected.digest}, and here it is {here.digest}: a default is another one"
    elif expected.identity.startswith(SWEEP) != here.identity.startswith(SWEEP):
        wrong = f"is the pin of {_kind(expected)}, and this is {_kind(here)}"
    else:
        wrong = f"is not what runs here, which is {here.identity}"
    return Problem(origin, wrong, fix=anew, value=origin.raw)


def _kind(pin: Pin) -> str:
    return "a sweep" if pin.identity.startswith(SWEEP) else "one job"


def _of_versions(expected: Pin) -> Iterator[Problem]:
    if expected.version and expected.version != (version := version_of("apt-settings")):
        yield Problem("apt-settings", f"is {version} here, and was {expected.version} where the job was checked")


def _here(settings: AptSettings, sweep: PinnedSweep | None, *, same: bool) -> Iterator[Problem]:
    """What is another one here than where the job was checked, as far as that can be known.

    What the job was handed tells what was changed since; without it, all that is set here may be. Where the digest
    alone is another one (`same`), it is a default that only the digest counts.
    """
    handed_on = places_in(background_of(settings).layers.word("given_by"))
    names = _at_defaults(settings) if same else _set_otherwise(settings, handed_on, points_count=sweep is None)
    maybe = ", and may be the one" if same and len(names) > 1 else ""
    for name in names:
        text = as_text(values_of(settings)[name])
        yield Problem("here", f"{name} is {text} ({settings.origin(name)}){maybe}", setting=name)
    if sweep and not (handed_on and names):
        yield Problem("here", f"the grid is {sweep.grid()}: it may be another one, or a default")


def _at_defaults(settings: AptSettings) -> list[str]:
    return [name for name in settings.origins if is_at_default(settings, name)]


def _set_otherwise(settings: AptSettings, handed_on: Mapping[str, tuple[str, str]], *, points_count: bool) -> list[str]:
    """What counts and was handed on with another value, or is set beside it; `points_count`: by the grid, too."""
    values, rows, found = values_of(settings), settings_of(settings), []
    for name in (each for each in compared(settings) if each in rows):
        setting, origin = rows[name], settings.origin(name)
        if setting.variable in handed_on:
            is_other = not giver(handed_on, setting.variable, as_text(values[name]))
        else:
            is_other = origin.is_override and (points_count or origin.giver not in ("the grid", "the sample"))
        if is_other:
            found.append(name)
    return found
