"""What torchrun is told: what to start on every node, and where the nodes meet."""

import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import Final

# torchrun reads each option from a variable too (docs.pytorch.org/docs/stable/elastic/run.html): the command stays the
# same on every node, in every attempt and in the record.
#
# The rendezvous is the static one, torchrun's default: the launcher numbers the nodes, and node 0 hosts the store. The
# other one, c10d, guesses the host from names and addresses (_matches_machine_hostname in
# torch/distributed/elastic/rendezvous/utils.py): with an alias, a second network or a container's host name no node is
# the host, on loopback every node is. It numbers the nodes by their addresses, and gives up when node 0 is 60 seconds
# late; the static one waits for 900.
NODES: Final = "PET_NNODES"
PROCESSES: Final = "PET_NPROC_PER_NODE"
NODE_RANK: Final = "PET_NODE_RANK"
MASTER: Final = "PET_MASTER_ADDR"
PORT: Final = "PET_MASTER_PORT"
IDENTITY: Final = "PET_RDZV_ID"
VARIABLES: Final = (NODES, PROCESSES, NODE_RANK, MASTER, PORT, IDENTITY)
"""The variables that a job sets for torchrun. Beside it, a user may set that of PROCESSES alone."""
USUAL_PORT: Final = 29500

_ITS_MODULES: Final = ("torch.distributed.run", "torch.distributed.launch", "torchrun")
"""What `python -m` starts it by."""
_PYTHON: Final = r"python[0-9.]*"
_SCRIPT: Final = r"(?!-).*(\.py|/.*)"
_KINDS: Final = ("-m", "--module", "--no-python")
"""The options of torchrun that say what it starts."""


def command_of(words: Sequence[str]) -> tuple[str, ...]:
    """The command that starts a script under torchrun: `["train.py", "--flag"]` -> `torchrun train.py --flag`.

    `["python", "train.py"]` -> `python -m torch.distributed.run train.py`, which is the torchrun of this Python and not
    another one on the PATH. Raises ValueError for what torchrun would not take.
    """
    has_python = re.fullmatch(_PYTHON, PurePath(words[0]).name)
    start = (words[0], "-m", "torch.distributed.run") if has_python else ("torchrun",)
    words = words[1:] if has_python else words
    first, *others = words or ("",)
    if PurePath(first).name == "torchrun" or (first in _KINDS and others[:1] and others[0] in _ITS_MODULES):
        written = first if first not in _KINDS else f"{first} {others[0]}"
        raise ValueError(f"--torchrun writes torchrun and its options: leave out {written}")
    if first in _KINDS:
        if not others or others[0].startswith("-"):
            raise ValueError(
                f"{first} needs {'a program' if first == _KINDS[-1] else 'the name of a module'} behind it"
            )
    elif first.startswith("-"):
        fix = "for an option of torchrun set its variable, such as PET_MAX_RESTARTS=3 for --max-restarts 3"
        raise ValueError(f"{first} stands where --torchrun needs a script, -m MODULE or --no-python PROGRAM: {fix}")
    elif not first:
        raise ValueError("--torchrun starts a Python script, and none is there: write train.py")
    elif not re.fullmatch(_SCRIPT, first):
        fix = f"write train.py, or --no-python {first} for a program"
        raise ValueError(f"--torchrun starts a Python script, and {first} is none: {fix}")
    return (*start, *words)
