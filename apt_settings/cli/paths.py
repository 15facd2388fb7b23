"""The paths that options take."""

import re
from typing import Any

import click

from ..values import names_in


def refuse_names(text: str) -> None:
    """Raise BadParameter for a folder of records with another name in braces than {fingerprint}."""
    if other := next((name for name in names_in(text) if name != "fingerprint"), ""):
        raise click.BadParameter(f"has {{{other}}}, and {{fingerprint}} is the only name that it takes")


def refuse_tilde(text: str) -> None:
    """Raise BadParameter for `~/runs`, which only a shell knows, and not behind a = or in quotes."""
    if re.match(r"~[\w.-]*(/|$)", text):
        home = f"$HOME{text[1:]}" if text[1:2] in ("", "/") else "the whole path"
        raise click.BadParameter(f"{text!r} begins with ~, which no shell has read here: write {home}, or ./{text}")


class PathOption(click.Path):
    """The path of an option. What begins with `-` is the next option, before which the path was forgotten.

    An empty one is what a variable is that nobody has set, and not the working directory.
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """As click's. Raises BadParameter for what looks like an option, and for an empty text."""
        if value == "":
            self.fail("is empty: write a path; . is the working directory", param, ctx)
        if str(value).startswith("-"):
            self.fail(
                f"{value!r} is an option, and the path is missing: write ./{value} for a file of that name", param, ctx
            )
        refuse_tilde(str(value))
        return super().convert(value, param, ctx)
