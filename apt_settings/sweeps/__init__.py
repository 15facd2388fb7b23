"""Sweeps: a grid of values for several settings, and the check of each of its points."""
