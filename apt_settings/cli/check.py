"""`check`: everything that is wrong."""

import click

from ..errors import SettingsError
from ..fingerprint import fingerprint
from ..report import notes
from ..terminal import print_sentences
from .options import Job, takes_settings
from .output import PROBLEMS_FOUND


@click.command()
@takes_settings
def check(job: Job) -> int:
    """Exit 0, or 1 with everything that is wrong.

    Example: apt-settings check --env-file job.env
    """
    try:
        settings = job.settings()
    except SettingsError as error:
        print_sentences(list(map(str, error.problems)))
        return PROBLEMS_FOUND
    empty = [f"note: {place} is empty: not set" for origin in settings.origins.values() for place in origin.empty]
    print_sentences([f"good: {settings.task}, {fingerprint(settings)}", *empty, *notes(settings)])
    return 0
