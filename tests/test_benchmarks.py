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


@pytest.fixture(autouse=True)
def _benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their modules can be imported."""
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), str(BENCHMARKS / "libraries"), *sys.path])


@pytest.mark.benchmark
@pytest.mark.skipif(
    None in map(find_spec, ("hydra", "dynaconf", "typed_settings", "tyro")),
    reason="needs pip install 'apt-settings[benchmark]'",
)
@pytest.mark.parametrize("job", sorted(path.stem for path in (BENCHMARKS / "libraries").glob("*_job.py")))
def test_every_library_decides_the_same(job: str, tmp_path: Path) -> None:
    """From the environment and `.env` of the benchmark, each has our settings of GLUE-big with our values."""
    jobs = import_module("jobs")
    (tmp_path / ".env").write_text(jobs.ENV_FILE)
    measured = import_module("pydantic_job").BareSettings.model_fields
    expected = load(jobs.ENVIRONMENT).model_dump(mode="json", include=set(measured))
    environ = {**os.environ, **jobs.ENVIRONMENT, "PYTHONPATH": str(BENCHMARKS / "libraries")}
    told = subprocess.run([sys.executable, "-c", TELL, job, *expected], check=True, capture_output=True, env=environ)

    assert expected == json.loads(told.stdout)


@pytest.fixture
def run() -> Any:
    """A run in which everything took a second and a megabyte, but for the points of a sample."""
    jobs, measured, processes = (import_module(name) for name in ("jobs", "measured", "processes"))
    cost = processes.Cost(1, 1, 1)
    designs = {"Sobol, scrambled": 1, "`--sample`": 1}
    return measured.Measured(
        starts=dict.fromkeys(jobs.starts(), cost),
        steps=dict.fromkeys(jobs.steps(), cost),
        commands=dict.fromkeys(jobs.commands(), cost),
        inside={name: {"resolve": 1, "alone": 1, "point": 1} for name in jobs.JOBS},
        pins=dict.fromkeys(measured.PINS, 1),
        runs=dict.fromkeys(measured.FORMS, dict.fromkeys(measured.RECORDS, cost)),
        tests=dict.fromkeys(import_module("plugin").KINDS, 1),
        scripts={"scripts": 1_700, "faults": 2, "found": 1, "others": 3, "seconds": 1},
        growth={"points": {"1000": (1, 1), "100000": (1, 1)}, "settings": {"10": (1, 1)}, "schedules": 1},
        samples={"speeds": {"grid": (1, 1), "sample": (10, 1)}, "discrepancies": {"3 settings, 64 points": designs}},
        sizes={"a `.env` of 10 MB": (1, "refused")},
        peaks={"scripts": 1},
    )


def test_the_page_has_what_is_measured(run: Any) -> None:
    """Every table has its place on the page, and there the rows that a run would give it."""
    tables = import_module("tables")
    page = tables.PAGE.read_text()
    wanted = {(part, row.split(" | ")[0]) for part, text in tables.tables(run).items() for row in text.splitlines()[2:]}
    missing = {
        (part, row)
        for part, row in wanted
        if f"\n{row} |" not in page.partition(f"<!-- {part}: begin -->")[2].partition(f"<!-- {part}: end -->")[0]
    }

    assert missing == set()


def test_a_goal_is_met_or_not(run: Any) -> None:
    """Each is told with what was measured: a limit itself is met, and beyond it is not."""
    goals = {goal.wanted: goal for goal in import_module("goals").goals(run)}

    assert goals["a cold start is at most 1.05 of a bare pydantic-settings class's"][1:] == ("1.00", True)
    assert goals["30,000 points a second of a sample of five settings"][1:] == ("10,000", False)
    assert [each[1:] for wanted, each in goals.items() if wanted.startswith("`check`")] == [("4", False)]


def test_a_process_starts_as_others_start_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of whoever measures counts, and bytecode is written, as it is where a package is installed."""
    processes = import_module("processes")
    for name in ("APT_EPOCHS", "PYTHONDONTWRITEBYTECODE"):
        monkeypatch.setenv(name, "1")
    code = "import os; assert not {'APT_EPOCHS', 'PYTHONDONTWRITEBYTECODE'} & set(os.environ); assert 'A' in os.environ"

    assert processes.cost(processes.Process(("-c", code), {"A": "1"})).peak > 1
    with pytest.raises(RuntimeError, match=r"^-c import none ended with status 1$"):
        processes.cost(processes.Process(("-c", "import none")))


@pytest.mark.benchmark
@pytest.mark.skipif(find_spec("scipy") is None, reason="needs pip install 'apt-settings[benchmark]'")
def test_a_sample_is_about_as_even_as_sobol_s_points() -> None:
    """And random points are not, but for ten settings."""
    found = import_module("samples").discrepancies()

    assert max(each["`--sample`"] for each in found.values()) <= 1.5
    assert [each["random"] > 2 for each in found.values()] == [True, True, False]
