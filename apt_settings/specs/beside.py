"""What the files of one call hold for each other: ConfigMaps, and `.env` files."""

import os
import re
from collections.abc import Mapping
from functools import partial

from ..basics.files import UnreadableError
from . import dotenv, manifests
from .files import is_in_git
from .kinds import kind_of
from .sandbox import confine_large
from .spec import Assignment, Beside, known
from .texts import decode


def beside_of(files: Mapping[str, bytes]) -> Beside:
    """What files may take from each other; nothing of a file that cannot be read, which is told where it is checked."""
    maps: dict[tuple[str, str], dict[str, Assignment]] = {}
    env_files: dict[str, tuple[Assignment, ...]] = {}
    env_names: list[str] = []
    for name, data in files.items():
        try:
            text = decode(data)
            reader = kind_of(name, text).reader
            if reader == "manifest" and re.search(r"(?m)^\s*kind:\s*[\"']?(ConfigMap|Secret)", text):
                for key, held in confine_large(partial(manifests.config_maps, text), len(data)).items():
                    maps[key] = {one: each._replace(file=name) for one, each in held.items()}
            elif reader == "env":
                env_names.append(name)
                spec = confine_large(partial(dotenv.read, text), len(data))
                env_files[os.path.normpath(name)] = tuple(each._replace(file=name) for each in spec.assignments)
        except (UnreadableError, RecursionError):
            continue
    secret = known().secrets  # without any, nobody asks git
    return Beside(maps, env_files, private=frozenset(name for name in env_names if secret and not is_in_git(name)))
