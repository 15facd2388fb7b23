"""The task `custom`: any dataset, any model, told as what they are."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from support import printed

from apt_settings import CustomSettings, GlueBigSettings, SettingsError, SettingsWarning, fingerprint, load, schedules
from apt_settings.cli import main
from apt_settings.facts.architectures import ARCHITECTURES_OF
from apt_settings.facts.datasets import DATASETS, DatasetName
from apt_settings.integrations import peft, release, transformers
from apt_settings.plan import architecture_of, divide_batch, plan
from apt_settings.plan.plot import draw
from apt_settings.report.schema import json_schema
from apt_settings.report.tables import as_json, head, lines, notes
from apt_settings.runs.store import record_of
from apt_settings.sources.record import read
from apt_settings.variables import as_shell, variables

JOB = {"APT_TASK": "custom", "APT_DATASET": "my_corpus", "APT_ARCHITECTURE": "Qwen/Qwen2.5-0.5B"}
_ENCODER = {
    "num_attention_heads": 4,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "intermediate_size": 64,
    "vocab_size": 99,
    "max_position_embeddings": 40,
    "type_vocab_size": 1,
}
CONFIGS: dict[str, dict[str, Any]] = {
    "bert": {"model_type": "bert", **_ENCODER},
    "roberta": {"model_type": "roberta", **_ENCODER},
    "t5": {"model_type": "t5", "num_layers": 2, "num_heads": 4, "d_kv": 8, "d_model": 32, "d_ff": 64, "vocab_size": 99},
    "llama": {"model_type": "llama", **_ENCODER},
    "other": {"model_type": "gpt2"},
}


@pytest.fixture(autouse=True)
def models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder with a model of each family, and no other model."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    for name, config in CONFIGS.items():
        Path("models", name).mkdir(parents=True)
        Path("models", name, "config.json").write_text(json.dumps(config))


def of(architecture: str, **values: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SettingsWarning)
        return load({**JOB, "APT_ARCHITECTURE": architecture}, None, **values)


FAMILIES = [f"models/{name}" for name in CONFIGS] + ["not/here"]


def test_any_dataset_and_model_are_told_as_what_they_are() -> None:
    """Two datasets are two experiments, and so are two models."""
    settings = load(JOB)

    assert type(settings) is CustomSettings
    assert (settings.task, settings.dataset, settings.architecture) == ("custom", "my_corpus", "Qwen/Qwen2.5-0.5B")
    assert fingerprint(settings) == "apt1-bf2669dc44f50f43"
    assert len({fingerprint(load(JOB, dataset=name)) for name in ("a", "b", "c/d", "/data/e.csv", "日本")}) == 5


def test_its_defaults_are_those_of_glue_big_and_of_no_paper() -> None:
    """`show`, `explain` and the record say so."""
    settings, glue = load(JOB), GlueBigSettings(_env_file=None)
    own = {"task", "dataset", "architecture", "train_examples"}

    assert settings.model_dump(exclude=own) == glue.model_dump(exclude=own)
    assert str(settings.origin("epochs")) == "class default, of no paper"
    assert str(settings.origin("output_dir")) == "class default"
    assert record_of(settings).settings["epochs"].origin == "class default, of no paper"
    shown = json.loads(as_json(settings, overrides_only=False))["settings"]
    assert shown["epochs"]["citation"] == "design, glue_big's: no paper states it for this dataset"
    assert dict(head(settings))["reference"].startswith("none: the defaults are those of glue_big")
    assert not [name for name, each in shown.items() if (each["citation"] or "").startswith(("paper", "release"))]


@pytest.mark.parametrize("task", DATASETS)
def test_strictness_stays_where_it_was(task: str) -> None:
    """Under the paper's tasks a misspelt dataset or model is an error, whose last word is the way out."""
    with pytest.raises(SettingsError) as caught:
        load({"APT_TASK": task, "APT_DATASET": "mnil", "APT_ARCHITECTURE": "roberta-lage"})

    of_others = {"mnli": "mnli is of the task glue_big;", "roberta-base": "roberta-base is of the tasks glue_small, "}
    for problem, guess in zip(caught.value.problems, of_others, strict=True):
        fits = guess in (*DATASETS[task], *ARCHITECTURES_OF[task])
        assert (f"did you mean {guess}?" if fits else of_others[guess]) in str(problem)
        assert str(problem).endswith(" APT_TASK=custom is for a dataset or model of your own")


@pytest.mark.parametrize("dataset", [*get_args(DatasetName), "MNLI", "squad-v2"])
def test_a_dataset_of_the_paper_is_refused(dataset: str) -> None:
    """It has a task, which is named."""
    with pytest.raises(SettingsError, match=r"must be no dataset of the paper when the task is custom: it is of") as it:
        load({**JOB, "APT_DATASET": dataset})

    name = dataset.lower().replace("-", "_")
    (task,) = [task for task, datasets in DATASETS.items() if name in datasets]
    assert f"it is of {task} (APT_TASK={name} chooses it)" in str(it.value)


@pytest.mark.parametrize("name", ["dataset", "architecture"])
@pytest.mark.parametrize("command", [["show"], ["check"], ["env"], ["run", "--", "true"], ["schema"], ["plan"]])
def test_both_are_required(name: str, command: list[str], capfd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says which is missing, and who wants it."""
    for variable, value in JOB.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv(f"APT_{name.upper()}", "")
    assert main(command) == (1 if command == ["check"] else 78)
    told = " ".join(capfd.readouterr())

    assert f"APT_{name.upper()} is not set and has no default; the task custom requires it" in told


def test_examples_are_counted_by_whoever_knows(capsys: Any) -> None:
    """The dataset of the paper, or the user; the number is no part of the experiment."""
    assert load({"APT_TASK": "mnli"}).train_examples == 392_702
    assert load(JOB).train_examples is None
    with pytest.raises(SettingsError, match=r"APT_TRAIN_EXAMPLES is not set, and nothing says how many examples my_co"):
        plan(load(JOB))

    counted = of("models/bert", train_examples=320)
    assert (plan(counted).examples, plan(counted).total_steps) == (320, 10 * 40)
    assert fingerprint(counted) == fingerprint(of("models/bert"))
    assert "examples      131,754 (--examples)" in printed(capsys, "plan", "--task=squad", "--examples", "131754")
    assert "130,319\n" in printed(capsys, "plan", "--task=squad")
    assert main(["plan", "--task=squad", "--examples", "0"]) == 78
    assert "--examples='0' is not allowed: must be a whole number, 1 <= x" in capsys.readouterr().err
    assert main(["plan", "--task=squad", "--examples=1", "--set=train_examples=2"]) == 2


def test_a_known_number_follows_the_dataset() -> None:
    """Also where a record, a copy or another shell changes the dataset."""
    record = record_of(load({"APT_TASK": "sst2"}))
    Path("run.json").write_text(record.model_dump_json())
    replayed = load({}, record="run.json", dataset="mnli")

    assert (replayed.train_examples, replayed.origin("train_examples").kind) == (392_702, "class default")
    assert load({"APT_TASK": "sst2"}).model_copy(update={"dataset": "qqp"}).train_examples == 363_846
    assert load({**variables(load({"APT_TASK": "sst2"})), "APT_DATASET": "mnli"}).train_examples == 392_702


def test_a_target_may_have_a_length() -> None:
    """Whether a model writes text is not ours to say."""
    assert load(JOB, max_target_length=64).max_target_length == 64


COMMANDS = [
    ["show"],
    ["show", "--format", "json"],
    ["explain", "dataset"],
    ["explain", "train_examples"],
    ["check"],
    ["schema"],
    ["env"],
    ["diff", "paper", "now"],
    ["diff", "paper", "release"],
    ["diff", "now", "release"],
    ["plan"],
    ["plan", "--set", "train_examples=5000", "--devices", "2"],
    ["plan", "--set", "train_examples=5000", "--format", "json"],
    ["release-args"],
    ["sweep", "--grid", "dataset=a,b", "--grid", "architecture=models/t5,models/bert"],
    ["sweep", "--grid", "task=custom,glue_big"],
    ["job", "slurm", "--", "true"],
    ["job", "kubernetes", "--image", "x", "--", "true"],
    ["job", "docker", "--image", "x", "--", "true"],
    ["run", "--grid", "dataset=a,mnli", "--index", "1", "--", "true"],
]


@pytest.mark.parametrize("architecture", FAMILIES)
@pytest.mark.parametrize("argv", COMMANDS, ids=" ".join)
def test_every_command_answers(argv: list[str], architecture: str, monkeypatch: Any, capfd: Any) -> None:
    """With an answer, or with one sentence that says what is wrong."""
    for variable, value in {**JOB, "APT_ARCHITECTURE": architecture}.items():
        monkeypatch.setenv(variable, value)
    status = main(argv)
    out, err = capfd.readouterr()

    assert status in (0, 1, 2, 78)
    assert "Traceback" not in out + err
    assert out if status in (0, 1) else 1 < len(err.splitlines()) < 5


ANSWERS: dict[str, Callable[[Any], object]] = {
    "plan": plan,
    "draw": lambda settings: draw(plan(settings), Path("plan.svg")),
    "architecture_of": architecture_of,
    "divide_batch": lambda settings: divide_batch(settings, 2),
    "lora": peft.keywords,
    "arguments": transformers.keywords,
    "release": release.arguments,
    "variables": lambda settings: as_shell(variables(settings)),
    "record": record_of,
    "schema": json_schema,
    "lines": lambda settings: lines(settings, overrides_only=False),
    "notes": notes,
    "sparsity": lambda settings: schedules.sparsity(settings, 100)(200),
    "rate": lambda settings: schedules.learning_rate(settings, 100)(20),
}


@pytest.mark.parametrize("architecture", FAMILIES)
@pytest.mark.parametrize("name", ANSWERS)
def test_every_function_answers(name: str, architecture: str) -> None:
    """With a value, or a SettingsError of one line."""
    told = ["an answer"]
    try:
        ANSWERS[name](of(architecture, train_examples=5000))
    except SettingsError as error:
        told = str(error).splitlines()[1:]

    assert len(told) == 1


@pytest.mark.parametrize(
    ("architecture", "task_type"),
    [
        ("models/bert", "SEQ_CLS"),
        ("models/roberta", "SEQ_CLS"),
        ("models/t5", "SEQ_2_SEQ_LM"),
        ("models/llama", "CAUSAL_LM"),
        ("roberta-base", "SEQ_CLS"),
        ("t5-base", "SEQ_2_SEQ_LM"),
    ],
)
def test_the_family_says_what_peft_does_unless_somebody_says_it(architecture: str, task_type: str) -> None:
    """A keyword that only the caller can know is the caller's; with the paper's tasks it stays ours."""
    assert peft.keywords(of(architecture))["task_type"] == task_type
    assert "task_type" not in peft.keywords(of(architecture), given=("task_type",))
    assert "task_type" in peft.keywords(load({"APT_TASK": "mnli"}), given=("task_type",))


@pytest.mark.parametrize("architecture", ["models/other", "not/here"])
def test_an_unknown_family_wants_its_modules_named(architecture: str) -> None:
    """One error, with the variable; with the modules named there is none."""
    with pytest.raises(SettingsError) as caught:
        peft.keywords(of(architecture))
    (problem,) = caught.value.problems
    given = peft.keywords(of(architecture), given=("target_modules",))

    assert f"environment APT_ARCHITECTURE={architecture} is a model whose modules are not known" in str(problem)
    assert "name them: lora_config(settings, target_modules=[...])" in str(problem)
    assert {"target_modules", "task_type"}.isdisjoint(given)
    assert given["r"] == 8


def test_a_custom_run_replays(write_env: Callable[..., Path], capfd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a `.env` to the record, from the record to the same settings, and what differs from another one."""
    write_env("".join(f"{name}={value}\n" for name, value in JOB.items()))
    monkeypatch.setattr("sys.argv", ["apt-settings"])
    for folder, epochs in (("one", 3), ("other", 4)):
        with pytest.raises(SystemExit) as ended:
            main(
                [
                    "run",
                    f"--record={folder}",
                    "--resume",
                    f"--set=epochs={epochs}",
                    "--set=distill_epochs=1",
                    "--",
                    "true",
                ]
            )
        assert ended.value.code == 0
    Path(".env").unlink()
    replayed = load({}, record="one")

    assert type(replayed) is CustomSettings
    assert (replayed.dataset, replayed.epochs) == ("my_corpus", 3)
    assert read("one").settings["learning_rate"].origin == "class default, of no paper"
    assert str(replayed.origin("learning_rate")) == "class default, of no paper"
    capfd.readouterr()
    assert main(["diff", "one", "other"]) == 1
    told = " ".join(capfd.readouterr().out.split())
    assert told.startswith("A one: custom, apt1-")
    assert "epochs 3 (--set epochs) 4 (--set epochs)" in told
