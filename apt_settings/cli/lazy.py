"""A group of commands, each loaded when it is asked for: what prints settings does not wait for what writes jobs."""

from importlib import import_module

import click

from ..basics.suggestions import did_you_mean, nearest


class Lazily(click.Group):
    """Its commands are functions of the modules beside this one, of the same name."""

    names: tuple[str, ...] = ()

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is asked for. Raises UsageError, with the nearest names."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            guess = did_you_mean(nearest(args[0], self.names))
            raise click.UsageError(f"{error.message} {guess}".strip(), error.ctx) from None

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """In the order of the help."""
        return list(self.names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """The command, or None where there is none of that name."""
        if cmd_name not in self.names:
            return None
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(import_module(f".{name}", __package__), name)
        return command
