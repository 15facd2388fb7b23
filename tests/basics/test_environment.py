"""The variables of a process, whatever its locale."""

import os
import sys

import pytest

from apt_settings.basics.environment import for_a_child, process_environment


def test_a_locale_of_another_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bytes are the same variables, for us and for a command; tests/test_faults.py has a real locale."""
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "iso8859-1")
    monkeypatch.setenv("APT_OUTPUT_DIR", "/data/é日")
    seen = process_environment()

    assert seen["APT_OUTPUT_DIR"] == "/data/é日"
    assert for_a_child(seen) == dict(os.environb)
