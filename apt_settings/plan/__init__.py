"""What a job will do, before it does it: `plan(settings)` in numbers, and a picture of it."""

from .numbers import CLOSEST, Plan, divided, plan

__all__ = ["CLOSEST", "Plan", "divided", "plan"]
