"""Plans a job before it runs: `plan(settings)` returns the numbers, `plot.draw` makes a picture."""

from .models import architecture_of
from .numbers import SMALLEST_GAP, Model, Plan, divide_batch, plan

__all__ = ["SMALLEST_GAP", "Model", "Plan", "architecture_of", "divide_batch", "plan"]
