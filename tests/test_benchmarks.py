"""The benchmarks compare like with like."""

import sys

import pytest
from conftest import ROOT

from apt_settings import GlueBigSettings


def test_the_bare_class_has_our_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    """The class that apt-settings is measured against has every setting, with the same default."""
    monkeypatch.setattr(sys, "path", [str(ROOT / "benchmarks"), *sys.path])
    from bare import BareSettings

    assert GlueBigSettings(_env_file=None).model_dump() == BareSettings(_env_file=None).model_dump()
