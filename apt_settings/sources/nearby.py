"""Files with settings that nobody reads: a `.env` of a folder above, or one of another name beside."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ..basics.escaping import escaped
from ..basics.files import UnreadableError, read_text
from ..errors import Note
from .dotenv import SIZE_LIMIT

_BESIDE: Final = (".env.local", "apt.env", "env")
_LINE: Final = r"(?m)^[ \t]*(?:export[ \t]+)?APT_\w+="


def nearby() -> tuple[Note, ...]:
    """A note where the working directory has no `.env`, and another file there or above has lines for us.

        no .env here; ../.env has 3 APT_ lines: --env-file ../.env, or APT_ENV_FILE=../.env

    Looked for up to the root of the git repository or the home folder, and nowhere if the working directory is in
    neither.
    """
    for path in _candidates():
        try:
            lines = len(re.findall(_LINE, read_text(path, SIZE_LIMIT))) if os.path.isfile(path) else 0
        except UnreadableError:
            continue
        if lines:
            file = escaped(path)
            have = f"{file} has {lines} APT_ line{'s' * (lines > 1)}"
            return (Note(f"no .env here; {have}: --env-file {file}, or APT_ENV_FILE={file}"),)
    return ()


def _candidates() -> Iterator[str]:
    yield from _BESIDE
    try:
        here, home = Path.cwd(), Path(os.path.expanduser("~"))
    except OSError:  # it is gone
        return
    above = (here, *here.parents)
    top = next((level for level, each in enumerate(above) if each == home or os.path.lexists(each / ".git")), 0)
    for level in range(1, top + 1):
        yield os.path.join(*[os.pardir] * level, ".env")
