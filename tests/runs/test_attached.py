"""What a job runs with right now: by the variables of its process."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support import printed

from apt_settings import load
from apt_settings.cli import main
from apt_settings.fingerprint import fingerprint
from apt_settings.runs import attached

Start = Callable[..., int]
RUN = (sys.executable, "-m", "apt_settings", "run", "--quiet")


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a command that writes its process's id and waits; it ends with the test."""
    with ExitStack() as until_the_end:

        def begin(*command: str, **environ: str) -> int:
            # The shell itself waits: while it becomes another program, a process has no variables.
            wait = ("sh", "-c", "echo $$; read line")
            process = subprocess.Popen(
                [*command, *wait],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, **environ},
                process_group=0,
            )
            until_the_end.callback(process.communicate)
            until_the_end.callback(os.killpg, process.pid, 15)
            assert process.stdout is not None
            watched.append(process.pid)
            return int(process.stdout.readline())

        watched: list[int] = []
        begin.watched = watched  # type: ignore[attr-defined]
        yield begin


def test_a_job_shows_what_it_runs_with(
    start: Start, capsys: pytest.CaptureFixture[str], write_env: Callable[..., Path]
) -> None:
    """Who set what is as `run` was told, whatever the `.env` says meanwhile; what is different here is told."""
    write_env("APT_EPOCHS=33\n")
    pid = start(*RUN, "--task", "squad", "--", APT_SEED="5")
    write_env("APT_EPOCHS=34\nAPT_TASK=squad\n")
    planned = load({"APT_TASK": "squad", "APT_EPOCHS": "33", "APT_SEED": "5"}, None)
    out = printed(capsys, "show", "--pid", str(pid), "--overrides-only")

    assert f"process      {pid}\n" in out
    assert f"fingerprint  {fingerprint(planned)}\n" in out
    assert [line.split()[:3] for line in out.split("\n\n")[1].splitlines()[1:]] == [
        ["task", "squad", "--task"],
        ["epochs", "33", ".env:1"],
        ["seed", "5", "environment"],
    ]
    assert [line.split()[0] for line in out.partition("different if it started now here\n")[2].splitlines()] == [
        "setting",
        "epochs",
        "seed",
    ]
    assert "33 (.env:1)" in out
    assert "34 (.env:1)" in out


def test_a_watcher_shows_its_command(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    """`run --record` has not the variables itself; a child of a job has them; JSON and env have the same."""
    pid = start(*RUN, "--task", "squad", "--set", "epochs=33", "--record", "runs", "--")
    (watcher,) = start.watched  # type: ignore[attr-defined]
    about, same = (json.loads(printed(capsys, "show", "--pid", str(n), "--format", "json")) for n in (watcher, pid))
    lines = printed(capsys, "show", "--pid", str(watcher), "--format", "env", "--overrides-only")

    assert watcher != pid
    assert about["record"] == str(next(Path("runs").iterdir()).absolute())
    assert about["settings"]["epochs"]["origin"] == "--set epochs"
    assert about | {"pid": pid} == same
    assert {"setting": "epochs", "there": {"value": 33, "origin": "--set epochs"}} in [
        {"setting": each["setting"], "there": each["there"]} for each in about["different_here"]
    ]
    assert lines == "APT_TASK=squad\nAPT_EPOCHS=33\n"
    assert "record       " in printed(capsys, "show", "--pid", str(pid))


def test_what_a_script_changes_below_run_is_not_a_default(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    """A variable that is no longer what `run` handed on is the environment's."""
    pid = start(*RUN, "--task", "squad", "--", "env", "APT_EPOCHS=50")
    out = printed(capsys, "show", "--pid", str(pid), "--overrides-only")

    assert [line.split()[:3] for line in out.split("\n\n")[1].splitlines()[1:]] == [
        ["task", "squad", "--task"],
        ["epochs", "50", "environment"],
    ]


def test_the_same_here_is_said(
    start: Start, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the same variables are set; a note says that a `.env` may have been read there."""
    monkeypatch.setenv("APT_TASK", "squad")
    out = printed(capsys, "show", "--pid", str(start()))

    assert out.endswith("the same if it started now here\n")
    assert "apt-settings run has not started it: what a .env gave it is not seen" in out


def test_what_is_wrong_here_is_no_reason_not_to_show_it(
    start: Start, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A note says that nothing would start here."""
    pid = start(APT_TASK="squad")
    monkeypatch.setenv("APT_EPOCHS", "ten")

    assert "note: here nothing would start: environment APT_EPOCHS='ten' is not" in printed(
        capsys, "show", "--pid", str(pid)
    )


def test_no_code_is_imported_that_another_process_names(
    start: Start, capsys: pytest.CaptureFixture[str], write_env: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names that are unknown without it are told without their values; --extend of the caller counts."""
    seen = "from pathlib import Path\nPath('imported').touch()\n"
    write_env(f"{seen}from pydantic import BaseModel\nclass Own(BaseModel):\n    every: int = 1\n", "own.py")
    monkeypatch.syspath_prepend(Path.cwd())
    pid = start(APT_TASK="squad", APT_EXTEND="own:Own", APT_EVERY="4711", WANDB_API_KEY="geheim")
    out = printed(capsys, "show", "--pid", str(pid))

    assert not Path("imported").exists()
    assert "names 'own:Own' in APT_EXTEND, which is not imported: name them with --extend to see APT_EVERY;" in out
    assert "4711" not in out
    assert "geheim" not in out
    named = printed(capsys, "show", "--pid", str(pid), "--extend", "own:Own")
    assert "every                      4711" in named
    assert "which is not imported" not in named
    assert Path("imported").exists()


def test_a_process_whose_settings_are_wrong_is_told_as_such(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    """No class that is not imported can be the reason."""
    pid = start(APT_TASK="sqaud")

    assert main(["show", "--pid", str(pid)]) == 78
    assert "environment APT_TASK='sqaud' is not allowed" in capsys.readouterr().err


def test_a_task_of_a_class_that_is_not_named_here_is_one_line(
    start: Start, capsys: pytest.CaptureFixture[str], project_classes: str
) -> None:
    """Nothing of it is known without the class; with the class, what nobody set is a default."""
    pid = start(*RUN, "--extend", project_classes, "--task", "gsm8k", "--")

    assert main(["show", "--pid", str(pid), "--extend", "project_classes:Group"]) == 78
    assert capsys.readouterr().err.splitlines()[1:] == [
        f"  --pid {pid} runs with 'project_classes:Gsm', which is not imported, and nothing can be told without; "
        "write --extend 'project_classes:Group','project_classes:Gsm'"
    ]
    named = printed(capsys, "show", "--pid", str(pid), "--extend", project_classes, "--overrides-only")
    assert [line.split() for line in named.split("\n\n")[1].splitlines()[1:]] == [["task", "gsm8k", "--task"]]


@pytest.mark.parametrize(
    ("argv", "status", "words"),
    [
        (["--pid", "4194305"], 78, "--pid 4194305 is no process that runs on this machine"),
        (["--pid", "0"], 2, "0 is not in the range x>=1"),
        (["--pid", "1", "--task", "squad"], 2, "--pid shows a process as it is"),
        (["--pid", "1", "--from", "runs"], 2, "--pid shows a process as it is"),
    ],
)
def test_a_process_that_is_not_there_is_one_line(
    argv: list[str], status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what does not go with --pid."""
    assert main(["show", *argv]) == status
    assert words in capsys.readouterr().err


def proc(folder: Path, monkeypatch: pytest.MonkeyPatch, **files: str) -> Path:
    """A /proc with a process 7 that has these files, `children` below its task."""
    process = folder / "proc" / "7"
    (process / "task" / "7").mkdir(parents=True)
    for name, text in files.items():
        (process / ("task/7/children" if name == "children" else name)).write_text(text)
    monkeypatch.setattr(attached, "PROC", folder / "proc")
    return process


def test_a_process_of_another_user_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As is one whose environment cannot be read."""
    (proc(tmp_path, monkeypatch) / "environ").mkdir()
    assert main(["show", "--pid", "7"]) == 78

    assert "--pid 7 belongs to another user, and only that user may see its variables" in capsys.readouterr().err


def test_a_process_without_ours_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it has children that are gone, or that `run` has not started."""
    proc(tmp_path, monkeypatch, environ="HOME=/\0TOKEN=geheim\0", children="8 7 ")
    assert main(["show", "--pid", "7"]) == 78
    err = capsys.readouterr().err

    assert "--pid 7 has no APT_ variable: neither apt-settings run nor a shell that sets one has started it" in err
    assert "geheim" not in err


def test_where_there_is_no_proc_it_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On macOS and Windows."""
    monkeypatch.setattr(attached, "PROC", tmp_path / "nowhere")
    assert main(["show", "--pid", "7"]) == 78

    assert "--pid 7 needs /proc, which only Linux has" in capsys.readouterr().err


def test_a_kernel_that_lists_no_children_shows_the_process(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has what it was started with."""
    proc(tmp_path, monkeypatch, environ="APT_TASK=squad\0")

    assert "task         squad\n" in printed(capsys, "show", "--pid", "7")
