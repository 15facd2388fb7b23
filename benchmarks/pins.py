"""What verifying a pin costs at each start: of a job, and of a point of a sweep.

    python benchmarks/pins.py KIND

Prints the pin of that kind, as JSON. Where APT_EXPECT is that pin: the seconds of CPU that verifying it takes, for the
first time in a process and imports included, as at a start.
"""

import json
import os
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from growth import entries

from apt_settings.loading import layers_of, resolve
from apt_settings.sources.layers import Inputs
from apt_settings.sweeps.checker import Checker
from apt_settings.sweeps.grid import sweep_of

if TYPE_CHECKING:
    from apt_settings.pin import Pin

SEEDS: Final = "1..2000"
KINDS: Final[Mapping[str, Mapping[str, str]]] = {
    "a job": {},
    "a point of a sweep": {"target_sparsity": "0.3,0.4,0.5,0.6,0.7", "seed": SEEDS},
    "a point of a sweep over five tasks": {"task": "mrpc,mnli,squad,cnn_dm,alpaca", "seed": SEEDS},
}
"""What starts -> its grid, if it has one."""


class Start:
    """What is there before a pin is verified: settings, and for a point the checker of its sweep."""

    def __init__(self, kind: str) -> None:
        inputs, ranges = Inputs(dict(os.environ), None), KINDS[kind]
        self.checker = Checker(sweep_of([[each] for each in entries(ranges)]), layers_of(inputs)[1]) if ranges else None
        self.settings = self.checker.settings(7) if self.checker else resolve(inputs)

    def pin(self) -> "Pin":
        from apt_settings.pin import Pin
        from apt_settings.sweeps.pin import of_sweep

        return of_sweep(self.checker) if self.checker else Pin.of(self.settings)

    def verify(self) -> None:
        from apt_settings.pin import refuse_others
        from apt_settings.sweeps.pin import pinned_sweep

        sweep = pinned_sweep(self.checker) if self.checker else None
        refuse_others(self.settings, sweep, is_point=self.checker is not None)


def measured(kind: str) -> float | str:
    start = Start(kind)
    if "APT_EXPECT" not in os.environ:
        return str(start.pin())
    begin = time.process_time()
    start.verify()
    return time.process_time() - begin


if __name__ == "__main__":
    print(json.dumps(measured(sys.argv[1])))
