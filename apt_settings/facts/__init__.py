"""What the paper, the design and the official release say; nothing here depends on what a job sets."""
