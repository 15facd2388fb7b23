"""The paths that options take."""

from typing import Any

import click


class PathOption(click.Path):
    """The path of an option. What begins with `-` is the next option, before which the path was forgotten."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """As click's. Raises BadParameter for what looks like an option."""
        if str(value).startswith("-"):
            self.fail(
                f"{value!r} is an option, and the path is missing: write ./{value} for a file of that name", param, ctx
            )
        return super().convert(value, param, ctx)
