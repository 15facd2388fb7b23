"""Versions of packages."""

from apt_settings.basics.packages import version_of


def test_a_package_that_was_not_installed() -> None:
    """From a zip, or by PYTHONPATH, nothing knows a version."""
    assert version_of("pydantic")[0].isdigit()
    assert version_of("no-such-package") == "unknown"
