"""Which version of a package is installed."""

from importlib.metadata import PackageNotFoundError, version
from typing import Final

UNKNOWN: Final = "unknown"


def version_of(package: str) -> str:
    """Its version; `unknown` where it is there and was not installed: from a zip, or by PYTHONPATH."""
    try:
        return version(package)
    except PackageNotFoundError:
        return UNKNOWN
