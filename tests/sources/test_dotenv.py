"""Reading `.env`: lines, expansion, places."""

import os
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from apt_settings import SettingsError, load
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
    read, problems, *_ = read_env_file(path, {})

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
    (entry,), problems, *_ = read_env_file(str(write_env(content)), {"HOME": "/home/me"})

    assert (value, []) == (entry.value, problems)


def test_the_largest_file_is_read_and_one_byte_more_is_refused(write_env: Callable[..., Path]) -> None:
    """The limit is named, and a file of ten megabytes is refused without reading it whole."""
    path = str(write_env("#" * SIZE_LIMIT))
    assert read_env_file(path, {}) == ([], [], [], [])

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


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ("APT_SEED=3\n".encode("utf-16-le"), 1, "has a NUL in line 1: it is UTF-16 or UTF-32, or was cut by a crash"),
        ("APT_SEED=3\n".encode("utf-32-be"), 1, "has a NUL in line 1"),
        (b"A=1\nAPT_SEED=3\n" + b"\0" * 5000, 3, "has a NUL in line 3"),
        ("A=1\n\ufeffAPT_SEED=3\n".encode(), 2, "has something before an APT_ name, or quotes around it"),
        ("A=1\n\u200bAPT_SEED=3\n".encode(), 2, "has something before an APT_ name"),
        ("AP\u200bT_SEED=3\n".encode(), 1, "has something before an APT_ name"),
        (b'"APT_SEED"=3', 1, "write APT_NAME=value and nothing before it"),
        (b"`apt_seed`=3", 1, "has something before an APT_ name"),
        (b"$env:APT_SEED=3", 1, "has something before an APT_ name"),
        (b"env:APT_SEED=3", 1, "has something before an APT_ name"),
        (b"(APT_SEED=3", 1, "has something before an APT_ name"),
        (b"HF_TOKEN=abc APT_TARGET_SPARSITY=0.4", 1, "has an APT_ name behind another value; give each a line of its"),
        (b"A=1; APT_SEED=3", 1, "has an APT_ name behind another value"),
        (b"A=1;apt-seed=3", 1, "has an APT_ name behind another value"),
        (b"A=1 && export APT_SEED=3", 1, "has an APT_ name behind another value"),
        (b'HF_TOKEN="abc\napt_seed=3\nB="', 1, "opens a quote that is not closed on its line"),
        (b'HF_TOKEN="abc\nAPT-SEED =3\nB="', 1, "opens a quote that is not closed on its line"),
        (b"HF_TOKEN='abc\n  \"APT_SEED\"=3\nB='", 1, "opens a quote that is not closed on its line"),
        ("HF_TOKEN='abc\n\ufeffAPT_SEED=3\nB='".encode(), 1, "opens a quote that is not closed on its line"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_nothing_like_a_name_of_ours_is_lost(
    content: bytes, line: int, message: str, write_env: Callable[..., Path]
) -> None:
    """Whatever stands before it, around it or behind it: it is read, or refused with its line."""
    write_env(content)
    with pytest.raises(SettingsError) as caught:
        load({})
    told = str(caught.value)

    assert message in told
    assert f".env:{line} " in told or f"in line {line}" in told
    assert "abc" not in told


@pytest.mark.parametrize(
    "content",
    [
        "NOTE='set APT_SEED=3 to repeat it'",
        'NOTE="APT_SEED=3"',
        "# APT_SEED=3",
        "A=1 # APT_SEED=3",
        "SBATCH_EXPORT=ALL,APT_SEED=3",
        "URL=https://x/?APT_SEED=3",
        "MY_APT_SEED=3",
        "x.APT_SEED=3",
        "APTA_SEED=3",
    ],
)
def test_what_is_really_the_text_of_another_tool_is_let_be(content: str, write_env: Callable[..., Path]) -> None:
    """Comments, quoted texts, other names."""
    write_env(content)

    assert load({}) == load({}, None)


@pytest.mark.parametrize("value", ["", None, "7"])
def test_a_default_counts_where_the_name_is_empty(value: str | None, write_env: Callable[..., Path]) -> None:
    """As in bash, dash and Compose; and a note says so, as python-dotenv takes the empty text."""
    write_env("APT_EPOCHS=${N:-30}\nAPT_DISTILL_EPOCHS=5\nAPT_PRUNING_END_EPOCH=3")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        settings = load({} if value is None else {"N": value})

    assert settings.epochs == int(value or 30)
    expected = [".env:1 APT_EPOCHS uses what stands behind :- for ${N}, which is empty"] if value == "" else []
    assert [str(each.message) for each in told] == expected


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("~/out", "~ at its start"),
        ("$(date)", "$(...)"),
        ('"a$(date)"', "$(...)"),
        ("`date`", "`...`"),
        ("a$$", "$$"),
        ("a\\ b", "a backslash before a blank"),
        ("'~/$(date) `x` $$'", ""),
        ('"~/out"', ""),
        ("a~b", ""),
    ],
)
def test_what_only_a_shell_expands_is_told(value: str, what: str, write_env: Callable[..., Path]) -> None:
    """It is taken as it stands, and a note has the line; single quotes say that it is meant."""
    write_env(f"\nAPT_OUTPUT_DIR={value}")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        settings = load({})
    expected = [f".env:2 APT_OUTPUT_DIR is taken as it stands: a .env does not expand {what}"] if what else []

    assert [str(each.message) for each in told] == expected
    assert settings.output_dir == value.strip("'\"")


def test_a_name_without_a_value_stands_for_nothing(write_env: Callable[..., Path]) -> None:
    """Not for what the environment has by that name: python-dotenv would give nothing."""
    write_env("N\nAPT_EPOCHS=${N}")
    with pytest.raises(SettingsError, match=r"\.env:2 APT_EPOCHS uses \$\{N\}, which is not defined"):
        load({"N": "30"})


def test_a_file_that_is_replaced_meanwhile_is_the_new_one_or_none(write_env: Callable[..., Path]) -> None:
    """An editor that writes anew leaves a moment without a file; a link that leads nowhere stays an error."""
    path = write_env("APT_SEED=1")
    real, looks = os.lstat, iter(range(10))

    def unlinked_after_the_first_look(name: str) -> os.stat_result:
        found = real(name)
        if next(looks) == 0:
            path.unlink()
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "lstat", unlinked_after_the_first_look)
        assert load({}).seed == 128
    os.symlink("nowhere", ".env")
    with pytest.raises(SettingsError, match=r"\.env cannot be read: No such file or directory"):
        load({})
