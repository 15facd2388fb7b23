"""What looking back costs: records for `runs` to read, of three sparsities with fifty seeds.

    python benchmarks/records.py FOLDER NUMBER

Writes so many records below a folder, and prints how many as JSON.
"""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apt_settings import load
from apt_settings.runs.store import as_json, record_of
from apt_settings.sources.record import Repository, Run

BEGIN = datetime(2024, 5, 1, tzinfo=UTC)


def write_records(folder: str, number: int) -> None:
    for each in range(number):
        environ = {"APT_TASK": "squad", "APT_TARGET_SPARSITY": f"0.{3 + each % 3}", "APT_SEED": str(each % 50)}
        record = record_of(load(environ, None))
        begin = BEGIN + timedelta(minutes=each)
        run = Run(
            command=("python", "train.py"),
            start=begin.isoformat(),
            end=(begin + timedelta(hours=1)).isoformat(),
            seconds=3600.0,
            exit_status=int(each % 10 == 0),
            host="node7",
            scheduler={"SLURM_JOB_ID": str(each)},
            git=Repository(commit="a" * 40, dirty=False),
            versions={"torch": "2.6"},
        )
        path = Path(folder, f"{record.fingerprint}-{each}")
        path.mkdir(parents=True)
        (path / "run.json").write_text(as_json(record.model_copy(update={"runs": (run,)})))


if __name__ == "__main__":
    write_records(sys.argv[1], int(sys.argv[2]))
    print(json.dumps(int(sys.argv[2])))
