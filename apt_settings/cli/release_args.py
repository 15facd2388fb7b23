"""`release-args`: print the command line of the official release."""

import json
import re
from typing import Final

import click

from ..errors import SettingsError
from ..integrations.release import arguments
from ..plan import failures, plan
from .options import DEVICES, Job, takes_settings
from .output import print_data
from .terminal import print_notes, print_sentences

_SAFE: Final = r"[A-Za-z0-9_./:,=@%+-]+"


@click.command("release-args")
@takes_settings
@DEVICES
@click.option("--entrypoint", is_flag=True, help="Print only the name of the script.")
@click.option("--null", "form", flag_value="null", help="End each word with a NUL, for xargs -0.")
@click.option("--json", "form", flag_value="json", help="Print entry point and flags as JSON.")
def release_args(job: Job, devices: int, entrypoint: bool, form: str | None) -> None:
    """Print the command line of the official release.

    The words are for a shell to split, as in the example. A value that the shell would change is an
    error; --null prints it safely. Settings that the release has no flag for are listed on stderr.

    Example: python $(apt-settings release-args --entrypoint) $(apt-settings release-args)
    """
    settings = job.settings(complete=False)
    command = arguments(settings, devices)
    if entrypoint:
        click.echo(command.entry_point)
        return
    if form == "json":
        whole = {"entry_point": command.entry_point, "flags": dict(command.flags), "words": command.words}
        click.echo(json.dumps(whole, indent=2))
    elif form == "null":
        print_data("".join(f"{word}\0" for word in command.words))
    else:
        _refuse_unsafe(command.words)
        click.echo(" ".join(command.words))
    planned = plan(settings, devices=devices)
    warnings = dict.fromkeys([*planned.warnings, *(failures(planned.release) if planned.release else ())])
    print_sentences([f"warning: {warning}" for warning in warnings], err=True)
    print_notes(command.notes, err=True)


def _refuse_unsafe(words: list[str]) -> None:
    """Refuse words that $(...) changes: a shell splits them at spaces, expands them and keeps their quotes.

    Raises SettingsError.
    """
    flag = ""
    for word in words:
        flag = word.partition("=")[0] if word.startswith("--") else flag
        if not re.fullmatch(_SAFE, word):
            value = word.removeprefix(f"{flag}=")
            raise SettingsError.at(flag, f"{value!r} does not survive $(...)", fix="use --null, with xargs -0")
