"""The schema of a sweep's file, as taplo reads it: what editors with TOML use."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support import ROOT, printed

from apt_settings.sweeps.grid import sweep_of
from apt_settings.sweeps.sweep_file import from_file

TAPLO = Path(sys.executable).parent / "taplo"
LINE = "#:schema ./sweep.schema.json\n"


@pytest.fixture
def lint(write_env: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> Callable[[str], set[str]]:
    """Where taplo finds a file wrong, by the schema that its first line names."""
    write_env(printed(capsys, "schema", "--for", "sweep"), "sweep.schema.json")

    def places(text: str) -> set[str]:
        path = write_env(LINE + text, "sweep.toml")
        done = subprocess.run([TAPLO, "lint", "--colors", "never", path], capture_output=True, text=True)
        assert done.returncode == bool(re.search("^error", done.stdout + done.stderr, re.MULTILINE))
        return set(re.findall(r"sweep.toml:([0-9]+:[0-9]+)$", done.stdout + done.stderr, re.MULTILINE))

    return places


def test_no_secret_varies(hub: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`sweep` refuses one, as a grid is shown and written."""
    schema = json.loads(printed(capsys, "schema", "--for", "sweep", "--extend", hub))

    assert "token" not in str(schema)


def test_the_files_of_the_page_are_right(lint: Callable[[str], set[str]]) -> None:
    """What docs/sweeps.md shows is what an editor takes."""
    page = (ROOT / "docs" / "sweeps.md").read_text(encoding="utf-8")
    files = re.findall(r"^```toml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)

    assert LINE in files[-1]
    assert [lint(file.removeprefix(LINE)) for file in files] == [set()] * len(files)


@pytest.mark.parametrize(
    "line",
    [
        'task = ["mnli", "custom"]',
        'dataset = ["my_corpus", "other"]',
        'epochs = "10..20,30"',
        "epochs = [10, 20]",
        'distill_epochs = [10, "none"]',
        'distill_epochs = "10,none"',
        'max_grad_norm = "none,1.0"',
        'learning_rate = "1e-4,2e-4"',
        "outlier_aware = [true, false]",
        'adapter_targets = [["query"], "query,value"]',
        """adapter_targets = '["query", "query,value"]'""",
        'output_dir = "a,b"',
        'reference = ["paper", "release"]',
    ],
)
def test_what_a_grid_takes_is_right(line: str, lint: Callable[[str], set[str]], write_env: Callable[..., Path]) -> None:
    """Every form that the command takes, an editor takes too, in all three tables."""
    assert lint(f"[grid]\n{line}\n[[zip]]\n{line}\n[sample]\n{line.replace('..20,30', '..20')}\n") == set()
    assert sweep_of(from_file(write_env(f"[grid]\n{line}\n", "grid.toml")).axes).size > 1


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[grid]\nepcohs = [10, 20]\n", "3:1"),
        ('[grid]\nepochs = "ten"\n', "3:10"),
        ("[grid]\nepochs = [10, 20.5]\n", "3:15"),
        ("[grid]\ntarget_sparsity = [0.3, 40]\n", "3:25"),
        ('[grid]\ntask = ["imagenet"]\n', "3:9"),
        ('[grid]\nlearning_rate = "1e-5..1e-3"\n', "3:17"),
        ("[[zip]]\nmax_rnk = [8]\n", "3:1"),
        ('points = 4\n[sample]\nlearning_rate = "log:1e-5-1e-3"\n', "4:17"),
        ('points = 4\n[sample]\nlernin_rate = "log:1e-5..1e-3"\n', "4:1"),
        ('points = "4"\n[sample]\nepochs = "10..20"\n', "2:10"),
        ("seeds = 7\n", "2:1"),
    ],
)
def test_what_is_wrong_is_refused_with_line_and_column(text: str, place: str, lint: Callable[[str], set[str]]) -> None:
    """A misspelt setting, a wrong type, a value out of range, a range that is none."""
    assert place in lint(text)


def test_a_project_s_own_settings_are_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With their meaning and range."""
    (tmp_path / "own_of_schema.py").write_text(
        "from typing import Annotated, Literal\nfrom pydantic import BaseModel, Field\n"
        "from apt_settings import SettingsGroup\n"
        "class Net(BaseModel):\n    size: int = 4\n"
        "class Mine(SettingsGroup):\n"
        '    dropout: Annotated[float, Field(ge=0, lt=1, description="Of activations.")] = 0.1\n'
        "    nets: dict[str, Net] = {}\n"
    )
    schema = json.loads(printed(capsys, "schema", "--for", "sweep", "--extend", "own_of_schema:Mine"))
    dropout = schema["properties"]["sample"]["properties"]["dropout"]

    assert dropout["description"] == "Of activations."
    assert dropout["anyOf"][0]["items"] == {"exclusiveMaximum": 1, "minimum": 0, "type": "number"}
    assert "Net" in schema["$defs"]
