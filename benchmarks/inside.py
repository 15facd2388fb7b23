"""What one library costs in a running process, as JSON; `compare.py` runs this for each of them in turns.

    python benchmarks/inside.py LIBRARY

Prints the seconds of one resolution, of one without a `.env`, and of one point of a sweep (medians), and how many of
each were measured.
"""

import json
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from statistics import median

LIBRARIES = Path(__file__).parent / "libraries"
SECONDS = 0.5


def timed(work: Callable[[int], object]) -> tuple[float, int]:
    """Median CPU seconds of one call, of as many as fit into half a second, and how many those were."""
    work(0)
    taken: list[float] = []
    end = time.process_time() + SECONDS
    while time.process_time() < end:
        start = time.process_time()
        work(len(taken))
        taken.append(time.process_time() - start)
    return median(taken), len(taken)


def main(library: str) -> None:
    sys.path.insert(0, str(LIBRARIES))
    job = import_module(library)
    resolved = timed(lambda _: job.resolve())
    alone = timed(lambda _: job.alone()) if hasattr(job, "alone") else resolved
    with getattr(job, "looping", nullcontext)():
        point = timed(lambda number: job.point({"target_sparsity": "0.5", "seed": str(number)}))
    print(json.dumps({"resolve": resolved, "alone": alone, "point": point}))


if __name__ == "__main__":
    main(sys.argv[1])
