"""Launchers between `run` and what trains: which of them drop the settings."""

import subprocess
import sys

import pytest
from support import printed, started

from apt_settings.cli import main
from apt_settings.runs.launchers import lost_by, with_everything


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("srun --export=NONE python t.py", "srun --export=NONE does not hand the settings on: write --export=ALL, or"),
        ("srun -n 2 --export=PATH,HOME python t.py", "srun --export=PATH,HOME does not"),
        ("/usr/bin/srun --export=NONE python t.py", "/usr/bin/srun --export=NONE does not"),
        ("mpirun -np 4 --hostfile hosts python t.py", "mpirun --hostfile does not hand the settings on: write mpirun"),
        ("deepspeed --num_nodes=2 t.py", "apt-settings env --format dotenv > .deepspeed_env"),
        ("apptainer exec --cleanenv x.sif python t.py", "apptainer --cleanenv does not"),
        ("singularity run -C x.sif", "singularity -C does not"),
        ("sudo -u trainer python t.py", "sudo does not hand the settings on: write sudo -E"),
        ("env -i PATH=/bin python t.py", "env -i does not"),
        ("ssh node python t.py", "write ssh HOST apt-settings run"),
        ("docker run --rm train python t.py", "let apt-settings job docker write the line"),
        ("srun --export NONE python t.py", "srun --export=NONE does not hand the settings on"),
        ("docker run -e HF_HOME=/x img python", "let apt-settings job docker write the line"),
        ("mpirun -np 4 -H a,b -x PATH python", "mpirun -H does not"),
        ("sudo --preserve-env=PATH python t.py", "write sudo -E"),
        ("apptainer --silent exec --cleanenv img python", "apptainer --cleanenv does not"),
        ("apptainer exec -eC img python", "apptainer -eC does not"),
        ("apptainer exec --env APT_EPOCHS=3 img python", "apptainer --env=APT_EPOCHS=3 does not"),
        ("docker ps", ""),
        ("docker compose up", ""),
        ("docker run -e APT_TASK img python", ""),
        ("srun python t.py --export=NONE", ""),
        ("srun --export=ALL,A=1 python t.py", ""),
        ("mpirun -np 4 python t.py", ""),
        ("mpirun -x APT_TASK --host a,b python t.py", ""),
        ("deepspeed t.py", ""),
        ("apptainer exec --nv x.sif python t.py -e", ""),
        ("sudo -E python t.py", ""),
        ("sudo --preserve-env=APT_TASK -u a python t.py", ""),
        ("env A=1 python t.py -i", ""),
        ("podman run --env-file job.env train", ""),
        ("torchrun --nproc-per-node 2 t.py", ""),
        ("accelerate launch t.py", ""),
        ("python t.py", ""),
    ],
)
def test_what_a_launcher_drops_is_told(command: str, words: str) -> None:
    """Its own options count, and not those of what it starts."""
    told = lost_by(command.split(), {})
    assert words in told
    assert bool(words) == bool(told)


@pytest.mark.parametrize(
    ("command", "environ", "is_told"),
    [
        ("apptainer exec x.sif python", {"APPTAINER_CLEANENV": "1"}, True),
        ("apptainer exec x.sif python", {"APPTAINER_CLEANENV": "0"}, False),
        ("apptainer exec x.sif python", {"APPTAINERENV_APT_EPOCHS": "3"}, True),
        ("mpirun python", {"SLURM_JOB_NUM_NODES": "2"}, True),
        ("mpirun python", {"SLURM_JOB_NUM_NODES": "1"}, False),
    ],
)
def test_a_variable_may_be_as_good_as_an_option(command: str, environ: dict[str, str], is_told: bool) -> None:
    """Of the site, or of the scheduler."""
    assert bool(lost_by(command.split(), environ)) == is_told


def test_run_and_job_tell_it(capsys: pytest.CaptureFixture[str]) -> None:
    """A note before anything starts."""
    assert main(["job", "slurm", "--task", "squad", "--", "sudo", "python", "t.py"]) == 0
    assert "note: sudo does not hand the settings on: write sudo -E\n" in capsys.readouterr().err
    assert "note: env -i does not hand" in started("run", "--task", "squad", "--", "env", "-i", "true").stderr


@pytest.mark.parametrize(
    ("export", "after"), [("NONE", "ALL"), ("PATH,HOME", "ALL"), ("ALL", "ALL"), ("ALL,A=1", "ALL,A=1"), (None, None)]
)
def test_srun_below_run_hands_everything_on(
    export: str | None, after: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the job was submitted with --export=NONE; the first line says so."""
    if export:
        monkeypatch.setenv("SLURM_EXPORT_ENV", export)
    done = started("run", "--task", "squad", "--", "printenv", "SLURM_EXPORT_ENV")

    assert done.stdout.strip() == (after or "")
    assert ("; SLURM_EXPORT_ENV=ALL for srun" in done.stderr) == (export != after)
    assert with_everything({"A": "1"}) == {"A": "1"}


def test_a_script_lets_srun_hand_everything_on(capsys: pytest.CaptureFixture[str]) -> None:
    """With its reason."""
    script = printed(capsys, "job", "slurm", "--task", "squad", "--", "srun", "true")
    assert "export SLURM_EXPORT_ENV=ALL  # else srun hands nothing on where the job was submitted with" in script


def test_a_process_that_got_nothing_is_warned() -> None:
    """Once, where the singleton resolves, and only where there is a sign that something was dropped."""
    code = "from apt_settings import settings"

    def told(**environ: str) -> str:
        start = [sys.executable, "-c", code]
        return subprocess.run(start, env={"PATH": "/bin", **environ}, capture_output=True, text=True).stderr

    lost = told(SLURM_JOB_ID="1", SLURM_EXPORT_ENV="NONE")
    assert "SettingsWarning: no APT_ variable is set in this job, and SLURM_EXPORT_ENV='NONE' let srun" in lost
    assert told(SLURM_JOB_ID="1", SLURM_EXPORT_ENV="NONE", APT_TASK="squad") == ""
    assert told(SLURM_JOB_ID="1", SLURM_EXPORT_ENV="ALL") == told(SLURM_EXPORT_ENV="NONE") == ""
