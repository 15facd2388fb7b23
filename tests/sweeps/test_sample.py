"""Samples: ranges and choices, points from their number alone, and what the command says of them."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from math import log2
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import printed

from apt_settings import SettingsError, fingerprint, load
from apt_settings.cli import main
from apt_settings.jobs.request import Request
from apt_settings.jobs.slurm import Resources, parts, render
from apt_settings.sources.record import read
from apt_settings.sweeps.grid import GridEntry, sweep_of
from apt_settings.sweeps.sample import Logarithmic, NumberEntry, Sample, sample_of, spreads_of
from apt_settings.sweeps.sweep_file import from_file
from apt_settings.values import as_text

RANGES = {
    "learning_rate": "log:1e-5..1e-3",
    "target_sparsity": "0.3..0.7",
    "batch_size": "8,16,32,64",
    "seed": "0..9999",
    "max_steps": "log:10..200000",
    "warmup_ratio": "0..0.2",
    "weight_decay": "0..0.3:0.1",
    "lr_scheduler": "linear,cosine",
    "outlier_aware": "true,false",
    "num_prunings": "2..20:2",
}
OPTIONS = [word for name, each in RANGES.items() for word in ("--sample", f"{name}={each}")]
SST2 = ("sweep", "--task", "sst2")


def sample(ranges: dict[str, Any], points: int, seed: int = 7) -> Sample:
    written = [GridEntry(name, values, f"--sample {name}") for name, values in ranges.items()]
    made = sample_of(written, NumberEntry(points, "--points"), NumberEntry(seed, "--sample-seed"))
    assert made
    return made


def sampled(ranges: dict[str, Any], points: int, seed: int = 7) -> list[dict[str, Any]]:
    axis = sample(ranges, points, seed)
    return [axis.at(index) for index in range(points)]


def test_the_points_are_those_of_the_first_day(
    capsys: pytest.CaptureFixture[str], golden: Callable[[str, str], None]
) -> None:
    """Whatever Python, machine and version: a point of a job that is a year old is computed again."""
    golden("sample.txt", printed(capsys, *SST2, *OPTIONS, "--points", "32", "--sample-seed", "7"))


ANY_RANGES = st.lists(st.sampled_from(sorted(RANGES)), min_size=1, unique=True)
SEEDS = st.integers(0, 2**32 - 1)


@given(ANY_RANGES, SEEDS, st.integers(1, 40), st.integers(0, 40))
def test_more_points_and_more_axes_keep_those_there_are(names: list[str], seed: int, points: int, more: int) -> None:
    """n points are the first n of m, and an axis that is appended moves no other."""
    ranges = {name: RANGES[name] for name in ("seed", *names)}
    all_of_them = sampled(ranges, points + more, seed)

    assert sampled(ranges, points, seed) == all_of_them[:points]
    for few in range(1, len(ranges)):
        fewer = dict(list(ranges.items())[:few])
        narrow = sample({**fewer, "seed": "0..9999"}, points, seed)
        assert [narrow.at(index).items() <= all_of_them[index].items() for index in range(points)] == [True] * points


@given(ANY_RANGES, SEEDS, st.integers(0, 999))
def test_a_point_alone_is_the_point_of_the_list(names: list[str], seed: int, index: int) -> None:
    """An element of an array computes what the sweep has printed."""
    ranges = {"seed": "0..9999", **{name: RANGES[name] for name in names}}

    assert sample(ranges, 1_000, seed).at(index) == sampled(ranges, index + 1, seed)[index]


@given(SEEDS)
def test_values_are_in_their_range_and_readable(seed: int) -> None:
    """Three significant digits, ends included; whole numbers where the setting is one."""
    points = sampled(RANGES, 200, seed)

    assert all(1e-5 <= point["learning_rate"] <= 1e-3 for point in points)
    assert all(0.3 <= point["target_sparsity"] <= 0.7 for point in points)
    assert all(10 <= point["max_steps"] <= 200_000 for point in points)
    assert {float, int} == {type(point[name]) for point in points for name in ("target_sparsity", "max_steps")}
    digits = {re.sub(r"e.*|\.|^0\.?0*", "", str(point["learning_rate"])) for point in points}
    assert max(map(len, digits)) <= 3
    assert {str(point["max_steps"])[3:].strip("0") for point in points} == {""}


@given(SEEDS, st.integers(1, 300))
def test_whole_numbers_and_choices_are_equally_frequent(seed: int, points: int) -> None:
    """No count is more than 1 + log2(points) from equal, wherever the axis stands."""
    ranges = {"seed": "0..9999", "epochs": "3..9", **RANGES}
    rows = sampled(ranges, points, seed)

    for name, values in {"epochs": 7, "batch_size": 4, "outlier_aware": 2, "num_prunings": 10}.items():
        counts = Counter(row[name] for row in rows)
        frequent = [*counts.values(), *[0] * (values - len(counts))]
        assert max(abs(count - points / values) for count in frequent) <= 1 + log2(points), name


def test_a_decade_of_a_logarithmic_range_has_as_many_points_as_another() -> None:
    """Also of whole numbers, whose ends come too."""
    points = sampled({"learning_rate": "log:1e-5..1e-2", "max_steps": "log:1..1000"}, 900)
    whole = Counter(len(str(point["max_steps"])) for point in points)

    decades = Counter(f"{point['learning_rate']:.2e}"[-1] for point in points)
    assert [decades[each] for each in "543"] == pytest.approx([300] * 3, abs=5)
    assert [whole[each] for each in (1, 2, 3)] == pytest.approx([300] * 3, abs=8)
    assert {1, 999} <= {point["max_steps"] for point in points}


def test_the_last_bit_of_a_logarithm_decides_nothing() -> None:
    """Between 1.00 and 1.01, where machines may differ, a value has the digits that decimal computes."""
    spread, whole = Logarithmic(1.0, 4.0), 10**15
    near = 3597750702102  # log(1.005) / log(4), in parts of `whole`

    values = [spread.at(near + step, whole) for step in (-2_000, -1, 0, 1, 2_000)]
    assert values[0] == 1.0
    assert values[-1] == 1.01
    assert values == sorted(values)


def test_ends_with_more_digits_stand_as_they_are_written() -> None:
    """What is rounded out of the range is its end."""
    values = {point["target_sparsity"] for point in sampled({"target_sparsity": "0.3004..0.3025"}, 3)}

    assert values <= {0.3004, 0.301, 0.302, 0.3025}


def test_points_are_the_same_in_every_process() -> None:
    """Nothing depends on how Python seeds its hashes."""
    command = [sys.executable, "-m", "apt_settings", *SST2, *OPTIONS, "--points", "16", "--format", "json"]
    texts = {
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed}).stdout
        for seed in ("1", "2")
    }

    assert len(texts) == 1


def test_every_point_of_a_grid_gets_the_samples() -> None:
    """The sample varies fastest, and is the same at all of them."""
    sweep = sweep_of([[GridEntry("task", "mnli,sst2", "--grid task")]], sample({"seed": "1..9"}, 4))
    seeds = [point["seed"] for point in sampled({"seed": "1..9"}, 4)]

    assert sweep.size == 8
    assert [(task, seed) for task in ("mnli", "sst2") for seed in seeds] == [
        tuple(sweep.point(index).values()) for index in range(8)
    ]
    assert sweep.label(6) == "sample1:7:2"


def test_the_options_give_the_same_sweep_again(capsys: pytest.CaptureFixture[str]) -> None:
    """A script carries ranges, number and seed, whatever gave them, and the name of the algorithm."""
    axes = [[GridEntry("task", "mnli,sst2", "--grid task")]]
    words = sweep_of(axes, sample({**RANGES, "output_dir": ["a,b", "c"]}, 8)).options()
    rows = json.loads(printed(capsys, "sweep", *words, "--format", "json"))

    assert words[-4:] == ["--points", "8", "--sample-seed", "sample1:7"]
    points = sampled({**RANGES, "output_dir": ["a,b", "c"]}, 8)
    assert [{name: as_text(each) for name, each in row["values"].items()} for row in rows[:8]] == [
        {"task": "mnli", **{name: as_text(each) for name, each in point.items()}} for point in points
    ]


def test_a_file_holds_the_same_as_the_options(
    write_env: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Ranges as texts, choices as arrays; options are stronger, and what they add comes behind."""
    path = write_env(
        'points = 8\nseed = 7\n[grid]\ntask = ["mnli", "sst2"]\n[sample]\nlearning_rate = "log:1e-5..1e-3"\n'
        "batch_size = [8, 16, 32]\n",
        "sweep.toml",
    )
    of_file = printed(capsys, "sweep", "--grid-file", str(path))
    written = ["--sample", "learning_rate=log:1e-5..1e-3", "--sample", "batch_size=8,16,32"]
    words = ["--grid", "task=mnli,sst2", *written, "--sample-seed", "7"]
    more = printed(capsys, "sweep", "--grid-file", str(path), "--sample", "seed=1..9", "--points", "9")

    assert of_file == printed(capsys, "sweep", *words, "--points", "8")
    assert more == printed(capsys, "sweep", *words, "--sample", "seed=1..9", "--points", "9")


def test_a_project_s_own_settings_are_sampled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By their own types and ranges."""
    (tmp_path / "own_of_sample.py").write_text(
        "from typing import Annotated\nfrom pydantic import Field\nfrom apt_settings import SettingsGroup\n"
        "class Mine(SettingsGroup):\n    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1\n    heads: int = 4\n"
    )
    own = ["sweep", "--extend", "own_of_sample:Mine", "--task", "sst2", "--format", "json", "--points", "5"]
    rows = json.loads(printed(capsys, *own, "--sample", "heads=-3..12", "--sample", "dropout=0..0.5"))
    assert main([*own, "--sample", "dropout=0..1.5"]) == 78

    assert main([*own, "--sample", "heads=0..10000000000000000"]) == 78
    out, err = capsys.readouterr()

    assert all(-3 <= row["values"]["heads"] <= 12 for row in rows)
    assert out == ""
    assert "dropout='0..1.5' reaches 1.5, which is not allowed: must be a number, 0 <= x < 1" in err
    assert "heads='0..10000000000000000' reaches beyond 9,007,199,254,740,992" in err


def test_ranges_are_read_without_points_too() -> None:
    """For a search that has its own way to choose points; everything that is wrong is told at once."""
    written = [GridEntry(name, values, f"range {name}") for name, values in RANGES.items()]
    wrong = [GridEntry("seed", "5..1", "range seed"), GridEntry("epochs", "0..9", "range epochs")]

    assert spreads_of(written)["learning_rate"] == Logarithmic(1e-5, 1e-3)
    with pytest.raises(SettingsError, match=r"2 problems .*\n.*seed='5..1' counts down.*\n.*epochs='0..9' reaches 0"):
        spreads_of(wrong)


def test_who_gave_a_value_is_its_point(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """In the command, in the record, and where a record is replayed; the record names the algorithm too."""
    argv = ["run", "--task", "sst2", "--grid", "seed=1,2", "--sample", "target_sparsity=0.3..0.7", "--points", "50"]
    show = [sys.executable, "-c", "from apt_settings import settings; print(settings.origin('target_sparsity'))"]
    with pytest.raises(SystemExit):
        main([*argv, "--sample-seed", "7", "--index", "92", "--record", "runs/{fingerprint}", "--resume", "--", *show])
    (file,) = tmp_path.glob("runs/*/run.json")
    record = read(file)
    settings = load({}, record=file)

    assert capfd.readouterr().out == "point 42 of sample seed 7\n"
    assert record.settings["target_sparsity"].origin == "point 42 of sample seed 7"
    assert record.settings["seed"].origin == "point 92 of the grid: seed"
    assert record.controls["sample"] == "sample1:7:42"
    assert settings.target_sparsity == sampled({"target_sparsity": "0.3..0.7"}, 50)[42]["target_sparsity"]


def test_a_script_is_as_short_for_a_million_points() -> None:
    """The text of an array, and of each of its parts, holds no point."""
    for points in (1_000, 1_000_000):
        ranges = {name: RANGES[name] for name in ("learning_rate", "target_sparsity", "batch_size")}
        sweep = sweep_of([], sample(ranges, points))
        request = Request(sweep, ("python", "train.py"), "runs", variables={"APT_TASK": "squad"})
        scripts = [render(request, Resources("squad"), part) for part in parts(points, 1_001)[-2:]]

        assert max(map(len, scripts)) < 1_500
        assert "--sample-seed sample1:7" in scripts[0]


def test_one_point_is_as_quick_whatever_its_number() -> None:
    """The last of a million is computed from its digits, and none before it."""
    axis = sample({"seed": "0..4294967295"}, 1_000_000)

    assert 0 <= axis.at(999_999)["seed"] < 2**32
    assert len(axis.columns[0].values) == 1_000_000
    assert axis.columns[0].values[-2:] == [axis.at(index)["seed"] for index in (999_998, 999_999)]


def test_points_that_are_the_same_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Rounding makes few values of a narrow range; a job, whose points have folders, refuses them."""
    few = ["--task", "sst2", "--sample", "target_sparsity=0.30..0.31", "--points", "11"]
    rows = printed(capsys, "sweep", *few).splitlines()
    assert main(["job", "slurm", *few, "--", "true"]) == 78
    err = capsys.readouterr().err

    same = [row.split("point ")[1] for row in rows[1:] if "point " in row]
    assert same
    assert len({row.split()[1] for row in rows[1:]}) == 11 - len(same)
    assert "is the same experiment as point" in err
    assert "write fewer points, another --sample-seed or a finer range" in err


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (
            ["--sample", "initial_rank=4..16", "--sample", "max_rank=8..64"],
            "at 4 of 64 points (2, 14, 20, 38): --sample max_rank is not at least initial_rank: 13 with 15 at point 2, "
            "15 with 16 at point 14, 11 with 13 at point 20; let initial_rank end at 8 or let max_rank begin at 16",
        ),
        (["--sample", "initial_rank=4..99", "--set", "max_rank=8"], "let initial_rank end at 8"),
        (
            ["--sample", "max_rank=4..80", "--grid", "initial_rank=8,16"],
            "at point 45; let max_rank begin at 16",
        ),
        (
            ["--sample", "distill_epochs=4..90"],
            "52 with 40 at point 0, 74 with 40 at point 2",
        ),
        (
            ["--sample", "distill_epochs=none,50", "--sample", "seed=1..99"],
            "; sample values of which each",
        ),
        (
            ["--sample", "sparsity_warmup_epochs=1..9", "--sample", "pruning_end_epoch=2..40"],
            "let sparsity_warmup_epochs end at 1 or let pruning_end_epoch begin at 10",
        ),
        (
            ["--sample", "per_device_batch_size=3..9", "--sample", "batch_size=8..80"],
            "sample values of which each per_device_batch_size is a divisor of batch_size",
        ),
    ],
)
def test_points_that_break_a_rule_are_told_together(
    argv: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Their numbers, the first few with their values, and ranges in which there are none."""
    assert main([*SST2, *argv, "--points", "64", "--sample-seed", "7"]) == 78
    out, err = capsys.readouterr()

    assert (out, len(err.splitlines())) == ("", 2)
    assert words in err


def test_defaults_that_do_not_fit_are_told_together(capsys: pytest.CaptureFixture[str]) -> None:
    """Each point has another value; one note has them all, and what to sample instead."""
    assert main([*SST2, "--sample", "epochs=4..50", "--points", "12", "--sample-seed", "7"]) == 0
    err = capsys.readouterr().err

    assert err.startswith("note: at 4 of 12 points (")
    assert "distill_epochs is not at most epochs: 20 with " in err
    assert "; let epochs begin at 20\n" in err


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("learning_rate=log:0..1e-3", "has no logarithm at 0: write a start above 0, such as log:1e-06..1e-3"),
        ("max_steps=log:-5..30", "has no logarithm at -5: write a start above 0, such as log:1..30"),
        ("target_sparsity=0.7..0.3", "counts down: write 0.3..0.7"),
        ("learning_rate=log:1e-3..1e-5", "counts down: write log:1e-5..1e-3"),
        ("target_sparsity=0.3..0.3", "has one value: write --set target_sparsity=0.3"),
        ("target_sparsity=0.3..", "is not a range of numbers, such as 0.3..0.7 or log:0.3..0.7"),
        ("target_sparsity=..0.7", "is not a range of numbers"),
        ("target_sparsity=", "has no values"),
        ("target_sparsity=nan..0.7", "is not a range of numbers"),
        ("target_sparsity=0..inf", "is not a range of numbers"),
        ("target_sparsity=nan,0.3", "--sample target_sparsity='nan' is not allowed: must be a number, 0 <= x < 1"),
        ("target_sparsity=0.3-0.7", "is not a range of numbers"),
        ("target_sparsity=0.3…0.7", "is not a range of numbers, such as 0.3..0.7"),
        ("target_sparsity=0.3:0.7", "is not a range of numbers"),
        ("target_sparsity=0.3..1.7", "reaches 1.7, which is not allowed: must be a number, 0 <= x < 1"),
        ("learning_rate=log1e-5..1e-3", "is not a range of numbers"),
        ("epochs=8.5..30", "has a number that is not whole: write 9..30"),
        ("epochs=1e1..1e2", "has a number that is not whole: write 10..100"),
        ("batch_size=8..60:8", "ends between two steps: write 8..56:8"),
        ("batch_size=8..64:0", "has a step that leads nowhere: write one above 0 and at most 56"),
        ("batch_size=8..64:64", "has a step that leads nowhere"),
        ("batch_size=log:8..64:8", "has steps, which log has not: write log:8..64"),
        ("target_sparsity=0.3..0.7:1e-7", "has more than 1,000,000 steps: write 0.3..0.7"),
        ("batch_size=8,16..32", "is not a range of numbers, such as 8..64 or log:8..64; among choices there is no"),
        ("batch_size=8,1x", "--sample batch_size='1x' is not allowed: must be a whole number"),
        ("optimizer=1..3", "is a range, which it does not take: list values, such as adam,adamw"),
        ("adapter_targets=query", "takes lists: write an array of lists"),
        ("sed=1..5", "--sample sed is not a setting; did you mean seed?"),
        ("seed=1..1", "has one value: write --set seed=1"),
        ("batch_size=16", "'16' is one value, and nothing to sample: write a range such as 0.3..0.7 or log:"),
        ("learning_rate=nonsense", "'nonsense' is one value, and nothing to sample: write a range such as"),
        ("optimizer=adam", "'adam' is one value, and nothing to sample: write several, or --set optimizer=..."),
    ],
)
def test_a_wrong_range_is_one_clear_error(written: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With what is wrong and what to write instead."""
    assert main([*SST2, "--sample", written, "--points", "2"]) == 78
    out, err = capsys.readouterr()

    assert (out, len(err.splitlines())) == ("", 2)
    assert words in err


RANGE = ("--sample", "target_sparsity=0.3..0.7")


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--grid", "learning_rate=1e-4..5e-4"], "such as 1..5; --sample takes it, with --points 16"),
        (["--grid", "learning_rate=log:1e-4..5e-4"], "such as 1..5; --sample takes it, with --points 16"),
        (["--points", "4"], "--points has nothing to sample; write --sample too, such as --sample learning_rate="),
        (["--sample-seed", "4"], "--sample-seed has nothing to sample"),
        ([*RANGE], "--sample target_sparsity does not say how many points; write --points 64"),
        ([*RANGE, "--points", "0"], "--points='0' is not allowed: must be a whole number, 1 <= x <= 1000000"),
        ([*RANGE, "--points", "many"], "--points='many' is not allowed: must be a whole number"),
        ([*RANGE, "--points", "1000001"], "--points='1000001' is not allowed"),
        ([*RANGE, "--points", "4", "--sample-seed", "-1"], "--sample-seed='-1' is not allowed: must be a whole number"),
        ([*RANGE, "--points", "4", "--sample-seed", "4294967296"], "0 <= x <= 4294967295"),
        ([*RANGE, "--points", "4", "--sample-seed", "sample2:7"], "this apt-settings has sample1; take the version"),
        ([*RANGE, "--points", "4", "--grid", "target_sparsity=0.3"], "varies already: --grid target_sparsity; leave"),
        ([*RANGE, *RANGE, "--points", "4"], "varies already: --sample target_sparsity; leave one of them out"),
        ([*RANGE, "--points", "400", "--grid", "seed=1..5000"], "5,000 x 400 = 2,000,000 points"),
        (
            ["--sample", "seed=1..5", "--points", "6"],
            "--points='6' is more than there are different points, which is 5",
        ),
        (["--sample", "max_steps=log:990..2000", "--points", "200"], "which is 111"),
        (["--sample", "max_steps=log:1..9", "--points", "10"], "which is 9"),
        (["--sample", "learning_rate=log:0.1..0.11", "--points", "12"], "which is 11"),
        (["--sample", "max_steps=log:2000..9990", "--points", "801"], "which is 800"),
        (["--sample", "target_sparsity=0.98..0.99", "--points", "12"], "which is 11"),
    ],
)
def test_what_does_not_go_together_is_one_clear_error(
    argv: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Numbers of points and seeds, and samples beside grids."""
    assert main([*SST2, *argv]) == 78
    out, err = capsys.readouterr()

    assert (out, len(err.splitlines())) == ("", 2)
    assert words in err


def test_a_sample_of_what_an_option_sets_is_a_wrong_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """As for a grid."""
    assert main([*SST2, "--sample", "seed=1..5", "--points", "2", "--set", "seed=3"]) == 2
    assert "seed is given two values: --set seed, --sample seed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("points = 4\n[sample]\nseed = 1..5\n", 'a range needs quotes: seed = "1..5"'),
        ("[sample]\nlearning_rate = log:1e-5..1e-3\n", 'a range needs quotes: learning_rate = "log:1e-5..1e-3"'),
        ('[sample]\nseed = "1..5"\n', "[sample] seed does not say how many points; write --points 64"),
        ('points = "4"\n', "points has nothing to sample"),
        ('[sample]\nseed = "1..5"\npoints = 4\n', "[sample] points stands in a table; write it above all tables"),
        ('points = true\n[sample]\nseed = "1..5"\n', "points=True is not allowed: must be a whole number"),
        ('points = 4\nseed = 1.5\n[sample]\nseed = "1..5"\n', "seed=1.5 is not allowed: must be a whole number"),
        ("points = 4\nsample = 3\n", "has a sample that is not a table [sample]"),
        ("points = 4\n[sample]\nseed = 3\n", "[sample] seed=3 must be a text or an array of values"),
    ],
)
def test_a_wrong_file_is_one_clear_error(text: str, words: str, write_env: Callable[..., Path]) -> None:
    """With the file and the key."""
    path = write_env(text, "sweep.toml")
    with pytest.raises(SettingsError, match=rf"^1 problem .*\n.*{re.escape(words)}"):
        sample_of(*from_file(path)[1:])


def test_the_reference_and_the_task_are_sampled(capsys: pytest.CaptureFixture[str]) -> None:
    """As any other choice."""
    argv = ["--sample", "task=mnli,sst2", "--sample", "reference=paper,release", "--points", "4", "--format", "json"]
    rows = json.loads(printed(capsys, "sweep", *argv))

    assert {"mnli", "sst2"} == {row["values"]["task"] for row in rows}
    for row in rows:
        assert row["fingerprint"] == fingerprint(load({}, None, **row["values"]))
