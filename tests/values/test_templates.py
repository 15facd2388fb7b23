"""Names of settings in output_dir: each job has a folder of its own."""

import json
import re
from pathlib import Path
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from support import printed, run_script, started

from apt_settings import SettingsError, SettingsGroup, SquadSettings, fingerprint, load
from apt_settings.cli import main
from apt_settings.own import Place
from apt_settings.registry import in_force
from apt_settings.registry.naming import with_groups
from apt_settings.runs.running import job_environment
from apt_settings.runs.store import record_of, write
from apt_settings.specs.findings import findings
from apt_settings.sweeps.grid import GridEntry, sweep_of
from apt_settings.values import fill, literal, names_in


class Trainer(SettingsGroup):
    """Settings of a project."""

    eval_every: Annotated[int, "steps"] = 100
    index: Annotated[int, "of a shard"] = 0
    hub: SecretStr = SecretStr("x")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("runs/{seed}", "runs/3"),
        ("runs/{task}-{target_sparsity}", "runs/squad-0.6"),
        ("{architecture}", "meta-llama-Llama-2-7b-hf"),
        ("runs/{max_steps}", "runs/none"),
        ("runs/{eval_every}", "runs/100"),
        ("runs/{{seed}}/{seed}", "runs/{seed}/3"),
        ("runs/{{seed:03d}}/{{ seed }}", "runs/{seed:03d}/{ seed }"),
        ("runs/{ x }/{", "runs/{ x }/{"),
        ("runs/}}", "runs/}"),
        ("runs/${seed}", "runs/${seed}"),
    ],
)
def test_names_are_filled(text: str, place: str) -> None:
    """Any setting, a project's too; a value is one part of the path; braces of other kinds are text."""
    task = "alpaca" if "architecture" in text else "squad"
    settings = load({"APT_OUTPUT_DIR": text}, None, extend=[Trainer], task=task, seed=3)
    assert settings.output_dir == place
    assert load(job_environment({}, settings), None, extend=[Trainer]) == settings


def test_the_fingerprint_is_a_name_too() -> None:
    """It leaves output_dir out."""
    settings = SquadSettings(output_dir="runs/{fingerprint}")
    assert settings.output_dir == f"runs/{fingerprint(settings)}"
    assert settings.model_copy(update={"seed": 3}).output_dir != settings.output_dir
    assert fingerprint(settings) == fingerprint(SquadSettings())


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("runs/{sede}", "has {sede}, which is no setting; did you mean {seed}?; {{sede}} is the text itself"),
        ("runs/{SEED}", "has {SEED}, which is no setting; did you mean {seed}?; {{SEED}} is the text itself"),
        ("runs/{seed:03d}", "has {seed:03d}, which is more than a name; write {seed}; {{seed:03d}} is the text itself"),
        ("runs/{ seed }", "has { seed }, which is more than a name; write {seed}; {{ seed }} is the text itself"),
        ("runs/{index!r}", "has {index!r}, which is more than a name; write {index}; {{index!r}} is the text itself"),
        ("runs/{hub}", "has {hub}, which is secret"),
        (
            "runs/{index}",
            "has {index}, which is that of a job and a setting of Trainer; give that another name",
        ),
        ("runs/{output_dir}", "has {output_dir}, which is itself"),
        ("runs/{model_name_or_path}", "has a part that {model_name_or_path} is '..', and no name of a folder"),
    ],
)
def test_other_names_are_refused(text: str, wrong: str) -> None:
    """One error, with what to write."""
    with pytest.raises(SettingsError) as caught:
        load({"APT_OUTPUT_DIR": text, "APT_MODEL_NAME_OR_PATH": ".."}, None, extend=[Trainer], task="squad")
    assert str(caught.value) == f"1 problem in the settings\n  environment APT_OUTPUT_DIR {wrong}"


@given(st.text("{}ab_/", max_size=12))
def test_what_was_filled_is_not_filled_again(text: str) -> None:
    """A text that has become a path is handed on as one."""
    assert fill(literal(text), {}) == text
    assert literal(text) == text or not [*names_in(literal(text))]


def test_a_record_has_both_and_a_replay_starts_from_what_was_written(tmp_path: Path) -> None:
    """Else a run with another seed would write into the old one's folder."""
    settings = load({"APT_OUTPUT_DIR": "runs/{seed}"}, None, task="squad", seed=3)
    write(tmp_path, record_of(settings))
    row = json.loads((tmp_path / "run.json").read_text())["settings"]["output_dir"]

    assert (row["value"], row["filled"]) == ("runs/{seed}", "runs/3")
    assert load({}, record=tmp_path) == settings
    assert load({}, record=tmp_path, seed=4).output_dir == "runs/4"


def test_each_point_has_a_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """By its number, or what it varies; the command sees it; the record of a point is replayed as it was."""
    grid = ["--task", "squad", "--grid", "seed=3..4", "--set", "output_dir=runs/{index}-{seed}"]
    run = ["run", *grid, "--index", "1", "--record", "rec", "--resume", "--quiet"]
    done = started(*run, "--", "printenv", "APT_OUTPUT_DIR")

    assert (done.stdout, done.stderr) == ("runs/1-4\n", "")
    assert load({}, record=tmp_path / "rec").output_dir == "runs/1-4"
    assert load({}, record=tmp_path / "rec", seed=4, per_device_batch_size=8).output_dir == "runs/1-4"
    with pytest.raises(SettingsError, match=r"output_dir has {index}, and this is no point of a grid; write {fingerp"):
        load({}, record=tmp_path / "rec", seed=5)
    script = printed(capsys, "job", "slurm", *grid, "--", "true")
    assert "export APT_OUTPUT_DIR='runs/{index}-{seed}'" in script
    assert findings("job.sh", script.encode()) == []
    done = run_script(script, SLURM_ARRAY_TASK_ID="0")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("argv", "note"),
    [
        (["--grid", "seed=1..3"], "points share output_dir output, and overwrite each other there: --set output_dir="),
        (
            ["--grid", "seed=1..3", "--grid", "task=squad,mnli", "--set", "output_dir=a/{task}"],
            "share output_dir a/{tas",
        ),
        (["--grid", "seed=1..3"], "'output/{fingerprint}' gives each its own"),
        (["--grid", "task=squad,mnli,qqp", "--set", "output_dir=a/{task}"], "points share output_dir a/{task}"),
        (["--grid", "seed=1..3", "--set", "output_dir=a/{seed}"], ""),
        (["--grid", "seed=1..3", "--set", "output_dir=a/{index}"], ""),
        (["--grid", "seed=1..3", "--set", "output_dir=a/{fingerprint}"], ""),
        (["--zip", "seed=1,2", "--zip", "output_dir=a,b"], ""),
    ],
)
def test_points_that_share_a_folder_are_noted(
    argv: list[str], note: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the line that mends it, by sweep and job."""
    monkeypatch.setenv("APT_TASK", "squad")
    if any(word.startswith("task=") for word in argv):
        monkeypatch.delenv("APT_TASK")
    for command in (["sweep", *argv], ["job", "slurm", *argv, "--", "true"]):
        assert main(command) == 0
        err = capsys.readouterr().err
        assert note in err
        assert ("points share" in err) == bool(note)


def test_a_wrong_name_is_found_at_every_point(capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything starts."""
    grid = ["--task", "squad", "--grid", 'output_dir=["a/{index}", "b/{sede}"]']
    assert main(["sweep", *grid]) == 78
    assert "at 1 of 2 points (1): --grid output_dir has {sede}, which is no setting" in capsys.readouterr().err


def test_a_job_alone_has_no_index() -> None:
    """It is told what to write."""
    wrong = "has {index}, and this is no point of a grid; write {fingerprint} for a folder of its own"
    with pytest.raises(SettingsError, match=re.escape(wrong)):
        load({"APT_OUTPUT_DIR": "runs/{index}"}, None, task="squad")


def test_a_secret_is_no_axis() -> None:
    """A grid is shown, recorded and written into scripts."""
    with in_force(with_groups([Trainer], Place("test"))):
        entry = GridEntry("hub", "hunter1,hunter2", "--grid hub")
        with pytest.raises(SettingsError) as caught:
            sweep_of([[entry]])
    assert "--grid hub is secret, and a grid is shown and written: it cannot vary" in str(caught.value)
    assert "hunter" not in str(caught.value)
