"""Plans a job before it runs: `plan(settings)` returns the numbers, `plot.draw` makes a picture."""

from .diff import diff
from .failures import FAILURES, SMALLEST_GAP, failures
from .models import architecture_of
from .numbers import Model, Plan, divide_batch, plan
from .release import ReleasePlan

__all__ = [
    "FAILURES",
    "SMALLEST_GAP",
    "Model",
    "Plan",
    "ReleasePlan",
    "architecture_of",
    "diff",
    "divide_batch",
    "failures",
    "plan",
]
