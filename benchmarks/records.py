"""What looking back costs: `runs` over a thousand and ten thousand records, as a table, as JSON and as a page."""

import os
import tempfile
from contextlib import chdir
from datetime import UTC, datetime, timedelta
from pathlib import Path

from processes import in_turns

from apt_settings import load
from apt_settings.runs.store import as_json, record_of
from apt_settings.sources.record import Repository, Run

SIZES = (1_000, 10_000)
FORMS = {"runs": (), "runs --format json": ("--format", "json"), "runs --html": ("--html", "runs.html")}
BEGIN = datetime(2024, 5, 1, tzinfo=UTC)


def write_records(number: int) -> None:
    """As many records in `runs`, of three sparsities with fifty seeds."""
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
        folder = Path("runs", f"{record.fingerprint}-{each}")
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(as_json(record.model_copy(update={"runs": (run,)})))


def main() -> None:
    """Print the rows of the table in docs/performance.md."""
    print("| command | records | wall | peak memory |\n| --- | --- | --- | --- |")
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder, chdir(folder):
            write_records(size)
            commands = {name: ("-m", "apt_settings", "runs", *words) for name, words in FORMS.items()}
            for name, (wall, _, peak) in in_turns(3, commands, dict(os.environ)).items():
                print(f"| {name} | {size:,} | {wall:.2f} s | {peak:.0f} MiB |")


if __name__ == "__main__":
    main()
