"""Flags of a command line that mean our settings: `--learning_rate=0.01`, `--lr 0.01`, `learning_rate=0.01`."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import Enum
from itertools import pairwise
from pathlib import PurePath
from typing import Any, Final, NamedTuple

from ..facts.datasets import plain
from ..facts.other_names import OTHER_NAMES, OTHER_WORDS, PRECISION_FLAGS
from ..values import as_text

_FLAG: Final = r"(?:--|(?=[^=]+=)\+{0,2})([A-Za-z][\w-]*)(?:=(.*))?"
"""A flag of argparse, click and fire, or an assignment of Hydra."""
HIDDEN: Final = "**********"
"""What stands in place of a secret."""
_FALSE: Final = ("false", "0", "no", "off", "none")
_WHOLE: Final = ("epochs", "max_steps", "warmup_steps")
"""Settings that trainers take as floats too."""


class Flag(NamedTuple):
    """A flag that means a setting."""

    name: str
    """As it is written: `--learning-rate`."""
    setting: str
    value: Any
    """In our words; an empty text where it has none."""


def name_of(flag: str) -> str:
    """The name of a flag as tables have it: `--Learning-Rate` -> `learning_rate`."""
    return plain(flag.lstrip("-"))


def setting_of(name: str, settings: Collection[str]) -> str:
    """The setting that a name of a trainer means: `num-train-epochs` -> `epochs`; empty where it means none."""
    name = name_of(name)
    return name if name in settings else OTHER_NAMES.get(name, "")


def flag_of(written: str, name: str, value: Any, settings: Collection[str]) -> Flag | None:
    """What a flag means; None where it means no setting, or says nothing of one: `--fp16 False`.

    `--num_train_epochs 3.0` is epochs 3, `--optim adamw_torch` adamw, `--bf16` precision bf16, `--max_steps -1` none,
    and `--warmup_steps 0.06`, which transformers 5 takes for a fraction, warmup_ratio 0.06.
    """
    name, setting = name_of(name), setting_of(name, settings)
    value = value.value if isinstance(value, Enum) else str(value) if isinstance(value, PurePath) else value
    if not setting:
        return None
    if name in (*PRECISION_FLAGS, "mixed_precision") and str(value).lower() in _FALSE:
        return None
    if name in PRECISION_FLAGS:
        return Flag(written, setting, name)
    if setting in _WHOLE and (number := _number(value)) is not None:
        if setting == "max_steps" and number <= 0:
            return Flag(written, setting, "none")
        if setting == "warmup_steps" and 0 < number < 1:
            return Flag(written, "warmup_ratio", value)
        value = int(number) if number.is_integer() else value
    if isinstance(value, list):
        value = as_text(value)
    words: Mapping[str, str] = OTHER_WORDS.get(setting, {})
    return Flag(written, setting, words.get(value, value) if isinstance(value, str) else value)


def flags_in(words: Sequence[str], settings: Collection[str]) -> Iterator[Flag]:
    """The flags among the words of a command that mean one of these settings."""
    for word, after in pairwise([*words, "--"]):
        if found := re.fullmatch(_FLAG, word, re.DOTALL):
            value = found[2] if found[2] is not None else "" if after.startswith("--") else after
            if flag := flag_of(word.partition("=")[0], found[1], value, settings):
                yield flag


def without_secrets(words: Sequence[str], settings: Collection[str], values: Collection[str]) -> tuple[str, ...]:
    """The words of a command, without those that are one of these values, and without what flags of these settings say.

    `--hub-token abc`, of the setting `hub_token` -> `--hub-token **********`
    """
    written, follows = [], False
    for word in words:
        name, equals, text = word.partition("=")
        flag = re.fullmatch(_FLAG, word, re.DOTALL)
        is_secret = bool(flag) and setting_of(name, settings) in settings
        if word in values or (follows and not word.startswith("--")):
            word = HIDDEN
        elif equals and (is_secret or text in values):
            word = f"{name}={HIDDEN}"
        written.append(word)
        follows = is_secret and not equals
    return tuple(written)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None
