"""The pin of a job: what was checked is what runs, or nothing does."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import printed, run_script, started

import apt_settings
from apt_settings import SettingsError, SquadSettings, fingerprint, load, override
from apt_settings.cli import main
from apt_settings.pin import Pin

SQUAD = load({"APT_TASK": "squad"}, None)
PIN = str(Pin.of(SQUAD))
OTHER = "apt1-0123456789abcdef"


def told(environ: Mapping[str, str]) -> str:
    """What load refuses; empty where it does not."""
    try:
        load({"APT_TASK": "squad", **environ}, None)
    except SettingsError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("pin", [PIN, PIN.partition("@")[0], fingerprint(SQUAD), f"{fingerprint(SQUAD)}@0.0.1", ""])
def test_what_is_expected_is_no_matter(pin: str) -> None:
    """The fingerprint alone, with the digest, with whatever version; empty is not set."""
    assert told({"APT_EXPECT": pin}) == ""


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"APT_EXPECT": OTHER}, f"APT_EXPECT='{OTHER}' is not what runs here, which is {fingerprint(SQUAD)}; to pin"),
        ({"APT_EXPECT": OTHER}, f"to pin what is here: APT_EXPECT={PIN}"),
        ({"APT_EXPECT": f"{OTHER}@0.0.1"}, "here, and was 0.0.1 where the job was checked"),
        ({"APT_EXPECT": PIN, "APT_EPOCHS": "45"}, "\n  here epochs is 45 (environment APT_EPOCHS)"),
        ({"APT_EXPECT": f"{fingerprint(SQUAD)}+00000000"}, "has the digest 00000000, and here it is"),
        ({"APT_EXPECT": f"{fingerprint(SQUAD)}+00000000"}, "\n  here max_steps is none (class default)"),
        ({"APT_EXPECT": "sweep1-0123456789abcdef"}, "is the pin of a sweep, and this is one job"),
        ({"APT_EXPECT": "squad"}, "APT_EXPECT='squad' is not allowed: must be a fingerprint such as apt1-"),
        ({"APT_EXPECT": f"{PIN} "}, "is not allowed: must be a fingerprint"),
    ],
)
def test_another_job_is_one_error(environ: dict[str, str], words: str) -> None:
    """Both fingerprints, who set what, both versions, and how to pin anew."""
    assert words in told(environ)


def test_a_file_cannot_say_what_is_expected(write_env: Callable[..., Path]) -> None:
    """The file is among what is checked."""
    with pytest.raises(SettingsError, match=r"\.env:1 APT_EXPECT cannot stand in a \.env"):
        load({}, write_env(f"APT_EXPECT={PIN}\n"))


def test_what_python_itself_changes_is_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """An argument, a block, a class and a record are another job on purpose; an expected one may be named for them."""
    monkeypatch.setenv("APT_TASK", "squad")
    monkeypatch.setenv("APT_EXPECT", PIN)
    assert load(seed=3).seed == 3
    assert SquadSettings(seed=3).seed == 3
    with override(seed=3) as settings:
        assert settings == apt_settings.settings
    with pytest.raises(SettingsError, match="is not what runs here"):
        load(seed=3, expect=PIN)
    with pytest.raises(TypeError, match=r"does not consult expect; load\(expect=...\) compares"):
        SquadSettings(expect=PIN)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError, match=r"does not consult expect; load\(expect=...\) compares"):
        SQUAD.model_copy(update={"expect": PIN})
    assert load(expect=PIN) == SQUAD
    with override(expect=PIN) as settings:
        assert settings == SQUAD
    with pytest.raises(SettingsError, match="argument expect='apt1-0123456789abcdef' is not what runs here"):
        override(expect=OTHER).__enter__()
    monkeypatch.setenv("APT_SEED", "3")
    with pytest.raises(SettingsError, match=r"here seed is 3 \(environment APT_SEED\)"):
        _ = apt_settings.settings


@pytest.mark.parametrize(
    ("argv", "status"),
    [
        (["check"], 1),
        (["run", "--", "true"], 78),
        (["job", "slurm", "--", "true"], 78),
        (["job", "kubernetes", "--image", "x", "--", "true"], 78),
        (["job", "docker", "--image", "x", "--", "true"], 78),
        (["sweep", "--grid", "seed=1..2"], 78),
        (["job", "slurm", "--grid", "seed=1..2", "--", "true"], 78),
        (["show"], 0),
        (["explain", "epochs"], 0),
        (["schema"], 0),
        (["diff", "paper", "now"], 1),
        (["plan"], 0),
    ],
)
def test_what_starts_or_checks_a_job_compares(
    argv: list[str], status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Commands that only show are not refused; an option counts as the variable does."""
    monkeypatch.setenv("APT_TASK", "squad")
    monkeypatch.setenv("APT_SEED", "3")
    monkeypatch.setenv("APT_EXPECT", PIN)
    assert main(argv) == status
    out, err = capsys.readouterr()
    assert ("APT_EXPECT" in out + err) == (status == 78 or argv == ["check"])
    if status == 78:
        monkeypatch.delenv("APT_EXPECT")
        first = 2 if argv[0] == "job" else 1
        assert main([*argv[:first], "--expect", PIN, *argv[first:]]) == 78
        assert f"--expect='{PIN}' is" in capsys.readouterr().err


def test_the_pin_of_one_job_is_none_of_a_sweep(capsys: pytest.CaptureFixture[str]) -> None:
    """But a point may have one of its own."""
    pin = str(Pin.of(load({"APT_TASK": "squad", "APT_SEED": "1"}, None)))
    assert main(["sweep", "--task", "squad", "--grid", "seed=1..2", "--expect", pin]) == 78
    assert "is the pin of one job, and this is a sweep" in capsys.readouterr().err
    run = ("run", "--task", "squad", "--grid", "seed=1..2", "--index", "0")
    assert started(*run, "--expect", pin, "--", "true").returncode == 0


def test_an_option_without_a_pin_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """`--expect "$PIN"` where nobody set PIN."""
    assert main(["check", "--expect", ""]) == 2
    assert "--expect': is empty: write a fingerprint, or leave it out" in capsys.readouterr().err


@pytest.mark.parametrize(
    "start", [lambda: load({}, None, task="squad", expect=""), lambda: override(task="squad", expect="").__enter__()]
)
def test_an_argument_without_a_pin_is_refused(start: Callable[[], object]) -> None:
    """`load(expect=os.environ.get("PIN", ""))` where nobody set PIN would pin nothing."""
    with pytest.raises(SettingsError, match="argument expect is empty; write a fingerprint, or leave it out"):
        start()


def job_of(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """A script, whose command prints what it runs with."""
    code = "from apt_settings import settings as s; print(s.task, s.epochs, s.seed)"
    return printed(capsys, "job", "slurm", *argv, "--", sys.executable, "-c", code)


def run(script: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """The script, run by bash in the working directory."""
    if "PYTHONPATH" not in environ:
        return run_script(script, **environ)
    return subprocess.run(["bash"], input=script, capture_output=True, text=True, env={**os.environ, **environ})


def test_a_script_edited_by_hand_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The record of what was expected says what differs; nothing runs."""
    script = job_of(capsys, "--task", "squad", "--set", "epochs=30")
    assert run(script).stdout == "squad 30 128\n"
    done = run(script.replace("APT_EPOCHS=30", "APT_EPOCHS=31"))

    assert (done.returncode, done.stdout) == (78, "")
    assert re.search(r"run\.json epochs was 30 \(--set epochs\), and is 31 \(environment APT_EPOCHS\)\n", done.stderr)
    assert run(script.replace("APT_EPOCHS=30", "APT_EPOCHS=31").replace(" run ", " run --expect '' ")).returncode == 2


@pytest.mark.parametrize(
    ("old", "new", "differing"),
    [
        ("seed=1..5", "seed=1..5", []),
        ("seed=1..5", "seed=1..6", ["the grid is --grid task=squad,mnli --grid seed=1..6"]),
        ("task=squad,mnli", "task=squad,sst2", ["the grid is --grid task=squad,sst2 --grid seed=1..5"]),
        ("APT_EPOCHS=90", "APT_EPOCHS=91", ["epochs is 91 (environment APT_EPOCHS)"]),
        ("export APT_EPOCHS=90", "", ["epochs is 40 (class default)"]),
        ("APT_REFERENCE=paper", "APT_REFERENCE=paper APT_WEIGHT_DECAY=0.1", ["weight_decay is 0.1 (environment APT_"]),
        ("APT_REFERENCE=paper", "APT_REFERENCE=paper APT_OUTPUT_DIR=elsewhere", []),
    ],
)
def test_each_point_verifies_the_pin_of_its_sweep(
    old: str, new: str, differing: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """What all points share, and the grid: it says what differs. Where it runs may be another place."""
    script = job_of(capsys, "--set", "epochs=90", "--grid", "task=squad,mnli", "--grid", "seed=1..5")
    done = run(script.replace(old, new), SLURM_ARRAY_TASK_ID="7")

    assert (done.returncode, done.stdout) == ((78, "") if differing else (0, "glue_big 90 3\n"))
    told = [line.split("here ", 1)[1] for line in done.stderr.splitlines() if line.startswith("  here ")]
    assert [one[: len(other)] for one, other in zip(told, differing, strict=True)] == differing
    assert old in script


def test_a_long_grid_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    """Without what a job was handed, the grid and all that is set may be another one."""
    values = ",".join(f"out/{number}" for number in range(100))
    argv = ["sweep", "--task", "squad", "--grid", f"output_dir={values}", "--expect", "sweep1-0123456789abcdef"]
    assert main(argv) == 78
    _, _, *told = capsys.readouterr().err.splitlines()

    assert told[0] == "  here task is squad (--task)"
    assert told[1].startswith("  here the grid is --grid output_dir=out/0,out/1,")
    assert told[1].endswith("...: it may be another one, or a default")
    assert len(told) == 2


def test_the_text_of_a_sweep_is_as_long_for_many_points(capsys: pytest.CaptureFixture[str]) -> None:
    """One pin, however many points."""
    few = job_of(capsys, "--task", "squad", "--set", "epochs=90", "--grid", "seed=1..4")
    many = printed(
        capsys,
        *("job", "slurm", "--task", "squad", "--set", "epochs=90", "--grid", "seed=1..10000"),
        *("--array-size", "5000", "--part", "2", "--", "true"),
    )
    assert len(many) < 1_500
    assert len(many) < len(few) + 40


@pytest.fixture
def another_version(tmp_path: Path) -> Path:
    """A folder with the package as another image has it: with another default for squad."""
    folder = tmp_path / "image"
    package = Path(apt_settings.__file__).parent
    shutil.copytree(package, folder / "apt_settings", ignore=shutil.ignore_patterns("__pycache__"))
    tasks = folder / "apt_settings" / "tasks.py"
    text = tasks.read_text()
    assert "epochs: Epochs = 40" in text
    tasks.write_text(text.replace("epochs: Epochs = 40", "epochs: Epochs = 41"))
    return folder


@pytest.mark.parametrize("grid", [(), ("--grid", "task=mnli,squad"), ("--grid", "seed=1..3")])
def test_a_package_with_other_defaults_is_refused(
    grid: tuple[str, ...], another_version: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An older or newer version in the image, whatever the point."""
    script = job_of(capsys, *(grid if "task" in str(grid) else ("--task", "squad", *grid)))
    script = script.replace("exec apt-settings", f"exec {sys.executable} -m apt_settings")
    index = {"SLURM_ARRAY_TASK_ID": "0"} if grid else {}

    assert run(script, **index).returncode == 0
    done = run(script, PYTHONPATH=str(another_version), **index)
    assert done.returncode == 78
    assert "is not what runs here" in done.stderr


@pytest.mark.parametrize("grid", [(), ("--grid", "seed=1..3")])
def test_a_project_whose_default_has_changed_is_refused(
    grid: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fingerprint leaves a setting at its default out; the digest does not."""
    module = tmp_path / "mine_of_pins.py"
    text = "from apt_settings import SettingsGroup\nclass Mine(SettingsGroup):\n    eval_every: int = 100\n"
    module.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    argv = ("--extend", "mine_of_pins:Mine", "--task", "squad")
    script = job_of(capsys, *argv, *grid)
    index = {"SLURM_ARRAY_TASK_ID": "0"} if grid else {}

    assert run(script, PYTHONPATH=str(tmp_path), **index).returncode == 0
    module.write_text(text.replace("100", "2000"))
    done = run(script, PYTHONPATH=str(tmp_path), PYTHONDONTWRITEBYTECODE="1", **index)
    assert done.returncode == 78
    assert "eval_every was 100 (class default), and is 2000 (class default)" in done.stderr or grid


def test_what_an_image_or_a_site_sets_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A Dockerfile's ENV below the variables of a container; a prolog between `run` and the command."""
    line = printed(capsys, "job", "docker", "--task", "squad", "--image", "x", "--", "true")
    environ = dict(word[6:].split("=", 1) for word in line.split() if word.startswith("--env="))
    trainer = [sys.executable, "-c", "from apt_settings import settings"]
    assert started("run", "--", *trainer, **environ).returncode == 0
    done = started("run", "--", *trainer, **environ, APT_SEED="7")
    assert (done.returncode, "here seed is 7 (environment APT_SEED)" in done.stderr) == (78, True)

    done = started("run", "--", "env", "APT_SEED=7", *trainer, **environ)
    assert done.returncode == 1
    assert "here seed is 7 (environment APT_SEED)" in done.stderr


def test_without_a_pin_nothing_is_compared(capsys: pytest.CaptureFixture[str]) -> None:
    """--no-expect, for whoever changes scripts by hand."""
    script = job_of(capsys, "--task", "squad", "--set", "epochs=30", "--no-expect")
    assert "APT_EXPECT" not in script
    assert run(script.replace("APT_EPOCHS=30", "APT_EPOCHS=31")).stdout == "squad 31 128\n"


@given(st.text(max_size=60))
def test_any_text_is_a_pin_or_one_error(text: str) -> None:
    """And what is a pin is written as it was read."""
    pin = Pin.read(text)
    assert pin is None or str(pin) == text
