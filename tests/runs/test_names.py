"""What runs are called in a list, and that such a name leads back to the record."""

import json
from pathlib import Path

import pytest
from support import printed

from apt_settings import SettingsError, load
from apt_settings.cli import main
from apt_settings.fingerprint import fingerprint
from apt_settings.runs.history import past_runs
from apt_settings.runs.names import names_of
from apt_settings.runs.store import record_of, write
from apt_settings.sources.record import locate

ONE = load({"APT_TASK": "squad"}, None)
OTHER = load({"APT_TASK": "squad", "APT_EPOCHS": "30"}, None)
ID, OTHER_ID = fingerprint(ONE), fingerprint(OTHER)
"""apt1-7e3c2819041d5c04 and apt1-3b2a6a2dea2dd840"""


def recorded(*folders: str) -> None:
    """A record in each of these folders: of OTHER where the name says so."""
    for folder in folders:
        Path(folder).mkdir(parents=True)
        write(Path(folder), record_of(OTHER if OTHER_ID in folder else ONE))


def names(*folders: str) -> list[str]:
    """What the runs below these folders are called."""
    runs = list(past_runs(map(Path, folders), print))
    return [*names_of(runs, Path(folders[0]) if len(folders) == 1 else None).values()]


@pytest.mark.parametrize(
    ("folders", "called"),
    [
        ([ID, OTHER_ID], ["apt1-3b2a", "apt1-7e3c"]),
        ([ID, f"{ID}-20240501T100000Z-1"], [ID, f"{ID}-"]),
        ([f"{ID}-20240501T100000Z-1", f"{ID}-20240502T100000Z-1"], [f"{ID}-20240501", f"{ID}-20240502"]),
        (["baseline", ID], [ID[:9], "baseline"]),
        ([f"lr/{ID}", f"rank/{ID}"], ["lr/apt1-7e3c", "rank/apt1-7e3c"]),
        ([f"{OTHER_ID}", "apt1-3b2a-of-mine"], ["apt1-3b2a-of-mine", "apt1-3b2a6"]),
    ],
    ids=["usual", "resumed and new", "twice", "own", "below", "alike"],
)
def test_a_name_is_as_short_as_tells_runs_apart_and_leads_to_the_record(folders: list[str], called: list[str]) -> None:
    """Four digits of a fingerprint at least; a folder of another name goes by all of it."""
    recorded(*(f"runs/{folder}" for folder in folders))

    assert names("runs") == called
    assert [str(locate(Path("runs", name))) for name in called] == [f"runs/{folder}" for folder in sorted(folders)]


def test_of_several_folders_a_name_has_its_own() -> None:
    """And a record that is named itself goes by its path."""
    recorded(f"a/{ID}", f"b/{ID}", "c")

    assert names("a", "b", "c") == ["a/apt1-7e3c", "b/apt1-7e3c", "c"]
    assert names("c") == ["c"]
    assert names("c/run.json") == ["c"]


def test_commands_take_the_name_of_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    """Behind its folder, where it is that of one run: --from, diff, runs."""
    recorded(f"runs/{ID}", f"runs/{OTHER_ID}")

    assert "runs/apt1-3b2a (environment APT_EPOCHS)" in printed(capsys, "show", "--from", "runs/apt1-3b2a")
    assert main(["diff", "runs/apt1-3b", "runs/apt1-7", "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["records"] == [f"runs/{OTHER_ID}", f"runs/{ID}"]
    assert main(["diff", "runs/apt1-3b", "now", "--set", "epochs=30", "--format", "json"]) == 1
    assert f'"one": "runs/{OTHER_ID}"' in capsys.readouterr().out
    assert printed(capsys, "runs", "runs/apt1-3b2a").startswith("1 run: 1 unknown\n")


@pytest.mark.parametrize(
    ("argv", "status", "words"),
    [
        (
            ["show", "--from", "runs/apt1-"],
            78,
            f"runs/apt1- is the beginning of 2 records: runs/{OTHER_ID}, runs/{ID};",
        ),
        (["diff", "runs/apt1-", "now"], 2, "is the beginning of 2 records"),
        (["runs", "runs/a"], 78, "write more of the name"),
        (["show", "--from", "apt1-3b2a"], 78, "beginning of no record here; write its folder, too: runs/apt1-3b2a"),
        (["diff", "apt1-3b2a", "now"], 2, "apt1-3b2a is no file; write its folder, too: runs/apt1-3b2a"),
        (["show", "--from", "runs/nothing"], 78, "runs/nothing cannot be read: No such file or directory"),
        (["diff", "x" * 300, "now"], 2, "is no file"),
    ],
)
def test_a_name_of_several_runs_or_none_says_so(
    argv: list[str], status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one error that lists them."""
    recorded(f"runs/{ID}", f"runs/{OTHER_ID}")

    assert main(argv) == status
    assert words in capsys.readouterr().err


def test_no_more_than_six_records_are_listed() -> None:
    """And how many more there are."""
    recorded(*(f"runs/{number}" for number in range(10, 18)))

    with pytest.raises(SettingsError, match=r"runs/10, .*, runs/15 and 2 more"):
        locate(Path("runs/1"))
