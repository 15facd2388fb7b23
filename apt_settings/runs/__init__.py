"""Runs a job's command, and records its settings and how it ended."""
