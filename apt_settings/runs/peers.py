"""The other processes of a job: each says in a file beside the record of the first one how it ended."""

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from ..basics.files import UnreadableError, read_bytes, write_whole
from ..sources.record import Part

_SIZE_LIMIT: Final = 64 * 1024


class Peer(Part):
    """A process that has joined a run: what its `node-RANK.json` holds."""

    rank: str
    host: str
    attempt: int
    """Which of the record's runs it has joined, counted from 1: what an earlier one left does not count."""
    start: str
    end: str | None = None
    """None while it runs, and where it was ended together with whoever watched it."""
    seconds: float | None = None
    exit_status: int | None = None
    signal: str | None = None


def write_peer(folder: Path, peer: Peer) -> None:
    """Write the file of a process, where that can be done: it adds to the record, and is no reason to stop."""
    with suppress(OSError):
        write_whole(folder / f"node-{peer.rank}.json", f"{peer.model_dump_json(indent=2)}\n".encode())


def peers_in(folder: Path, attempt: int) -> Sequence[Peer]:
    """The other processes of one of the record's runs, by rank; a file that does not say it is passed over."""
    found = []
    for file in folder.glob("node-*.json"):
        if file.is_file() and not file.is_symlink():
            with suppress(UnreadableError, ValidationError):
                found.append(Peer.model_validate_json(read_bytes(file, _SIZE_LIMIT)))
    return sorted((each for each in found if each.attempt == attempt), key=_by_rank)


def _by_rank(peer: Peer) -> list[int]:
    return [int(number) for number in re.findall("[0-9]{1,9}", peer.rank)]
