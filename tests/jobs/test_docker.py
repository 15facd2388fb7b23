"""A job as the command line of docker."""

import os
import subprocess
from pathlib import Path

import pytest
from support import printed

from apt_settings.cli import main

JOB = ["job", "docker", "--image", "registry.example/train:1"]
HOSTILE = "a, b'\"$HOME `id` \\ é日 #!"


def words(line: str) -> list[str]:
    """A line as a shell splits it."""
    _, docker = line.split(" && ")
    done = subprocess.run(["bash"], input=f"printf '%s\\0' {docker}", capture_output=True, text=True, check=True)
    return done.stdout.split("\0")[:-1]


def test_the_line_survives_a_shell(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Every word arrives as it is: settings, options, command."""
    monkeypatch.setenv("APT_OUTPUT_DIR", HOSTILE)
    line = printed(
        capsys, *JOB, "--task", "squad", "--gpus", "all", "--name", "qa", "--docker=--shm-size=8g", "--", "run", HOSTILE
    )

    assert words(line) == [
        *("docker", "run", "--rm", f"--user={os.getuid()}:{os.getgid()}", "--name=qa", "--gpus=all"),
        *("--env=APT_ENV_FILE=/dev/null", "--env=APT_REFERENCE=paper", "--env=APT_TASK=squad"),
        f"--env=APT_OUTPUT_DIR={HOSTILE}",
        '--env=APT_GIVEN_BY={"APT_TASK":["1bd32795","--task"],'
        '"APT_OUTPUT_DIR":["482f9be3","environment APT_OUTPUT_DIR"]}',
        *(f"--volume={tmp_path}/runs:/records", "--shm-size=8g"),
        *("--entrypoint=apt-settings", "registry.example/train:1"),
        *("run", "--record", "/records/{fingerprint}", "--resume", "--", "run", HOSTILE),
    ]
    assert line.startswith(f"mkdir -p {tmp_path}/runs && ")


def test_a_file_is_as_docker_reads_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No quotes, which docker would keep; an existing file is somebody's."""
    monkeypatch.setenv("APT_OUTPUT_DIR", HOSTILE)
    argv = ["--task", "squad", "--write-env-file", "job.env", "--", "true"]
    line = printed(capsys, *JOB, *argv)

    assert "--env-file=job.env" in words(line)
    assert not [word for word in words(line) if word.startswith("--env=")]
    assert f"APT_OUTPUT_DIR={HOSTILE}\n" in (tmp_path / "job.env").read_text()
    assert main([*JOB, *argv]) == 74
    assert "job.env cannot be written: File exists" in capsys.readouterr().err


def test_a_point_of_a_grid_is_a_job(capsys: pytest.CaptureFixture[str]) -> None:
    """With --index, its values are the job's."""
    line = printed(capsys, *JOB, "--grid", "task=mnli,squad", "--grid", "seed=1..3", "--index", "5", "--", "true")

    assert {"--env=APT_TASK=squad", "--env=APT_SEED=3"} <= set(words(line))


@pytest.mark.parametrize(
    ("argv", "status", "said"),
    [
        (["--task", "squad"], 2, "a command is missing"),
        (["--image", "a b", "--task", "squad", "--", "true"], 2, "must be the name of an image"),
        (["--image", "Train", "--task", "squad", "--", "true"], 2, "must be the name of an image"),
        (["--record", "a:b", "--task", "squad", "--", "true"], 2, "without a colon"),
        (["--docker", "x", "--task", "squad", "--", "true"], 2, "must be a long option of docker run"),
        (["--grid", "seed=1,2", "--", "true"], 2, "needs --index"),
        (["--", "true"], 78, "APT_TASK is not set"),
    ],
)
def test_what_cannot_be_is_refused(argv: list[str], status: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One clear error, and no line."""
    assert main([*JOB, *argv]) == status
    out, err = capsys.readouterr()

    assert out == ""
    assert said in " ".join(err.split())
