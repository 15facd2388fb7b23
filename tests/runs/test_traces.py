"""What a run leaves to look at: its job, its point, its log, its code."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import git

from apt_settings.cli import main
from apt_settings.runs.traces import code_of, job_of, log_here, point_in


@contextmanager
def streams_to(stdout: Path, stderr: Path) -> Iterator[None]:
    """Let stdout and stderr of this process go to these for a while."""
    before = [os.dup(descriptor) for descriptor in (1, 2)]
    for descriptor, path in ((1, stdout), (2, stderr)):
        to = os.open(path, os.O_WRONLY | os.O_CREAT)
        os.dup2(to, descriptor)
        os.close(to)
    try:
        yield
    finally:
        for descriptor, kept in zip((1, 2), before, strict=True):
            os.dup2(kept, descriptor)
            os.close(kept)


NULL = Path(os.devnull)


@pytest.mark.parametrize(
    ("stdout", "stderr", "log"),
    [
        (Path("out"), Path("err"), "err"),
        (Path("out"), NULL, "out"),
        (NULL, NULL, ""),
    ],
)
def test_the_log_is_the_file_of_stderr_or_else_of_stdout(stdout: Path, stderr: Path, log: str) -> None:
    """Relative to the working directory where it lies below it."""
    with streams_to(stdout, stderr):
        found = log_here()

    assert found == log


def test_a_log_elsewhere_has_its_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a file that is gone is none."""
    Path("below").mkdir()
    monkeypatch.chdir("below")
    log = tmp_path / "log"
    with streams_to(log, log):
        found = log_here()
        log.unlink()
        gone = log_here()

    assert (found, gone) == (str(log), "")


@pytest.mark.parametrize(
    ("scheduler", "job"),
    [
        ({"SLURM_JOB_ID": "1207", "SLURM_ARRAY_JOB_ID": "1200", "SLURM_ARRAY_TASK_ID": "7"}, "SLURM job 1200_7"),
        ({"SLURM_JOB_ID": "1207"}, "SLURM job 1207"),
        ({"JOB_UID": "6f1c"}, "Kubernetes job 6f1c"),
        ({}, ""),
    ],
)
def test_a_job_is_named_as_its_scheduler_takes_it(scheduler: Mapping[str, str], job: str) -> None:
    """A task of an array with the array's own number."""
    assert job_of(scheduler) == job


def test_the_point_is_told_by_who_gave_a_setting() -> None:
    """Of a grid or a sample."""
    assert point_in(["class default", "point 7 of the grid: seed"]) == 7
    assert point_in(["point 42 of sample seed 7: epochs"]) == 42
    assert point_in(["class default", "runs/x (point 7 of the grid: seed)"]) is None


GRID = ("run", "--quiet", "--task", "squad", "--grid", "seed=1..3", "--index", "1", "--record", "runs")


def test_a_record_says_where_its_log_is() -> None:
    """As a batch script's output is a file."""
    with streams_to(NULL, Path("slurm-1200_1.out")), pytest.raises(SystemExit):
        main([*GRID, "--", "false"])
    (record,) = Path("runs").glob("*/run.json")

    assert json.loads(record.read_text())["runs"][0]["log"] == "slurm-1200_1.out"


def run(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """What a run that is recorded says on stderr."""
    with pytest.raises(SystemExit):
        main(["run", "--quiet", *options, "--", "true"])
    return capsys.readouterr().err


def test_a_run_from_a_record_says_where_the_code_is_another(capsys: pytest.CaptureFixture[str]) -> None:
    """Changed and not committed, or another commit; also where it goes on in the record itself."""
    git("init", "-q", ".")
    Path("train.py").write_text("1")
    git("add", "train.py")
    git("commit", "-qm", "one")
    first = ("--task", "squad", "--record", "r1", "--resume")
    run(capsys, *first)
    same = run(capsys, "--from", "r1", "--record", "r2", "--resume") + run(capsys, *first)
    Path("train.py").write_text("2")
    changed = [run(capsys, "--from", "r2", "--record", "r3", "--resume"), run(capsys, *first)]
    git("commit", "-qam", "two")
    committed = run(capsys, "--from", "r2", "--record", "r4", "--resume")
    listed = [main(["runs", "r2", "r3"]), main(["diff", "r2", "r3"]), main(["diff", "r2", "r4"])]
    out = capsys.readouterr().out

    assert same == ""
    assert [line.partition(", and is ")[0] for line in changed] == [
        f"note: the code is not that of {place}: changes was none" for place in ("r2", "r1")
    ]
    assert committed.startswith("note: the code is not that of r2: commit was ")
    assert listed == [0, 1, 1]
    assert out.count("no setting differs") == 2
    assert "commit" not in out.partition("\n\n")[0]


def test_git_is_asked_once(capsys: pytest.CaptureFixture[str], fake: Callable[..., None]) -> None:
    """What a run from a record is compared with is what its own record says."""
    git("init", "-q", ".")
    git("commit", "-qm", "one", "--allow-empty")
    fake("git", 'echo "$@" >> asked; exec /usr/bin/git "$@"')
    run(capsys, "--task", "squad", "--record", "r1", "--resume")
    first = Path("asked").read_text()
    Path("asked").unlink()
    run(capsys, "--from", "r1", "--record", "r2", "--resume")

    assert Path("asked").read_text() == first
    assert "status" in first


def test_a_record_that_no_run_has_written_has_no_code(capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing is told of it."""
    run(capsys, "--task", "squad", "--record", "r1", "--resume")
    path = Path("r1/run.json")
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"runs": []}))

    assert run(capsys, "--from", "r1", "--record", "r2") == ""
    assert code_of(None) == {}
