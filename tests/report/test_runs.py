"""The table of runs: what made them differ, and how each has ended."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from past_runs import BEGIN, done, keep
from support import printed

from apt_settings.cli import main
from apt_settings.report.runs import Choice, Context, duration, table
from apt_settings.runs.history import past_runs
from apt_settings.sources.record import Repository

GIT = Repository(commit="a1b2c3d4" * 5, dirty=False)


@pytest.fixture(autouse=True)
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times are shown as they are here."""
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def recorded(number: int, metrics: str = "", git: Repository | None = GIT, exit_status: int = 0, **values: Any) -> None:
    """A run of an hour that began so many minutes after another."""
    run = done(BEGIN + timedelta(minutes=number), git=git, exit_status=exit_status)
    keep(number, run, metrics=metrics, **values)


def ten_runs() -> None:
    """Two sparsities with five seeds each, one of which failed; epochs bring another setting with them."""
    for number in range(10):
        accuracy = json.dumps({"eval_accuracy": round(0.9 - number / 100, 2), "eval_loss": 0.1})
        accuracy = accuracy if number != 7 else ""
        sparsity = (0.3, 0.4)[number // 5]
        same: dict[str, Any] = {"exit_status": int(number == 7), "epochs": 60, "max_rank": 16}
        recorded(number, accuracy, target_sparsity=sparsity, seed=number % 5 + 1, **same)


def test_columns_are_what_somebody_set_and_what_differs(
    capsys: pytest.CaptureFixture[str], golden: Callable[[str, str], None]
) -> None:
    """What is the same in all stands above the table, once; what nobody set is no column."""
    ten_runs()
    golden("runs.txt", printed(capsys, "runs"))


def test_a_default_of_a_project_may_be_what_differs(capsys: pytest.CaptureFixture[str]) -> None:
    """Its code may have changed: nobody set it, and it follows from nothing."""
    for name, sparsity in (("a", "0.4"), ("b", "0.5")):
        folder = keep(name, done(), target_sparsity=sparsity)
        text = (folder / "run.json").read_text()
        kind = text.replace(
            '"environment APT_TARGET_SPARSITY", "kind": "environment"', '"S default", "kind": "project default"'
        )
        assert kind != text
        (folder / "run.json").write_text(kind)

    assert "target_sparsity" in printed(capsys, "runs", "runs").splitlines()[3]


def test_what_follows_is_a_column_with_all(capsys: pytest.CaptureFixture[str]) -> None:
    """The dataset brings its number of examples with it: nobody set that one."""
    recorded(0, task="mnli")
    recorded(1, task="sst2")
    usual, everything = (printed(capsys, "runs", *options).splitlines()[3] for options in ((), ("--all",)))

    assert usual.split() == ["run", "started", "took", "status", "dataset"]
    assert "train_examples" in everything.split()


def test_origins_stand_beside_values(capsys: pytest.CaptureFixture[str]) -> None:
    """Also where a default stands beside what somebody set."""
    recorded(0, epochs=30)
    recorded(1)
    out = printed(capsys, "runs", "--origins")

    assert re.findall(r"\d+ \((?:environment|class).*?\)", out) == ["30 (environment APT_EPOCHS)", "40 (class default)"]
    assert "the same in all: task squad (environment APT_TASK), dataset squad_v2" not in out


def test_who_gave_what_is_the_same_in_all_may_be_several(capsys: pytest.CaptureFixture[str]) -> None:
    """As points of a grid do, of which each is another one."""
    recorded(0, epochs=30, seed=1)
    recorded(1, epochs=30, seed=2)
    file = sorted(Path("runs").glob("*/run.json"))[-1]
    file.write_text(file.read_text().replace('"environment APT_EPOCHS"', '"--set epochs"'))

    assert "epochs 30 (environment APT_EPOCHS, and 1 other)" in printed(capsys, "runs", "--origins")


def rows(out: str) -> list[list[str]]:
    """The cells of a table's rows, without its head."""
    return [re.split(r" {2,}", line) for line in out.partition("\n\n")[2].splitlines()[1:]]


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        (("--where", "target_sparsity=0.4"), [5, 6, 7, 8, 9]),
        (("--where", "target_sparsity>=0.4", "--where", "seed=1..2"), [5, 6]),
        (("--failed",), [7]),
        (("--running",), []),
        (("--failed", "--running"), [7]),
        (("--since", "2024-05-01T10:08:00+00:00"), [8, 9]),
        (("--since", "1d"), []),
        (("--sort", "seed", "--where", "seed<3"), [0, 5, 1, 6]),
        (("--sort", "-eval_accuracy", "--where", "seed<=3"), [0, 1, 2, 5, 6, 7]),
        (("--sort", "-start", "--where", "seed=1"), [5, 0]),
        (("--sort", "-started", "--where", "seed=1"), [5, 0]),
        (("--sort", "took", "--where", "seed=1"), [0, 5]),
        (("--where", "took>3600"), []),
        (("--where", "task=squad,mine", "--where", "seed=1"), [0, 5]),
        (("--where", "lr_scheduler=constant"), []),
        (("--where", "dataset=no_dataset_of_before"), []),
        (("--where", "task=SQUAD-V2", "--where", "seed=1"), [0, 5]),
        (("--where", "task!=squad_v2,sst2"), []),
        (("--where", "task=sst2"), []),
        (("--where", "target_sparsity=0.25..1", "--where", "seed=1"), [0, 5]),
        (("--where", "max_steps>10"), []),
        (("--where", "seed=1,9"), [0, 5]),
        (("--where", "commit=a1b2c3d", "--where", "seed=1"), [0, 5]),
        (("--where", "outlier_aware=yes", "--where", "seed=1"), [0, 5]),
    ],
    ids=lambda each: " ".join(map(str, each)),
)
def test_runs_are_chosen_and_sorted(
    options: tuple[str, ...], numbers: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    """By what they had, how they ended and when they started; what lacks the name that sorts comes last."""
    ten_runs()
    listed = json.loads(printed(capsys, "runs", *options, "--format", "json"))

    assert [int(Path(run["folder"]).name) for run in listed] == numbers


def test_runs_that_differ_in_a_seed_alone_are_one_row(capsys: pytest.CaptureFixture[str]) -> None:
    """Their ends are counted, their seeds listed; a metric is the mean of those that have it."""
    ten_runs()
    out = printed(capsys, "runs", "--group", "seed", "--metric", "eval_accuracy")

    assert rows(out) == [
        ["5", "5 done", "0.3", "1, 2, 3, 4, 5", "0.880 ±0.016 of 5"],
        ["5", "4 done, 1 failed", "0.4", "1, 2, 3, 4, 5", "0.830 ±0.018 of 4"],
    ]
    assert rows(printed(capsys, "runs", "--group", "seed", "--group", "target_sparsity"))[0][0] == "10"


def test_many_values_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """A folded setting with more than six."""
    for number in range(7):
        recorded(number, seed=number, output_dir=f"out/{number}")
    (row,) = rows(printed(capsys, "runs", "--group", "seed"))

    assert row == ["7", "7 done", "7 values", "7 values"]


def test_what_came_out_stands_beside_what_went_in(capsys: pytest.CaptureFixture[str]) -> None:
    """A metric that sorts is a column, too; a run without it has an empty cell."""
    ten_runs()
    lines = printed(capsys, "runs", "--sort", "-eval_accuracy", "--metric", "eval_loss").splitlines()

    assert lines[3].split()[4:] == ["seed", "target_sparsity", "eval_loss", "eval_accuracy"]
    assert lines[4].split()[-2:] == ["0.1", "0.9"]
    assert lines[-1].split()[-1] == "0.4"


def test_own_settings_need_no_code_of_the_project(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are told by their records, whatever APT_EXTEND names here, and by their name like others."""
    recorded(0)
    path = Path("runs/0/run.json")
    content = json.loads(path.read_text())
    content["settings"]["eval_every"] = {"value": 50, "origin": "environment", "kind": "environment", "group": "a:B"}
    content["settings"]["eval_every"] |= {"at_default": True}
    path.write_text(json.dumps(content))
    recorded(1)
    monkeypatch.setenv("APT_EXTEND", "no_such_module:Settings")

    assert rows(printed(capsys, "runs", "--where", "eval_every=50"))[0][3] == "done"
    assert [row[4:] for row in rows(printed(capsys, "runs"))] == [["50"], []]
    assert main(["runs", "--where", "eval_every=often"]) == 2
    assert "--where eval_every='often' is not allowed: must be a number" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("metric=f1", "1 of 2 runs"),
        ("metric=F1", "--where metric='F1' is that of no run; did you mean f1?"),
        ("metric!=F1", "--where metric='F1' is that of no run; did you mean f1?"),
        ("metric=bleu", "0 of 2 runs"),
        ("host=NODE7", "0 of 2 runs"),
        ("tags=x,y", "1 of 2 runs"),
        ('tags=["x","y"]', "1 of 2 runs"),
        ('tags!=["x","y"]', "1 of 2 runs"),
        ('tags=["x"', "0 of 2 runs"),
        ("tags=[]", "1 of 2 runs"),
        ('weights={"yes":1}', "1 of 2 runs"),
        ("smooth=yes", "1 of 2 runs"),
        ("smooth=maybe", "--where smooth='maybe' is not allowed: must be true or false"),
    ],
)
def test_conditions_on_own_settings_are_read_by_what_runs_have(
    condition: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Their types are not known, so another text is that of no run; one in another case is refused. Lists as JSON."""
    first: dict[str, Any] = {"metric": "f1", "tags": ["x", "y"], "weights": {"yes": 1}}
    for number, values in enumerate((first, {"tags": []})):
        recorded(number)
        path = Path(f"runs/{number}/run.json")
        content = json.loads(path.read_text())
        for name, value in [("smooth", not number), *values.items()]:
            content["settings"][name] = {"value": value, "origin": "x", "kind": "argument", "group": "a:B"}
            content["settings"][name] |= {"at_default": True}
        path.write_text(json.dumps(content))

    assert main(["runs", "--where", condition]) == (0 if "runs" in told else 2)
    assert told in "".join(capsys.readouterr())


def test_where_nothing_is_the_same_nothing_stands_above(capsys: pytest.CaptureFixture[str]) -> None:
    """But how many runs there are."""
    recorded(0, git=None, task="squad")
    recorded(1, git=None, task="sst2")

    assert printed(capsys, "runs").splitlines()[:2] == ["2 runs: 2 done", ""]


def test_the_commit_is_a_column_where_it_differs(capsys: pytest.CaptureFixture[str]) -> None:
    """With a star where files were changed; else it stands above."""
    recorded(0, git=GIT)
    assert "commit a1b2c3d" in printed(capsys, "runs").splitlines()[1]
    recorded(1, git=GIT.model_copy(update={"dirty": True}))
    recorded(2, git=None)

    assert [row[4:] for row in rows(printed(capsys, "runs"))] == [["a1b2c3d"], ["a1b2c3d*"], []]


def changed(number: int, **changes: Any) -> None:
    """Let the run of a record be another."""
    path = Path("runs", str(number), "run.json")
    content = json.loads(path.read_text())
    content["runs"][-1] |= changes
    path.write_text(json.dumps(content))


def test_what_was_not_committed_parts_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """Each has the digest of its changes, by which --where finds it, too."""
    for number, diff in enumerate(("3f2a9c1e0b7d0000", "77aa9c1e0b7d0000")):
        recorded(number, git=GIT.model_copy(update={"dirty": True, "diff": diff}), seed=number)
    out = printed(capsys, "runs")
    found = [printed(capsys, "runs", "--where", f"commit={text}")[:6] for text in ("a1b2c3d*", "a1b2*3f", "a1b2c3d")]

    assert [row[-1] for row in rows(out)] == ["a1b2c3d*3f2a9c1", "a1b2c3d*77aa9c1"]
    assert "commit" not in out.partition("\n\n")[0]
    assert found == ["2 runs", "1 of 2", "0 of 2"]


def test_what_else_is_not_the_same_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """The command, and packages of other versions: above the table, as they are no columns."""
    for number in range(2):
        recorded(number, seed=number)
    changed(1, command=["python", "train2.py"], versions={"torch": "2.6.0"})
    told = "not the same in all: command, torch (apt-settings diff A B says how)"

    assert printed(capsys, "runs").splitlines()[2] == told
    assert "\n\nNot the same in all: command, torch.\n\n|" in printed(capsys, "runs", "--format", "markdown")
    changed(1, git=None)
    assert "not the same in all: commit, command, torch" in printed(capsys, "runs", "--group", "seed")


def test_a_failed_run_has_a_line_that_says_where_to_look(capsys: pytest.CaptureFixture[str]) -> None:
    """Its point, its job and its log, as far as they are known; up to ten."""
    recorded(0, exit_status=1)
    recorded(1, exit_status=1, seed=1)
    recorded(2, seed=2)
    for number in (1, 2):
        changed(number, scheduler={"SLURM_JOB_ID": "7"}, log="slurm-7.out")
    text = Path("runs/1/run.json").read_text()
    Path("runs/1/run.json").write_text(text.replace("environment APT_SEED", "point 3 of the grid: seed"))
    few = printed(capsys, "runs").splitlines()[-2:]
    for number in range(10, 21):
        recorded(number, exit_status=1, seed=number)
        changed(number, log="x")

    assert few == ["", "1: point 3, SLURM job 7, log slurm-7.out"]
    assert printed(capsys, "runs").splitlines()[-2:] == ["18: log x", "and 2 more: --format json has them all"]
    assert "log" not in printed(capsys, "runs", "--group", "seed")
    last = json.loads(printed(capsys, "runs", "--format", "json"))[1]
    assert [last[name] for name in ("point", "log", "command")] == [3, "slurm-7.out", ["python", "train.py"]]
    assert (last["scheduler"], last["versions"], last["diff"]) == ({"SLURM_JOB_ID": "7"}, {}, "")


def test_requeues_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """Beside how the last attempt ended."""
    recorded(0)
    path = Path("runs/0/run.json")
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"runs": content["runs"] * 3}))

    assert rows(printed(capsys, "runs"))[0][3] == "done, 3 attempts"


def test_markdown_and_json_are_for_others(
    capsys: pytest.CaptureFixture[str], golden: Callable[[str, str], None]
) -> None:
    """Markdown is the same table; JSON has every setting with its origin, and no number that JSON does not know."""
    recorded(0, '{"loss": NaN}', output_dir="a|b`c", epochs=30)
    recorded(1)
    markdown = printed(capsys, "runs", "--format", "markdown")
    first, second = json.loads(printed(capsys, "runs", "--format", "json"))

    golden("runs.md", markdown)
    assert first["settings"]["epochs"] == {"value": 30, "origin": "environment APT_EPOCHS", "set": True}
    assert (first["metrics"], second["metrics"]) == ({"loss": "nan"}, {})
    assert (first["status"], first["host"], first["commit"]) == ("done", "node7", GIT.commit)


def test_nothing_is_said_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty folder, and conditions that no run meets."""
    Path("runs").mkdir()
    assert printed(capsys, "runs") == "0 runs\n"
    assert printed(capsys, "runs", "--format", "json") == "[]\n"
    assert printed(capsys, "runs", "--format", "markdown") == ""
    recorded(0)
    assert printed(capsys, "runs", "--failed") == "0 of 1 run\n"


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("nowhere",), "nowhere is no folder; name the one that run --record writes to"),
        (("--where", "target_sparstiy=0.4"), "--where target_sparstiy: no run has it; did you mean target_sparsity?"),
        (
            ("--where", "status=faild"),
            "must be one of done, failed, running, died, unknown; did you mean failed?",
        ),
        (("--where", "status!=done,missing"), "status='missing' is not allowed: must be one of done, failed, running"),
        (
            ("--where", "optimizer=adma"),
            "'adma' is not allowed: must be one of adam, adamw; did you mean adam?",
        ),
        (("--where", "optimizer=AdamW"), "did you mean adamw?"),
        (("--where", "task=sqaud"), "--where task='sqaud' is that of no run; did you mean squad?"),
        (("--where", "dataset=sst-2"), "--where dataset='sst-2' is that of no run; did you mean sst2?"),
        (("--where", "seed=x"), "--where seed='x' is not allowed: must be a whole number, "),
        (("--where", "seed==3"), "--where seed='=3' is not allowed: must be a whole number"),
        (("--where", "seed==3"), "did you mean 3?"),
        (("--where", "seed=1-5"), "did you mean 1..5?"),
        (("--where", "seed=1...5"), "did you mean 1..5?"),
        (("--where", "seed=5..1"), "seed='5..1' is not allowed: must be a range such as 1..5"),
        (("--where", "seed=[1,2]"), "did you mean 1,2?"),
        (
            ("--where", "target_sparsity=0,5"),
            "='5' is not allowed: must be a number, 0 <= x < 1; did you mean 0.5?",
        ),
        (("--where", "target_sparsity=40%"), "did you mean 0.4?"),
        (("--where", "outlier_aware=maybe"), "must be true or false"),
        (("--where", "seed<x"), "--where seed='x' is not allowed: must be a number"),
        (
            ("--where", "optimizer>adam"),
            "'adam' is not compared; optimizer is no number: write = or !=",
        ),
        (
            ("--where", "start>2024-05-01"),
            "'2024-05-01' is not compared; write --since 2024-05-01, or --since 2d",
        ),
        (("--where", "start=2024-05-01"), "write --since 2024-05-01"),
        (("--where", "eval_loss=low"), "--where eval_loss='low' is not allowed: must be a number"),
        (("--where", "attempts=two"), "--where attempts='two' is not allowed: must be a number"),
        (("--sort", "-accuracy"), "--sort accuracy: no run has it; did you mean eval_accuracy?"),
        (("--metric", "epochs"), "--metric epochs: no run has it; there is eval_accuracy, eval_loss"),
        (("--group", "x" * 300), "attempts, run, started, took, dataset"),
        (("--group", "x" * 300), " more\n"),
        (("--where", "epochs"), "'epochs' is no condition such as seed=1..3"),
        (("--since", "yesterday"), "'yesterday' must be a time such as 30m"),
        (("--group", "seed", "--html", "runs.html"), "--group folds rows of a table"),
        (("--status", "failed"), "--status is no option: write --where status=..."),
        (("--learning-rate", "1"), "--learning-rate is no option: write --where learning_rate=..."),
        (("--colour",), "No such option"),
        (
            ("--sort", "x" * 300),
            "target_sparsity, max_rank, eval_accuracy, eval_loss, status",
        ),
    ],
    ids=lambda value: "" if isinstance(value, str) else " ".join(value)[:30],
)
def test_a_wrong_command_line_is_2(argv: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence says what is wrong and what to write."""
    ten_runs()

    assert main(["runs", *argv]) == 2
    assert words in capsys.readouterr().err


def test_without_any_run_every_name_may_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody knows then which there are."""
    Path("runs").mkdir()

    assert printed(capsys, "runs", "--where", "anything=1", "--metric", "any") == "0 runs\n"


def test_a_damaged_record_is_told_beside_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr; the exit status is that of the rest."""
    recorded(0)
    Path("runs/x").mkdir()
    Path("runs/x/run.json").write_text("{")
    assert main(["runs"]) == 0
    out, err = capsys.readouterr()

    assert out.startswith("1 run: 1 done\n")
    assert err == "apt-settings: runs/x/run.json is not a record: it is not JSON\n"


def test_hostile_records_reach_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Escape sequences in values, names and metrics are shown as they are written."""
    recorded(0, '{"\\u001b[31mred": 1}', output_dir="a")
    recorded(1, output_dir="b")
    path = Path("runs/0/run.json")
    path.write_text(path.read_text().replace('"value": "a"', '"value": "\\u001b]0;x\\u0007"'))

    out = printed(capsys, "runs", "--metric", "\x1b[31mred")
    assert r"\x1b]0;x\x07" in out
    assert "\x1b" not in out + printed(capsys, "runs", "--format", "markdown")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (0.4, "0s"), (59.9, "59s"), (185, "3m05s"), (3720, "1h02m"), (183_600, "2d03h")],
)
def test_durations(seconds: float | None, text: str) -> None:
    """Two units at most."""
    assert duration(seconds) == text


@pytest.mark.large
def test_many_runs_are_read_in_memory_that_hardly_grows() -> None:
    """What they share is kept once."""
    import tracemalloc

    recorded(0, seed=1)
    text = Path("runs/0/run.json").read_bytes()
    for number in range(1, 200):
        Path("runs", str(number)).mkdir()
        Path("runs", str(number), "run.json").write_bytes(text)
    tracemalloc.start()
    runs = list(past_runs([Path("runs")], print))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(runs) == 200
    assert kept < len(text) * 200
    assert len({id(given) for run in runs for given in run.settings.values()}) <= len(runs[0].settings)
    assert len(table(runs, Choice(), Context.of(runs)).rows) == 200
