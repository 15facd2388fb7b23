"""Reading `.env`: lines, expansion, places."""

from collections.abc import Callable
from pathlib import Path

import pytest

from apt_settings import load
from apt_settings.basics.files import UnreadableError
from apt_settings.sources.dotenv import SIZE_LIMIT, read_env_file


@pytest.mark.parametrize(
    ("content", "entries"),
    [
        ("APT_A=1", [("APT_A", "1", 1)]),
        ("\n\r\n# c\n\n\n  APT_A=1\n# d\nAPT_B=2", [("APT_A", "1", 6), ("APT_B", "2", 8)]),
        ("\r\r\nAPT_A=1\r\nAPT_B=2\r\n", [("APT_A", "1", 3), ("APT_B", "2", 4)]),
        ("X='a\nb\nc'\n\nAPT_A=1", [("APT_A", "1", 5)]),
        ("APT_A=x#y", [("APT_A", "x#y", 1)]),
        ("APT_A=x #y", [("APT_A", "x", 1)]),
        ("APT_A='a b'", [("APT_A", "a b", 1)]),
        ("\texport  APT_A=1", [("APT_A", "1", 1)]),
        ("apt_a=1\nApt_B=2", [("apt_a", "1", 1), ("Apt_B", "2", 2)]),
        ("APT_A=", [("APT_A", "", 1)]),
        ("OTHER=1\nNAKED\nAPTA=2", []),
        ("", []),
    ],
)
def test_entries_know_their_line(write_env: Callable[..., Path], content: str, entries: list[object]) -> None:
    """The line is that of the name itself, after blank lines, comments and values of several lines."""
    path = str(write_env(content))
    read, problems = read_env_file(path, {})

    assert entries == [(entry.variable, entry.value, entry.line) for entry in read]
    assert problems == []


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ("APT_A=${HOME}/x", "/home/me/x"),
        ("APT_A='${HOME}/x'", "/home/me/x"),
        ("HOME=/else\nAPT_A=${HOME}/x", "/else/x"),
        ("APT_A=${NO:-y}", "y"),
        ("APT_A=${NO:-}z", "z"),
        ("B=${HOME}\nAPT_A=${B}", "/home/me"),
        ("APT_A='$HOME'", "$HOME"),
        ("APT_A='${:-$}{HOME}'", "${HOME}"),
        ("APT_A=a$", "a$"),
    ],
)
def test_names_expand_from_the_scope_and_the_lines_above(
    write_env: Callable[..., Path], content: str, value: str
) -> None:
    """`${NAME}` and `${NAME:-x}` expand as python-dotenv does it."""
    (entry,), problems = read_env_file(str(write_env(content)), {"HOME": "/home/me"})

    assert (value, []) == (entry.value, problems)


def test_the_largest_file_is_read_and_one_byte_more_is_refused(write_env: Callable[..., Path]) -> None:
    """The limit is named, and a file of ten megabytes is refused without reading it whole."""
    path = str(write_env("#" * SIZE_LIMIT))
    assert read_env_file(path, {}) == ([], [])

    for size in (SIZE_LIMIT + 1, 10_000_000):
        write_env("#" * size)
        with pytest.raises(UnreadableError, match="larger than 256 KiB"):
            read_env_file(path, {})


@pytest.mark.parametrize("path", ["\x00", "a" * 5000, "/proc/self/mem"])
def test_what_the_system_refuses_is_said(path: str) -> None:
    """An impossible path is refused with the system's own reason."""
    with pytest.raises(UnreadableError, match=r"."):
        read_env_file(path, {})


def test_an_odd_path_is_escaped(write_env: Callable[..., Path]) -> None:
    """A place holds nothing that a terminal would act on."""
    location = load({}, write_env("APT_SEED=1", "a\x1b[31m.env")).origin("seed").location

    assert location.isprintable()
    assert location.endswith(":1")


def test_the_home_folder_is_understood(write_env: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` at the start of a path is the home folder, which job launchers do not expand."""
    path = write_env("APT_SEED=1", "job.env")
    monkeypatch.setenv("HOME", str(path.parent))

    assert load({}, "~/job.env").origin("seed").location == "~/job.env:1"
