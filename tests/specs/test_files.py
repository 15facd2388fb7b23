"""The files of a folder: those that git knows, quickly, and nothing outside of it."""

import io
import os
from pathlib import Path

import pytest
from support import git

from apt_settings.basics.files import UnreadableError
from apt_settings.cli import main
from apt_settings.specs.files import files_in, read, read_found
from apt_settings.specs.texts import SIZE_LIMIT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a good and a wrong file, prose, binaries, links, and what is not looked at."""
    for name, text in {
        "job.sh": "export APT_SEED=x\nrun\n",
        "k8s/job.yaml": "env: {APT_SEED: '3'}\n",
        "README.md": "Set APT_SEEED.\n",
        "train.py": "APT_SEED\n",
        "apt.py": "import apt_settings\n",
        "plain.sh": "run\n",
        "node_modules/x.sh": "export APT_SEED=x\nrun\n",
        "model.env": "APT_SEED=3\0\n",
    }.items():
        (tmp_path / "in" / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / "in" / name).write_text(text)
    (tmp_path / "out.sh").write_text("export APT_SEED=x\nrun\n")
    (tmp_path / "in" / "link.sh").symlink_to(tmp_path / "out.sh")
    (tmp_path / "in" / "up").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "in" / "pipe.sh")
    return tmp_path / "in"


@pytest.mark.parametrize("with_git", [False, True])
def test_a_folder_is_searched(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, with_git: bool
) -> None:
    """Specs are judged, code and prose are counted, links are not followed; git's ignored files are left out."""
    if with_git:
        (folder / ".gitignore").write_text("node_modules\n")
        git("init", "-q", cwd=folder)
        git("add", "job.sh", cwd=folder)
    monkeypatch.chdir(folder)

    assert main(["check", "."]) == 1
    out, err = capsys.readouterr()
    assert [line.partition(" ")[0] for line in out.splitlines()] == ["job.sh:1:"]
    assert err.splitlines() == [
        "1 problem in 1 of 2 files: 2 settings judged",
        "note: 2 other files name APT_ variables and are code or prose: not judged",
    ]


def test_a_repository_runs_nothing(folder: Path, tmp_path: Path) -> None:
    """Not the program of its core.fsmonitor."""
    git("init", "-q", cwd=folder)
    git("config", "core.fsmonitor", f"touch {tmp_path}/ran; false", cwd=folder)

    assert "./job.sh".removeprefix("./") in {os.path.relpath(path, folder) for path in files_in(str(folder))}
    assert not (tmp_path / "ran").exists()


def test_no_group_of_the_folder_is_imported(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """APT_EXTEND may name a module of the working directory: its names are not judged then."""
    (folder / "theirs.py").write_text("open('ran', 'w')\n")
    (folder / "own.sh").write_text("export APT_EVAL_EVERY=3 APT_SEEED=3\nrun\n")
    monkeypatch.setenv("APT_EXTEND", "theirs:Args")
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))

    assert main(["check", "own.sh"]) == 1
    out, err = capsys.readouterr()
    assert out == "own.sh:1: APT_SEEED is not a setting; did you mean APT_SEED?\n"
    assert "note: own.sh:1: APT_EVAL_EVERY is not judged: it may be of theirs:Args; --extend theirs:Args ju" in err
    assert not (folder / "ran").exists()


def test_names_that_cannot_be_judged_are_wrong_if_you_say_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A misspelt own setting is green else; a value that only the job knows stays a note."""
    (folder / "own.sh").write_text("export APT_EXTEND=theirs:Args APT_EVAL_EVRY=3\ntrain\n")
    (folder / "good.sh").write_text("export APT_TASK=squad APT_SEED=$SEED\ntrain\n")
    monkeypatch.setenv("APT_EXTEND", "theirs:Args")
    own, good = str(folder / "own.sh"), str(folder / "good.sh")
    green = main(["check", own])
    capsys.readouterr()
    strict = main(["check", "--strict", own])
    told = capsys.readouterr().out

    assert (green, strict, main(["check", "--strict", good]), main(["check", "--strict"])) == (0, 1, 0, 2)
    assert f"{own}:1: APT_EVAL_EVRY is not judged: it may be of theirs:Args\n" in told
    assert f"{own}:1: the names of theirs:Args are not judged: --extend theirs:Args" in told


def test_records_are_no_specs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What has run is not judged in a folder, also where git does not leave it out."""
    (tmp_path / "job.sh").write_text("export APT_TASK=squad\ntrain\n")
    with pytest.raises(SystemExit, match="0"):
        main(["run", "--task", "squad", "--record", str(tmp_path / "runs"), "--resume", "--", "true"])
    (tmp_path / "runs" / "node-1.json").write_text('{\n  "rank": "1",\n  "host": "APT_X"\n}\n')
    (tmp_path / "node-a.json").write_text('{"env": {"APT_EPOCHS": "ten"}}\n')
    capsys.readouterr()

    assert main(["check", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert [line.partition(":")[0] for line in out.splitlines()] == [str(tmp_path / "node-a.json")]
    assert "1 problem in 1 of 2 files" in err


def test_a_group_that_the_caller_names_is_imported(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --extend, as whoever writes it means it."""
    text = "from dataclasses import dataclass\n\n@dataclass\nclass Args:\n    eval_every: int = 3\n"
    (folder / "ours_here.py").write_text(text)
    (folder / "own.sh").write_text("export APT_EVAL_EVERY=x\nrun\n")
    monkeypatch.setenv("APT_EXTEND", "")
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))

    assert main(["check", "--extend", "ours_here:Args", "own.sh"]) == 1
    assert "APT_EVAL_EVERY='x' is not allowed: must be a whole number" in capsys.readouterr().out


def test_large_files_are_read_as_far_as_they_matter(tmp_path: Path) -> None:
    """What names nothing of ours is nothing, wherever the name would stand."""
    plain, late = b"a" * SIZE_LIMIT * 3, b"a" * SIZE_LIMIT * 2 + b"APT_SEED=1"
    (tmp_path / "late").write_bytes(b"# " + late)
    assert read(io.BytesIO(plain)) == b""
    with pytest.raises(UnreadableError, match="is larger than 1024 KiB"):
        read(io.BytesIO(late))
    with pytest.raises(UnreadableError):
        read_found(str(tmp_path / "late"))
    assert read_found(str(tmp_path / "missing")) == b""


@pytest.mark.large
def test_what_has_no_end_is_refused() -> None:
    """/dev/zero, and a pipe that goes on."""
    with open("/dev/zero", "rb") as endless, pytest.raises(UnreadableError):
        read(endless)


def test_a_large_file_is_one_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With its name, after those that could be read."""
    (tmp_path / "late.yaml").write_bytes(b"a: 1\n" * 300_000 + b"APT_SEED: 1")

    assert main(["check", str(tmp_path / "late.yaml")]) == 1
    assert "late.yaml:1: is larger than 1024 KiB" in capsys.readouterr().out
