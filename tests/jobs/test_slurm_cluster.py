"""Jobs on a real SLURM: two nodes on this machine, started for these tests."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from support import ROOT

from apt_settings import fingerprint, load
from apt_settings.base import values_of
from apt_settings.sources.record import Record, read

TOOLS = ("slurmctld", "slurmd", "munged", "sbatch", "srun", "scontrol")
missing = [tool for tool in TOOLS if shutil.which(tool) is None]
pytestmark = [
    pytest.mark.slurm,
    pytest.mark.skipif(
        bool(missing),
        reason=f"needs {', '.join(missing)}: apt-get install slurmctld slurmd slurm-client munge",
    ),
]
HOSTILE = "a, b'\"$HOME `id` \\ é日"
ACTIVE = re.compile(r"JobState=(PENDING|RUNNING|CONFIGURING|COMPLETING|REQUEUED|SUSPENDED|STOPPED)")
PATIENCE = 120


@pytest.fixture(scope="module")
def cluster() -> Iterator[dict[str, str]]:
    """The environment in which sbatch and its like find the cluster."""
    with tempfile.TemporaryDirectory(prefix="slurm") as home:
        own = {name: value for name, value in os.environ.items() if not re.match("APT_(?!TESTS_)", name)}
        environ = {**own, "APT_TESTS_SLURM": home, "SLURM_CONF": f"{home}/slurm.conf"}
        environ["PATH"] = f"{Path(sys.executable).parent}:{environ['PATH']}"
        started = subprocess.run([ROOT / "tests" / "slurm.sh", "start"], env=environ, capture_output=True, text=True)
        try:
            assert started.returncode == 0, started.stderr
            yield environ
        finally:
            subprocess.run([ROOT / "tests" / "slurm.sh", "stop"], env=environ, check=True)


class Slurm:
    """The cluster, as a user in a folder has it."""

    def __init__(self, environ: dict[str, str], folder: Path) -> None:
        self.folder = folder
        self.environ = {name: value for name, value in environ.items() if name != "APT_TESTS_SLURM"}

    def says(self, *command: str) -> str:
        """What a command prints."""
        done = subprocess.run(command, env=self.environ, cwd=self.folder, capture_output=True, text=True, check=True)
        return done.stdout

    def job(self, *argv: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """`apt-settings job slurm`, from a shell with these variables."""
        command = [sys.executable, "-m", "apt_settings", "job", "slurm", *argv]
        together = {**self.environ, **environ}
        return subprocess.run(command, env=together, cwd=self.folder, capture_output=True, text=True)

    def submit(self, *argv: str, **environ: str) -> list[str]:
        """Submit, and the ids."""
        done = self.job("--submit", *argv, **environ)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    def state(self, job: str) -> str:
        return self.says("scontrol", "--oneliner", "show", "job", job)

    def wait_for(self, *names: str) -> None:
        """Until these files are there, which a job makes."""
        deadline = time.monotonic() + PATIENCE
        while not all((self.folder / name).exists() for name in names):
            assert time.monotonic() < deadline, (names, list(self.folder.iterdir()))
            time.sleep(0.05)

    def ended(self, job: str) -> str:
        """Wait for the end of a job with all its tasks; what SLURM says of it then."""
        deadline = time.monotonic() + PATIENCE
        while ACTIVE.search(state := self.state(job)):
            assert time.monotonic() < deadline, state
            time.sleep(0.1)
        return state

    def records(self) -> dict[str, Record]:
        """Folder -> record, of all runs."""
        return {path.parent.name: read(path) for path in self.folder.glob("runs/*/run.json")}

    def ended_well(self) -> set[str]:
        """Which points of a sample have ended well: `sample1:7:42`."""
        return {record.controls["sample"] for record in self.records().values() if record.is_finished}

    def logs(self) -> str:
        return "".join(path.read_text() for path in sorted(self.folder.glob("slurm-*.out")))


@pytest.fixture
def slurm(cluster: dict[str, str], tmp_path: Path) -> Slurm:
    return Slurm(cluster, tmp_path)


def test_a_job_runs_with_what_was_planned(slurm: Slurm) -> None:
    """Commas, quotes, dollars and UTF-8 arrive; the record has the planned fingerprint and SLURM's id."""
    environ = {"APT_OUTPUT_DIR": HOSTILE, "APT_MODEL_NAME_OR_PATH": HOSTILE}
    planned = load({**environ, "APT_TASK": "squad", "APT_EPOCHS": "90"}, None)
    (job,) = slurm.submit("--task", "squad", "--set", "epochs=90", "--", "printenv", "APT_OUTPUT_DIR", **environ)
    state = slurm.ended(job)
    (folder,) = slurm.records()

    assert "JobState=COMPLETED" in state, slurm.logs()
    assert slurm.logs().endswith(HOSTILE + "\n")
    assert folder == fingerprint(planned)
    assert load({}, record=slurm.folder / "runs" / folder) == planned
    scheduler = slurm.records()[folder].runs[0].scheduler
    assert (scheduler["SLURM_JOB_ID"], scheduler["SLURM_JOB_NAME"]) == (job, "squad")
    assert scheduler["SLURM_JOB_NODELIST"]


def test_the_record_of_a_task_of_an_array_says_who_set_what(slurm: Slurm) -> None:
    """The `.env` at the desk, an option, and the point of the grid; the log says it too."""
    (slurm.folder / ".env").write_text("APT_TARGET_SPARSITY=0.4\n")
    (job,) = slurm.submit("--task", "squad", "--set", "epochs=90", "--grid", "seed=1..2", "--", "true")
    slurm.ended(job)
    records = {int(str(each.settings["seed"].value)): each.settings for each in slurm.records().values()}

    told = [records[2][name].origin for name in ("task", "epochs", "target_sparsity", "seed")]
    assert told == ["--task", "--set epochs", ".env:1", "point 1 of the grid: seed"]
    assert (
        "4 overrides: 1 from --set, 1 from --task, 1 from .env, 1 from the grid; point 1 of 2: seed=2" in slurm.logs()
    )


TRAINER = "from apt_settings import settings as s; print('trains', s.task, s.epochs)"


@pytest.mark.parametrize(
    ("options", "environ"), [(["--export=NONE"], {}), ([], {"SBATCH_EXPORT": "NONE"}), (["--export=PATH"], {})]
)
def test_srun_gets_the_settings_whatever_the_site_exports(
    options: list[str], environ: dict[str, str], slurm: Slurm
) -> None:
    """What trains is what the record says."""
    command = [*("--task", "squad", "--set", "epochs=90", "--setup", f"PATH={slurm.environ['PATH']}"), "--"]
    (slurm.folder / "job.sh").write_text(slurm.job(*command, "srun", sys.executable, "-c", TRAINER).stdout)
    slurm.environ.update(environ)
    job = slurm.says("sbatch", "--parsable", *options, "job.sh").strip()
    slurm.ended(job)

    assert "trains squad 90" in slurm.logs()
    assert {str(each.settings["epochs"].value) for each in slurm.records().values()} == {"90"}


def test_a_script_written_by_hand_hands_the_settings_on(slurm: Slurm) -> None:
    """`run` says so in its line; without run, what trains is warned."""
    head = f"#!/bin/bash\n#SBATCH --export=NONE\nPATH={slurm.environ['PATH']}\nexport APT_TASK=squad APT_EPOCHS=90\n"
    train = f'srun {sys.executable} -c "{TRAINER}"\n'
    (slurm.folder / "with.sh").write_text(f"{head}apt-settings run -- {train}")
    (slurm.folder / "without.sh").write_text(f"{head}{train}")
    for script in ("with.sh", "without.sh"):
        slurm.ended(slurm.says("sbatch", "--parsable", script).strip())

    assert "; SLURM_EXPORT_ENV=ALL for srun" in slurm.logs()
    assert "trains squad 90" in slurm.logs()
    assert "trains glue_big 40" in slurm.logs()
    assert "no APT_ variable is set in this job, and SLURM_EXPORT_ENV='NONE' let srun hand none on" in slurm.logs()


def test_two_nodes_share_a_record(slurm: Slurm) -> None:
    """One record of the step, which both verify; a node that a site's prolog changes is refused, and the job fails."""
    node = 'test $SLURM_NODEID = 1 && eval "$PROLOG"; exec apt-settings run --record "recs/{fingerprint}" --resume'
    line = f"srun -N2 -n2 bash -c '{node} --set epochs=90 -- sleep 1'\n"
    head = f"#!/bin/bash\n#SBATCH -N2\nexport APT_TASK=squad PATH={slurm.environ['PATH']}\n"
    (slurm.folder / "good.sh").write_text(head + line)
    (slurm.folder / "bad.sh").write_text(f"{head}export PROLOG='export APT_SEED=9'\n{line}")
    good, bad = (slurm.ended(slurm.says("sbatch", "--parsable", script).strip()) for script in ("good.sh", "bad.sh"))

    assert "ExitCode=0:0" in good, slurm.logs()
    assert "ExitCode=78:0" in bad, slurm.logs()
    assert "seed was 128 (class default), and is 9 (environment APT_SEED) here: the processes of a job" in slurm.logs()
    (folder,) = (slurm.folder / "recs").iterdir()
    assert [run.scheduler["SLURM_PROCID"] for run in read(folder).runs] == ["0", "0"]
    assert (folder / "node-1.json").exists()


def test_an_array_of_six_runs_two_at_a_time(slurm: Slurm) -> None:
    """Every point of the grid has its record, and never more than two of them run together."""
    count = "mkdir on.$SLURM_ARRAY_TASK_ID; ls -d on.* | wc -l >> seen; sleep 0.5; rmdir on.$SLURM_ARRAY_TASK_ID"
    grid = [
        "--grid",
        "task=mnli,squad",
        "--zip",
        "epochs=90,91,92",
        "--zip",
        f'output_dir=["a,b", "{chr(39)}", "$c é"]',
    ]
    (job,) = slurm.submit(*grid, "--at-once", "2", "--", "sh", "-c", count)
    slurm.ended(job)
    places = ("a,b", "'", "$c é")
    points = [
        load({}, None, task=task, epochs=epochs, output_dir=place)
        for task in ("mnli", "squad")
        for epochs, place in zip((90, 91, 92), places, strict=True)
    ]
    replayed = [load({}, record=slurm.folder / "runs" / fingerprint(point)) for point in points]

    assert points == replayed
    assert [place for point in replayed for place in [point.output_dir]] == [*places, *places]
    assert {run.exit_status for record in slurm.records().values() for run in record.runs} == {0}
    assert set(map(int, (slurm.folder / "seen").read_text().split())) <= {1, 2}


def test_a_running_job_says_what_it_runs_with(slurm: Slurm) -> None:
    """By the one-liner of the page on runs: the process is the job's, on its own node."""
    (job,) = slurm.submit("--task", "squad", "--set", "epochs=90", "--", "sh", "-c", "touch begun; sleep 60")
    slurm.wait_for("begun")
    (line,) = re.findall(r"^srun --overlap .*", (ROOT / "docs" / "runs.md").read_text(), re.MULTILINE)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    asked = ["env", f"PATH={path}", "bash", "-c", line.replace("1234", job)]
    told = subprocess.run(asked, env=slurm.environ, cwd=slurm.folder, capture_output=True, text=True)
    slurm.says("scancel", job)

    assert re.search(r"^epochs +90 +--set epochs", told.stdout, re.MULTILINE), told.stderr


def test_a_hundred_runs_are_told_apart(slurm: Slurm) -> None:
    """Of arrays, of `run`, of two nodes; done, failed, requeued, killed with their watcher, running: in one folder."""
    arrays = slurm.submit("--task", "squad", "--grid", "seed=1..90", "--", "sh", "-c", "exit $((APT_SEED % 10 == 0))")
    again = "test -e again && exit; touch started; exec sleep 100"
    (requeued,) = slurm.submit("--task", "squad", "--set", "epochs=50", "--", "sh", "-c", again)
    slurm.wait_for("started")
    (slurm.folder / "again").touch()
    slurm.says("scontrol", "requeue", requeued)
    both = ["--nodes", "2", "--sbatch=--ntasks-per-node=1", "--set", "epochs=60"]
    (nodes,) = slurm.submit("--task", "squad", *both, "--", "srun", "true")
    for job in (*arrays, requeued, nodes):
        slurm.ended(job)
    run = [sys.executable, "-m", "apt_settings", "run", "--task", "squad", "--quiet", "--record", "runs"]
    for seed in range(6):
        slurm.says(*run, "--set", "epochs=70", "--set", f"seed={seed}", "--", "true")
    wait = ["--", "sh", "-c", "touch on.$APT_EPOCHS; exec sleep 100"]
    held = []
    for epochs in ("80", "85"):
        command = [*run, "--set", f"epochs={epochs}", *wait]
        held.append(subprocess.Popen(command, cwd=slurm.folder, env=slurm.environ, start_new_session=True))
    slurm.wait_for("on.80", "on.85")
    try:
        os.killpg(held[0].pid, signal.SIGKILL)
        held[0].wait()
        told = slurm.says(sys.executable, "-m", "apt_settings", "runs", "--format", "json")
    finally:
        for each in held:
            with suppress(ProcessLookupError):
                os.killpg(each.pid, signal.SIGKILL)
            each.wait()
    runs = json.loads(told)
    statuses = Counter(run["status"] for run in runs)

    assert statuses == {"done": 81 + 2 + 6, "failed": 9, "died": 1, "running": 1}, slurm.logs()
    assert [run["attempts"] for run in runs if run["settings"]["epochs"]["value"] == 50] == [2]
    assert sum(run["settings"]["seed"]["set"] for run in runs) == 96


def test_the_rest_of_a_sweep_is_one_array(slurm: Slurm) -> None:
    """What has failed runs again, and what was never started for the first time; the others are left alone."""
    grid = ["--task", "squad", "--grid", "seed=1..4"]
    (first,) = slurm.submit("--task", "squad", "--grid", "seed=1..3", "--", "sh", "-c", "test $APT_SEED != 2")
    slurm.ended(first)
    (rest,) = slurm.submit(*grid, "--only", "failed,missing", "--", "sh", "-c", "echo again $APT_SEED")
    slurm.ended(rest)
    status = slurm.says(sys.executable, "-m", "apt_settings", "sweep", *grid, "--record", "runs")

    assert [row.split()[-1] for row in status.splitlines()[1:]] == ["done"] * 4
    assert sorted(re.findall(r"again \d", slurm.logs())) == ["again 2", "again 4"]
    assert sorted(len(record.runs) for record in slurm.records().values()) == [1, 1, 1, 2]


def test_an_array_over_a_setting_of_ones_own(slurm: Slurm) -> None:
    """Its points have records with the project's settings, and the program has them as its own class."""
    shutil.copytree(ROOT / "examples" / "own_settings", slurm.folder, dirs_exist_ok=True)
    groups = "trainer.settings:TrainerSettings,trainer.log:LogConfig"
    own = ["--extend", groups, "--task", "squad", "--set", "metric=f1", "--grid", "eval_every=100,250,500"]
    (job,) = slurm.submit(*own, "--", sys.executable, "train.py")
    slurm.ended(job)
    points = [load({}, record=slurm.folder / "runs" / name, extend=groups) for name in slurm.records()]

    assert {values_of(settings)["eval_every"] for settings in points} == {100, 250, 500}, slurm.logs()
    assert {run.exit_status for record in slurm.records().values() for run in record.runs} == {0}
    assert sorted(re.findall(r"every (\d+) steps by f1", slurm.logs())) == ["100", "250", "500"]


def test_an_array_of_a_task_of_ones_own(slurm: Slurm) -> None:
    """Every task of the array has the class that the submitting shell named, and its record says so."""
    shutil.copytree(ROOT / "examples" / "own_settings", slurm.folder, dirs_exist_ok=True)
    task = "trainer.tasks:Gsm8kSettings"
    own = ["--extend", task, "--task", "gsm8k", "--set", "train_examples=640", "--grid", "answer_tokens=128,256"]
    show = "from apt_settings import settings; print(type(settings).__name__, settings.answer_tokens)"
    (job,) = slurm.submit(*own, "--", sys.executable, "-c", show)
    slurm.ended(job)
    points = [load({}, record=slurm.folder / "runs" / name, extend=task) for name in slurm.records()]

    assert {values_of(settings)["answer_tokens"] for settings in points} == {128, 256}, slurm.logs()
    assert {(settings.task, settings.dataset, settings.train_examples) for settings in points} == {
        ("gsm8k", "gsm8k", 640)
    }
    assert sorted(re.findall(r"Gsm8kSettings (\d+)", slurm.logs())) == ["128", "256"]


def test_a_requeued_job_goes_on_in_its_record(slurm: Slurm) -> None:
    """The first run was ended by SLURM, the second ends well; the log has both."""
    command = "test -e again && echo second && exit; echo first; touch started; sleep 100"
    (job,) = slurm.submit("--task", "squad", "--", "sh", "-c", command)
    slurm.wait_for("started")
    (slurm.folder / "again").touch()
    slurm.says("scontrol", "requeue", job)
    state = slurm.ended(job)
    (record,) = slurm.records().values()

    assert "JobState=COMPLETED" in state, slurm.logs()
    assert [run.exit_status == 0 for run in record.runs] == [False, True]
    assert record.runs[1].scheduler["SLURM_RESTART_COUNT"] == "1"
    assert re.search("first.*second", slurm.logs(), re.DOTALL)


def test_a_warning_from_slurm_reaches_the_command(slurm: Slurm) -> None:
    """A signal to the batch step, as --signal=B:USR1 has SLURM send it, goes through; its status is recorded."""
    wait = "trap 'echo warned; exit 7' USR1; touch ready; while :; do sleep 0.1; done"
    (job,) = slurm.submit("--task", "squad", "--", "bash", "-c", wait)
    slurm.wait_for("ready")
    slurm.says("scancel", "--batch", "--signal=USR1", job)
    state = slurm.ended(job)
    (record,) = slurm.records().values()

    assert "ExitCode=7:0" in state, slurm.logs()
    assert (record.runs[0].exit_status, slurm.logs().splitlines()[1:]) == (7, ["warned"])


def test_a_failing_command_fails_the_job(slurm: Slurm) -> None:
    """Its status is the job's, and the record's."""
    (job,) = slurm.submit("--task", "squad", "--", "sh", "-c", "exit 3")
    state = slurm.ended(job)
    (record,) = slurm.records().values()

    assert "JobState=FAILED" in state
    assert "ExitCode=3:0" in state
    assert record.runs[0].exit_status == 3


def test_two_nodes_have_the_same_settings(slurm: Slurm) -> None:
    """srun hands them to every node; the job has one record."""
    tell = 'echo "$APT_EPOCHS $APT_OUTPUT_DIR" > "node.$SLURM_NODEID"'
    resources = ["--nodes", "2", "--sbatch=--ntasks-per-node=1"]
    (job,) = slurm.submit(
        "--task", "squad", "--set", "epochs=90", *resources, "--", "srun", "sh", "-c", tell, APT_OUTPUT_DIR=HOSTILE
    )
    state = slurm.ended(job)

    assert "JobState=COMPLETED" in state, slurm.logs()
    assert [(slurm.folder / f"node.{node}").read_text() for node in (0, 1)] == [f"90 {HOSTILE}\n"] * 2
    assert len(slurm.records()) == 1


TORCHRUN = ["--task", "squad", "--set", "epochs=90", "--nodes", "2", "--torchrun"]


@pytest.fixture
def trainer(slurm: Slurm) -> list[str]:
    """The command that trains on both nodes of a job."""
    pytest.importorskip("torch", reason="needs pip install 'apt-settings[torch]'")
    shutil.copy(ROOT / "tests" / "two_nodes.py", slurm.folder)
    return ["--", sys.executable, "two_nodes.py"]


def submit_to_two_nodes(slurm: Slurm, *argv: str) -> str:
    """Submit a job of two nodes; its id."""
    (job,) = slurm.submit(*TORCHRUN, *argv)
    return job


def trained(slurm: Slurm) -> list[str]:
    """What the ranks say that have trained to the end; all must have the same weights."""
    told = [path.read_text().split(": ") for path in sorted(slurm.folder.glob("trained.*"))]
    assert len({weights for _, weights in told}) <= 1
    return [how for how, _ in told]


def test_two_nodes_train_together(slurm: Slurm, trainer: list[str]) -> None:
    """The first node of the job has rank 0, and both have the settings."""
    state = slurm.ended(submit_to_two_nodes(slurm, *trainer))

    assert "JobState=COMPLETED" in state, slurm.logs()
    assert trained(slurm) == [f"90 epochs, node {rank}, 2 ranks, from step 0" for rank in (0, 1)]
    assert len(slurm.records()) == 1


def test_points_of_an_array_meet_apart(slurm: Slurm, trainer: list[str]) -> None:
    """Each runs on two nodes, which have a port and an identity of their own."""
    tell = "PET_MASTER_ADDR PET_MASTER_PORT PET_RDZV_ID APT_SEED"
    command = [*trainer[:-1], "--no-python", "sh", "-c", f"echo told $(printenv {tell})"]
    state = slurm.ended(submit_to_two_nodes(slurm, "--grid", "seed=1,2", *command))
    told = [line.split() for line in re.findall("^told (.*)", slurm.logs(), re.MULTILINE)]

    assert "JobState=COMPLETED" in state, slurm.logs()
    assert [told.count(each) for each in told] == [2, 2, 2, 2]
    assert {(first, seed) for first, _, _, seed in told} == {("0x7f000001", "1"), ("0x7f000001", "2")}
    assert len({port for _, port, *_ in told}) == len({identity for *_, identity, _ in told}) == 2


def test_a_requeued_training_goes_on_on_both_nodes(slurm: Slurm, trainer: list[str]) -> None:
    """They meet anew, and find the checkpoint."""
    job = submit_to_two_nodes(slurm, *trainer, "wait")
    slurm.wait_for("started.0", "started.1")
    (slurm.folder / "again").touch()
    slurm.says("scontrol", "requeue", job)
    state = slurm.ended(job)

    assert "JobState=COMPLETED" in state, slurm.logs()
    assert trained(slurm) == [f"90 epochs, node {rank}, 2 ranks, from step 4" for rank in (0, 1)]


def test_a_rank_that_fails_fails_the_job(slurm: Slurm, trainer: list[str]) -> None:
    """The other one ends too, and does not wait for it."""
    state = slurm.ended(submit_to_two_nodes(slurm, *trainer, "fail"))

    assert "JobState=FAILED" in state, slurm.logs()
    assert "exitcode  : 3" in slurm.logs()
    assert trained(slurm) == []


def test_a_warning_reaches_every_node(slurm: Slurm, fake: Callable[..., None]) -> None:
    """srun hands on the signal that SLURM sends to the batch step. Neither node ends before both were warned."""
    both = "until test -e warned.0 && test -e warned.1; do sleep 0.1; done"
    fake("torchrun", f"trap 'touch warned.$PET_NODE_RANK' USR1; touch ready.$PET_NODE_RANK; {both}; exit 7")
    job = submit_to_two_nodes(slurm, "--setup", f"PATH={slurm.folder}/fakes:$PATH", "--", "train.py")
    slurm.wait_for("ready.0", "ready.1")
    slurm.says("scancel", "--batch", "--signal=USR1", job)
    slurm.wait_for("warned.0", "warned.1")
    state = slurm.ended(job)

    assert "JobState=FAILED" in state, slurm.logs()
    assert "Exited with exit code 7" in slurm.logs()


def test_wrong_settings_fail_a_job_of_several_nodes(slurm: Slurm) -> None:
    """Whichever node sees it first, its message and its status are in the log."""
    script = slurm.job(*TORCHRUN, "--sbatch=--ntasks-per-node=2", "--cpus", "2", "--", "train.py").stdout
    (slurm.folder / "job.sh").write_text(script.replace("=90", "=ninety"))
    state = slurm.ended(slurm.says("sbatch", "--parsable", "job.sh").strip())

    assert "JobState=FAILED" in state, slurm.logs()
    assert "environment APT_EPOCHS='ninety' is not allowed: must be a whole number" in slurm.logs()
    assert "Exited with exit code 78" in slurm.logs()
    assert slurm.records() == {}


def test_wrong_settings_fail_the_job_at_once(slurm: Slurm) -> None:
    """With 78, the message in the log, and no run."""
    script = slurm.job("--task", "squad", "--set", "epochs=90", "--", "touch", "ran").stdout
    (slurm.folder / "job.sh").write_text(script.replace("=90", "=ninety"))
    state = slurm.ended(slurm.says("sbatch", "--parsable", "job.sh").strip())

    assert "ExitCode=78:0" in state
    assert "environment APT_EPOCHS='ninety' is not allowed: must be a whole number" in slurm.logs()
    assert not (slurm.folder / "ran").exists()
    assert slurm.records() == {}


def test_what_the_submitting_shell_has_set_does_not_count(slurm: Slurm) -> None:
    """sbatch exports its whole environment; the script has the job's settings, and no others."""
    script = slurm.job("--task", "squad", "--", "true").stdout
    (slurm.folder / "job.sh").write_text(script)
    (slurm.folder / ".env").write_text("APT_EPOCHS=3\n")
    slurm.environ["APT_EPOCHS"] = "4"
    slurm.ended(slurm.says("sbatch", "--parsable", "job.sh").strip())

    assert list(slurm.records()) == [fingerprint(load({}, None, task="squad"))]


def test_a_sweep_larger_than_an_array_is_several(slurm: Slurm) -> None:
    """This cluster takes eight tasks in an array: ten points are two, and every point runs."""
    grid = ["--task", "squad", "--grid", "seed=1..10"]
    told = slurm.job(*grid, "--", "true")
    jobs = slurm.submit(*grid, "--", "true")
    for job in jobs:
        slurm.ended(job)

    assert (told.returncode, told.stdout) == (2, "")
    assert "needs 2 arrays" in told.stderr
    assert len(jobs) == 2
    assert set(slurm.records()) == {fingerprint(load({}, None, task="squad", seed=seed)) for seed in range(1, 11)}


def test_a_sample_is_stopped_resumed_and_raised(slurm: Slurm) -> None:
    """64 points, cancelled half-way, are completed with --once, and 64 more are added: no point runs twice."""
    search = ["--sample", "learning_rate=log:1e-5..1e-3", "--sample", "target_sparsity=0.3..0.7", "--sample-seed", "7"]
    job = ["--task", "sst2", "--once", *search]

    def run_on(points: int) -> set[str]:
        """Submit, wait for the end, and say which points have ended well."""
        for each in slurm.submit(*job, "--points", str(points), "--", "sleep", "0.1"):
            slurm.ended(each)
        return slurm.ended_well()

    jobs = slurm.submit(*job, "--points", "64", "--", "sleep", "0.1")
    deadline = time.monotonic() + PATIENCE
    while len(slurm.ended_well()) < 24:
        assert time.monotonic() < deadline, slurm.logs()
        time.sleep(0.05)
    slurm.says("scancel", *jobs)
    for each in jobs:
        slurm.ended(each)
    stopped = slurm.ended_well()
    resumed = run_on(64)
    raised = run_on(128)

    assert 24 <= len(stopped) < 64
    assert stopped < resumed < raised
    assert [resumed, raised] == [{f"sample1:7:{index}" for index in range(points)} for points in (64, 128)]
    assert len(slurm.records()) == 128
    for record in slurm.records().values():
        assert [run.exit_status for run in record.runs].count(0) == 1
    assert slurm.logs().count("skipped:") == len(stopped) + 64


def test_a_refusal_of_sbatch_is_shown(slurm: Slurm) -> None:
    """Its own words and status, and no id."""
    done = slurm.job("--task", "squad", "--partition", "nosuch", "--submit", "--", "true")

    assert (done.returncode, done.stdout) == (1, "")
    assert "not submitted: sbatch: error:" in done.stderr
    assert "nosuch" in done.stderr or "partition" in done.stderr
