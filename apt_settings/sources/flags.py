"""Flags of a command line that mean our settings: `--learning_rate=0.01`, `--lr 0.01`, `learning_rate=0.01`."""

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from ..facts.other_names import OTHER_NAMES

_FLAG: Final = r"(?:--|(?=[^=]+=)\+{0,2})([A-Za-z][\w-]*)(?:=(.*))?"
"""A flag of argparse, click and fire, or an assignment of Hydra."""
_OF_PRECISION: Final = ("fp16", "bf16", "tf32")


class Flag(NamedTuple):
    """A flag that means a setting."""

    name: str
    """As it is written: `--learning-rate`."""
    setting: str
    value: str
    """Empty where it has none."""


def setting_of(name: str, settings: Collection[str]) -> str:
    """The setting that a name of a trainer means: `num-train-epochs` -> `epochs`; empty where it means none."""
    name = name.lower().replace("-", "_")
    return name if name in settings else OTHER_NAMES.get(name, "")


def flags_in(words: Sequence[str], settings: Collection[str]) -> Iterator[Flag]:
    """The flags among the words of a command that mean one of these settings."""
    for word, after in pairwise([*words, "--"]):
        found = re.fullmatch(_FLAG, word, re.DOTALL)
        if found and (setting := setting_of(found[1], settings)):
            value = found[2] if found[2] is not None else "" if after.startswith("--") else after
            if found[1] in _OF_PRECISION:
                value = found[1]
            yield Flag(word.partition("=")[0], setting, value)
