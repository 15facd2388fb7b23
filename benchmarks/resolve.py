"""What origins and exact names cost: apt-settings against a bare pydantic-settings class with the same fields.

    python benchmarks/resolve.py [ROUNDS]

Each round runs both as whole processes, one after the other, so that a busy machine slows both. Printed are medians and
the ratio of ours to the bare one; last, `show --format json` against a process that takes `settings`.
"""

import os
import platform
import subprocess
import sys
import tempfile
import time
import timeit
from collections.abc import Callable
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
ENVIRONMENT = {"APT_TARGET_SPARSITY": "0.4", "APT_SEED": "3", "APT_OUTPUT_DIR": "out"}
ENV_FILE = "".join(f"OTHER_TOOL_{number}=value-{number}\n" for number in range(27))
ENV_FILE += "APT_LEARNING_RATE=1e-4\nAPT_BATCH_SIZE=64\nAPT_WARMUP_RATIO=0.1\n"


def processes(rounds: int, *commands: tuple[str, ...]) -> tuple[float, ...]:
    """Median seconds of each command, run in turns."""
    times: tuple[list[float], ...] = tuple([] for _ in commands)
    environ = {**os.environ, **ENVIRONMENT, "PYTHONPATH": str(HERE)}
    for _ in range(rounds):
        for command, taken in zip(commands, times, strict=True):
            start = time.perf_counter()
            subprocess.run([sys.executable, *command], check=True, env=environ, stdout=subprocess.DEVNULL)
            taken.append(time.perf_counter() - start)
    return tuple(map(median, times))


def cold_start(rounds: int) -> tuple[float, ...]:
    """Median seconds of a process that takes the bare settings, and of one that takes ours."""
    return processes(rounds, ("-c", "from bare import settings"), ("-c", "from apt_settings import settings"))


def show(rounds: int) -> tuple[float, ...]:
    """Median seconds of a process that takes our settings, and of one that prints them all."""
    take = ("-c", "from apt_settings import settings")
    return processes(rounds, take, ("-m", "apt_settings", "show", "--format", "json"))


def in_process(rounds: int) -> tuple[float, ...]:
    """Median seconds of one resolution in a running process: the bare class, and load()."""
    from bare import BareSettings

    from apt_settings import load

    def once(resolve: Callable[[], object]) -> float:
        return timeit.timeit(resolve, number=20) / 20

    pairs = [(once(BareSettings), once(load)) for _ in range(rounds)]
    return median(bare for bare, _ in pairs), median(ours for _, ours in pairs)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    os.environ.update(ENVIRONMENT)
    sys.path.insert(0, str(HERE))
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        rows = [("cold start", *cold_start(rounds)), ("resolve", *in_process(rounds))]
        Path(".env").write_text(ENV_FILE)
        rows += [("cold start, 30-line .env", *cold_start(rounds)), ("resolve, 30-line .env", *in_process(rounds))]
        rows.append(("taken / show --format json", *show(rounds)))
        os.chdir(HERE)
    print(f"Python {platform.python_version()}, {rounds} rounds, medians")
    print(f"{'':28}{'bare':>10}{'ours':>10}{'ratio':>8}")
    for name, bare, ours in rows:
        print(f"{name:28}{bare * 1e3:7.2f} ms{ours * 1e3:7.2f} ms{ours / bare:8.2f}")


if __name__ == "__main__":
    main()
