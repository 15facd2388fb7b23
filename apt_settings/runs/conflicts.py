"""Where a record and what would run differ in values that count. Where a job runs may be another place."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ..base import AptSettings
from ..basics.differences import Side, differences
from ..basics.escaping import escaped, shown
from ..errors import Problem, SettingsError
from ..sources.record import FILE_NAME, Record, read
from .store import record_of


def conflicts_with(stored: Record, folder: Path, record: Record, why: str = "") -> Iterator[Problem]:
    """A problem for each setting that counts and whose value is another in a folder's stored record."""
    place = escaped(str(folder / FILE_NAME))
    for name, one, other in differences(_sides(stored), _sides(record)):
        if (one is None and record.settings[name].at_default) or (other is None and stored.settings[name].at_default):
            continue  # a group that came or went, and changes nothing
        wrong = f"was {_describe(one)}, and is {_describe(other)}{why}"
        yield Problem(f"{place} {name}", wrong, setting=name)


def differences_from(identity: str, template: Path, settings: AptSettings) -> Iterator[Problem]:
    """What differs from a run with another fingerprint, where its folder, or one in it, is that of the template."""
    own = Path(str(template).replace("{fingerprint}", identity))
    for file in (own / FILE_NAME, *sorted(own.glob(f"{identity}*/{FILE_NAME}"))):
        with suppress(SettingsError):
            stored = read(file)
            if stored.fingerprint == identity:
                yield from conflicts_with(stored, file.parent, record_of(settings))
                return


def _sides(record: Record) -> dict[str, Side]:
    return {name: Side(each.value, each.origin) for name, each in record.settings.items() if each.is_compared}


def _describe(side: Side | None) -> str:
    return "no setting" if side is None else f"{shown(side.value)} ({escaped(side.origin)})"
