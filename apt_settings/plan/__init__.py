"""Plans a job before it runs: `plan(settings)` returns the numbers, `plot.draw` makes a picture."""

from .numbers import SMALLEST_GAP, Plan, divide_batch, plan

__all__ = ["SMALLEST_GAP", "Plan", "divide_batch", "plan"]
