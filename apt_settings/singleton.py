"""The settings of this process: load() once, and what tests put in its place. All global state but the register's."""

import os
import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from .base import AptSettings, fitting_defaults
from .basics.environment import process_environment
from .errors import SettingsError, SettingsWarning, raised_anew
from .loading import refuse_unexpected, resolve, with_arguments, with_warnings
from .own import Group, Place
from .registry import Registry, extend_process, registry
from .registry.naming import with_groups
from .sources.handed_on import lost_on_the_way
from .sources.layers import Inputs

_lock = RLock()
_resolved: AptSettings | None = None


@dataclass(frozen=True, eq=False)
class _Block:
    """One override that is in force."""

    values: Mapping[str, Any]
    fit: bool
    settings: AptSettings
    before: AptSettings | None
    """The singleton when it began; None where there was none yet."""


_blocks: list[_Block] = []
"""The outermost first."""
_singletons: WeakValueDictionary[int, AptSettings] = WeakValueDictionary()
"""Every object that was the singleton and that somebody still has, by its id."""


@raised_anew
def process_settings() -> AptSettings:
    """The settings of this process: `load()`, once. Raises SettingsError, and tries again the next time."""
    global _resolved
    with _lock:
        if _resolved is None:
            settings = _resolve_under_blocks({}, fit=False)
            if not _blocks:
                refuse_unexpected(settings)
            for note in (*lost_on_the_way(process_environment()), *settings.notes):
                warnings.warn(str(note), SettingsWarning, stacklevel=4)
            _resolved = settings
            _singletons[id(_resolved)] = _resolved
        return _resolved


def extend(*groups: str | type[Any] | Group[Any]) -> None:
    """Let the fields of these classes be settings of this process, as APT_EXTEND does. The same class twice is nothing.

        import apt_settings
        apt_settings.extend(Args)
        args = apt_settings.part(apt_settings.settings, Args)

    Raises SettingsError for a class that cannot be used, and where the settings of the process are there already.
    """
    with _lock:
        known = with_groups(groups, Place("extend"))
        if known == registry():
            return
        if _resolved is not None:
            name = (*known.groups, *known.tasks)[-1].title
            lines = f"import apt_settings; apt_settings.extend({name}); settings = apt_settings.settings"
            raise SettingsError.at("extend", "comes too late: the settings are resolved already", fix=f"write {lines}")
        extend_process(known)


def reset() -> None:
    """Forget the singleton: the next use reads the environment anew. Names already imported keep the old object."""
    global _resolved
    with _lock:
        _resolved = None


@contextmanager
def override(*, fit: bool = False, **values: Any) -> Generator[AptSettings, None, None]:
    """Within the block, which gets them, the settings are those of the process with these values. For tests.

        with override(epochs=2, fit=True) as settings:
            settings.distill_epochs                     # 2, fitted to epochs

    They are what `apt_settings.settings` is within the block, and what it imports from there; names imported before
    keep their object, but for those of the fixture `override_settings` of `apt_settings.testing`. Blocks may nest. They
    are those of the whole process: threads and asyncio tasks that run at the same time see each other's, so a task with
    values of its own takes `load(...)` and hands the object on. A child that is spawned sees none of them.

    With `fit`, here or in a block around this one, a default that does not fit what was set takes the nearest value
    that does, where it would be a note otherwise. What somebody set is never fitted. Raises SettingsError.
    """
    global _resolved
    block = begin_override(values, fit=fit, callers=3)
    try:
        yield block.settings
    finally:
        with _lock:
            if block in _blocks:  # and not left open by a test that has ended since
                _blocks.remove(block)
                # Where it was reset, or another thread's block began meanwhile, what is left is resolved anew.
                _resolved = block.before if _resolved is block.settings else None


def begin_override(values: Mapping[str, Any], *, fit: bool, callers: int) -> _Block:
    """Let an override be in force; its warnings point so many callers above this one's. Raises SettingsError."""
    global _resolved
    with _lock:
        settings = with_warnings(_resolve_under_blocks(values, fit=fit), callers)
        if "expect" in values:
            refuse_unexpected(settings)
        block = _Block(values, fit, settings, _resolved)
        _blocks.append(block)
        _resolved = settings
        _singletons[id(settings)] = settings
    return block


class Moment(NamedTuple):
    """What the settings of the process are at a moment."""

    resolved: AptSettings | None
    blocks: tuple[_Block, ...]
    registry: Registry


def moment() -> Moment:
    """What they are now, for `put_back`."""
    with _lock:
        return Moment(_resolved, tuple(_blocks), registry())


def put_back(before: Moment) -> None:
    """Let the settings of the process be what they were; a block that began since is over."""
    global _resolved
    with _lock:
        _resolved, _blocks[:], _ = before
        extend_process(before.registry)


def singletons() -> dict[int, AptSettings]:
    """Every object that is or was the settings of the process and that somebody still has, by its id."""
    with _lock:
        return dict(_singletons)


@raised_anew
def _resolve_under_blocks(values: Mapping[str, Any], *, fit: bool) -> AptSettings:
    """What the process reads, under all overrides that are in force and under these values."""
    together = {name: value for each in (*(block.values for block in _blocks), values) for name, value in each.items()}
    settings = resolve(Inputs(process_environment(), arguments=together))
    if not (fit or any(block.fit for block in _blocks)):
        return settings
    fitting = fitting_defaults(settings)
    places = {name: f"fitted to {other}" for name, (_, other) in fitting.items()}
    return with_arguments(settings, {name: value for name, (value, _) in fitting.items()}, places)


def _unlock_after_fork() -> None:
    """A fork copies the lock as it is, held perhaps by a thread that the child does not have."""
    global _lock
    _lock = RLock()


if hasattr(os, "register_at_fork"):  # pragma: no branch - not on Windows
    os.register_at_fork(after_in_child=_unlock_after_fork)
