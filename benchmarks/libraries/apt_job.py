"""The settings of GLUE-big with apt-settings."""

from collections.abc import Mapping
from typing import Any

from apt_settings import load


def resolve() -> Any:
    return load()


def point(values: Mapping[str, str]) -> Any:
    """One point by itself; `apt-settings sweep` reads what points share once."""
    return load(**values)
