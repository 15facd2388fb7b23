"""Controls: the variables that say how settings are read, and are no settings themselves."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple


class Control(NamedTuple):
    """A variable that says how settings are read: the words it takes, and what they mean."""

    words: tuple[str, ...]
    """What it takes, the default first; empty where it takes something else."""
    meaning: str
    takes: str = ""
    """What it takes where that is no word."""
    default: str = ""
    is_argument: bool = False
    """Whether an argument may say it, too: `load(reference="release")`."""


CONTROLS: Final[Mapping[str, Control]] = MappingProxyType(
    {
        "reference": Control(
            ("paper", "release"),
            "Whose values are the defaults: those of Table 6, or of one script of the release.",
            is_argument=True,
        ),
        "unknown": Control(
            ("error", "warn", "ignore"), "What is done about APT_ names that are no setting.", is_argument=True
        ),
        "env_file": Control(
            (),
            "The files that are read in place of .env; it cannot stand in one.",
            "paths joined by :, of which later ones win",
            ".env, if there is one",
        ),
        "expect": Control(
            (),
            "The pin of the job that was checked: where the settings are others, it is not started.",
            "a fingerprint such as apt1-7e3c2819041d5c04, or what `check` prints; it cannot stand in a .env",
            "none",
            is_argument=True,
        ),
        "foreign": Control(
            (),
            "More APT_ names that belong to other tools; it cannot stand in a .env.",
            "names such as APT_MIRROR, or beginnings such as APT_COMPANY_*, joined by commas",
            "none",
        ),
        "given_by": Control(
            (),
            "Who set each variable where a job was written; `job` and `run` hand it on, and records say it.",
            "JSON, which nobody else writes",
            "none",
        ),
        "container_image": Control(
            (),
            "The image that the container runs, for its record; `job kubernetes` and `job docker` write it.",
            "the name of an image",
            "none",
        ),
        "run_dir": Control(
            (),
            "The folder of this run's record, for results beside it; `run --record` sets it for its command.",
            "a path, which nobody else sets",
            "none",
        ),
        "extend": Control(
            (),
            "The classes of a project whose fields are settings too; it cannot stand in a .env.",
            "MODULE:NAME, several joined by commas",
            "none",
        ),
    }
)
"""By its name, which is its variable without the prefix in lower case."""
