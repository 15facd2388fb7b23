"""What a million evaluations of the schedules cost on one core.

python benchmarks/schedules.py
"""

import time

from apt_settings import load
from apt_settings.plan import plan

EVALUATIONS = 1_000_000


def main() -> None:
    job = plan(load({}, None, task="sst2"))
    schedules = job.schedules
    each = EVALUATIONS // len(schedules)
    steps = [job.total_steps * index / each for index in range(each)]
    start = time.process_time()
    for schedule in schedules.values():
        for step in steps:
            schedule(step)
    print(f"{EVALUATIONS:,} evaluations of {', '.join(schedules)} in {time.process_time() - start:.2f} s")


if __name__ == "__main__":
    main()
