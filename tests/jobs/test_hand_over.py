"""What launchers say is heard, and shown as it may be shown; a launcher that ends early ends nothing else."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from support import started

from apt_settings.cli import main
from apt_settings.jobs.hand_over import RefusedError, hand_over

KUBERNETES = ["job", "kubernetes", "--task=squad", "--image=x", "--submit", "--name=j"]
SLURM = ["job", "slurm", "--task=squad", "--submit"]


def test_warnings_of_a_launcher_that_takes_the_job_are_shown(fake: Callable[..., None], capfd: Any) -> None:
    """`would violate PodSecurity`, `your account ends tomorrow`."""
    fake("sbatch", "cat > /dev/null; echo 'your account ends tomorrow' >&2; echo 42")
    fake("kubectl", "cat > /dev/null; echo 'Warning: would violate PodSecurity' >&2; echo job.batch/j created")

    assert main([*SLURM, "--", "true"]) == 0
    assert main([*KUBERNETES, "--", "true"]) == 0
    out, err = capfd.readouterr()
    assert out == "42\njob.batch/j created\n"
    assert "sbatch: your account ends tomorrow\n" in err
    assert "kubectl: Warning: would violate PodSecurity\n" in err


@pytest.mark.parametrize("size", [10, 70_000, 1_000_000])
def test_a_launcher_may_end_before_it_has_read_all(size: int, fake: Callable[..., None]) -> None:
    """Its status counts, and not that a pipe broke."""
    fake("sbatch", "echo 'no such partition' >&2; exit 3")
    with pytest.raises(RefusedError, match="no such partition") as caught:
        hand_over(("sbatch",), "x" * size, "SLURM")

    assert caught.value.status == 3
    fake("sbatch", "echo 42")
    assert hand_over(("sbatch",), "x" * size, "SLURM").text == "42"


def test_a_launcher_may_end_early_at_the_command_line(fake: Callable[..., None]) -> None:
    """Where SIGPIPE would end the process without a word."""
    fake("sbatch", "echo 'Invalid account' >&2; exit 1")
    for _ in range(3):
        done = started(*SLURM, "--set", f"output_dir={'x' * 4000}", "--", "true", *("y" * 1000 for _ in range(90)))
        assert done.returncode == 1
        assert "not submitted: Invalid account" in done.stderr


def test_what_a_launcher_prints_is_escaped(fake: Callable[..., None], capfd: Any) -> None:
    """On stdout and stderr."""
    fake("sbatch", r"cat > /dev/null; printf '4\033[31m2\n'; printf '\033]0;x\a\n' >&2")
    assert main([*SLURM, "--", "true"]) == 0
    out, err = capfd.readouterr()

    assert out == "4\\x1b[31m2\n"
    assert "sbatch: \\x1b]0;x\\x07\n" in err


def test_no_id_is_no_success(fake: Callable[..., None], capfd: Any) -> None:
    """Nobody would know which job it was."""
    fake("sbatch", "cat > /dev/null")

    assert main([*SLURM, "--", "true"]) != 0
    assert "not submitted: sbatch ended well and said nothing" in capfd.readouterr().err


def test_what_was_created_before_a_refusal_is_named(fake: Callable[..., None], capfd: Any) -> None:
    """With how to remove it."""
    script = "cat > /dev/null; echo configmap/j created; echo 'Error: quota exceeded' >&2; exit 1"
    fake("kubectl", script)

    assert main([*KUBERNETES, "--full", "--namespace", "ml", "--", "true"]) == 1
    err = capfd.readouterr().err
    assert "apt-settings: not submitted: Error: quota exceeded\n" in err
    assert (
        "configmap/j was created before, and is still there; to remove it: kubectl delete --namespace ml configmap/j"
        in err
    )


def test_a_launcher_is_asked_from_any_thread(fake: Callable[..., None]) -> None:
    """Only the main thread may say what becomes of signals."""
    fake("sbatch", "echo 7")
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(hand_over(("sbatch",), "text", "SLURM")))
    thread.start()
    thread.join()

    assert [each.text for each in answers] == ["7"]
