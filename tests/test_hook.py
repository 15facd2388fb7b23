"""The hook for pre-commit, run by pre-commit itself from a clone of this repository."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import RECORDS, ROOT, git

PRE_COMMIT = shutil.which("pre-commit", path=str(Path(sys.executable).parent))
pytestmark = [
    pytest.mark.hook,
    pytest.mark.skipif(PRE_COMMIT is None, reason="needs pre-commit: pip install 'apt-settings[lint]'"),
]


def test_pre_commit_stops_a_commit_with_a_wrong_spec(tmp_path: Path) -> None:
    """It is installed as people install it, runs on the files it knows, and names file and line."""
    specs = tmp_path / "specs"
    shutil.copytree(RECORDS / "specs" / "good", specs)
    repository = {"repo": str(ROOT), "rev": git("rev-parse", "HEAD", cwd=ROOT), "hooks": [{"id": "apt-settings-check"}]}
    (specs / ".pre-commit-config.yaml").write_text(json.dumps({"repos": [repository]}))
    git("init", "-q", cwd=specs)
    git("add", ".", cwd=specs)
    environ = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "cache"), "GIT_CONFIG_COUNT": "0"}

    def run() -> subprocess.CompletedProcess[str]:
        command = [str(PRE_COMMIT), "run", "--all-files", "--verbose"]
        return subprocess.run(command, cwd=specs, env=environ, capture_output=True, text=True)

    good = run()
    shutil.copy(RECORDS / "specs" / "faulty" / "loop.sh", specs)
    (specs / "notes.txt").write_text("APT_SEED=x\n")
    git("add", ".", cwd=specs)
    bad = run()

    assert (good.returncode, "good: 6 files" in good.stdout) == (0, True), good.stdout + good.stderr
    assert bad.returncode == 1
    assert "loop.sh:6: APT_DATASETS is not a setting" in bad.stdout
    assert "notes.txt" not in bad.stdout
