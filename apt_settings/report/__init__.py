"""What is said of settings: a row for each, what differs between two jobs, and how a value came about."""
