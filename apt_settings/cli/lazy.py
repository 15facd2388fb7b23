"""A group of commands that imports a command only when it is used: `show` does not wait for the imports of `job`."""

from importlib import import_module
from typing import Any, Final

import click

from ..basics.suggestions import did_you_mean, nearest
from .extending import takes_groups

_ELSEWHERE: Final = {
    "config": "show",
    "dump": "show",
    "export": "env",
    "get": "explain",
    "help": "--help",
    "history": "runs",
    "k8s": "kubernetes",
    "kube": "kubernetes",
    "kubectl": "kubernetes",
    "lint": "check",
    "list": "show",
    "ls": "runs",
    "podman": "docker",
    "print": "show",
    "ps": "runs",
    "sbatch": "slurm",
    "validate": "check",
    "verify": "check",
    "version": "--version",
}
"""What others call one of our commands."""


class LazyGroup(click.Group):
    """The command `release-args` is the function `release_args` of the module `release_args` beside this one."""

    def __init__(self, *args: Any, names: tuple[str, ...], **options: Any) -> None:
        self.names = names
        super().__init__(*args, **options)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's; for an unknown name, the UsageError also suggests the nearest names."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            word = _ELSEWHERE.get(args[0], args[0])
            job = self.get_command(ctx, "job")
            among_jobs = [f"job {word}"] if isinstance(job, LazyGroup) and word in job.names else []
            options = (option for each in self.get_params(ctx) for option in each.opts)
            guess = did_you_mean(among_jobs or nearest(word, (*self.names, *options)))
            raise click.UsageError(f"{error.message} {guess}".strip(), error.ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click's, with the whole first sentence of each command, on two lines where it needs them."""
        commands = ((name, self.get_command(ctx, name)) for name in self.names)
        with formatter.section("Commands"):
            formatter.write_dl([(name, each.get_short_help_str(limit=1_000)) for name, each in commands if each])

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """The names of all commands, in the order in which the help lists them."""
        return list(self.names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """The command of this name, or None for an unknown name."""
        if cmd_name not in self.names:
            return None
        name = cmd_name.replace("-", "_")
        return takes_groups(getattr(import_module(f".{name}", __package__), name))
