"""A small trainer with settings of its own."""
