"""Exit statuses, in one place."""

from typing import Final

DIFFERENT: Final = 1
"""`diff` found differences."""
PROBLEMS_FOUND: Final = 1
"""`check` found problems."""
WRONG_USE: Final = 2
"""The command line is wrong."""
IO_ERROR: Final = 74
"""The output or a record cannot be written; EX_IOERR of sysexits.h."""
WRONG_SETTINGS: Final = 78
"""The settings are wrong; EX_CONFIG of sysexits.h."""
NOT_EXECUTABLE: Final = 126
"""A command is there and cannot be executed, as a shell says it."""
NOT_FOUND: Final = 127
"""A command is not there, as a shell says it."""
