"""Measure apt-settings, its field beside it, and write what it took into docs/performance.md.

    python benchmarks/compare.py [ROUNDS]

Needs `pip install -e '.[cli,test,benchmark]'`. Everything that is compared is measured in turns in one run, so that a
busy machine slows all of it; times are CPU seconds where nothing else is said, and medians.
"""

import os
import sys
import tempfile
from pathlib import Path

from jobs import ENV_FILE
from measured import measure
from tables import machine, tables, write_between


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path(".env").write_text(ENV_FILE)
        run = measure(rounds)
        os.chdir(Path(__file__).parent)
    for part, text in {"machine": machine(), **tables(run)}.items():
        write_between(part, text)


if __name__ == "__main__":
    main()
