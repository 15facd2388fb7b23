"""Libraries that only some installations have."""

from collections.abc import Generator
from contextlib import contextmanager

from ..errors import Problem, SettingsError


@contextmanager
def needed(extra: str) -> Generator[None, None, None]:
    """Make a SettingsError, with what to install, of a library that is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        fix = f"pip install 'apt-settings[{extra}]'"
        raise SettingsError([Problem("", error.name or extra, None, "is not installed", fix=fix)]) from None
