"""What one library costs in a running process.

    python benchmarks/inside.py LIBRARY

Prints the seconds of one resolution, of one without a `.env`, and of one point of a sweep (medians), as JSON.
"""

import json
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from importlib import import_module
from statistics import median

from jobs import LIBRARIES

SECONDS = 0.5


def timed(work: Callable[[int], object]) -> float:
    """Median CPU seconds of one call, of as many as fit into half a second."""
    work(0)
    taken: list[float] = []
    end = time.process_time() + SECONDS
    while time.process_time() < end:
        start = time.process_time()
        work(len(taken))
        taken.append(time.process_time() - start)
    return median(taken)


def measured(library: str) -> dict[str, float]:
    sys.path.insert(0, str(LIBRARIES))
    job = import_module(library)
    resolved = timed(lambda _: job.resolve())
    alone = timed(lambda _: job.alone()) if hasattr(job, "alone") else resolved
    with getattr(job, "looping", nullcontext)():
        point = timed(lambda number: job.point({"target_sparsity": "0.5", "seed": str(number)}))
    return {"resolve": resolved, "alone": alone, "point": point}


if __name__ == "__main__":
    print(json.dumps(measured(sys.argv[1])))
