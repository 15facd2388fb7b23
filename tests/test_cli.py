"""The command line: what it prints, and its exit status."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from apt_settings import GlueBigSettings, fingerprint, load
from apt_settings.cli import main


def test_show_prints_every_setting_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Each setting has one row with its value and origin."""
    assert main(["show"]) == 0
    rows = [line.split()[0] for line in capsys.readouterr().out.split("\n\n")[1].splitlines()]

    assert ["setting", *GlueBigSettings.model_fields] == rows


def test_show_tells_the_whole_story(
    write_env: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    golden: Callable[[str, str], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Origins, what is shadowed, the default that was overridden, the file read, and the notes to know."""
    path = write_env("APT_TASK=alpaca\nAPT_SEED=7\nAPT_EPOCHS=20\n")
    monkeypatch.setenv("APT_EPOCHS", "12")
    monkeypatch.setenv("APT_PRECISION", "")
    monkeypatch.setenv("APT_PRUNING_END_EPOCH", "12")
    monkeypatch.setenv("APT_SPARSITY_WARMUP_EPOCHS", "3")
    monkeypatch.setenv("APT_INITIAL_RANK", "100")

    assert main(["show", "--set", "learning_rate=2e-5"]) == 0
    golden("show.txt", capsys.readouterr().out.replace(str(path.parent), "/job"))


def test_show_says_that_nobody_chose_the_task_and_no_file_was_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A forgotten APT_TASK and a `.env` in another folder are seen at a glance."""
    main(["show"])
    out = capsys.readouterr().out

    assert "glue_big (the default: nothing sets APT_TASK)" in out
    assert f"none: no .env in {tmp_path}" in out


def test_json_has_its_form(write_env: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    """`--format json` is task, fingerprint, env_file, and value, origin, default and citation of every setting."""
    path = write_env("APT_TARGET_SPARSITY=0.4\n")
    assert main(["show", "--task", "squad", "--format", "json"]) == 0
    said = json.loads(capsys.readouterr().out)
    expected = load({}, task="squad")

    assert list(said) == ["task", "fingerprint", "env_file", "settings"]
    assert ("squad", fingerprint(expected), str(path)) == (said["task"], said["fingerprint"], said["env_file"])
    assert said["settings"]["target_sparsity"] == {
        "value": 0.4,
        "origin": ".env:1",
        "default": 0.6,
        "citation": "paper, Table 2",
    }
    assert said["settings"]["task"]["origin"] == "--task"
    assert expected == load({}, None, **{name: row["value"] for name, row in said["settings"].items()})


def test_wrong_settings_stop_show_with_78(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is printed but the problems, on stderr."""
    monkeypatch.setenv("APT_EPOCHS", "ten")
    assert main(["show", "--set", "seed=x"]) == 78
    out, err = capsys.readouterr()

    assert out == ""
    assert err == (
        "apt-settings: 2 problems in the settings\n"
        "  environment APT_EPOCHS='ten' is not allowed: must be a whole number, 1 <= x <= 10000\n"
        "  --set seed='x' is not allowed: must be a whole number, 0 <= x <= 4294967295\n"
    )


def test_check_is_0_or_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Good settings: one line and what there is to know. Wrong ones: a line for each problem."""
    monkeypatch.setenv("APT_SEED", "")
    monkeypatch.setenv("APT_EPOCHS", "10")
    assert main(["check"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"good: glue_big, {fingerprint(GlueBigSettings(epochs=10))}",
        "note: environment APT_SEED is empty: not set",
        "note: distill_epochs stays 20 (class default) although it should be at most epochs, which is 10 "
        "(environment APT_EPOCHS); to change it: APT_DISTILL_EPOCHS=10",
    ]

    monkeypatch.setenv("APT_EPOCHS", "ten")
    monkeypatch.setenv("APT_LR", "1")
    assert main(["check"]) == 1
    out, err = capsys.readouterr()
    assert ([line.split()[1] for line in out.splitlines()], err) == (["APT_LR", "APT_EPOCHS='ten'"], "")


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["shwo"],
        ["show", "--set", "epochs"],
        ["show", "--set", "=3"],
        ["show", "--set", "epochs=3", "--set", "epochs=4"],
        ["show", "--task", "squad", "--set", "task=alpaca"],
        ["show", "--format", "yaml"],
        ["show", "--no-such"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The usage is printed on stderr, without a traceback."""
    with pytest.raises(SystemExit) as stopped:
        main(argv)

    assert stopped.value.code == 2
    assert "usage: apt-settings" in capsys.readouterr().err


def run(*argv: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "apt_settings", *argv], capture_output=True, text=True, env={**os.environ, **environ}
    )


def test_the_command_is_a_module_too() -> None:
    """`python -m apt_settings` runs the same command and hands its status on."""
    assert run("check").returncode == 0
    assert run("check", APT_SEED="x").returncode == 1
    assert run("show", APT_SEED="x").returncode == 78
    assert "Traceback" not in run("show", APT_SEED="x", PYTHONIOENCODING="ascii", APT_OUTPUT_DIR="é").stderr


def test_output_survives_a_terminal_without_utf_8() -> None:
    """Where stdout is ASCII, other characters are escaped."""
    done = run("show", PYTHONIOENCODING="ascii", APT_OUTPUT_DIR="é")

    assert done.returncode == 0
    assert r"\xe9" in done.stdout


def test_a_reader_that_leaves_early_is_no_error() -> None:
    """`show | true` ends as other tools do, without a traceback."""
    command = f'"{sys.executable}" -m apt_settings show --format json | true; echo "${{PIPESTATUS[0]}}"'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)

    assert done.stderr == ""
    assert done.stdout in ("141\n", "0\n")
