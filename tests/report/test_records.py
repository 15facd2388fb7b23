"""What differs between records: by cause first, each path once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apt_settings import load
from apt_settings.cli import main
from apt_settings.runs.store import record_of, write
from apt_settings.sources.record import Repository, Run


@pytest.fixture(autouse=True)
def three_records() -> None:
    """Two tasks; one of them with other epochs, the other with a rank."""
    for name, values in {
        "a": {"APT_TASK": "squad", "APT_EPOCHS": "30"},
        "b": {"APT_TASK": "mnli"},
        "c": {"APT_TASK": "mnli", "APT_MAX_RANK": "16"},
    }.items():
        Path("runs", name).mkdir(parents=True)
        write(Path("runs", name), record_of(load(values, None)))


def told(capsys: pytest.CaptureFixture[str], *argv: str, status: int = 1) -> str:
    """What `diff` prints when it ends with this status."""
    assert main(["diff", *argv]) == status
    return capsys.readouterr().out


def test_causes_come_before_what_follows(
    capsys: pytest.CaptureFixture[str], golden: Callable[[str, str], None]
) -> None:
    """With a letter for each record, whose path stands once."""
    out = told(capsys, "runs/a", "runs/b/run.json", "runs/c")

    golden("diff-records.txt", out)
    assert out.count("runs/") == 3


def test_markdown_and_json_have_the_same(
    capsys: pytest.CaptureFixture[str], golden: Callable[[str, str], None]
) -> None:
    """A setting that one of them does not have is null there."""
    path = Path("runs/c/run.json")
    content = json.loads(path.read_text())
    content["settings"]["eval_every"] = {"value": 50, "origin": "--set eval_every", "kind": "argument", "group": "a:B"}
    content["settings"]["eval_every"] |= {"at_default": True}
    path.write_text(json.dumps(content))
    found: dict[str, Any] = json.loads(told(capsys, "runs/b", "runs/c", "--format", "json"))

    golden("diff-records.md", told(capsys, "runs/a", "runs/c", "--format", "markdown"))
    assert found["records"] == ["runs/b", "runs/c"]
    assert [(each["setting"], each["set"]) for each in found["differences"]] == [
        ("max_rank", True),
        ("eval_every", True),
    ]
    assert found["differences"][1]["sides"] == [None, {"value": 50, "origin": "--set eval_every"}]
    assert "eval_every  no setting" in told(capsys, "runs/b", "runs/c")


def test_the_same_is_0_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """A record and its folder are the same."""
    assert told(capsys, "runs/a", "runs/a/run.json", status=0).splitlines()[-1] == "nothing differs"


def run(**changes: Any) -> Run:
    """A run of a script, in git, with torch."""
    git = Repository(commit="474551d" * 5 + "12345", dirty=True, diff="3f2a9c1e0b7d0000")
    base: dict[str, Any] = {"command": ("python", "train.py"), "start": "2024-05-01T10:00:00+00:00", "host": "node7"}
    return Run(**{**base, "scheduler": {}, "git": git, "versions": {"torch": "2.5.0"}, **changes})


def test_the_code_is_compared_too(capsys: pytest.CaptureFixture[str], golden: Callable[[str, str], None]) -> None:
    """Commit, uncommitted changes, command and versions: records of the same settings may differ there."""
    settings = record_of(load({"APT_TASK": "squad"}, None))
    clean = Repository(commit="474551d" * 5 + "12345", dirty=False)
    runs = {
        "d": run(),
        "e": run(git=clean, versions={"torch": "2.6.0"}),
        "f": run(git=None, command=("python", "train 2.py"), versions={}),
    }
    for name, each in runs.items():
        Path("runs", name).mkdir()
        write(Path("runs", name), settings.model_copy(update={"runs": (each,)}))
    found: dict[str, Any] = json.loads(told(capsys, "runs/d", "runs/e", "--format", "json"))
    out = told(capsys, "runs/d", "runs/e", "runs/f").replace(f"{run().start[:10]} ", "")

    golden("diff-code.txt", out.partition("\n\n")[0].splitlines()[-1] + "\n\n" + out.partition("\n\n")[2])
    assert found["differences"] == []
    assert found["code"] == [
        {"name": "changes", "sides": ["3f2a9c1e0b7d", "none"]},
        {"name": "torch", "sides": ["2.5.0", "2.6.0"]},
    ]
    assert "## The code\n" in told(capsys, "runs/d", "runs/e", "--format", "markdown")
    assert told(capsys, "runs/d", "runs/d", status=0).endswith("nothing differs\n")


def test_a_record_beside_something_else_goes_by_a_letter(capsys: pytest.CaptureFixture[str]) -> None:
    """Its path stands once, above, and not beside each value."""
    out = told(capsys, "runs/a", "paper")

    assert out.startswith("A  runs/a\n")
    assert out.count("runs/a") == 1
    assert "30 (environment APT_EPOCHS)" in out
