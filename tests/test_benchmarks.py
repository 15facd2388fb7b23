"""The benchmarks compare like with like, and their page has what they measure."""

import json
import os
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from support import ROOT

from apt_settings import load

BENCHMARKS = ROOT / "benchmarks"
TELL = """
import json, sys
from importlib import import_module
settings = import_module(sys.argv[1]).resolve()
print(json.dumps({name: getattr(settings, name) for name in sys.argv[2:]}))
"""


@pytest.fixture
def compare(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module that measures."""
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), str(BENCHMARKS / "libraries"), *sys.path])
    return import_module("compare")


@pytest.mark.benchmark
@pytest.mark.skipif(
    None in map(find_spec, ("hydra", "dynaconf", "typed_settings", "tyro")),
    reason="needs pip install 'apt-settings[benchmark]'",
)
@pytest.mark.parametrize("job", sorted(path.stem for path in (BENCHMARKS / "libraries").glob("*_job.py")))
def test_every_library_decides_the_same(job: str, tmp_path: Path, compare: Any) -> None:
    """From the environment and `.env` of the benchmark, each has our settings of GLUE-big with our values."""
    (tmp_path / ".env").write_text(compare.ENV_FILE)
    measured = import_module("pydantic_job").BareSettings.model_fields
    expected = load(compare.ENVIRONMENT).model_dump(mode="json", include=set(measured))
    environ = {**os.environ, **compare.ENVIRONMENT, "PYTHONPATH": str(BENCHMARKS / "libraries")}
    told = subprocess.run([sys.executable, "-c", TELL, job, *expected], check=True, capture_output=True, env=environ)

    assert expected == json.loads(told.stdout)


def test_the_page_has_what_is_measured(compare: Any) -> None:
    """Every library, command and goal has its row on the page."""
    page = (ROOT / "docs" / "performance.md").read_text()
    cost, inside = compare.Cost(1, 1, 1), dict.fromkeys(compare.JOBS, compare.Inside(1, 1, 1, 1))
    costs = dict.fromkeys((*compare.JOBS, *compare.COMMANDS, *compare.OWN_SETTINGS), cost)
    goals = compare.goals(compare.Measured(costs, costs, inside, 1, (), 1, {"": (1, "")}))
    samples = import_module("samples")
    goals += samples.goals(samples.Measured({"grid": 1, "sample": 1}, {(3, 64): {"`--sample`": 1}}))
    rows = [*compare.JOBS, *compare.COMMANDS, *compare.OWN_SETTINGS, *(goal.wanted for goal in goals)]

    assert [row for row in rows if f"\n| {row} |" not in page] == []


@pytest.mark.benchmark
@pytest.mark.skipif(find_spec("scipy") is None, reason="needs pip install 'apt-settings[benchmark]'")
@pytest.mark.usefixtures("compare")
def test_a_sample_is_about_as_even_as_sobol_s_points() -> None:
    """And random points are not, but for ten settings."""
    found = import_module("samples").discrepancies()

    assert max(each["`--sample`"] for each in found.values()) <= 1.5
    assert [each["random"] > 2 for each in found.values()] == [True, True, False]
