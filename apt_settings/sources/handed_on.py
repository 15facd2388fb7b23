"""Who set what a job was handed, where it was handed on: `.env:1` at the desk, and not the environment of a node."""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import PurePath
from typing import Final

from ..basics.escaping import escaped, shown
from ..basics.origins import Origin
from ..errors import Note
from .foreign import is_foreign
from .names import is_ours

EXPORT: Final = "SLURM_EXPORT_ENV"
"""What srun hands on where no option of it says something else; sbatch sets it (slurm.schedmd.com/srun.html)."""
DEFAULT: Final = "default handed on"
"""The place of what is handed on and nobody set. It counts as set where the default here is another one."""
_SIZE_LIMIT: Final = 60 * 1024
"""Characters of all places together, half of what Linux takes; what does not fit is told as of the environment."""
_LONGEST: Final = 200
"""Characters of one place."""


def handed_on(given: Iterable[tuple[str, str, Origin]]) -> str:
    """A text for APT_GIVEN_BY, of each variable with its text and who gave it: `{"APT_EPOCHS":["0a1b2c3d",".env:1"]}`.

    The digest is that of the text, as a place counts only while the value is the one that was handed on.
    """
    kept: dict[str, list[str]] = {}
    size = 0
    for variable, text, origin in given:
        entry = [_digest(text), place_of(origin)[:_LONGEST] if origin.is_override else DEFAULT]
        size += len(json.dumps({variable: entry}))
        if size > _SIZE_LIMIT:
            break
        kept[variable] = entry
    return json.dumps(kept, separators=(",", ":")) if kept else ""


def places_in(text: str) -> Mapping[str, tuple[str, str]]:
    """Variable -> digest and place, of a text that anybody may have written; empty for one that is none of ours."""
    try:
        content = json.loads(text) if len(text) <= 2 * _SIZE_LIMIT else None
    except (ValueError, RecursionError):
        return {}
    entries = content.items() if isinstance(content, dict) else ()
    return {
        name: (entry[0], escaped(entry[1])[:_LONGEST])
        for name, entry in entries
        if isinstance(entry, list) and len(entry) == 2 and all(isinstance(x, str) for x in entry)
    }


def giver(places: Mapping[str, tuple[str, str]], variable: str, text: str) -> str:
    """Who gave a variable that was handed on with this text; empty where nobody says so."""
    digest, place = places.get(variable, ("", ""))
    return place if digest and isinstance(text, str) and digest == _digest(text) else ""


def lost_on_the_way(environ: Mapping[str, str]) -> tuple[Note, ...]:
    """A note where a process of a SLURM job has no variable of ours, and srun was told to hand none on."""
    if (
        "SLURM_JOB_ID" not in environ
        or hands_all_on(environ)
        or any(is_ours(name) and not is_foreign(name) for name in environ)
    ):
        return ()
    told = f"{EXPORT}={shown(environ[EXPORT])} let srun hand none on"
    return (Note(f"no APT_ variable is set in this job, and {told}: export {EXPORT}=ALL before srun"),)


def hands_all_on(environ: Mapping[str, str]) -> bool:
    """Whether srun hands every variable on in this environment."""
    return environ.get(EXPORT, "ALL").startswith("ALL")


def place_of(origin: Origin) -> str:
    """An origin as text, without the folders of this machine: `.env:1`, `run.json (--set epochs)`."""
    text, source = str(origin), origin.source
    path = source.partition(" (")[0] if origin.kind == "record" else source
    if origin.kind in ("env file", "record") and "/" in path:
        return text.replace(path, PurePath(path).name, 1)
    return text


def _digest(text: str) -> str:
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]
