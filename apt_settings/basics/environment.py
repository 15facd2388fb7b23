"""The variables of this process, read as UTF-8 whatever the locale is: the same bytes are the same settings."""

import os
import sys
from collections.abc import Mapping


def process_environment() -> Mapping[str, str]:
    """os.environ; where the locale has another encoding, the same bytes as UTF-8."""
    if _is_utf8():
        return os.environ
    return {_decoded(name): _decoded(value) for name, value in os.environ.items()}


def for_a_child(environ: Mapping[str, str]) -> Mapping[str, str] | Mapping[bytes, bytes]:
    """The environment of a command, of variables as `process_environment` has them."""
    if _is_utf8():
        return environ
    return {_encoded(name): _encoded(value) for name, value in environ.items()}


def _is_utf8() -> bool:
    return sys.getfilesystemencoding().lower().replace("_", "-") == "utf-8"


def _decoded(text: str) -> str:
    return os.fsencode(text).decode(errors="surrogateescape")


def _encoded(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
