"""The register of settings: a project's group and a project's task are known wherever settings are."""

import json
import pickle
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import click
import pytest
from click.shell_completion import ShellComplete
from pydantic import Field

from apt_settings import WHERE_IT_RUNS, AptSettings, SettingsError, SettingsGroup, SquadSettings, fingerprint, load
from apt_settings.base import values_of
from apt_settings.cli import commands, main
from apt_settings.cli.lazy import LazyGroup
from apt_settings.own import Place
from apt_settings.registry import Registry, in_force, registry
from apt_settings.registry.naming import with_groups
from apt_settings.sources.record import read


class TrainerSettings(SettingsGroup):
    """What a trainer adds."""

    eval_every: Annotated[int, Field(ge=1, description="Steps between evaluations.")] = 500
    loader_threads: Annotated[int, WHERE_IT_RUNS] = 4


class MineSettings(SquadSettings):
    """A task that has what the trainer adds."""

    datasets = ("mine",)

    task: str = "mine"
    dataset: str = "mine"
    train_examples: int | None = 1000
    eval_every: Annotated[int, Field(ge=1, description="Steps between evaluations.")] = 500
    loader_threads: Annotated[int, WHERE_IT_RUNS] = 4


NAMED = {"group": (TrainerSettings, "squad"), "task": (MineSettings, "mine")}
"""Who has the settings -> the class, and the task that a job has."""
ONLY_OF_THE_PAPER = {"release-args": "environment APT_TASK=mine is none of the release's"}
"""Command -> what it says of a task that is none of the paper's."""


@pytest.fixture(autouse=True)
def trainer() -> Iterator[None]:
    """A group stands beside every task's class."""
    with in_force(with_groups([TrainerSettings], Place("test"))):
        yield


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command that ends with this status, and return all that it printed."""

    def run(*argv: str, status: int = 0) -> str:
        capfd.readouterr()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["apt-settings", *argv])
            try:
                ended = main(argv)
            except SystemExit as error:  # how a recorded run ends
                ended = int(error.code or 0)
        out, err = capfd.readouterr()
        assert ended == status, err
        return out + err

    return run


def test_a_group_is_read_from_every_source(write_env: Callable[..., Path]) -> None:
    """Argument, environment, `.env` and default, in this order; the class stays the task's."""
    write_env("APT_EVAL_EVERY=100\n")
    settings = load({"APT_TASK": "squad", "APT_EVAL_EVERY": "200"})

    assert type(settings) is SquadSettings
    assert (values_of(settings)["eval_every"], values_of(settings)["loader_threads"]) == (200, 4)
    assert str(settings.origin("eval_every")) == "environment APT_EVAL_EVERY"
    assert [str(each) for each in settings.origin("eval_every").overridden] == [".env:1", "class default"]
    assert values_of(load({}, eval_every=300))["eval_every"] == 300
    assert values_of(SquadSettings())["eval_every"] == 100


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"APT_EVAL_EVERY": "0"}, "APT_EVAL_EVERY='0' is not allowed: must be a whole number, 1 <= x"),
        ({"APT_EVAL_EVERY": "1e2"}, "APT_EVAL_EVERY='1e2' is not allowed.*did you mean 100"),
        ({"APT_EVAL_EVRY": "1"}, "APT_EVAL_EVRY is not a setting; did you mean APT_EVAL_EVERY"),
        ({"APT_EVAL_EVERY": "x", "APT_EPOCHS": "ten", "APT_TASK": "mnil"}, "3 problems"),
    ],
)
def test_a_group_is_judged_like_ours(environ: dict[str, str], message: str) -> None:
    """What it refuses is told in the same words, together with everything else."""
    with pytest.raises(SettingsError, match=message):
        load(environ)


def test_a_group_counts() -> None:
    """Equality, hash, copy and pickle have its values, and the fingerprint all but what says where a job runs."""
    one, other = load({}, eval_every=100), load({}, eval_every=200)

    assert one != other
    assert hash(one) == hash(load({}, eval_every=100))
    assert one == pickle.loads(pickle.dumps(one)) == one.model_copy()  # noqa: S301  it is ours
    assert values_of(one.model_copy(update={"eval_every": 200})) == values_of(other)
    assert fingerprint(one) != fingerprint(other)
    assert fingerprint(load({}, loader_threads=8)) == fingerprint(load({}))


def test_settings_remember_their_group() -> None:
    """Where a group stands no more, settings that were made with it keep it, and so do their copies."""
    before = load({}, eval_every=100)
    with in_force(Registry()):
        after = before.model_copy(update={"seed": 1})

        assert (values_of(after)["eval_every"], after.seed) == (100, 1)
        assert str(after.origin("eval_every")) == "argument eval_every"
        assert fingerprint(before.model_copy(update={"eval_every": 200})) != fingerprint(before)


def test_a_group_that_is_gone_is_unknown_again() -> None:
    """Nothing keeps a copy of what was known."""
    with in_force(Registry()):
        assert "eval_every" not in registry().settings_of(AptSettings)
        with pytest.raises(SettingsError, match="APT_EVAL_EVERY is not a setting"):
            load({"APT_EVAL_EVERY": "1"})


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (("show",), "eval_every 100 environment APT_EVAL_EVERY 500"),
        (("show", "--format", "json"), '"eval_every": {'),
        (("show", "--format", "env"), "APT_EVAL_EVERY=100"),
        (("explain", "eval_every"), "Steps between evaluations."),
        (("explain", "APT_EVAL_EVERY"), "environment APT_EVAL_EVERY"),
        (("explain", "eval_evry"), "did you mean eval_every?"),
        (("check",), "good: squad"),
        (("check", "--set", "eval_every=0"), "--set eval_every='0' is not allowed: must be a whole number, 1 <= x"),
        (("check", "job.sh"), "job.sh:2: APT_EVAL_EVERY='ten' is not allowed"),
        (("schema",), '"eval_every": {'),
        (("env",), "export APT_EVAL_EVERY=100"),
        (("env", "--format", "dotenv"), "APT_EVAL_EVERY=100"),
        (("env", "--example"), "#APT_EVAL_EVERY=500"),
        (("diff", "now", "other.env", "--task", "squad"), "100 (environment APT_EVAL_EVERY) 7 (other.env:1)"),
        (("plan",), "steps"),
        (("release-args",), "eval_every: is of tests.registry.test_register:TrainerSettings: the release has no"),
        (("sweep", "--grid", "eval_every=100,200"), "1 200"),
        (("sweep", "--grid", "eval_evry=1"), "--grid eval_evry is not a setting; did you mean eval_every?"),
        (("sweep", "--grid-file", "grid.toml"), "2 3"),
        (("job", "slurm", "--", "true"), "export APT_EVAL_EVERY=100"),
        (("job", "slurm", "--grid", "eval_every=1..3", "--", "true"), "eval_every=1..3"),
        (("job", "slurm", "--grid", "seed=1..3", "--", "true"), "export APT_EVAL_EVERY=100"),
        (("job", "kubernetes", "--image", "x", "--", "true"), "name: APT_EVAL_EVERY"),
        (("job", "docker", "--image", "x", "--", "true"), "--env=APT_EVAL_EVERY=100"),
        (("run", "--", "sh", "-c", "echo has $APT_EVAL_EVERY"), "has 100"),
        (("run", "--grid", "eval_every=7,8", "--index", "1", "--", "sh", "-c", "echo has $APT_EVAL_EVERY"), "has 8"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else "",
)  # fmt: skip
@pytest.mark.parametrize("who", NAMED)
def test_every_command_knows_them(
    argv: tuple[str, ...], expected: str, who: str, cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row for each place where settings are known, and a column for who has them."""
    kind, task = NAMED[who]
    monkeypatch.setenv("APT_TASK", task)
    monkeypatch.setenv("APT_EVAL_EVERY", "100")
    Path("job.sh").write_text(f"#!/bin/bash\nexport APT_EVAL_EVERY=ten\nexport APT_TASK={task}\ntrue\n")
    Path("other.env").write_text("APT_EVAL_EVERY=7\n")
    Path("grid.toml").write_text('[grid]\neval_every = "1..3"\n')
    wrong = {"explain eval_evry": 2, "check --set": 1, "check job.sh": 1, "diff now": 1, "sweep --grid eval_evry=1": 78}
    status = next((status for words, status in wrong.items() if " ".join(argv).startswith(words)), 0)
    if who == "task" and argv[0] in ONLY_OF_THE_PAPER:
        expected, status = ONLY_OF_THE_PAPER[argv[0]], 78
    if argv[0] == "run" and "--record" not in argv:
        argv = ("run", "--record", "r", *argv[1:])  # without a record this process would become the command

    argv = tuple(task if word == "squad" else word for word in argv)
    with in_force(Registry()), in_force(with_groups([kind], Place("test"))):
        told = " ".join(cli(*argv, status=status).split())

    assert expected.replace("squad", task) in told


def test_a_record_of_a_group_replays(cli: Any) -> None:
    """The record holds its values, marked; replayed, resumed and skipped, they are the same experiment."""
    first = ("run", "--task", "squad", "--set", "eval_every=100", "--record", "r", "--resume")
    cli(*first, "--", "true")
    cli(*first, "--", "true")
    record = read("r")

    assert (record.settings["eval_every"].value, record.settings["eval_every"].where_it_runs) == (100, False)
    assert record.settings["loader_threads"].where_it_runs
    assert len(record.runs) == 2
    assert values_of(load({}, record="r"))["eval_every"] == 100
    assert json.loads(cli("show", "--from", "r", "--format", "json"))["settings"]["eval_every"]["value"] == 100
    assert "eval_every was 100 (--set eval_every), and is 200" in cli(
        "run", "--task", "squad", "--set", "eval_every=200", "--record", "r", "--resume", "--", "true", status=78
    )
    assert "skipped" in cli(*first[:-1], "--once", "--", "true")
    assert "skipped" not in cli(*first[:4], "eval_every=7", "--record", "r", "--once", "--", "true")


@pytest.mark.parametrize("words", [["show", "--set"], ["sweep", "--grid"], ["explain"]])
def test_completion_offers_a_group(words: list[str]) -> None:
    """A shell completes its names like ours."""
    completion = ShellComplete(commands, {}, "apt-settings", "_APT_SETTINGS_COMPLETE")

    assert "eval_every" in [item.value.rstrip("=") for item in completion.get_completions(words, "ev")]


def test_no_command_is_forgotten() -> None:
    """Each command has a row in the table, and takes --extend; `runs` shows what records say."""
    (table,) = (
        mark.args[1] for mark in test_every_command_knows_them.pytestmark if mark.args[0] == ("argv", "expected")
    )
    rows = {" ".join(argv) for argv, _ in table}
    context = click.Context(commands)
    job = commands.get_command(context, "job")
    assert isinstance(job, LazyGroup)
    names = [name for name in commands.list_commands(context) if name not in ("job", "runs")]

    for name, command in [
        *((name, commands.get_command(context, name)) for name in names),
        *((f"job {name}", job.get_command(context, name)) for name in job.list_commands(context)),
    ]:
        assert any(f"{row} ".startswith(f"{name} ") for row in rows), name
        assert command
        assert any("--extend" in each.opts for each in command.params), name
