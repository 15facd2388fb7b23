"""What a job ran with and how it ended: its record, its command, and the process that watches it."""
