"""The example trains for real, and ends where its settings say."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from apt_settings import fingerprint, load

pytestmark = pytest.mark.training
for library in ("torch", "transformers", "peft"):
    pytest.importorskip(library, reason=f"needs {library}: pip install 'apt-settings[transformers,peft]'")


def trained(folder: Path, **environ: str) -> str:
    """What the example prints with these variables."""
    command = [sys.executable, "-W", "ignore", str(ROOT / "examples" / "finetune.py")]
    done = subprocess.run(command, cwd=folder, env={**os.environ, **environ}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("target", ["0.6", "0.4"])
def test_the_example_ends_at_the_target_sparsity(target: str, tmp_path: Path) -> None:
    """To within one neuron, all masks decayed; another target is another outcome, under its own fingerprint."""
    short = {"APT_EPOCHS": "6", "APT_DISTILL_EPOCHS": "5", "APT_TARGET_SPARSITY": target}
    out = trained(tmp_path, **short)
    reached = float(re.search(r"sparsity (\S+) of", out)[1])  # type: ignore[index]

    assert float(target) - 0.005 <= reached <= float(target)
    assert "masks decayed: True; 600 steps" in out
    assert fingerprint(load({}, None, **{name[4:].lower(): text for name, text in short.items()})) in out


def test_the_example_is_short() -> None:
    """Less than 150 lines, and no file or variable but its settings."""
    text = (ROOT / "examples" / "finetune.py").read_text()

    assert len(text.splitlines()) < 150
    assert "environ" not in text
    assert "open(" not in text
