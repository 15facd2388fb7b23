"""Several values for some settings: the grid, and the check of each of its points."""
