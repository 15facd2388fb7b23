"""What origins and exact names cost: apt-settings against a bare pydantic-settings class with the same fields.

    python benchmarks/resolve.py [ROUNDS]

Each round runs both as whole processes, one after the other, so that a busy machine slows both. Printed are medians and
the ratio of ours to the bare one.
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


def cold_start(rounds: int) -> tuple[float, float]:
    """Median seconds of a process that takes the bare settings, and of one that takes ours."""
    times: dict[str, list[float]] = {"from bare import settings": [], "from apt_settings import settings": []}
    environ = {**os.environ, **ENVIRONMENT, "PYTHONPATH": str(HERE)}
    for _ in range(rounds):
        for code, taken in times.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True, env=environ)
            taken.append(time.perf_counter() - start)
    bare, ours = map(median, times.values())
    return bare, ours


def in_process(rounds: int) -> tuple[float, float]:
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
        os.chdir(HERE)
    print(f"Python {platform.python_version()}, {rounds} rounds, medians")
    print(f"{'':26}{'bare':>10}{'ours':>10}{'ratio':>8}")
    for name, bare, ours in rows:
        print(f"{name:26}{bare * 1e3:7.2f} ms{ours * 1e3:7.2f} ms{ours / bare:8.2f}")


if __name__ == "__main__":
    main()
