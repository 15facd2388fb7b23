"""What a user writes runs as it type-checks."""

import subprocess
import sys
from pathlib import Path


def test_user_code_runs() -> None:
    """The file that the type checkers read strictly also runs, on the defaults."""
    code = Path(__file__).parent / "user_code.py"
    done = subprocess.run([sys.executable, str(code)], capture_output=True, text=True)

    assert (done.stdout, done.stderr) == ("40 0.4\n", "")
