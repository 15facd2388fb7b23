"""The example trains for real, and ends where its settings say."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import ROOT, needs_training

from apt_settings import fingerprint, load

pytestmark = [pytest.mark.training, needs_training]


def trained(folder: Path, **environ: str) -> str:
    """What the example prints with these variables."""
    command = [sys.executable, "-W", "ignore", str(ROOT / "examples" / "finetune.py")]
    done = subprocess.run(command, cwd=folder, env={**os.environ, **environ}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def number(pattern: str, text: str) -> float:
    (found,) = re.findall(pattern, text)
    return float(found)


@pytest.mark.parametrize("target", ["0.6", "0.4"])
def test_the_example_ends_at_the_target_sparsity(target: str, tmp_path: Path) -> None:
    """To within one neuron, all masks decayed; another target is another outcome, under its own fingerprint."""
    short: dict[str, Any] = {
        "APT_EPOCHS": "6",
        "APT_DISTILL_EPOCHS": "5",
        "APT_LEARNING_RATE": "2e-3",
        "APT_TARGET_SPARSITY": target,
    }
    out = trained(tmp_path, **short)
    reached = number(r"sparsity (\S+) of", out)

    assert float(target) - 0.005 <= reached <= float(target)
    assert number(r"accuracy (\S+)", out) > 0.9
    assert "masks decayed: True; 600 steps" in out
    assert fingerprint(load({}, None, **{name[4:].lower(): text for name, text in short.items()})) in out


def test_processes_of_the_example_agree_first(tmp_path: Path) -> None:
    """One that has other settings stops them all before they train."""
    lines = [
        "import os, runpy",
        "os.environ['APT_SEED'] = os.environ['RANK']",
        f"runpy.run_path({str(ROOT / 'examples' / 'finetune.py')!r}, run_name='__main__')",
    ]
    (tmp_path / "start.py").write_text("\n".join(lines))
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone", "start.py"]
    environ = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True)

    assert done.returncode != 0
    assert "rank 1 seed is 1 (environment APT_SEED), on rank 0 0 (environment APT_SEED)" in done.stderr
    assert "accuracy" not in done.stdout


def test_the_example_takes_what_it_can_train(tmp_path: Path) -> None:
    """Another model is refused in one line."""
    command = [sys.executable, "-W", "ignore", str(ROOT / "examples" / "finetune.py")]
    environ = {**os.environ, "APT_TASK": "alpaca"}
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True)

    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "trains a RoBERTa" in done.stderr
