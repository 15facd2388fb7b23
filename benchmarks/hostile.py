"""What sizes cost that nobody means: each is settled or refused, and how long that takes.

    python benchmarks/hostile.py

Prints for each input the seconds of CPU, and what comes of it, as JSON.
"""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from apt_settings import SettingsError, load
from apt_settings.runs.store import as_json, record_of
from apt_settings.specs.findings import judge

KIB = 1024
MANY = 10_000


def settled(environ: Mapping[str, str]) -> str:
    """What comes of an environment: settings, or how much is wrong and the first of it without the input."""
    try:
        load(environ)
    except SettingsError as error:
        str(error)
        count, first = len(error.problems), error.problems[0]
        told = (
            first.wrong.partition("cannot be read: ")[2] or f"{first.wrong}{': ' * bool(first.allowed)}{first.allowed}"
        )
        return f"{count:,} {'problem' if count == 1 else 'problems'}: {told}"
    return "settings"


def in_file(data: bytes) -> str:
    Path("hostile.env").write_bytes(data)
    return settled({"APT_ENV_FILE": "hostile.env"})


def in_record(runs: int) -> str:
    record = record_of(load({}, None))
    run = '{"command": ["x"], "start": "", "host": "", "scheduler": {}, "git": null, "versions": {}}'
    Path("hostile.json").write_text(as_json(record).replace('"runs": []', f'"runs": [{", ".join([run] * runs)}]'))
    load({}, record="hostile.json")
    return "settings"


def in_spec(name: str, data: bytes) -> str:
    found = judge(name, data).findings
    return found[0].message if len(found) == 1 else f"{len(found):,} findings"


INPUTS: Mapping[str, Callable[[], str]] = {
    "a `.env` of 10 MB": lambda: in_file(b"APT_SEED=3\n" * 950_000),
    "256 KiB of one setting in a `.env`": lambda: in_file(b"APT_SEED=3\n" * 23_000),
    "256 KiB of unknown names in a `.env`": lambda: in_file(b"".join(b"APT_%d=3\n" % n for n in range(22_000))),
    "256 KiB of other tools' lines": lambda: in_file(b"OTHER=3\n" * 32_000),
    "256 KiB of names that double": lambda: in_file(
        b"A0=aa\n" + b"".join(b"A%d=${A%d}${A%d}\n" % (n, n - 1, n - 1) for n in range(1, 10_000)) + b"APT_X=${A9999}\n"
    ),
    "a value of 1 MB": lambda: settled({"APT_OUTPUT_DIR": "x" * 1_000_000}),
    "a number of 1 MB": lambda: settled({"APT_LEARNING_RATE": "0." + "9" * 1_000_000}),
    "a name of 1 MB": lambda: settled({"APT_" + "X" * 1_000_000: "1"}),
    "10,000 unknown variables": lambda: settled({f"APT_X{n}": "1" for n in range(MANY)}),
    "10,000 variables of Debian's apt": lambda: settled({f"APT_TESTS_{n}": "1" for n in range(MANY)}),
    "a record of 100,000 runs": lambda: in_record(100_000),
    "a job spec: a script of 200,000 here-documents": lambda: in_spec("x.sh", b"APT_SEED=1\n" + b"<<E\n" * 200_000),
    "a job spec: 1 MiB of nested YAML": lambda: in_spec("x.yaml", b"APT_SEED: " + b"[" * (KIB * KIB - 100)),
    "a job spec: a Dockerfile with an ENV of 1 MiB": lambda: in_spec(
        "Dockerfile", b"ENV APT_SEED=" + b"\\" * (KIB * KIB - 100)
    ),
    "a job spec: 1 MiB of YAML lists": lambda: in_spec("x.yaml", b"APT_SEED: 1\na:\n" + b"- a\n" * 250_000),
    "a job spec: 75 KB of pipes that lead nowhere": lambda: in_spec("x.sh", b"APT_SEED=1 x\n" + b"a |" * 25_000),
}


def measured() -> Mapping[str, tuple[float, str]]:
    """Input -> seconds of CPU, and what comes of it."""
    found = {}
    for name, work in INPUTS.items():
        start = sum(os.times()[:4])  # of children, too
        told = work()
        found[name] = (sum(os.times()[:4]) - start, told)
    return found


if __name__ == "__main__":
    print(json.dumps(measured()))
