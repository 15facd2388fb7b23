"""Two sides of a job: what differs, where it came from, and why."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.shell_completion import ShellComplete

from apt_settings import load
from apt_settings.cli import commands, main
from apt_settings.facts.release import scripts
from apt_settings.report.diff import Comparison, reference, tables
from apt_settings.runs.store import record_of, write
from apt_settings.tasks import TASKS

BOTH = ("epochs", "distill_epochs", "salience_momentum", "outlier_aware", "optimizer", "weight_decay")


def differences(capsys: pytest.CaptureFixture[str], *argv: str, status: int = 1) -> list[dict[str, Any]]:
    """What `diff --format json` finds."""
    assert main(["diff", *argv, "--format", "json"]) == status
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["differences"]
    return found


T5 = "google/t5-base-lm-adapt"


def test_paper_and_release_differ_in_all_that_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    """Every difference of value that is known for a script is found, with these values, and no other."""
    small, t5, xl = "glue_small", "google/t5-base-lm-adapt", "google/t5-xl-lm-adapt"
    found = {
        (each["task"], each["dataset"], each["architecture"], each["setting"]): (
            each["one"]["value"],
            each["other"]["value"],
        )
        for each in differences(capsys, "paper", "release", "--all-tasks")
    }
    everywhere = {"salience_momentum": (0.9, 0.85), "optimizer": ("adam", "adamw")}
    not_llama = {"outlier_aware": (True, False), "weight_decay": (0.0, 0.1)}
    expected: dict[tuple[str, str, str, str], tuple[object, object]] = {}
    for dataset, architecture in scripts():
        task = next(name for name, datasets in DATASETS.items() if dataset in datasets)
        own = everywhere | ({} if task == "alpaca" else not_llama)
        own |= {"epochs": (40, 120), "distill_epochs": (20, 96)} if task == small else {}
        own |= {"learning_rate": (2e-4, 1e-3)} if "t5" in architecture and task == "glue_big" else {}
        expected |= {(task, dataset, architecture, name): values for name, values in own.items()}
    llama_7b, llama_13b = ("alpaca", "alpaca_gpt4", "meta-llama/Llama-2-7b-hf"), ("alpaca", "alpaca_gpt4", LLAMA_13B)
    expected |= {
        ("cnn_dm", "cnndm", t5, "epochs"): (16, 12),
        ("glue_big", "sst2", t5, "target_sparsity"): (0.6, 0.4),
        ("glue_big", "sst2", xl, "target_sparsity"): (0.6, 0.92),
        ("glue_big", "sst2", xl, "initial_sparsity"): (0.0, 0.5),
        ("glue_big", "sst2", xl, "precision"): ("tf32", "bf16"),
        ("glue_big", "sst2", xl, "seed"): (128, 42),
        ("glue_big", "mnli", "roberta-base", "distill_layer_weight"): (0.9, 0.5),
        ("glue_big", "mnli", "roberta-base", "distill_prediction_weight"): (0.1, 0.5),
        ("squad", "squad", "bert-base-uncased", "precision"): ("fp32", "tf32"),
        ("squad", "squad_v2", "roberta-base", "precision"): ("fp32", "tf32"),
        (*llama_7b, "initial_sparsity"): (0.3, 0.0),
        (*llama_13b, "target_sparsity"): (0.3, 0.5),
        (*llama_13b, "initial_sparsity"): (0.3, 0.25),
        **{(*llama, "distill_epochs"): (None, 10) for llama in (llama_7b, llama_13b)},
        **{(*llama, "per_device_batch_size"): (None, 4) for llama in (llama_7b, llama_13b)},
    }

    assert expected == found


LLAMA_13B = "meta-llama/Llama-2-13b-hf"
DATASETS = {
    "glue_small": ("mrpc", "cola", "rte", "stsb"),
    "glue_big": ("mnli", "sst2", "qnli", "qqp"),
    "squad": ("squad_v2", "squad"),
    "cnn_dm": ("cnndm",),
    "alpaca": ("alpaca_gpt4",),
}


def test_every_difference_has_both_origins_and_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    """A default is cited, a value of the release has its line, and each says why they differ."""
    for each in differences(capsys, "paper", "release", "--all-tasks"):
        assert each["one"]["origin"].startswith(("paper, ", "design, ", "release, "))
        assert each["other"]["origin"].startswith("release ") or each["setting"] == "initial_sparsity"
        assert len(each["note"]) > 20 or each["setting"] == "initial_sparsity"


def test_a_reference_is_that_of_the_other_sides_job(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`now` chooses task, dataset and architecture; what it sets is told with its variable."""
    monkeypatch.setenv("APT_TASK", "mnli")
    monkeypatch.setenv("APT_ARCHITECTURE", "google/t5-base-lm-adapt")
    monkeypatch.setenv("APT_WEIGHT_DECAY", "0.2")
    (only,) = differences(capsys, "paper", "now")
    release = {each["setting"]: each for each in differences(capsys, "now", "release")}

    assert (only["dataset"], only["setting"]) == ("mnli", "weight_decay")
    assert only["other"] == {"value": 0.2, "origin": "environment APT_WEIGHT_DECAY"}
    assert only["note"] == ""
    assert release["learning_rate"]["other"]["value"] == 1e-3
    assert release["weight_decay"]["one"]["value"] == 0.2


def test_files_and_records_are_sides(
    capsys: pytest.CaptureFixture[str], write_env: Callable[..., Path], tmp_path: Path
) -> None:
    """A `.env` is read alone, a record is replayed, and a folder stands for the record in it."""
    path = write_env("APT_TASK=squad\nAPT_EPOCHS=30\n", "job.env")
    (tmp_path / "run").mkdir()
    write(tmp_path / "run", record_of(load({}, None, task="squad", epochs=20)))
    from_file, from_folder = (
        differences(capsys, str(path), str(tmp_path / "run" / "run.json")),
        differences(capsys, str(path), str(tmp_path / "run")),
    )
    (only,) = from_file

    assert [each["one"]["value"] for each in from_folder] == [30]
    assert only["one"] == {"value": 30, "origin": f"{path}:2"}
    assert only["other"]["value"] == 20
    assert only["other"]["origin"] == "argument epochs"


def test_the_same_is_0_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Equal sides end with 0, whatever form is asked for."""
    assert differences(capsys, "paper", "now", status=0) == []
    assert main(["diff", "paper", "now"]) == 0
    assert capsys.readouterr().out == "glue_big: roberta-base on sst2\nnothing differs\n"
    assert main(["diff", "paper", "now", "--format", "markdown"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["papr", "release"], "papr is no file; did you mean paper?"),
        (["now", "missing.env"], "missing.env is no file; write paper, release, now or the path of a file"),
        (["paper", "release", "--all-tasks", "--task", "squad"], "--all-tasks chooses task itself"),
        (["paper", "release", "--all-tasks", "--set", "dataset=mrpc"], "--all-tasks chooses dataset itself"),
        (
            ["paper", "release", "--set", "architecture=t5-base"],
            "diff reference='release' has no script for t5-base",
        ),
        (["paper", "release", "--set", "epochs=4"], "paper and release decide epochs: --set epochs has no effect"),
        (["now", "release", "--set", "epochs=ten"], "--set epochs='ten' is not allowed"),
        (["paper", "good.env", "--env-file", "good.env"], "--env-file has no effect: only now reads it"),
        (["run", "paper", "--all-tasks"], "run is a record, and a record has its own task"),
        (["paper", "run", "--task", "squad"], "run is a record, and a record has its own task"),
        (["paper", "."], "has no run.json; the latest in a folder of it is"),
        (["paper", "bad.env"], "bad.env:1 APT_LR is not a setting"),
        (["paper", "bad.json"], "bad.json is not a record"),
        (["paper"], "Missing argument 'B'"),
        (["run", "run", "now"], "now: more than two sides are records, compared as they are"),
        (["run", "run", "run", "--set", "epochs=3"], "--set: more than two sides are records"),
        (["run"] * 27, "27 records are more than 26: apt-settings runs lists many"),
        (["run", "edited"], "edited was changed after it was written"),
    ],
)
def test_trouble_is_2(
    argv: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    write_env: Callable[..., Path],
    tmp_path: Path,
) -> None:
    """What cannot be compared is told on stderr, in one place, and nothing is printed."""
    write_env("APT_LR=1\n", "bad.env")
    write_env("{}", "bad.json")
    write_env("APT_EPOCHS=90\n", "good.env")
    for folder in ("run", "edited"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder, record_of(load({}, None, task="squad")))
    edited = tmp_path / "edited" / "run.json"
    edited.write_text(edited.read_text().replace('"value": 40', '"value": 41'))
    assert main(["diff", *argv]) == 2
    out, err = capsys.readouterr()

    assert out == ""
    assert words in re.sub(r"\s+", " ", err)
    assert "Traceback" not in err


def test_set_is_for_the_side_that_is_no_reference(capsys: pytest.CaptureFixture[str]) -> None:
    """An override is told as one; what names the job chooses it on both sides."""
    found = differences(capsys, "now", "release", "--task", "mrpc", "--set", "epochs=100")
    epochs = found[0]

    assert tuple(each["setting"] for each in found) == BOTH
    assert {each["dataset"] for each in found} == {"mrpc"}
    assert (epochs["one"], epochs["other"]["value"]) == ({"value": 100, "origin": "--set epochs"}, 120)


def test_between_references_the_environment_chooses_the_job(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the shell of a job, paper and release are those of that job."""
    monkeypatch.setenv("APT_TASK", "mrpc")

    assert [each["dataset"] for each in differences(capsys, "paper", "release")] == ["mrpc"] * len(BOTH)


def test_the_papers_own_word_is_the_papers_side(capsys: pytest.CaptureFixture[str]) -> None:
    """Where a default is not what the paper states, the side `paper` has what it states."""
    found = {each["setting"]: each["one"] for each in differences(capsys, "paper", "now", "--task", "alpaca")}
    stated = {"value": 0.3, "origin": "paper, Tables 3, 9"}

    assert {"target_sparsity": stated, "initial_sparsity": stated} == found


def test_a_pipe_is_read_once() -> None:
    """`diff now <(...)` compares what comes through the pipe."""
    command = ["bash", "-c", f"{sys.executable} -m apt_settings diff now <(echo APT_EPOCHS=90)"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (1, "")
    assert "90" in done.stdout


def test_two_jobs_are_both_named() -> None:
    """Where the sides train different things, the title says so, and the notes of both are told."""
    sides = [reference("release", {"task": "sst2", "architecture": name}) for name in ("roberta-base", T5)]
    (table,) = tables([Comparison(sides[0], sides[1])])

    assert table.title == f"glue_big: roberta-base on sst2 against glue_big: {T5} on sst2"
    assert next(row.note for row in table.rows if row.setting == "learning_rate").startswith("the release trains T5")
    assert table.used_differently == []


def test_what_is_equal_and_means_something_else_is_named() -> None:
    """Alpaca's epochs are 15 on both sides, and fewer passes in the release."""
    sides = [reference(word, {"task": "alpaca"}) for word in ("paper", "release")]
    (table,) = tables([Comparison(sides[0], sides[1])])

    assert {"epochs", "batch_size", "warmup_ratio"} <= set(table.used_differently)
    assert "seed" not in table.used_differently


def test_the_table_and_its_notes(capsys: pytest.CaptureFixture[str], golden: Callable[[str, str], None]) -> None:
    """Tasks in order; datasets and architectures that differ alike share a row; each note stands once."""
    assert main(["diff", "paper", "release", "--all-tasks"]) == 1
    golden("diff.txt", capsys.readouterr().out)


def test_markdown_is_for_a_page(capsys: pytest.CaptureFixture[str], golden: Callable[[str, str], None]) -> None:
    """A section with a table for each task."""
    assert main(["diff", "paper", "release", "--task", "mrpc", "--format", "markdown"]) == 1
    golden("diff.md", capsys.readouterr().out)


def test_rows_of_several_jobs_are_one_where_they_are_alike() -> None:
    """A row is on all jobs, or names those that it is on; several lines of the release are counted."""
    jobs = [{"task": "glue_small", "dataset": dataset} for dataset in ("mrpc", "cola")]
    alike = [Comparison(reference("paper", job), reference("release", job)) for job in jobs]
    unlike = Comparison(load({}, None, task="rte"), load({}, None, task="rte", epochs=90))
    (table,) = tables([*alike, unlike])
    rows = {(row.setting, row.other.split()[0]): row for row in table.rows}

    assert table.title == "glue_small: roberta-base on mrpc, cola, rte"
    assert rows["epochs", "120"].on == "roberta-base on mrpc, cola"
    assert rows["epochs", "120"].other.endswith("mrpc_momentum.sh:59 and 1 more)")
    assert rows["epochs", "90"].on == "roberta-base on rte"


@pytest.fixture
def own_records(project_classes: str) -> None:
    """Records of a project's group, and of its task, which nobody names now; and a `.env` of the task."""
    for name, values in {
        "group": {"APT_TASK": "squad", "APT_TARGET_SPARSITY": "0.6", "APT_EVAL_EVERY": "7"},
        "task": {"APT_TASK": "gsm8k", "APT_ANSWER_TOKENS": "128"},
    }.items():
        Path(name).mkdir()
        write(Path(name), record_of(load(values, None, extend=project_classes)))
    Path("task.env").write_text("APT_TASK=gsm8k\n")


@pytest.mark.usefixtures("own_records")
@pytest.mark.parametrize("other", ["now", "paper", "release"])
def test_what_a_record_has_of_a_class_that_is_not_named_here_differs(
    other: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In either order; a note says that it was not judged, and what to write. With the class, it is judged."""
    monkeypatch.setenv("APT_TASK", "squad")
    for sides in (("group", other), (other, "group")):
        found = {each["setting"]: each for each in differences(capsys, *sides)}
        one, two = ("one", "other") if sides[0] == "group" else ("other", "one")
        assert found["eval_every"][one] == {"value": 7, "origin": "environment APT_EVAL_EVERY"}
        assert found["eval_every"][two] is None
        main(["diff", *sides])
        out = capsys.readouterr().out
        assert re.search(r"eval_every +(no setting +)?7 \(environment APT_EVAL_EVERY\)", out)
        assert "note: not judged here, as nobody names project_classes:Group: eval_every, metric, tags, words" in out
        assert out.endswith("export APT_EXTEND=project_classes:Group\n")
        assert main(["diff", *sides, "--format", "markdown"]) == 1
        out, err = capsys.readouterr()
        assert "| eval_every |" in out
        assert "nobody names project_classes:Group" in err
    assert main(["diff", "group", "now", "--extend", "project_classes:Group"]) == 1
    assert "not judged" not in capsys.readouterr().out


@pytest.mark.usefixtures("own_records")
@pytest.mark.parametrize(
    ("sides", "extend", "status", "words"),
    [
        (("task", "now"), True, 1, r"answer_tokens +128 \(environment APT_ANSWER_TOKENS\) +no setting"),
        (("now", "task"), True, 1, r"answer_tokens +no setting +128 \(environment APT_ANSWER_TOKENS\)"),
        (("task.env", "now"), True, 1, r"third +3 \(class default\) +no setting|third +made from"),
        (("now", "task.env"), True, 1, r"answer_tokens +no setting +256 \(class default\)"),
        (("task", "task.env"), True, 1, r"answer_tokens +128 .* +256"),
        (("task", "task.env"), False, 2, "task is of a task 'gsm8k', which nobody names here; export APT_EXTEND="),
        (("now", "task"), False, 2, "task is of a task 'gsm8k', which nobody names here; export APT_EXTEND="),
        (("task", "group"), False, 1, r"answer_tokens +128 \(environment APT_ANSWER_TOKENS\) +no setting"),
    ],
)
def test_sides_of_two_tasks_have_settings_of_their_own(
    sides: tuple[str, str],
    extend: bool,
    status: int,
    words: str,
    capsys: pytest.CaptureFixture[str],
    project_classes: str,
) -> None:
    """What only one of them has is no setting of the other; a task whose class nobody names is one error."""
    argv = [*sides, "--extend", project_classes] if extend else sides
    assert main(["diff", *argv]) == status

    assert re.search(words, " ".join(capsys.readouterr()))


def test_every_task_of_the_paper_is_compared(capsys: pytest.CaptureFixture[str]) -> None:
    """With what is set here, too; the task custom needs a dataset, and is none of the paper's."""
    found = differences(capsys, "now", "release", "--all-tasks", "--set", "seed=3")

    assert list(dict.fromkeys(each["task"] for each in found)) == list(DATASETS)


def test_a_note_is_on_the_release_only() -> None:
    """What the environment changes needs no explanation."""
    both = Comparison(load({}, None, weight_decay=0.3), load({}, None))

    assert [(each.setting, each.note) for each in both.differences] == [("weight_decay", "")]


def test_a_side_is_completed(capsys: pytest.CaptureFixture[str]) -> None:
    """A TAB offers the words, and show says where the release has no script."""
    completion = ShellComplete(commands, {}, "apt-settings", "_APT_SETTINGS_COMPLETE")
    without = ((data, each) for task in TASKS.values() for data in task.datasets for each in task.architectures)
    data, model = next(pair for pair in without if pair not in scripts())
    main(["show", "--task", data, "--set", f"architecture={model}", "--set", f"dataset={data}"])

    assert [item.value for item in completion.get_completions(["diff"], "p")] == ["paper"]
    assert f"the release has no script for {model} on {data}" in " ".join(capsys.readouterr().out.split())
