"""Looking back: which runs there are, how each has ended, and what came out of it."""

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from past_runs import done, keep
from support import start_command, started

from apt_settings.runs.conditions import Condition, moment
from apt_settings.runs.history import PastRun, past_runs
from apt_settings.runs.metrics import NONE, results_of
from apt_settings.runs.status import status_of
from apt_settings.sources.record import Repository, Run

HERE = os.uname().nodename
DONE: dict[str, Any] = {"end": "2024-05-01T11:00:00+00:00", "seconds": 3600.0, "exit_status": 0}


def begun(**changes: Any) -> Run:
    """A run that began on this host and has no end."""
    git = Repository(commit="a" * 40, dirty=True)
    return done(**{"host": HERE, "git": git, "end": None, "seconds": None, "exit_status": None, **changes})


def found(*folders: str) -> tuple[list[PastRun], list[str]]:
    """The runs below these folders, and what is told."""
    told: list[str] = []
    return list(past_runs(map(Path, folders or ("runs",)), told.append)), told


def test_a_run_is_what_its_record_says() -> None:
    """Task, fingerprint, settings with who set them, the last attempt, and how often it was started."""
    keep("a", begun(), begun(start="2024-05-02T10:00:00+00:00", **DONE), epochs=30)
    ((run,), told) = found()

    assert told == []
    assert (run.task, run.status, run.ended, run.attempts, run.seconds) == ("squad", "done", "done", 2, 3600.0)
    assert run.settings["epochs"][:2] == (30, "environment APT_EPOCHS")
    assert (run.settings["epochs"].is_set, run.settings["seed"].is_set) == (True, False)
    assert (run.start, run.commit) == (datetime(2024, 5, 2, 10, tzinfo=UTC), "aaaaaaa*")


PEER: dict[str, Any] = {"rank": "1", "host": HERE, "attempt": 1, "start": "2024-05-01T10:00:00+00:00"}


@pytest.mark.parametrize(
    ("run", "peers", "ended"),
    [
        (begun(**DONE), [PEER | DONE], "done"),
        (begun(**DONE), [PEER | DONE | {"exit_status": 3}], "done, process 1 failed with 3"),
        (begun(**DONE), [PEER], "done, process 1 has no end"),
        (begun(host="elsewhere"), [PEER], "unknown"),
        (
            begun(**DONE | {"exit_status": 143, "signal": "SIGTERM"}),
            [PEER | DONE | {"rank": rank, "exit_status": 137, "signal": "SIGKILL"} for rank in ("10", "9", "2-1")],
            "failed by SIGTERM, process 2-1 failed by SIGKILL and 2 more",
        ),
        (begun(**DONE), [PEER | {"attempt": 2}], "done"),
        (begun(**DONE), [{"rank": "1"}], "done"),
    ],
    ids=["alike", "failed", "no end", "running", "several", "of another attempt", "damaged"],
)
def test_other_processes_that_ended_otherwise_are_told(run: Run, peers: list[dict[str, Any]], ended: str) -> None:
    """Those of the last attempt, the first by its rank; what anybody may have written there stops nothing."""
    folder = keep("a", run)
    for peer in peers:
        (folder / f"node-{peer['rank']}.json").write_text(json.dumps(peer))
    (folder / "node-7.json").symlink_to("/dev/zero")

    assert [each.ended for each in found()[0]] == [ended]


@pytest.mark.parametrize(
    ("run", "status"),
    [
        (begun(**DONE), "done"),
        (begun(**DONE | {"exit_status": 3}), "failed with 3"),
        (begun(**DONE | {"exit_status": 137, "signal": "SIGKILL"}), "failed by SIGKILL"),
        (begun(), "died"),
        (begun(host="elsewhere"), "unknown"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_how_a_run_has_ended(run: Run, status: str) -> None:
    """By its record; without an end it has died where nothing on its own host holds its folder."""
    keep("a", run)

    assert [each.ended for each in found()[0]] == [status]


@pytest.mark.parametrize("host", [HERE, "elsewhere"])
def test_what_holds_its_folder_runs(host: str) -> None:
    """Also on another host, where the lock of a shared folder is seen; and it has run until now."""
    folder = keep("a", begun(host=host, start=datetime.now(UTC).isoformat()))
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    ((run,), _) = found()
    os.close(descriptor)

    assert run.status == "running"
    assert run.seconds is not None
    assert found()[0][0].status == ("died" if host == HERE else "unknown")


def test_a_record_without_a_run_and_a_folder_that_is_gone_are_unknown(tmp_path: Path) -> None:
    """Nothing says how it ended."""
    keep("a")

    assert [(run.status, run.start, run.commit, run.attempts) for run in found()[0]] == [("unknown", None, "", 0)]
    assert status_of(tmp_path / "none", begun()) == "unknown"


def test_a_file_system_without_locks_leaves_it_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows there whether something holds the folder."""

    def refuse(_descriptor: int, _how: int) -> None:
        raise OSError(38, "Function not implemented")

    keep("a", begun())
    monkeypatch.setattr(fcntl, "flock", refuse)

    assert [run.status for run in found()[0]] == ["unknown"]


def start(*command: str) -> subprocess.Popen[str]:
    """A process in a group of its own that has written a line."""
    process = start_command(*command, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("begun")
    return process


def wait_until_free(folder: Path) -> None:
    """Wait until nothing holds a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.close(descriptor)


def test_real_runs_are_told_apart() -> None:
    """One that ended well, one that failed, one whose watcher was killed with it, one that runs: all of `run`."""
    run = ("run", "--task", "squad", "--quiet", "--record", "runs", "--")
    for script in ("exit 0", "exit 3"):
        started(*run, "sh", "-c", script)
    waiting = [start(*run, "sh", "-c", f"echo begun {name}; exec sleep 60") for name in ("killed", "alive")]
    try:
        folder = next(each.folder for each in found()[0] if each.run and "killed" in each.run.command[-1])
        os.killpg(waiting[0].pid, signal.SIGKILL)
        wait_until_free(folder)
        ended = sorted(each.ended for each in found()[0])
    finally:
        for process in waiting:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()

    assert ended == ["died", "done", "failed with 3", "running"]


def test_what_is_no_record_is_one_line_and_the_rest_is_shown() -> None:
    """Damaged, of others, of the future, changed by hand, a fifo: each is told with its path."""
    good = keep("good", begun(**DONE))
    content = json.loads((good / "run.json").read_text())
    others = {
        "damaged": (good / "run.json").read_text()[:500],
        "foreign": '{"name": "another tool"}',
        "future": json.dumps(content | {"format": 2}),
        "edited": json.dumps(content | {"fingerprint": "apt1-0000000000000000"}),
    }
    for name, text in others.items():
        Path("runs", name).mkdir()
        Path("runs", name, "run.json").write_text(text)
    Path("runs", "fifo").mkdir()
    os.mkfifo("runs/fifo/run.json")
    runs, told = found()

    assert [run.folder for run in runs] == [good]
    assert [line.partition("/run.json ")[0] for line in told] == [f"runs/{name}" for name in sorted([*others, "fifo"])]
    assert [words in line for words, line in zip(("not JSON", "changed", "not a file", "", "newer"), told, strict=True)]
    assert "another tool" not in "".join(told)


@pytest.mark.parametrize(
    "changes",
    [
        {"start": "yesterday"},
        {"start": "2024-05-01T10:00:00"},
        {"start": "0001-01-01T00:00:00+14:00"},
        {"end": "\x1b[31m", "exit_status": 0},
        {**DONE, "seconds": float("inf")},
        {**DONE, "seconds": float("nan")},
    ],
)
def test_times_that_are_none_make_no_record(changes: dict[str, Any]) -> None:
    """A record is a file that anybody may have written."""
    keep("a", begun(**changes))
    runs, told = found()

    assert runs == []
    assert [line.partition(": ")[0] for line in told] == ["runs/a/run.json is not a record"]
    assert told[0].isprintable()


def test_no_link_is_followed(tmp_path: Path) -> None:
    """Neither to a folder nor to a record, which is told; a hidden folder is left alone; each record counts once."""
    keep("a", begun(**DONE))
    keep("group/b", begun(**DONE))
    keep(".hidden/c", begun(**DONE))
    outside = tmp_path / "outside"
    outside.mkdir()
    Path("runs/a/run.json").replace(outside / "run.json")
    Path("runs/a/run.json").symlink_to(outside / "run.json")
    Path("runs/latest").symlink_to("group/b")
    Path("runs/out").symlink_to(outside)
    runs, told = found("runs", "runs/group", "runs/group/b/run.json")

    assert [str(run.folder) for run in runs] == ["runs/group/b"]
    assert told == ["runs/a/run.json is a link, and is not followed"]


def test_a_folder_with_a_record_is_not_searched_but_for_the_one_that_is_named() -> None:
    """Checkpoints may be below a record; the named folder may have a record and runs."""
    keep("", begun(**DONE))
    keep("a", begun(**DONE))
    keep("a/checkpoint", begun(**DONE))

    assert [str(run.folder) for run in found()[0]] == ["runs", "runs/a"]


def test_a_folder_that_cannot_be_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the others are searched."""
    keep("a", begun(**DONE))
    keep("b", begun(**DONE))
    scan = os.scandir

    def refuse(folder: Path) -> Any:
        if folder.name == "a":
            raise PermissionError(13, "Permission denied")
        return scan(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    runs, told = found()

    assert [str(run.folder) for run in runs] == ["runs/b"]
    assert told == ["runs/a cannot be read: Permission denied"]


def test_numbers_beside_the_record_are_its_metrics() -> None:
    """A flat metrics.json; a NaN is a number."""
    (keep("a", begun(**DONE)) / "metrics.json").write_text('{"eval_accuracy": 0.5, "steps": 7, "loss": NaN}')

    assert [(run.metrics["eval_accuracy"], run.metrics["steps"]) for run in found()[0]] == [(0.5, 7)]


@pytest.mark.parametrize("text", ["[1]", "1", "null", "{", "[" * 100_000])
def test_what_is_no_json_object_is_one_line(text: str) -> None:
    """And the run is shown without metrics."""
    (keep("a", begun(**DONE)) / "metrics.json").write_text(text)
    ((run,), told) = found()

    assert run.metrics == {}
    assert told == ['runs/a/metrics.json is no JSON object of numbers; write {"eval_accuracy": 0.91}']


def test_what_is_no_number_is_left_out_and_told_once() -> None:
    """A text, an object, true, more than a float can hold: each by its name, in one line with the first run of them."""
    for name, text in (
        ("a", '{"acc": 0.9, "name": "x", "by_class": {"b": 1}}'),
        ("b", '{"acc": 0.8, "name": "y", "best": true, "huge": 1' + "0" * 400 + "}"),
    ):
        (keep(name, begun(**DONE)) / "metrics.json").write_text(text)
    runs, told = found()

    assert [run.metrics for run in runs] == [{"acc": 0.9}, {"acc": 0.8}]
    assert told == ["name, by_class, best, huge are no numbers, and are left out of the results, as in runs/a"]


def test_the_names_of_what_is_no_number_are_listed_up_to_ten() -> None:
    """And escaped; of one of them the sentence is about one."""
    folder = keep("a", begun(**DONE))
    (folder / "metrics.json").write_text('{"\\u001b[31m": null}')
    one = found()[1]
    (folder / "metrics.json").write_text(json.dumps({f"k{number}": [] for number in range(12)}))

    assert one == [r"'\x1b[31m' is no number, and is left out of the results, as in runs/a"]
    assert found()[1][0].partition(" are ")[0].endswith("k8, k9 and 2 more")


@pytest.mark.parametrize("last", [{"exit_status": 1}, {"end": None, "seconds": None, "exit_status": None}])
def test_the_numbers_of_an_earlier_attempt_are_not_those_of_the_last(last: dict[str, Any]) -> None:
    """One that failed or still runs shows what it has written itself, beside its record or in output_dir."""
    first = begun(**DONE)
    again = begun(start="2024-05-01T11:00:05+00:00", **{**DONE, "end": "2024-05-01T11:00:09+00:00", **last})
    folder = keep("a", first, again, output_dir="out")
    Path("out").mkdir()
    for file in (folder / "metrics.json", Path("out/all_results.json")):
        file.write_text('{"acc": 0.9}')
        os.utime(file, (datetime(2024, 5, 1, 11, tzinfo=UTC).timestamp(),) * 2)
        assert [run.metrics for run in found()[0]] == [{}]
        os.utime(file, (datetime(2024, 5, 1, 11, 0, 8, tzinfo=UTC).timestamp(),) * 2)
        assert [run.metrics for run in found()[0]] == [{"acc": 0.9}]
        file.unlink()


def test_a_file_of_metrics_that_is_too_large_is_one_line() -> None:
    """What is read has an end."""
    (keep("a", begun(**DONE)) / "metrics.json").write_bytes(b" " * (1 << 20) + b"{}")

    assert found()[1] == ["runs/a/metrics.json cannot be read: larger than 1 MiB, the most that is read"]


@pytest.mark.parametrize("written", ["out", "{task}"])
def test_results_of_transformers_count_where_the_run_wrote_them(written: str, tmp_path: Path) -> None:
    """all_results.json of output_dir, unless it is older than the run, or newer than its end: of another run."""
    results = tmp_path / written.format(task="squad") / "all_results.json"
    results.parent.mkdir()
    results.write_text('{"eval_accuracy": 0.9}')
    keep("a", begun(**DONE), output_dir=tmp_path / written)

    def at(moment: datetime) -> list[dict[str, float]]:
        os.utime(results, (moment.timestamp(), moment.timestamp()))
        return [dict(run.metrics) for run in found()[0]]

    end = datetime(2024, 5, 1, 11, tzinfo=UTC)
    assert at(end + timedelta(hours=1)) == at(end - timedelta(hours=2)) == [{}]
    assert at(end) == [{"eval_accuracy": 0.9}]
    assert results_of(tmp_path, "no\0path", begun()) == results_of(tmp_path, None, begun()) == NONE
    assert results_of(tmp_path, "x" * 10_000, begun()) == NONE
    assert results_of(tmp_path, str(results.parent), begun(**DONE | {"end": "9999-12-31T23:59:59+00:00"})) != NONE
    assert results_of(tmp_path, str(results.parent), begun()).metrics == {"eval_accuracy": 0.9}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("epochs=30", True),
        ("epochs=3e1", True),
        ("epochs=20..40", True),
        ("epochs=1..2", False),
        ("epochs=a..b", False),
        ("epochs=20,30", True),
        ("epochs!=30", False),
        ("epochs<31", True),
        ("epochs<=30", True),
        ("epochs>30", False),
        ("epochs>=30", True),
        ("epochs>high", False),
        ("lr_scheduler=linear", True),
        ("lr_scheduler>linear", False),
        ("outlier_aware=true", True),
        ("prunable_blocks=mha_head,ffn_neuron,hidden_dimension", True),
        ("max_target_length=none", True),
        ("max_target_length>1", False),
        ("status=done", True),
        ("task=squad", True),
        ("task=Squad-V2", True),
        ("task=glue-big,SQUAD", True),
        ("task=sst2", False),
        ("task!=sst2", True),
        ("host!=nowhere", True),
        ("folder=runs/a", True),
        ("commit=aaaaaaa*", True),
        ("fingerprint=apt1-", True),
        ("eval_accuracy>0.4", True),
        ("eval_loss=0.5", False),
        ("eval_loss!=0.5", True),
        ("no_such_name=none", False),
    ],
)
def test_conditions(text: str, holds: bool) -> None:
    """Of settings, metrics and facts: by value, range or one of several; of what is not there only != holds."""
    (keep("a", begun(**DONE), epochs=30) / "metrics.json").write_text('{"eval_accuracy": 0.5, "eval_loss": NaN}')
    condition = Condition.read(text)

    assert condition is not None
    assert [condition.holds(run) for run in found()[0]] == [holds]


@pytest.mark.parametrize("text", ["epochs", "=30", "epochs=", "", "<3"])
def test_what_is_no_condition(text: str) -> None:
    """A name, an operator and a value are needed."""
    assert Condition.read(text) is None


def test_moments() -> None:
    """Before now, or a date here; nothing else."""
    now = datetime(2024, 5, 3, tzinfo=UTC)

    assert moment("2d", now) == datetime(2024, 5, 1, tzinfo=UTC)
    assert moment("2024-05-01T00:00:00+00:00", now) == datetime(2024, 5, 1, tzinfo=UTC)
    assert [moment(text, now) for text in ("2 days", "d", "99999999d", "yesterday", "0001-01-01")] == [None] * 5


def test_runs_without_what_only_linux_has_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows nothing says whether a folder is held."""
    keep("a", begun())
    monkeypatch.setitem(sys.modules, "fcntl", None)

    assert [run.status for run in found()[0]] == ["unknown"]


def test_a_path_that_is_no_path_is_told(write_env: Callable[..., Path]) -> None:
    """A file that is no record, named by itself."""
    path = write_env("APT_EPOCHS=3", "job.env")

    assert found(path.name) == ([], ["job.env is not a record: it is not JSON"])
