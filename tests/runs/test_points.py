"""How the points of a sweep stand, and a job of those that are still to run."""

import json
import shlex
import sys
from collections.abc import Callable
from importlib import invalidate_caches
from pathlib import Path

import pytest
from support import printed, started

from apt_settings.cli import main
from apt_settings.jobs.slurm import Part, parts
from apt_settings.runs.points import standings
from apt_settings.sweeps.ranges import as_ranges, read_ranges

GRID = ["--task", "squad", "--grid", "seed=1..6"]


def run(index: int, script: str, folder: str = "runs/{fingerprint}", *options: str) -> None:
    """Run a point, with a record."""
    argv = ["run", "--quiet", *GRID, "--index", str(index), "--record", folder, *options, "--", "sh", "-c", script]
    with pytest.raises(SystemExit):
        main(argv)


@pytest.fixture
def begun(capsys: pytest.CaptureFixture[str]) -> None:
    """Points 0 and 2 are done, 1 has failed, 4 has no end on another host; 3 and 5 are missing."""
    for index, script in ((0, "exit 0"), (1, "exit 3"), (2, "exit 0"), (4, "exit 0")):
        run(index, script, "runs/{fingerprint}", "--resume")
    path = next(path for path in Path("runs").glob("*/run.json") if '"seed": {"value": 5' in path.read_text())
    content = json.loads(path.read_text())
    content["runs"][0] |= {"end": None, "seconds": None, "exit_status": None, "host": "elsewhere"}
    path.write_text(json.dumps(content))
    capsys.readouterr()


@pytest.mark.usefixtures("begun")
def test_a_sweep_says_how_its_points_stand(capsys: pytest.CaptureFixture[str]) -> None:
    """In the words of `runs`; a folder that is not there yet has none of them."""
    words = ["done", "failed with 3", "done", "missing", "unknown", "missing"]
    table = printed(capsys, "sweep", *GRID, "--record", "runs").splitlines()
    as_json = json.loads(printed(capsys, "sweep", *GRID, "--record", "runs", "--format", "json"))
    before = printed(capsys, "sweep", *GRID, "--record", "nowhere").splitlines()
    listed = printed(capsys, "runs", "--sort", "seed").partition("\n\n")[2]

    assert [" ".join(row.split()[3:]) for row in table] == ["status", *words]
    assert [row["status"] for row in as_json] == [word.split()[0] for word in words]
    assert {row.split()[3] for row in before[1:]} == {"missing"}
    assert [word for word in words if word != "missing" and word not in listed] == []
    assert "status" not in json.loads(printed(capsys, "sweep", *GRID, "--format", "json"))[0]


def test_a_point_with_another_default_is_missing(
    write_env: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As --once sees it: a project has changed its default since, which the fingerprint leaves out."""
    monkeypatch.syspath_prepend(Path.cwd())
    options = ["--extend", "changing:Eval"]
    of_first = []
    for default in (500, 500, 900, 500):
        fields = f"    every: int = {default}\n    tags: set[str] = {{*'abc'}}\n"
        write_env(f"from pydantic import BaseModel\nclass Eval(BaseModel):\n{fields}", "changing.py")
        sys.modules.pop("changing", None)
        invalidate_caches()
        told = printed(capsys, "sweep", *options, *GRID, "--record", "runs", "--format", "json")
        of_first.append(json.loads(told)[0]["status"])
        if len(of_first) == 1:
            run(0, "exit 0", "runs", *options)

    assert of_first == ["missing", "done", "missing", "done"]


def test_what_has_ended_well_once_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    """A later failure does not count, and of several others the last run does, also of the same second.

    The list of runs says of the failure that the point is done all the same, and the sweep that it has two runs.
    """
    run(0, "exit 0", "runs")
    run(0, "exit 3", "runs")
    run(1, "exit 3", "runs")
    run(1, "exit 4", "runs")

    ended = sorted(each.ended for each in standings(Path("runs"), print).values())
    listed = printed(capsys, "runs")

    assert ended == ["done, 2 runs", "failed with 4, 2 runs"]
    assert [listed.count(words) for words in ("failed with 3, done elsewhere", "elsewhere")] == [1, 1]
    assert " done, 2 runs\n" in printed(capsys, "sweep", *GRID, "--record", "runs")


@pytest.mark.usefixtures("begun")
def test_an_array_has_just_the_points_that_are_to_run(capsys: pytest.CaptureFixture[str]) -> None:
    """Their numbers stay those of the grid; a part of a larger grid counts from its first point."""
    argv = ["job", "slurm", *GRID, "--only", "failed,missing"]
    assert main([*argv, "--at-once", "2", "--", "true"]) == 0
    out, err = capsys.readouterr()
    part = printed(capsys, *argv, "--array-size", "2", "--part", "2", "--", "true")

    assert "\n# 3 of 6 points over seed\n" in out
    assert "\n#SBATCH --array=1,3,5%2\n" in out
    assert err.startswith("note: 3 of 6 points are to run (2 done, 1 failed, 1 unknown, 2 missing)\n")
    assert "\n#SBATCH --array=1\n" in part
    assert '--index "$((2 + SLURM_ARRAY_TASK_ID))"' in part
    assert "--array=4" in printed(capsys, *argv[:-1], "unknown", "--", "true")


@pytest.mark.usefixtures("begun")
def test_a_pod_for_each_point_that_is_to_run(capsys: pytest.CaptureFixture[str]) -> None:
    """An Indexed Job counts from 0, so that `run` finds the point among those of --points."""
    argv = ["job", "kubernetes", "--image", "train", *GRID]
    every = printed(capsys, *argv, "--", "true")
    some = printed(capsys, *argv, "--only", "failed,missing", "--record", "runs", "--", "true")

    assert "completions: 3\n" in some
    assert "backoffLimit: 9\n" in some
    assert '- "--among"\n            - "1,3,5"\n            - "--index"\n' in some
    assert every.partition("name: ")[2].split()[0] != some.partition("name: ")[2].split()[0]


@pytest.mark.usefixtures("begun")
def test_docker_has_a_line_for_each_point_that_is_to_run(capsys: pytest.CaptureFixture[str]) -> None:
    """Each with the settings of its point; a note stands once."""
    argv = ["job", "docker", "--image", "train", *GRID, "--only", "failed,missing", "--", "true"]
    assert main(argv) == 0
    out, err = capsys.readouterr()

    assert [word for line in out.splitlines() for word in shlex.split(line) if "SEED=" in word] == [
        f"--env=APT_SEED={seed}" for seed in (2, 4, 6)
    ]
    assert err.count("output_dir") == 2  # in one sentence


@pytest.mark.usefixtures("begun")
def test_where_nothing_is_to_run_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    """And that is no failure."""
    assert main(["job", "slurm", *GRID, "--only", "died", "--submit", "--", "true"]) == 0
    out, err = capsys.readouterr()

    assert out == ""
    counted = "2 done, 1 failed, 1 unknown, 2 missing"
    assert err == f"apt-settings: nothing to run: no point has the status died ({counted})\n"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--record", "rnus"), "rnus does not exist"),
        (("--record", "empty"), "empty has no records"),
        (
            ("--set", "epochs=30"),
            "runs has 4 records and none of these points: they differ in epochs (40 there, 30 here)",
        ),
        (
            ("--set", "max_rank=16", "--set", "epochs=30", "--set", "learning_rate=1e-4", "--set", "batch_size=16"),
            "epochs (40 there, 30 here) and 1 more",
        ),
    ],
    ids=["no folder", "no records", "another setting", "several"],
)
@pytest.mark.usefixtures("begun")
def test_a_folder_without_any_of_the_points_is_probably_the_wrong_one(
    options: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error, unless only missing points are asked for: then all run, and a note says why."""
    Path("empty").mkdir()
    argv = ["job", "slurm", *GRID, *options, "--only"]
    sweep = ["sweep", *GRID, "--record", "runs", *options]
    statuses = [main([*argv, words, "--", "true"]) for words in ("failed,missing", "failed")]
    wrong = capsys.readouterr().err
    statuses += [main([*argv, "missing", "--", "true"]), main(sweep)]
    out, err = capsys.readouterr()

    assert statuses == [2, 2, 0, 0]
    assert wrong.count(why) == 2
    assert wrong.endswith("; look at --record and --set; where nothing has run yet, write --only missing\n")
    assert f"{why}: every point is to run\n" in err
    assert "note: 6 of 6 points are to run (6 missing)\n" in err
    assert "--array=0-5" in out
    assert f"{why}\n" in err


@pytest.mark.usefixtures("begun")
def test_other_points_of_the_same_settings_differ_in_what_varies(capsys: pytest.CaptureFixture[str]) -> None:
    """Where the sweep is another part of the same."""
    argv = ["sweep", "--task", "squad", "--grid", "seed=8..9", "--record", "runs"]
    assert main(argv) == 0
    assert "they differ in seed (3 there, 8 here)\n" in capsys.readouterr().err
    assert main([*argv, "--index", "1"]) == 0
    assert "differ" not in capsys.readouterr().err


def test_a_point_among_some() -> None:
    """The index counts among --points."""
    done = started("run", *GRID, "--among", "1,3-5", "--index", "2", "--", "sh", "-c", "echo $APT_SEED")

    assert done.stdout == "5\n"
    assert "point 4 of 6: seed=5" in done.stderr


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["job", "slurm", "--task", "squad", "--only", "failed", "--", "true"], "--only needs a grid"),
        (["job", "docker", "--image", "t", "--task", "squad", "--only", "failed", "--", "true"], "--only needs a grid"),
        (["job", "slurm", *GRID, "--only", "well", "--", "true"], "'well' must be of done, failed, running, died"),
        (["job", "docker", "--image", "t", *GRID, "--only", "failed", "--index", "1", "--", "true"], "--index and"),
        (["job", "kubernetes", "--image", "t", *GRID, "--only", "failed", "--", "true"], "--only and --record go"),
        (["job", "kubernetes", "--image", "t", *GRID, "--record", "runs", "--", "true"], "--only and --record go"),
        (["run", *GRID, "--among", "5,3", "--index", "1", "--", "true"], "'5,3' must be ascending numbers"),
        (["run", *GRID, "--among", "3,5", "--", "true"], "--among needs --index"),
        (["run", *GRID, "--among", "3,9", "--index", "0", "--", "true"], "the last point is 5"),
        *(
            (["run", *GRID, "--index", word, "--", "true"], "must be a whole number")
            for word in ("٣", " 3", "1_0", "1.0")
        ),
        (["run", *GRID, "--among", "3,5", "--index", "2", "--", "true"], "--index 2 is not one of the 2 --among 0"),
        (
            ["run", *GRID, "--among", "3,9", "--index", "1", "--", "true"],
            "--among reaches point 9, and the last point is 5",
        ),
    ],
)
def test_a_wrong_command_line_is_2(argv: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence says what is wrong."""
    assert main(argv) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("numbers", "text"), [([3], "3"), ([3, 7, 8, 9], "3,7-9"), ([0, 1, 5], "0-1,5"), ([0, 2], "0,2")]
)
def test_ranges_read_back(numbers: list[int], text: str) -> None:
    """As SLURM writes the tasks of an array."""
    assert as_ranges(numbers) == text
    assert read_ranges(text) == numbers


@pytest.mark.parametrize("text", ["", "a", "3,", "5-3", "3,3", "1-9999999", "-1", "3:5", "\u0663"])
def test_what_is_no_range(text: str) -> None:
    """Ascending numbers, each once, and no more than a sweep has."""
    assert read_ranges(text) is None


def test_parts_of_some_points() -> None:
    """An array that has none of them is left out."""
    assert parts(10, 4, [0, 1, 9]) == [Part(0, 4, (0, 1)), Part(8, 2, (1,))]
