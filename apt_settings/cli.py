"""The command line: parse, call, print.

Exit status: 0 good; 1 `check` found problems; 2 the command line is wrong; 78 (EX_CONFIG) the settings are wrong.
"""

import json
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from io import TextIOWrapper
from signal import SIGPIPE
from typing import Final

from .base import AptSettings
from .citations import cite
from .errors import SettingsError
from .fingerprint import fingerprint
from .loading import resolve
from .values import as_text

PROBLEMS_FOUND: Final = 1
EX_CONFIG: Final = 78


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    names = [name for name, _ in arguments.set] + ["task"] * (arguments.task is not None)
    if len(set(names)) < len(names):
        parser.error("one setting is given two values")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = _show(arguments) if arguments.command == "show" else _check(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + SIGPIPE
    return status


def _show(arguments: Namespace) -> int:
    try:
        settings = _settings(arguments)
    except SettingsError as error:
        print(f"apt-settings: {error}", file=sys.stderr)
        return EX_CONFIG
    print(_as_json(settings) if arguments.format == "json" else _as_table(settings))
    return 0


def _check(arguments: Namespace) -> int:
    try:
        settings = _settings(arguments)
    except SettingsError as error:
        print(*error.problems, sep="\n")
        return PROBLEMS_FOUND
    empty = [f"note: {place} is empty: not set" for origin in settings.origins.values() for place in origin.empty]
    print(f"good: {settings.task}, {fingerprint(settings)}", *empty, *_notes(settings), sep="\n")
    return 0


def _settings(arguments: Namespace) -> AptSettings:
    given = dict(arguments.set)
    places = {"env_file": "--env-file"} | {name: f"--set {name}" for name in given}
    if arguments.task is not None:
        given["task"], places["task"] = arguments.task, "--task"
    return resolve(os.environ, arguments.env_file, None, given, places)


def _as_json(settings: AptSettings) -> str:
    values = settings.model_dump(mode="json")
    fields = type(settings).model_fields
    rows = {
        name: {
            "value": values[name],
            "origin": str(settings.origin(name)),
            "default": fields[name].get_default(),
            "citation": str(cite(name, settings.task) or ""),
        }
        for name in fields
    }
    head = {
        "task": settings.task,
        "fingerprint": fingerprint(settings),
        "env_file": ":".join(settings.env_files) or None,
    }
    return json.dumps({**head, "settings": rows}, indent=2)


def _as_table(settings: AptSettings) -> str:
    chosen = settings.origin("task").kind != "class default"
    head = [
        ("task", settings.task if chosen else f"{settings.task} (the default: nothing sets APT_TASK)"),
        ("fingerprint", fingerprint(settings)),
        ("env file", _env_files(settings)),
    ]
    rows = [_row(settings, name) for name in type(settings).model_fields]
    notes = _notes(settings)
    return "\n".join([*_aligned(head), "", *_aligned([_HEADER, *rows]), *([""] if notes else []), *notes])


def _env_files(settings: AptSettings) -> str:
    if settings.env_files or not settings.directory:
        return ", ".join(settings.env_files) or "none: switched off"
    return f"none: no .env in {settings.directory}"


_HEADER: Final = ("setting", "value", "origin", "default")


def _row(settings: AptSettings, name: str) -> tuple[str, ...]:
    """One setting; its default, with where that comes from, only where it is overridden."""
    origin, citation = settings.origin(name), cite(name, settings.task)
    shadowed = [f"{each.place} {each.text}" for each in origin.shadows if each.kind != "class default"]
    default = as_text(type(settings).model_fields[name].get_default())
    overridden = f"{default} ({citation})" if citation else default
    return (
        name,
        as_text(getattr(settings, name)),
        ", over ".join([str(origin), *shadowed]),
        "" if origin.kind == "class default" else overridden,
    )


def _notes(settings: AptSettings) -> list[str]:
    """The settings' own notes, and what whoever reproduces the paper must know of the defaults in use."""
    used = [name for name, origin in settings.origins.items() if origin.kind == "class default"]
    cited = [(name, citation.caution) for name in used if (citation := cite(name, settings.task))]
    notes = [*settings.notes, *(f"{name}: {caution}" for name, caution in cited if caution)]
    return [f"note: {note}" for note in notes]


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _parser() -> ArgumentParser:
    common = ArgumentParser(add_help=False)
    common.add_argument("--task", help="glue_small, glue_big, squad, cnn_dm, alpaca, or a dataset of one of them")
    common.add_argument(
        "--set",
        action="append",
        type=_assignment,
        default=[],
        metavar="NAME=VALUE",
        help="beats the environment and .env, for example target_sparsity=0.4; repeatable",
    )
    common.add_argument(
        "--env-file", default=..., metavar="PATH", help="in place of .env; several with `:`, later ones win"
    )
    parser = ArgumentParser("apt-settings", description="What an APT job runs with, and who says so.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    show = commands.add_parser("show", parents=[common], help="print every setting, its value and who set it")
    show.add_argument("--format", choices=("table", "json"), default="table")
    commands.add_parser(
        "check", parents=[common], help="exit 0 when all settings are right, else 1 and say what is wrong"
    )
    return parser


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value
