"""Several processes of one job: one record, which the first keeps and the others join if they agree."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from support import forked, start_command, started

from apt_settings import SettingsError, load
from apt_settings.errors import CannotWriteError
from apt_settings.runs import joining
from apt_settings.runs.history import past_runs
from apt_settings.runs.nodes import rank_in, start_in
from apt_settings.runs.running import run_recorded
from apt_settings.sources.record import read

RUN = ["run", "--task", "squad", "--record", "recs/{fingerprint}", "--resume"]
JOB = {"SLURM_JOB_ID": "7", "SLURM_STEP_ID": "0"}


def start(rank: int, *command: str, options: tuple[str, ...] = (), **environ: str) -> subprocess.Popen[str]:
    """A process of a step of SLURM."""
    environ = {**os.environ, **JOB, "SLURM_PROCID": str(rank), **environ}
    pipe = subprocess.PIPE
    return start_command(*RUN, *options, "--", *command, env=environ, stdout=pipe, stderr=pipe)


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.mark.parametrize(
    ("environ", "is_point", "rank"),
    [
        ({}, False, ""),
        ({"SLURM_PROCID": "0"}, False, ""),
        ({"SLURM_PROCID": "3"}, False, "3"),
        ({"SLURM_PROCID": "0", "RANK": "1"}, False, "1"),
        ({"SLURM_PROCID": "1", "RANK": "9"}, False, "1-9"),
        ({"PET_NODE_RANK": "2", "RANK": "2"}, False, "2"),
        ({"OMPI_COMM_WORLD_RANK": "5"}, False, "5"),
        ({"JOB_COMPLETION_INDEX": "4"}, False, "4"),
        ({"JOB_COMPLETION_INDEX": "4"}, True, ""),
        ({"SLURM_ARRAY_TASK_ID": "4", "SLURM_PROCID": "0"}, True, ""),
        ({"RANK": "x"}, False, ""),
    ],
)
def test_the_first_process_is_0_by_all_that_are_set(environ: dict[str, str], is_point: bool, rank: str) -> None:
    """Arrays, and indices of a grid, are not nodes."""
    assert rank_in(environ, is_point=is_point) == rank


def test_two_nodes_have_one_record(tmp_path: Path) -> None:
    """The second waits for the first, verifies, runs, and says in a file of its own how it ended."""
    second = start(1, "sh", "-c", "echo $APT_RUN_DIR; exit 3", options=("--set", "output_dir=elsewhere"))
    time.sleep(0.1)
    first = start(0, "sh", "-c", "echo $APT_RUN_DIR")
    one, two = ended(first), ended(second)

    assert (one[0], two[0]) == (0, 3)
    assert one[1] == two[1] != "\n"
    assert two[2].strip().endswith(", process 1")
    (folder,) = (tmp_path / "recs").iterdir()
    (run,) = read(folder).runs
    assert run.scheduler == {**JOB, "SLURM_PROCID": "0"}
    node = json.loads((folder / "node-1.json").read_text())
    assert (node["rank"], node["exit_status"], node["host"]) == ("1", 3, run.host)
    assert [each.ended for each in past_runs([folder], print)] == ["done, process 1 failed with 3"]


def test_a_node_that_disagrees_is_refused_before_it_trains() -> None:
    """The values and who set them on each side; where it runs may be another place."""
    first = start(0, "sleep", "60", options=("--set", "seed=3"))
    code, out, err = ended(start(1, "touch", "trained", APT_EPOCHS="45", APT_SEED="3"))
    first.terminate()
    first.communicate()

    assert (code, out) == (78, "")
    assert "epochs was 40 (class default), and is 45 (environment APT_EPOCHS) here: the processes of a job must" in err
    assert "seed" not in err
    assert not Path("trained").exists()


def test_another_step_and_a_requeue_are_other_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an earlier attempt recorded is not what a process verifies against."""
    assert ended(start(0, "true"))[0] == 0
    settings = load({"APT_TASK": "squad"}, None)
    monkeypatch.setattr(joining, "PATIENCE", 0.3)
    for other in ({"SLURM_STEP_ID": "1"}, {"SLURM_RESTART_COUNT": "1"}):
        for name, value in {**JOB, **other}.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SettingsError, match="has no record of this job SLURM_JOB_ID=7 SLURM_STEP_ID="):
            run_recorded(settings, ["true"], os.environ, Path("recs/{fingerprint}"), resume=True, once=False, rank="1")
    assert len(start_in(os.environ)) == 3


def test_without_resume_the_others_join_the_new_folder() -> None:
    """However many runs the folder has already."""
    options = [*RUN[:-3], "--record", "recs"]

    def run(rank: str, **other: str) -> subprocess.CompletedProcess[str]:
        return started(*options, "--", "true", **{**JOB, "SLURM_PROCID": rank, **other})

    assert [run("0", SLURM_JOB_ID="6").returncode, run("0").returncode, run("1").returncode] == [0, 0, 0]
    folders = sorted(Path("recs").iterdir())
    assert [len([*folder.glob("node-1.json")]) for folder in folders] == [0, 1]


def test_who_waits_says_for_what(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line after a while, and one error at the end."""
    monkeypatch.setattr(joining, "PATIENCE", 0.3)
    monkeypatch.setattr(joining, "_TOLD_AFTER", 0.0)
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    settings, told = load({"APT_TASK": "squad"}, None), list[str]()
    with pytest.raises(
        CannotWriteError, match=r"^--record runs has no record of this job SLURM_JOB_ID=7 after 0 s: its fi"
    ):
        run_recorded(settings, ["true"], os.environ, Path("runs"), resume=False, once=False, rank="1", warn=told.append)
    assert told == ["waiting for the record of this job SLURM_JOB_ID=7 in runs"]


def test_without_an_id_and_a_record_it_runs_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pods of other manifests may have a folder each: it says so, and trains."""
    monkeypatch.setattr(joining, "PATIENCE_WITHOUT_ID", 0.3)
    settings, told = load({"APT_TASK": "squad"}, None), list[str]()
    outcome = run_recorded(
        settings, ["sh", "-c", "exit 3"], os.environ, Path("runs"), resume=True, once=False, rank="1", warn=told.append
    )
    assert outcome.status == 3
    (line,) = told
    assert line.endswith("after 0 s: its first process keeps it; this one runs without")


def test_without_an_id_a_run_that_goes_on_is_the_jobs() -> None:
    """As in a pod whose launcher gives none."""
    first = start(0, "sleep", "60", SLURM_JOB_ID="", SLURM_STEP_ID="")
    second = ended(start(1, "true", SLURM_JOB_ID="", SLURM_STEP_ID=""))
    first.terminate()
    first.communicate()
    assert second[0] == 0


def test_once_skips_a_job_and_not_its_slow_nodes() -> None:
    """A node that comes when the first has ended well is still of this start."""
    assert ended(start(0, "true"))[0] == 0
    late = ended(start(1, "echo", "ran", options=("--once",)))
    next_job = ended(start(1, "echo", "ran", options=("--once",), SLURM_JOB_ID="8"))

    assert late[1] == "ran\n"
    assert next_job[1] == ""
    assert "skipped: " in next_job[2]


def test_a_record_that_was_changed_is_joined_by_nobody() -> None:
    """It would be verified against what somebody wrote."""
    first = start(0, "sleep", "60")
    while not (files := [*Path("recs").glob("*/run.json")]):
        time.sleep(0.05)
    files[0].write_text(files[0].read_text().replace('"seed": {"value": 128', '"seed": {"value": 9'))
    second = ended(start(1, "true"))
    first.terminate()
    first.communicate()
    assert second[0] == 78
    assert "was changed after it was written" in second[2]


def test_many_processes_at_once_have_one_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole, and everybody has joined it."""
    settings = load({"APT_TASK": "squad"}, None)
    for name, value in JOB.items():
        monkeypatch.setenv(name, value)

    def run(rank: int) -> int:
        name = str(rank) if rank else ""
        return run_recorded(
            settings, ["true"], os.environ, Path("recs/{fingerprint}"), resume=True, once=False, rank=name
        ).status

    children = [forked(lambda rank=rank: run(rank)) for rank in reversed(range(24))]  # type: ignore[misc]
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 24
    (folder,) = Path("recs").iterdir()
    assert len(read(folder).runs) == 1
    assert len([*folder.glob("node-*.json")]) == 23


def test_the_others_go_on_where_the_keeper_is_killed() -> None:
    """Their commands are their own; the record says that nobody saw the end."""
    first = start(0, "sh", "-c", "echo $$; exec sleep 60")
    assert first.stdout is not None
    command = int(first.stdout.readline())
    second = start(1, "sh", "-c", "echo joined; while ! [ -e go ]; do sleep 0.02; done; echo done")
    assert second.stdout is not None
    assert second.stdout.readline() == "joined\n"
    first.kill()
    first.wait()
    os.kill(command, signal.SIGKILL)  # it outlives who watched it, and holds the pipes
    first.communicate()
    Path("go").touch()
    assert ended(second)[:2] == (0, "done\n")
    (folder,) = Path("recs").iterdir()
    assert read(folder).runs[0].end is None


@pytest.mark.parametrize(
    ("environ", "ids"),
    [
        ({"TORCHELASTIC_RUN_ID": "none", "TORCHELASTIC_RESTART_COUNT": "0"}, {}),
        ({"SLURM_RESTART_COUNT": "1"}, {}),
        ({"TORCHELASTIC_RUN_ID": "7"}, {"TORCHELASTIC_RUN_ID": "7"}),
        ({"SLURM_JOB_ID": "7", "SLURM_RESTART_COUNT": "1"}, {"SLURM_JOB_ID": "7", "SLURM_RESTART_COUNT": "1"}),
    ],
)
def test_a_start_is_told_by_what_names_a_job(environ: dict[str, str], ids: dict[str, str]) -> None:
    """torchrun's own default is no name, and neither is a count."""
    assert start_in(environ) == ids


@pytest.mark.parametrize("rank", ["-1", "1/../../x", " 1", "٣", "²", "9" * 400, "00"])
def test_what_is_no_number_is_no_rank(rank: str) -> None:
    """It becomes a part of a file's name."""
    assert rank_in({"RANK": rank}, is_point=False) == ""


def test_what_an_earlier_attempt_left_is_not_joined_without_an_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its record has no end, as it was killed, and it began long ago."""
    assert ended(start(0, "true", SLURM_JOB_ID="", SLURM_STEP_ID=""))[0] == 0
    (file,) = Path("recs").glob("*/run.json")
    content = json.loads(file.read_text())
    content["runs"][0] |= {"end": None, "start": "2024-05-01T10:00:00+00:00"}
    file.write_text(json.dumps(content))
    monkeypatch.setattr(joining, "PATIENCE_WITHOUT_ID", 0.3)
    told: list[str] = []
    settings = load({"APT_TASK": "squad"}, None)
    run_recorded(
        *(settings, ["true"], os.environ, Path("recs/{fingerprint}")),
        resume=True,
        once=False,
        rank="1",
        warn=told.append,
    )
    assert "this one runs without" in told[0]


def test_the_next_run_of_a_step_is_waited_for(tmp_path: Path) -> None:
    """A loop in a script runs several jobs in one step: what has ended with other settings is none of this one."""
    assert ended(start(0, "true", options=("--set", "seed=1")))[0] == 0
    second = start(1, "echo", "ran", options=("--set", "seed=2"))
    first = start(0, "true", options=("--set", "seed=2"))

    assert (ended(first)[0], ended(second)[:2]) == (0, (0, "ran\n"))
    assert len([*(tmp_path / "recs").iterdir()]) == 2
