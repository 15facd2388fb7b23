"""How many faults `check` finds in scripts as people write them, and how long it takes.

    python benchmarks/scripts.py

Prints the faults that were made, those found at their lines, other findings, and seconds, as JSON.

1,700 scripts are made of the forms in tests/specs/test_shell.py: a third is right, a third has a value that is not
allowed, and a third a misspelt name.
"""

import json
import os
import random
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "tests"))
sys.path.append(str(Path(__file__).parent.parent / "tests" / "specs"))

from test_shell import FORMS, SETTINGS  # type: ignore[import-not-found]

from apt_settings.specs.findings import findings

SCRIPTS = 1_700


def script(number: int) -> tuple[str, tuple[int, str] | None]:
    """A script of some forms, and the place of its fault, if it has one."""
    chance = random.Random(number)  # noqa: S311  no secret
    rows = [(chance.choice(FORMS), *chance.choice(SETTINGS)) for _ in range(chance.randint(1, 6))]
    faulty, fault = chance.randrange(len(rows)), ("", "value", "name")[number % 3]
    text, place = "#!/bin/bash\n", None
    for index, (form, name, good, bad) in enumerate(rows):
        is_faulty = bool(fault) and index == faulty
        spelt = name.replace("APT_", "APT_Q") if is_faulty and fault == "name" else name
        block = form.format(f"{spelt}={bad if is_faulty and fault == 'value' else good}")
        if is_faulty:
            above = next(at for at, line in enumerate(block.split("\n")) if spelt in line)
            place = (text.count("\n") + 1 + above, spelt)
        text += f"{block}\n"
    return text + "python train.py\n", place


def measured() -> dict[str, float]:
    made = [script(number) for number in range(SCRIPTS)]
    found, others = 0, 0
    start = sum(os.times()[:4])  # of children, too
    for text, place in made:
        told = {(each.line, each.variable) for each in findings("job.sh", text.encode())}
        found += place in told
        others += len(told - {place})
    seconds = sum(os.times()[:4]) - start
    return {
        "scripts": len(made),
        "faults": sum(place is not None for _, place in made),
        "found": found,
        "others": others,
        "seconds": seconds,
    }


if __name__ == "__main__":
    print(json.dumps(measured()))
