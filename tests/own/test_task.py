"""A project's own task: a class below one of ours, which APT_EXTEND names and APT_TASK chooses."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from click.shell_completion import ShellComplete
from pydantic import Field, SecretStr
from support import printed

from apt_settings import (
    WHERE_IT_RUNS,
    AlpacaSettings,
    AptSettings,
    CustomSettings,
    SettingsError,
    SettingsGroup,
    SquadSettings,
    fingerprint,
    group,
    load,
)
from apt_settings.base import values_of
from apt_settings.cli import commands, main
from apt_settings.integrations.peft import keywords
from apt_settings.own import Place
from apt_settings.plan import plan
from apt_settings.registry import Registry, in_force
from apt_settings.registry.naming import with_groups
from apt_settings.report.tables import as_json, head
from apt_settings.runs.store import record_of
from apt_settings.variables import variables

CANARY = "geheim-canary-77"
NAME = "tests.own.test_task:Gsm8kSettings"


class Gsm8kSettings(AlpacaSettings):
    """Grade-school mathematics."""

    datasets = ("gsm8k", "GSM-hard")
    architectures = ("Qwen/Qwen2.5-0.5B", "roberta-base")

    task: str = "gsm8k"
    dataset: str = "gsm8k"
    architecture: str = "Qwen/Qwen2.5-0.5B"
    train_examples: int | None = 7_473
    epochs: int = 6
    answer_tokens: Annotated[int, Field(ge=1, description="Tokens of an answer, at most.")] = 256
    votes: int = 1
    """Answers among which the most frequent one wins."""
    loader_threads: Annotated[int, WHERE_IT_RUNS] = 4
    judge_token: SecretStr | None = None


class AnySettings(CustomSettings):
    """Any dataset, with defaults of its own."""

    task: str = "any_text"
    architecture: str = "gpt2"
    epochs: int = 3
    distill_epochs: int | None = None


@pytest.fixture(autouse=True)
def named() -> Iterator[None]:
    """Both tasks are named."""
    with in_force(with_groups([Gsm8kSettings, AnySettings], Place("test"))):
        yield


@pytest.mark.parametrize("word", ["gsm8k", "GSM8K", "gsm_hard", "GSM-hard"])
def test_it_is_chosen_as_ours_are(word: str) -> None:
    """By its name or by a dataset, in any case."""
    settings = load({"APT_TASK": word, "APT_ANSWER_TOKENS": "64"})

    assert type(settings) is Gsm8kSettings
    assert settings.dataset == ("gsm8k" if word.lower() == "gsm8k" else "GSM-hard")
    assert (settings.answer_tokens, settings.epochs, settings.warmup_ratio) == (64, 6, 0.03)


def test_who_gave_a_default_is_told() -> None:
    """The project's class, or ours, whose default no paper states for this dataset."""
    settings = load({"APT_TASK": "gsm8k"})
    shown = json.loads(as_json(settings, overrides_only=False))["settings"]

    assert str(settings.origin("epochs")) == shown["epochs"]["origin"] == "Gsm8kSettings default"
    assert shown["epochs"]["citation"] == "project, Gsm8kSettings"
    assert str(settings.origin("warmup_ratio")) == "class default, of no paper"
    assert shown["warmup_ratio"]["citation"] == "design, alpaca's: no paper states it for this dataset"
    assert str(settings.origin("answer_tokens")) == "class default"
    assert dict(head(settings))["reference"].startswith("none: the defaults are those of alpaca")
    assert str(load({"APT_TASK": "squad"}).origin("epochs")) == "class default"


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"APT_EPOCHS": "0"}, "environment APT_EPOCHS='0' is not allowed: must be a whole number, 1 <= x <= 10000"),
        ({"APT_ANSWER_TOKENS": "0"}, "APT_ANSWER_TOKENS='0' is not allowed: must be a whole number, 1 <= x"),
        ({"APT_ANSWER_TOKNES": "1"}, "is not a setting; did you mean APT_ANSWER_TOKENS"),
        ({"APT_DATASET": "mnli"}, "must be one of gsm8k, GSM-hard when the task is gsm8k .APT_TASK=mnli chooses its"),
        ({"APT_ARCHITECTURE": "gpt2"}, "must be one of Qwen/Qwen2.5-0.5B, roberta-base when the task is gsm8k"),
        ({"APT_TASK": "squad", "APT_VOTES": "3"}, "APT_VOTES is a setting of the task gsm8k, and this one is squad"),
        ({"APT_TASK": "gsm8"}, "alpaca, custom, gsm8k, any_text, or a dataset of one of them; did you mean gsm8k?"),
        ({"APT_TASK": "any_text"}, "APT_DATASET is not set and has no default; the task any_text requires it"),
        ({"APT_TASK": "any_text", "APT_DATASET": "qqp"}, "must be no dataset of the paper when the task is any_text"),
        ({"APT_REFERENCE": "release"}, "APT_REFERENCE='release' has no script for Qwen/Qwen2.5-0.5B on gsm8k"),
    ],
    ids=str,
)
def test_it_is_judged_like_ours(environ: dict[str, str], message: str) -> None:
    """In the same words."""
    with pytest.raises(SettingsError, match=message):
        load({"APT_TASK": "gsm8k", **environ})


def test_a_name_of_another_task_can_be_let_pass() -> None:
    """As any unknown name; it is never taken in silence, nor by a copy."""
    environ = {"APT_TASK": "squad", "APT_VOTES": "3", "APT_UNKNOWN": "warn"}
    with pytest.warns(match="APT_VOTES is a setting of the task gsm8k, and this one is squad"):
        settings = load(environ)

    assert "votes" not in values_of(settings)
    assert "votes" not in values_of(load({**environ, "APT_UNKNOWN": "ignore"}))
    with pytest.raises(SettingsError, match="argument votes is not a setting"):
        settings.model_copy(update={"votes": 3})
    assert values_of(load({"APT_TASK": "gsm8k"}).model_copy(update={"votes": 3}))["votes"] == 3


def test_its_own_settings_count_off_their_default() -> None:
    """To add one changes no fingerprint; where it runs and a secret's value never count."""
    plain = load({"APT_TASK": "gsm8k"})

    assert fingerprint(plain) == fingerprint(load({"APT_TASK": "gsm8k", "APT_VOTES": "1", "APT_LOADER_THREADS": "9"}))
    assert fingerprint(plain) != fingerprint(load({"APT_TASK": "gsm8k", "APT_VOTES": "3"}))

    class Before(AlpacaSettings):
        datasets, architectures = Gsm8kSettings.datasets, Gsm8kSettings.architectures
        task: str = "gsm8k"
        dataset: str = "gsm8k"
        architecture: str = "Qwen/Qwen2.5-0.5B"
        epochs: int = 6

    assert fingerprint(Before(_env_file=None)) == fingerprint(plain)


def test_a_record_replays_with_the_class_and_says_so_without() -> None:
    """It tells which class is to be named."""
    settings = load({"APT_TASK": "gsm8k", "APT_VOTES": "3"})
    Path("run.json").write_text(record_of(settings).model_dump_json())
    replayed = load({}, record="run.json")

    assert (type(replayed), replayed) == (Gsm8kSettings, settings)
    with in_force(Registry()):
        assert load({}, record="run.json", settings_class=Gsm8kSettings) == settings
        with pytest.raises(SettingsError) as caught:
            load({}, record="run.json")
    assert str(caught.value.problems[0]) == (
        "run.json is of a task 'gsm8k', which nobody names here; export "
        f"APT_EXTEND={NAME},tests.own.test_task:AnySettings"
    )


def test_a_secret_of_its_own_is_hidden(capfd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a group's is."""
    monkeypatch.setenv("APT_TASK", "gsm8k")
    monkeypatch.setenv("APT_JUDGE_TOKEN", CANARY)
    settings = load()
    for argv in (["show"], ["env"], ["explain", "judge_token"], ["schema"], ["job", "slurm", "--", "true"]):
        assert main(argv) == 0
    told = "".join(capfd.readouterr())

    assert CANARY not in told + repr(settings) + record_of(settings).model_dump_json() + str(variables(settings))
    assert values_of(settings)["judge_token"].get_secret_value() == CANARY
    assert "is secret and is not written: the job needs APT_JUDGE_TOKEN" in told


def test_a_grid_over_tasks_says_where_a_setting_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    """At the points of the other task."""
    assert main(["sweep", "--grid", "task=gsm8k,squad", "--grid", "votes=1,2"]) == 78
    assert "at 2 of 4 points (2-3): --grid votes is a setting of the task gsm8k" in capsys.readouterr().err
    assert "point 0" in printed(capsys, "sweep", "--task", "gsm8k", "--grid", "votes=1,2,1")


def test_a_spec_is_judged_where_its_task_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """And where it is not, that is said: a task may be one of a project."""
    Path("job.sh").write_text(f"export APT_EXTEND={NAME}\nexport APT_TASK=gsm8k\nexport APT_VOTES=many\ntrue\n")
    assert main(["check", "job.sh"]) == 1
    out, err = capsys.readouterr()
    assert "job.sh:3: APT_VOTES='many' is not allowed" in out
    assert "not judged" not in err
    with in_force(Registry()):
        assert main(["check", "job.sh"]) == 0
    assert f"the names of {NAME} are not judged" in capsys.readouterr().err


def test_a_plan_counts_its_examples() -> None:
    """Those of the class, or of whoever sets them."""
    assert plan(load({"APT_TASK": "gsm8k"})).examples == 7_473
    assert plan(load({"APT_TASK": "gsm8k", "APT_TRAIN_EXAMPLES": "10"})).examples == 10


def test_peft_takes_the_task_type_of_the_task_above() -> None:
    """Alpaca's, whatever the model; of a custom one the family's."""
    assert keywords(load({"APT_TASK": "gsm8k", "APT_ARCHITECTURE": "roberta-base"}))["task_type"] == "CAUSAL_LM"
    anything = load({"APT_TASK": "any_text", "APT_DATASET": "x", "APT_ARCHITECTURE": "roberta-base"})
    assert keywords(anything)["task_type"] == "SEQ_CLS"


def test_a_shell_completes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name, its datasets and its own settings."""
    monkeypatch.setenv("APT_EXTEND", NAME)
    completion = ShellComplete(commands, {}, "apt-settings", "_APT_SETTINGS_COMPLETE")
    with in_force(Registry()):
        offered = {
            item.value
            for words, start in ((["show", "--task"], "gsm"), (["show", "--set"], "vot"))
            for item in completion.get_completions(words, start)
        }

    assert offered == {"gsm8k", "votes="}


def test_a_meaning_and_a_place_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """From its docstring and its module; under another task it is none."""
    told = printed(capsys, "explain", "votes")

    assert "Answers among which the most frequent one wins." in told
    assert "tests/own/test_task.py:" in told
    assert "no setting of the task glue_big" in told


def test_a_program_names_its_task_itself() -> None:
    """`extend` and `load` take a task too."""
    Path("mine.py").write_text(
        "import apt_settings\n\n"
        "class Mine(apt_settings.CustomSettings):\n    task: str = 'mine'\n    votes: int = 3\n\n"
        "apt_settings.extend(Mine)\n"
        "print(type(apt_settings.settings).__name__, apt_settings.settings.votes)\n"
    )
    environ = {"APT_TASK": "mine", "APT_DATASET": "x", "APT_ARCHITECTURE": "gpt2"}
    done = subprocess.run([sys.executable, "mine.py"], capture_output=True, text=True, env={**os.environ, **environ})

    assert (done.stdout, done.stderr) == ("Mine 3\n", "")
    with in_force(Registry()):
        assert type(load({"APT_TASK": "gsm8k"}, extend=[Gsm8kSettings])) is Gsm8kSettings


class Nameless(AptSettings):
    """Has no task."""


class Shouts(AlpacaSettings):
    """Its name is none that APT_TASK takes."""

    datasets = ("shouts",)
    task: str = "SHOUT-1"
    dataset: str = "shouts"


class Steals(SquadSettings):
    """Its task is a dataset of another, and its dataset one of ours."""

    datasets = ("mnli",)
    task: str = "gsm_hard"
    dataset: str = "mnli"


class Inherits(AlpacaSettings):
    """Has forgotten its datasets and its architecture's type."""

    architectures = ("gpt2",)
    task: str = "inherits"
    dataset: str = "own"


class Wrong(CustomSettings):
    """Has a default that its range refuses."""

    task: str = "wrong"
    epochs: int = 0
    votes_of: Annotated[int, Field(ge=1)] = 0


class Controls(CustomSettings):
    """Has names of others."""

    task: str = "controls"
    record: str = ""
    config: str = ""
    eval_every: int = 1


class Beside(SettingsGroup):
    """Has the name first."""

    eval_every: int = 500


class Same(CustomSettings):
    """Has the name of a task that is named already."""

    task: str = "any_text"


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (SquadSettings, "is a task, and its name is squad; give it one of its own: task: str = "),
        (AptSettings, "is a task, and its name is missing; give it one of its own"),
        (Nameless, "is a task, and its name is missing"),
        (CustomSettings, "is a task, and its name is custom"),
        (Shouts, "has the task name 'SHOUT-1', and APT_TASK takes lower case letters, digits and _"),
        (Steals, f"has the task name gsm_hard, which is of {NAME}; give it another name"),
        (Steals, r"has the dataset mnli, which is of glue_big; name its own: datasets = \(\"gsm8k\",\)"),
        (Inherits, "has the dataset alpaca_gpt4, which is of alpaca"),
        (
            Inherits,
            r"has the default dataset own, which is none of its datasets: alpaca_gpt4; write datasets = \('own'",
        ),
        (
            Inherits,
            "has the architecture gpt2, which the type of architecture refuses; write architecture: str = 'gpt2'",
        ),
        (Wrong, "gives epochs the default 0, and it must be a whole number, 1 <= x <= 10000"),
        (Wrong, "gives votes_of the default 0, and it must be a whole number, 1 <= x"),
        (Controls, "has a field record, which is a keyword of load; give it another name"),
        (Controls, "has a field config, and APT_CONFIG is a variable of another tool"),
        (Controls, "has a field eval_every, and so has tests.own.test_task:Beside"),
        (Same, "has the task name any_text, which is of tests.own.test_task:AnySettings"),
    ],
)
def test_what_cannot_be_a_task_is_refused_where_it_is_named(kind: Any, message: str) -> None:
    """One sentence each, with what to write."""
    with in_force(with_groups([Beside], Place("test"))), pytest.raises(SettingsError, match=message):
        load({}, None, extend=[kind])


def test_a_group_has_no_name_of_a_tasks_own() -> None:
    """A job would have both."""

    with pytest.raises(SettingsError, match=f"has a field votes, and so has {NAME}"):
        load({}, None, extend=[Votes])
    with pytest.raises(TypeError, match="is a task: name the class itself"):
        group(Gsm8kSettings)


class Votes(SettingsGroup):
    """Has a name of the task's."""

    votes: int = 2


class Wants(CustomSettings):
    """Has a setting that somebody must set."""

    task: str = "wants"
    architecture: str = "gpt2"
    metric: str


def test_what_is_required_is_told_and_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    """`show` has all the rest; a job does not start."""
    argv = ["--task=wants", "--set=dataset=mine", "--set=epochs=3", "--set=distill_epochs=1"]
    with in_force(with_groups([Wants], Place("test"))):
        out = " ".join(printed(capsys, "show", *argv).split())
        assert main(["check", *argv]) == 1
        wrong = capsys.readouterr().out
        with pytest.raises(SettingsError, match="APT_METRIC is not set and has no default; the task wants requires it"):
            load({"APT_TASK": "wants", "APT_DATASET": "mine"})

    assert "metric required, not set" in out
    assert "epochs 3 --set epochs" in out
    assert "metric is required, and not set: a job would not start" in out
    assert "APT_METRIC is not set" in wrong
