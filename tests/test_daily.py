"""What people do every day, a little wrong: nothing is silent, and every message says what to write."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support import printed

import apt_settings
from apt_settings import SettingsError, SettingsWarning, load
from apt_settings.cli import main


@pytest.mark.parametrize(
    ("argv", "status", "words"),
    [
        (["sweep", "--grid", "epochs=20,40", "--zip", "distill_epochs=10,20"], 2, "has no other --zip to vary with"),
        (["run", "--task", "sst2", "--", "python train.py"], 127, "not found on PATH; quotes make it one word: write"),
        (["run", "--task", "sst2", "--", "pyton", "train.py"], 127, "apt-settings: pyton: not found on PATH\n"),
        (["run", "--task", "sst2", "--", "./no.sh"], 127, "apt-settings: ./no.sh: No such file or directory\n"),
        (["run", "--", "true"], 78, "APT_TASK is not set: a job must say which task it is; write --task, with one of"),
        (["slurm"], 2, "did you mean job slurm?"),
        (["k8s"], 2, "did you mean job kubernetes?"),
        (["job", "k8s"], 2, "did you mean kubernetes?"),
        (["job", "sbatch"], 2, "did you mean slurm?"),
    ],
)
def test_a_slip_on_the_command_line(
    argv: list[str], status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One message, and the status of a shell."""
    assert main(argv) == status
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("FacebookAI/roberta-base", "roberta-base"),
        ("google-bert/bert-base-uncased", "bert-base-uncased"),
        ("bert-base", "bert-base-uncased"),
        ("google-t5/t5-base", "t5-base"),
        ("llama-2-7b", "meta-llama/Llama-2-7b-hf"),
        ("meta-llama/Llama-2-13b", "meta-llama/Llama-2-13b-hf"),
    ],
)
def test_the_names_of_models_that_people_type(written: str, meant: str) -> None:
    """Today's names on the hub, and short ones."""
    with pytest.raises(SettingsError, match=f"did you mean {meant}\\?"):
        load({"APT_ARCHITECTURE": written}, None)


def test_a_line_without_the_prefix_is_noted(write_env: Callable[..., Path]) -> None:
    """A name that is exactly one of ours; other tools' lines are nobody's business, and no value is shown."""
    file = write_env("TARGET_SPARSITY=0.4\nWANDB_PROJECT=x\nseed=3\nREFERENCE=release\n")
    with pytest.warns(SettingsWarning) as told:
        load({}, file)

    (only,) = told
    assert str(only.message).endswith(":1 TARGET_SPARSITY sets nothing here: APT_TARGET_SPARSITY is the setting")


def test_a_dictionary_of_settings_is_no_environment() -> None:
    """Both ways to say it stand in the error; a whole environment may have any name."""
    with pytest.raises(SettingsError, match=r"environ epochs is a setting, .* write load\(epochs=...\), or APT_EPOCHS"):
        load({"epochs": "30"}, None)
    assert load({"PATH": "/bin", "seed": "3"}, None).seed == 128


@pytest.mark.parametrize("name", ["APT_MIRROR", "APT_PROXY", "APT_HTTP_PROXY", "APT_CACHE", "APT_REPO_KEY_URL"])
def test_names_that_others_use_are_passed_over(name: str) -> None:
    """Met in the wild."""
    assert load({name: "x"}, None) == load({}, None)


def test_a_file_without_a_job_is_not_called_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing in it was judged."""
    values, service = tmp_path / "values.yaml", tmp_path / "service.yaml"
    values.write_text("replicas: 2\n")
    service.write_text("kind: Service\n")

    assert main(["check", str(values), str(service)]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("2 files: no settings in them\n", "")


def test_repr_is_one_short_line() -> None:
    """Class, task, and who set what; what does not fit is counted."""
    assert repr(load({}, None)) == "GlueBigSettings(glue_big)"
    some = repr(load({"APT_SEED": "3"}, None, task="squad"))
    assert some == "SquadSettings(squad, task by argument task, seed by environment APT_SEED)"
    many = load({}, None, **dict(load({}, None)))
    assert len(repr(many)) < 300
    assert repr(many).endswith(" more)")


def test_the_version_is_there() -> None:
    """As in most packages."""
    assert apt_settings.__version__[0].isdigit()


def test_a_picture_may_be_a_pdf(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same file for the same plan."""
    files = [tmp_path / "a.pdf", tmp_path / "b.pdf"]
    for file in files:
        printed(capsys, "plan", "--task", "sst2", "--plot", str(file))

    assert files[0].read_bytes().startswith(b"%PDF")
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize(
    ("file", "path"),
    [(".env", "../../.env"), ("a/.env", "../.env"), ("a/b/.env.local", ".env.local"), ("a/b/env", "env")],
)
def test_a_file_that_nobody_reads_is_noted(
    file: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Up to the root of the repository; it is not read, and a `.env` here ends the search."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    (tmp_path / file).write_text("APT_SEED=3\nexport APT_EPOCHS=30\nOTHER=1\n")
    monkeypatch.chdir(tmp_path / "a" / "b")
    with pytest.warns(SettingsWarning, match=f"no .env here; {path} has 2 APT_ lines: --env-file {path}, or"):
        assert load({}).seed == 128
    assert main(["check"]) == 0
    assert f"note: no .env here; {path} has 2 APT_ lines" in capsys.readouterr().out

    (tmp_path / "a" / "b" / ".env").write_text("APT_SEED=4\n")
    assert load({}).seed == 4


def test_above_the_repository_and_home_nobody_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor into files that are no concern of ours, or cannot be read."""
    (tmp_path / "home" / "work").mkdir(parents=True)
    (tmp_path / ".env").write_text("APT_SEED=3\n")
    (tmp_path / "home" / ".env").write_text("OTHER=3\n")
    (tmp_path / "home" / "work" / "env").mkdir()
    (tmp_path / "home" / "work" / "apt.env").write_bytes(b"\xff")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "home" / "work")

    assert load({}).notes == ()


def test_a_command_knows_where_its_record_is(tmp_path: Path, write_env: Callable[..., Path]) -> None:
    """For results beside it; a `.env` cannot say it, and a shell that says it does not count."""
    script = "import os, pathlib; pathlib.Path(os.environ['APT_RUN_DIR'], 'result').write_text('0.9')"
    command = [sys.executable, "-m", "apt_settings", "run", "--task", "squad", "--record", str(tmp_path / "runs")]
    environ = {**os.environ, "APT_RUN_DIR": "/nowhere"}
    done = subprocess.run([*command, "--", sys.executable, "-c", script], env=environ, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")
    (folder,) = (tmp_path / "runs").iterdir()
    assert {each.name for each in folder.iterdir()} == {"run.json", "result"}
    with pytest.raises(SettingsError, match=r"APT_RUN_DIR cannot stand in a \.env: apt-settings run --record sets it"):
        load({}, write_env("APT_RUN_DIR=x"))


def test_a_comment_of_a_line_is_no_part_of_its_value(write_env: Callable[..., Path]) -> None:
    """What a shell would expand there, nobody would."""
    assert load({}, write_env("APT_OUTPUT_DIR=runs/a  # was `pwd`/a $(x)\n")).notes == ()


def test_a_flag_that_the_settings_decide_is_noted_too(capsys: pytest.CaptureFixture[str]) -> None:
    """It undoes batch_size, and no record has it."""
    assert main(["job", "slurm", "--task", "squad", "--", "true", "--gradient-accumulation-steps=4"]) == 0
    assert "note: --gradient-accumulation-steps is for the command alone: APT_BATCH_SIZE" in capsys.readouterr().err


def test_the_plan_and_the_release_count_a_limit_of_steps_alike(capsys: pytest.CaptureFixture[str]) -> None:
    """Where max_steps says when it ends, no row says that epochs do."""
    told = printed(capsys, "plan", "--task", "sst2", "--set", "max_steps=1000")

    assert "1,000 by max_steps: 0.48 epochs of 2,105" in told
    assert "1,000 = 40 epochs" not in told
