"""A job as the command line of docker."""

import os
import subprocess
from collections.abc import Callable
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
        capsys,
        *(*JOB, "--task", "squad", "--no-expect", "--gpus", "all", "--name", "qa", "--docker=--shm-size=8g"),
        *("--", "run", HOSTILE),
    )

    assert words(line) == [
        *("docker", "run", "--rm", f"--user={os.getuid()}:{os.getgid()}", "--name=qa", "--gpus=all"),
        *("--env=APT_ENV_FILE=/dev/null", "--env=APT_REFERENCE=paper", "--env=APT_TASK=squad"),
        f"--env=APT_OUTPUT_DIR={HOSTILE}",
        '--env=APT_GIVEN_BY={"APT_TASK":["1bd32795","--task"],'
        '"APT_OUTPUT_DIR":["482f9be3","environment APT_OUTPUT_DIR"]}',
        "--env=APT_CONTAINER_IMAGE=registry.example/train:1",
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


def test_what_a_training_needs_is_handed_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, write_env: Callable[..., Path]
) -> None:
    """Files of others come before the settings, which win; a folder becomes absolute, a volume keeps its name."""
    monkeypatch.setenv("HOME", "/home/me")
    write_env("# a comment\n\nHF_TOKEN=geheim\n WANDB_API_KEY\n", "secrets.env")
    argv = ["--env", "HF_HOME=/cache/h f", "--env-from", "secrets.env", "--shm", "8g", "--write-env-file", "job.env"]
    volumes = [word for each in ("data:/data:ro", "./x y:/x", "..:/up", "~/hf:/cache/") for word in ("--volume", each)]
    assert main([*JOB, "--task", "squad", "--set", "output_dir=/x", *argv, *volumes, "--", "true"]) == 0
    line, err = capsys.readouterr()
    here = Path.cwd()

    assert [word for word in words(line) if word.startswith(("--env", "--volume", "--shm"))] == [
        *("--shm-size=8g", "--env-file=secrets.env", "--env=HF_HOME=/cache/h f", "--env-file=job.env"),
        *(f"--volume={here}/runs:/records", "--volume=data:/data:ro", f"--volume={here}/x y:/x"),
        *(f"--volume={here.parent}:/up", "--volume=/home/me/hf:/cache"),
    ]
    assert err == ""


def test_a_secret_setting_may_stand_in_a_file(
    capsys: pytest.CaptureFixture[str], hub: str, write_env: Callable[..., Path]
) -> None:
    """That is how it reaches the container, and no note asks for it then; no other setting may."""
    write_env("APT_TOKEN=geheim\n", "good.env")
    write_env("HF_TOKEN=geheim\n APT_SEED=geheim\n", "wrong.env")
    job = [*JOB, "--task", "squad", "--extend", hub, "--set", "output_dir=/records/x"]
    assert main([*job, "--env-from", "good.env", "--", "true"]) == 0
    good = capsys.readouterr()
    assert main([*job, "--env-from", "wrong.env", "--", "true"]) == 78
    wrong = capsys.readouterr()

    assert good.err == ""
    assert "--env=APT_TOKEN" not in words(good.out)
    assert "wrong.env:2 APT_SEED is a setting: write --set seed=VALUE" in wrong.err
    assert "geheim" not in "".join((*good, *wrong))


def test_a_secret_of_the_shell_is_asked_for(
    capsys: pytest.CaptureFixture[str], hub: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line stops where the shell has it no more; a file that is mounted needs nothing of the shell."""
    line = printed(capsys, *JOB, "--task", "squad", "--extend", hub, "--", "true")
    mounted = printed(capsys, *JOB, "--task", "squad", "--extend", hub, "--env", "APT_TOKEN_FILE=/t", "--", "true")
    monkeypatch.delenv("APT_TOKEN")
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)

    assert "APT_TOKEN is not set" not in done.stderr
    assert "neither is APT_TOKEN: the job needs this secret" in done.stderr
    assert ("--env=APT_TOKEN_FILE=/t" in words(mounted), "--env=APT_TOKEN" in words(mounted)) == (True, False)


def test_a_file_of_another_machine_is_noted(capsys: pytest.CaptureFixture[str]) -> None:
    """The line may be run where it is."""
    assert main([*JOB, "--task", "squad", "--env-from", "none.env", "--", "true"]) == 0
    out, err = capsys.readouterr()

    assert "--env-file=none.env" in words(out)
    assert "note: none.env cannot be read here: No such file or directory; nothing checks that it sets no" in err


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
        (["--docker=--env=APT_SEED=3", "--", "true"], 2, "--env and --env-from are options of their own"),
        (["--docker=--env-file=x", "--", "true"], 2, "must be a long option of docker run, such as --ipc=host"),
        (["--env", "HF_HOME", "--", "true"], 2, "must be NAME=VALUE in one line, NAME of letters, digits, and . _ -"),
        (["--env", "APT_SEED=3", "--", "true"], 2, "--env: APT_SEED is a setting: write --set seed=VALUE"),
        (["--env", "A=1", "--env", "A=2", "--", "true"], 2, "--env: A is given twice"),
        (["--env-from", "", "--", "true"], 2, "must be the path of a file"),
        (["--volume", "data", "--", "true"], 2, "must be SOURCE:/PATH or SOURCE:/PATH:ro, SOURCE a volume, or a"),
        (["--volume", "-x:/x", "--", "true"], 2, "'-x:/x' must be SOURCE:/PATH or SOURCE:/PATH:ro"),
        (["--volume", "data:x", "--", "true"], 2, "'x' must be an absolute path below /, without .."),
        (["--volume", "data:/records", "--", "true"], 2, "--volume data:/records: --record runs has this path already"),
        (["--shm", "8Gi", "--", "true"], 2, "'8Gi' must be a number with b, k, m or g, such as 8g"),
    ],
)
def test_what_cannot_be_is_refused(argv: list[str], status: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One clear error, and no line."""
    assert main([*JOB, *argv]) == status
    out, err = capsys.readouterr()

    assert out == ""
    assert said in " ".join(err.split())
