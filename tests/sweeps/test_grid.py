"""Grids: how they are written, and what the command says of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from grids import AXES, checker, grid, sweeps
from hypothesis import given

from apt_settings import SettingsError, fingerprint, load
from apt_settings.cli import main
from apt_settings.cli.grids import takes_grid
from apt_settings.runs.store import record_of, write
from apt_settings.sweeps.grid import LIMIT, Sweep, sweep_of
from apt_settings.sweeps.sweep_file import from_file


def test_every_combination_is_a_point_and_the_last_axis_is_the_fastest() -> None:
    """As nested loops would run."""
    sweep = grid(("task", "mnli,squad"), ("seed", "1..3"))

    assert sweep.size == 6
    assert [tuple(sweep.point(index).values()) for index in range(6)] == [
        (task, seed) for task in ("mnli", "squad") for seed in (1, 2, 3)
    ]


def test_zipped_settings_go_together() -> None:
    """The first values are one point, the second another; with a grid they are one of its axes."""
    sweep = grid(("seed", "1,2"), [("epochs", "30,40"), ("distill_epochs", "10,20")])

    assert [sweep.point(index) for index in (0, 1, 2)] == [
        {"seed": "1", "epochs": "30", "distill_epochs": "10"},
        {"seed": "1", "epochs": "40", "distill_epochs": "20"},
        {"seed": "2", "epochs": "30", "distill_epochs": "10"},
    ]


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ("1..4", [1, 2, 3, 4]),
        ("-2..0", [-2, -1, 0]),
        ("7..7", [7]),
        ("1..2,9", [1, 2, "9"]),
        ("0.3,0.4", ["0.3", "0.4"]),
        ('["a,b", "1..2"]', ["a,b", "1..2"]),
        ("[0.5, 1, true]", [0.5, 1, True]),
        (range(3), [0, 1, 2]),
    ],
)
def test_values_are_written_as_a_variable_holds_them(written: Any, values: list[Any]) -> None:
    """Joined by commas, as a range of whole numbers, or as an array where a comma is part of a value."""
    assert values == list(grid(("seed", written)).columns[0].values)


@given(sweeps(AXES))
def test_the_options_give_the_same_sweep_again(sweep: Sweep) -> None:
    """A script carries its grid as options, whatever stands in its values."""
    read_again = []

    @click.command()
    @takes_grid
    def command(sweep: Sweep) -> None:
        read_again.append(sweep)

    command.main(sweep.options(), standalone_mode=False)
    (again,) = read_again

    assert [sweep.point(index) for index in range(sweep.size)] == [again.point(index) for index in range(sweep.size)]


def test_any_point_is_computed_from_its_index_alone() -> None:
    """The last of a million points is there without the others."""
    sweep = grid(("seed", "1..1000"), ("epochs", "1..1000"))

    assert sweep.point(LIMIT - 1) == {"seed": 1000, "epochs": 1000}
    assert sweep.index(sweep.positions(123_456)) == 123_456


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--grid", "sed=1,2"], "--grid sed is not a setting; did you mean seed?"),
        (["--grid", "referance=paper"], "--grid referance is not a setting; did you mean reference?"),
        (["--grid", "unknown=warn"], "--grid unknown is not a setting"),
        (["--grid", "seed="], "--grid seed='' has no values"),
        (["--grid", "seed=1,,2"], "--grid seed='1,,2' has an empty value"),
        (["--grid", "seed=[]"], "--grid seed='[]' has no values"),
        (["--grid", "seed=[1"], "is not an array, such as"),
        (["--grid", f"seed={'[' * 60_000}"], "is not an array, such as"),
        (["--grid", 'seed=[{"a": 1, "a": 2}]'], "has 'a' twice in one object"),
        (["--grid", 'adapter_targets=[[["query"]]]'], "adapter_targets=[['query']] is not allowed"),
        (["--grid", "seed=1-5"], "--grid seed='1-5' is not a range; did you mean 1..5?\n"),
        (["--grid", "seed=1...5"], "--grid seed='1...5' is not a range; did you mean 1..5?\n"),
        (["--grid", "seed=7,5…1"], "is not a range; did you mean 1..5?\n"),
        (["--grid", "target_sparsity=0.3..0.6"], "range of whole numbers, such as 1..5; --sample takes it, with --poi"),
        (["--grid", "target_sparsity=0.3...0.6"], "is not a range of whole numbers, such as 1..5\n"),
        (["--zip", '{"seed": [1], "seed": [2]}'], "--zip seed varies already: --zip seed"),
        (["--grid", "seed=5..1"], "--grid seed='5..1' counts down: write 1..5"),
        (["--grid", "seed=1..1000000000000"], "has 1,000,000,000,000 values; a sweep has 1,000,000 points at most"),
        (["--grid", "seed=1..1000000", "--grid", "epochs=1..1000"], "1,000,000 x 1,000 = 1,000,000,000 points"),
        (["--grid", "seed=1", "--grid", "seed=2"], "--grid seed varies already: --grid seed"),
        (["--grid", "seed=1", "--zip", "seed=2", "--zip", "epochs=40"], "--zip seed varies already: --grid seed"),
        (["--zip", "seed=1,2", "--zip", "epochs=3"], "another number of values: seed has 2, epochs has 1"),
        (["--grid", "prunable_blocks=mha_head"], "takes lists: write an array of lists"),
        (["--grid", "epochs=1,ten"], "--grid epochs='ten' is not allowed"),
        (["--grid-file", "missing.toml"], "missing.toml cannot be read: No such file or directory"),
        (["--grid-file", "bad.toml"], "bad.toml is not a grid in TOML: Invalid value (at line 1, column 8)"),
        (["--grid-file", "other.toml"], "other.toml has 'sweep' at its top; write [grid], and [[zip]]"),
        (["--grid-file", "number.toml"], "number.toml [grid] seed=3 must be a text or an array of values"),
        (["--grid-file", "form.toml"], "form.toml has a grid that is not a table [grid]"),
        (["--grid-file", "zip.toml"], "zip.toml has a zip that is not a table [[zip]]"),
        (["--grid-file", "date.toml"], "seed=datetime.date(1979, 5, 27) is not allowed"),
        (["--grid-file", "latin.toml"], "latin.toml cannot be read: not UTF-8 in line 1"),
        (["--grid-file", "."], ". cannot be read: Is a directory"),
    ],
)
def test_a_wrong_grid_is_one_clear_error(
    argv: list[str], words: str, capsys: pytest.CaptureFixture[str], write_env: Callable[..., Path]
) -> None:
    """Nothing is printed but what is wrong, with where it stands and what to write."""
    write_env("seed = oops", "bad.toml")
    write_env("[sweep]\nseed = [1]\n", "other.toml")
    write_env("[grid]\nseed = 3\n", "number.toml")
    write_env("grid = 3\n", "form.toml")
    write_env("[zip]\nseed = [1]\n", "zip.toml")
    write_env("[grid]\nseed = [1979-05-27]\n", "date.toml")
    write_env(b"# caf\xe9\n", "latin.toml")
    assert main(["sweep", *argv]) == 78
    out, err = capsys.readouterr()

    assert out == ""
    assert words in err


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["--grid", "seed"],
        ["--zip", "{"],
        ["--zip", "{}"],
        ["--grid", "seed=1..3", "--index", "3"],
        ["--grid", "seed=1..3", "--index", "-1"],
        ["--grid", "seed=1..3", "--format", "env"],
        ["--grid", "seed=1..3", "--set", "seed=3"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be meant is told with the usage."""
    assert main(["sweep", *argv]) == 2
    assert capsys.readouterr().out == ""


def test_a_file_holds_the_same_as_the_options(write_env: Callable[..., Path]) -> None:
    """Numbers, texts and ranges; several zips, each an axis of its own."""
    path = write_env(
        '[grid]\ntask = ["mnli", "squad"]\nseed = "1..2"\n'
        "[[zip]]\nepochs = [30, 40]\ndistill_epochs = [10, 20]\n"
        "[[zip]]\nlearning_rate = [1e-4, 2e-4]\nwarmup_ratio = [0, 0.1]\n",
        "sweep.toml",
    )
    sweep = sweep_of(from_file(path).axes)

    assert sweep.size == 16
    assert sweep.point(15) == {
        "task": "squad",
        "seed": 2,
        "epochs": 40,
        "distill_epochs": 20,
        "learning_rate": 2e-4,
        "warmup_ratio": 0.1,
    }
    assert checker(sweep).verdict(15).problems == ()


def test_the_table_has_a_row_for_each_point(
    capsys: pytest.CaptureFixture[str], golden: Callable[[str, str], None]
) -> None:
    """Index, values and fingerprint, and which points are the same experiment."""
    assert main(["sweep", "--grid", "task=mnli,glue_big", "--grid", "dataset=mnli", "--grid", "seed=1..2"]) == 0
    golden("sweep.txt", capsys.readouterr().out)


def test_json_has_every_point(capsys: pytest.CaptureFixture[str]) -> None:
    """Good and wrong ones; the status says whether any is wrong."""
    assert main(["sweep", "--grid", "target_sparsity=0.3,60,0.30", "--format", "json"]) == 78
    rows = json.loads(capsys.readouterr().out)
    same = fingerprint(load({}, None, target_sparsity=0.3))

    first = {"index": 0, "values": {"target_sparsity": 0.3}, "fingerprint": same, "same_as": None, "notes": []}
    assert rows[0] == first
    assert "did you mean 0.6?" in rows[1]["problems"][0]
    assert rows[2]["same_as"] == 0


def test_index_is_one_point(capsys: pytest.CaptureFixture[str], write_env: Callable[..., Path]) -> None:
    """As a row, an object, or a `.env` that gives it again."""
    argv = ["sweep", "--grid", "task=mnli,squad", "--grid", "seed=1..3", "--index", "4"]
    expected = load({}, None, task="squad", seed=2)
    assert main(argv) == 0
    assert capsys.readouterr().out.split("\n")[1].split() == ["4", "squad", "2", fingerprint(expected)]
    assert main([*argv, "--format", "json"]) == 0
    assert [row["index"] for row in json.loads(capsys.readouterr().out)] == [4]
    assert main([*argv, "--format", "env"]) == 0

    assert load({}, write_env(capsys.readouterr().out)) == expected


def test_a_survey_of_an_environment_that_is_wrong_says_so_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What no axis changes is wrong at every point."""
    monkeypatch.setenv("APT_LR", "1")
    assert main(["sweep", "--grid", "seed=1..50"]) == 78

    assert "at every point: environment APT_LR is not a setting" in capsys.readouterr().err


def test_notes_are_told_with_their_points(capsys: pytest.CaptureFixture[str]) -> None:
    """A default that does not fit at some points, and a task that nobody chose, are told where they are planned."""
    assert main(["sweep", "--grid", "epochs=10,40", "--grid", "seed=1..2"]) == 0
    err = capsys.readouterr().err

    assert "note: at 2 of 4 points (0-1): distill_epochs stays 20 (class default) although it should be" in err
    assert "nothing sets APT_TASK" in err


def test_a_record_is_a_base_of_a_grid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--from gives what all points share."""
    write(tmp_path, record_of(load({}, None, task="squad", epochs=90)))
    assert main(["sweep", "--from", str(tmp_path), "--grid", "seed=1,2", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)

    assert rows[1]["fingerprint"] == fingerprint(load({}, None, task="squad", epochs=90, seed=2))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[grid]\nseed = " + "[" * 2000 + "]" * 2000, "is nested too deeply"),
        ("[grid]\n" + ".".join("a" * 20) + " = 1", "is not a grid in TOML: a key has more than 16 parts"),
    ],
)
def test_a_hostile_file_is_one_sentence(text: str, words: str, write_env: Callable[..., Path]) -> None:
    """Neither depth nor width gets a traceback."""
    with pytest.raises(SettingsError, match=words):
        from_file(write_env(text, "grid.toml"))


def test_a_file_that_is_not_there_is_named() -> None:
    """With the system's reason."""
    with pytest.raises(SettingsError, match=r"no.toml cannot be read: No such file or directory"):
        from_file(Path("no.toml"))


def test_a_number_has_its_limits() -> None:
    """An integer that no setting takes is refused before anything is made of it."""
    with pytest.raises(SettingsError, match="has a number of too many digits"):
        grid(("seed", [10**5000]))
