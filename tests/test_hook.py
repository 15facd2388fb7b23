"""The hook for pre-commit, run by pre-commit itself from a clone of this repository."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support import RECORDS, ROOT, git

PRE_COMMIT = shutil.which("pre-commit", path=str(Path(sys.executable).parent))
pytestmark = [
    pytest.mark.hook,
    pytest.mark.skipif(PRE_COMMIT is None, reason="needs pre-commit: pip install 'apt-settings[lint]'"),
]


def test_pre_commit_stops_a_commit_with_a_wrong_spec(tmp_path: Path) -> None:
    """It is installed as people install it, runs on the files it knows, and names file and line.

    As the page shows it with arguments, it judges settings of the repository's own class.
    """
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
    page = (ROOT / "docs" / "checking.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```yaml\n(repos:\n.*?)^```", page, re.DOTALL | re.MULTILINE)
    config = yaml.safe_load(shown)
    config["repos"][0] |= {"repo": str(ROOT), "rev": repository["rev"]}
    (specs / ".pre-commit-config.yaml").write_text(json.dumps(config))
    shutil.copytree(ROOT / "examples" / "own_settings" / "trainer", specs / "trainer")
    (specs / "own.sh").write_text("export APT_TASK=squad APT_METRIC=f1 APT_EVAL_EVERY=0\npython train.py\n")
    git("add", ".", cwd=specs)
    own = run()

    assert (good.returncode, "good: 6 files" in good.stdout) == (0, True), good.stdout + good.stderr
    assert bad.returncode == 1
    assert "loop.sh:6: APT_DATASETS is not a setting" in bad.stdout
    assert "notes.txt" not in bad.stdout
    assert "own.sh:1: APT_EVAL_EVERY='0' is not allowed: must be a whole number, 1 <= x" in own.stdout
