"""The README's examples run, and say what they say they say."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support import ROOT

from apt_settings import load

README = (ROOT / "README.md").read_text()
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()


def blocks(language: str, page: str = README) -> list[str]:
    return [text for kind, text in re.findall(r"```(\w+)\n(.*?)```", page, re.DOTALL) if kind == language]


def shell(command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command where `apt-settings` is this environment's."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, cwd=cwd, env={**os.environ, "PATH": path}
    )


def test_the_first_two_commands_are_one_line_each() -> None:
    """One line installs and runs the main job, one installs and passes the tests; nothing else is needed."""
    assert [len(block.splitlines()) for block in blocks("sh")] == [1, 1]
    assert all(block.startswith("python3 -m venv .venv && ") for block in blocks("sh"))


def test_the_python_examples_run(tmp_path: Path) -> None:
    """The blocks run one after the other, as a reader would paste them."""
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks("python"))], capture_output=True, text=True, cwd=tmp_path
    )

    assert done.stderr == ""
    assert re.fullmatch(r"0\.6\nclass default\nTrue 30 environment APT_EPOCHS\napt\d-[0-9a-f]{16}\n", done.stdout)


@pytest.mark.parametrize("block", [*blocks("console"), *blocks("console", ARCHITECTURE)])
def test_console_examples_print_what_they_show(block: str, tmp_path: Path) -> None:
    """Each `$` command prints exactly the lines below it."""
    examples = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)

    assert examples
    for command, shown in examples:
        assert shown == shell(command, tmp_path).stdout


def test_the_slurm_example_starts_the_job(tmp_path: Path) -> None:
    """The lines for a job script, run by bash, hand the settings to the program; a wrong one stops before it."""
    (tmp_path / "train.py").write_text(
        "import sys; from apt_settings import settings; print(settings.task, settings.target_sparsity)"
    )
    script = next(block for block in blocks("bash") if "train.py" in block)
    wrong = script.replace("SPARSITY", "SPARSTIY")

    assert shell(script, tmp_path).stdout == "squad 0.4\n"
    assert len(list(tmp_path.glob("runs/*/run.json"))) == 1
    assert (shell(wrong, tmp_path).returncode, shell(wrong, tmp_path).stdout) == (78, "")


def test_the_kubernetes_example_resolves() -> None:
    """The env entries of the manifest are right settings."""
    manifest = blocks("yaml")[0]
    environ = dict(re.findall(r'name: (APT_\w+), value: "(.*)"', manifest))

    assert (load(environ, None).task, load(environ, None).target_sparsity) == ("squad", 0.4)


def test_what_the_readme_says_of_the_main_job_is_true(tmp_path: Path) -> None:
    """The part of the first command after the installation shows the override and who set it."""
    command = blocks("sh")[0].split("&&")[-1].replace(".venv/bin/", "")
    done = shell(command, tmp_path)

    assert done.returncode == 0
    assert re.search(r"target_sparsity +0\.4 +environment APT_TARGET_SPARSITY", done.stdout)
