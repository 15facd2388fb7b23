"""Every `APT_` name in a text, outside its comments, whoever reads the text and whatever is lost on the way."""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from ..variables import GIVEN_BY

_NAME: Final = r"(?:(?<![A-Za-z0-9_])|(?<=\s-[A-Za-z])|(?<=ERENV_)|(?<=TYENV_))APT_\w*+(?![*?@])"
_IS_USE: Final = r"\$[({]?[!#]?$|\$env:$|%$"
"""What stands before a name whose value is only used: `$APT_SEED`, `${APT_SEED}`."""
_SETS: Final = r"""["'`\]})]*[ \t]*([:?+]{0,2}=(?!=)|:(?!\w|//|-))|["'`][ \t]*,"""
"""What stands behind a name that is set: `APT_SEED=`, `"APT_SEED":`, `environ["APT_SEED"] =`, `("APT_SEED", 3)`."""
_PATH_BEFORE: Final = r"[/.@]$|[A-Za-z0-9_]-$"
_PATH_BEHIND: Final = r"[/\\-]?\.?[/\\]|\.[a-z]|-\w"
_DIRECTIVE: Final = r"#(SBATCH|PBS|BSUB|FLUX:|COBALT|\$[ \t]+-)"
"""Comments that a scheduler reads."""
_BLOCK: Final = r"""(?s)"(?:[^"\\\n]|\\.)*+"|/\*.*?(?:\*/|\Z)"""
_QUOTED_OR_COMMENT: Final = r"""(?<=\w)'(?=\w)|\\.|"(?:[^"\\]|\\.)*+"|'[^']*+'|(["'])|(?<=[\s;|&(,{}\[\]])(?:#|//)"""


class Mention(NamedTuple):
    """One name in a text."""

    line: int
    name: str
    is_set: bool
    """Whether something like a value stands behind it."""
    is_use: bool
    """Whether its value is taken: `$APT_SEED`."""
    is_part: bool
    """Whether only the job knows the rest of the name: `APT_EPOCHS_$x`."""


def mentions(text: str, comments: Sequence[str] = ("#",)) -> Iterator[Mention]:
    """The names of a text, in its order: `export APT_SEED=3 # APT_X` -> APT_SEED, in line 1, set."""
    if "/*" in comments:
        text = re.sub(_BLOCK, _without_block, text)
    for number, line in enumerate(text.split("\n"), start=1):
        if "APT_" in line:
            line = _without_comment(line, comments)
            for match in re.finditer(_NAME, line):
                if mention := _mention(number, line, match):
                    yield mention
                    if mention.name == GIVEN_BY and mention.is_set:
                        break  # JSON with the names of settings, which we wrote


def _without_block(match: re.Match[str]) -> str:
    """Line breaks in place of a comment; a quoted text, and what is not closed, as it is."""
    is_comment = match[0].startswith("/*") and match[0].endswith("*/")
    return "\n" * match[0].count("\n") if is_comment else match[0]


def _mention(number: int, line: str, match: re.Match[str]) -> Mention | None:
    name = match[0]
    before, behind = line[max(0, match.start() - 5) : match.start()], line[match.end() : match.end() + 80]
    is_use = re.search(_IS_USE, before) is not None
    is_set = re.match(_SETS, behind) is not None and not is_use
    is_part = not is_use and re.match(r"\$[A-Za-z{(]|\{\{", behind) is not None
    if name == "APT_" and not is_part:
        return None
    is_path = re.search(_PATH_BEFORE, before) or re.match(_PATH_BEHIND, behind)
    if not (is_set or is_use or is_part) and (is_path or name != name.upper()):
        return None  # a part of a path, or a word of a sentence
    return Mention(number, name, is_set, is_use, is_part)


def _without_comment(line: str, comments: Sequence[str]) -> str:
    stripped = line.lstrip()
    if directive := re.match(_DIRECTIVE, stripped):
        return _without_comment(stripped[directive.end() :], comments)
    if stripped.startswith(tuple(each for each in comments if each != "/*")):
        return ""
    for match in re.finditer(_QUOTED_OR_COMMENT, line):
        if match[1]:
            break  # not closed on this line
        if match[0] in comments:
            return line[: match.start()]
    return line
