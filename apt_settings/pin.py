"""The pin of a job: what its settings must be wherever it runs, and what is told where they are others."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple, Self, TypeAlias

from .base import AptSettings, expected_by, values_of
from .basics.origins import Origin
from .basics.packages import version_of
from .errors import Problem, SettingsError
from .fingerprint import compared, digest_of, fingerprint, is_at_default
from .sources.names import variable_of
from .values import as_text

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


def refuse_others(
    settings: AptSettings,
    sweep: Callable[[], Pin] | None = None,
    known: Known = nothing_known,
    *,
    is_point: bool = False,
) -> None:
    """Raise SettingsError where APT_EXPECT names another job than that of these settings, or what is no pin.

    `sweep` makes the pin of the sweep that they are of; where one point of it runs, the pin may be the point's, too.
    `known` says what differs, where somebody knows.
    """
    origin = expected_by(settings)
    if origin is None:
        return
    expected = Pin.read(str(origin.value))
    if expected is None:
        raise SettingsError([Problem(origin, "is not allowed", _ALLOWED, value=origin.raw, kind="bad value")])
    of_sweep = sweep and (expected.identity.startswith(SWEEP) or not is_point)
    here = sweep() if sweep and of_sweep else Pin.of(settings)
    if not expected.allows(here):
        raise SettingsError(
            [_main(origin, expected, here), *known(expected.identity, settings), *_here(settings, expected, here)]
        )


def _main(origin: Origin, expected: Pin, here: Pin) -> Problem:
    anew = f"to pin what is here: {variable_of('expect')}={here}"
    if expected.identity == here.identity:
        wrong = f"has the digest {expected.digest}, and here it is {here.digest}: a default is another one"
    elif expected.identity.startswith(SWEEP) != here.identity.startswith(SWEEP):
        wrong = f"is the pin of {_kind(expected)}, and this is {_kind(here)}"
    else:
        wrong = f"is not what runs here, which is {here.identity}"
    return Problem(origin, wrong, fix=anew, value=origin.raw)


def _kind(pin: Pin) -> str:
    return "a sweep" if pin.identity.startswith(SWEEP) else "one job"


def _here(settings: AptSettings, expected: Pin, here: Pin) -> Iterator[Problem]:
    """What is set here, or where the digest alone is another one, the defaults that only the digest counts."""
    if expected.version and expected.version != (version := version_of("apt-settings")):
        yield Problem("apt-settings", f"is {version} here, and was {expected.version} where the job was checked")
    same = expected.identity == here.identity
    for name, origin in settings.origins.items():
        if is_at_default(settings, name) if same else origin.is_override:
            yield Problem("here", f"{name} is {as_text(values_of(settings)[name])} ({origin})", setting=name)
