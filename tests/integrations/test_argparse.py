"""Parsers of command lines with the settings for defaults: plain ones here, those of trainers in test_frameworks.py."""

import argparse
import json
import warnings
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field, SecretStr

from apt_settings import AlpacaSettings, SettingsError, SettingsGroup, SettingsWarning, fingerprint, load
from apt_settings.integrations.argparse import with_flags


def parser_of(**options: Any) -> argparse.ArgumentParser:
    """A parser as many trainers have it."""
    parser = argparse.ArgumentParser(**options)
    parser.add_argument("--learning_rate", type=float, default=5e-5, help="(default: %(default)s)")
    parser.add_argument("--lr_scheduler_type", choices=["linear", "cosine"], default="cosine")
    parser.add_argument("--num-epochs", type=int, required=True)
    parser.add_argument("--model_name_or_path", required=True)
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--adapter_targets", nargs="+", default=["query"])
    parser.add_argument("--workers", type=int, default=4)
    return parser


def test_without_flags_the_defaults_are_the_settings() -> None:
    """And what was required is required no more."""
    parser = parser_of()
    settings = load({"APT_TASK": "sst2", "APT_LEARNING_RATE": "0.003"}, None)
    job = with_flags(settings, parser, [])
    arguments = parser.parse_args([])

    assert job == settings
    assert (arguments.learning_rate, arguments.num_epochs, arguments.workers) == (0.003, 40, 4)
    assert arguments.model_name_or_path == "roberta-base"
    assert arguments.lr_scheduler_type == "linear"
    assert arguments.bf16 is False


def test_what_a_person_gave_wins_and_is_in_the_fingerprint() -> None:
    """Its origin is the flag, and what it overrules stands behind it."""
    parser = parser_of()
    settings = load({"APT_TASK": "sst2", "APT_LEARNING_RATE": "0.003"}, None)
    words = ["--learning_rate=0.01", "--num-epochs", "30", "--bf16", "--adapter_targets", "query", "ffn"]
    job = with_flags(settings, parser, words)

    assert (job.learning_rate, job.epochs, job.precision) == (0.01, 30, "bf16")
    assert job.adapter_targets == ("query", "ffn")
    assert str(job.origin("learning_rate")) == "--learning_rate"
    assert str(job.origin("epochs")) == "--num-epochs"
    assert "APT_LEARNING_RATE" in str(job.origin("learning_rate").overridden[0])
    assert fingerprint(job) != fingerprint(settings)
    assert parser.parse_args(words).learning_rate == 0.01
    assert parser.parse_args([]).num_epochs == 30


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (["--learning_rate=-1"], "--learning_rate='-1.0' is not allowed|--learning_rate=-1.0 is not allowed"),
        (["--num-epochs", "0"], "--num-epochs=0 is not allowed"),
        (["--adapter_targets", "qury"], "--adapter_targets='qury' is not allowed"),
    ],
)
def test_a_flag_is_judged_as_a_setting(words: list[str], wrong: str) -> None:
    """By our rules, in the user's own spelling."""
    with pytest.raises(SettingsError, match=wrong):
        with_flags(load({"APT_TASK": "sst2"}, None), parser_of(), words)


@pytest.mark.parametrize(
    ("words", "must"),
    [
        ("--gradient_accumulation_steps 8", "steps is not taken: APT_BATCH_SIZE, .*: must be 1; or leave it out"),
        ("--gradient_accumulation_steps 1", ""),
        ("--micro_batch_size 8 --gradient_accumulation_steps 1", "must be 4"),
        ("--micro_batch_size 8 --gradient_accumulation_steps 4", ""),
        ("--lora_r 16 --lora_alpha 16", "--lora_alpha is not taken: it is APT_SCALING_FACTOR times .*: must be 32"),
        ("--lora_r 16 --lora_alpha 32", ""),
        ("--scaling_factor 4 --lora_alpha 16", "must be 32"),
        ("--scaling_factor 4 --lora_alpha 32", ""),
    ],
)
def test_a_flag_that_the_settings_decide_must_say_what_they_come_to(words: str, must: str) -> None:
    """With all flags of the command line."""
    numbers = ("--gradient_accumulation_steps", "--micro_batch_size", "--lora_r", "--lora_alpha")
    flags: list[Any] = [((name,), {"type": int}) for name in numbers]
    flags += [(("--scaling_factor",), {"type": float})]
    if must:
        with pytest.raises(SettingsError, match=must):
            job_of(words.split(), *flags)
    else:
        job, arguments = job_of(words.split(), *flags)
        assert arguments.lora_alpha == job.scaling_factor * job.initial_rank
        assert arguments.gradient_accumulation_steps * (job.per_device_batch_size or 32) == 32


@pytest.mark.parametrize(
    ("words", "steps", "word"),
    [
        ("", None, "constant_with_warmup"),
        ("--lr_scheduler_type constant_with_warmup", None, "constant_with_warmup"),
        ("--lr_scheduler_type constant", 0, "constant"),
        ("--lr_scheduler_type constant", None, None),
        ("--lr_scheduler_type constant", 5, None),
    ],
)
@pytest.mark.parametrize("options", [{}, {"choices": ["linear", "constant", "constant_with_warmup"]}])
def test_a_constant_rate_of_transformers_has_no_warmup(
    words: str, steps: int | None, word: str | None, options: dict[str, Any]
) -> None:
    """Ours has one, where warmup_ratio or warmup_steps say so."""
    flag = (("--lr_scheduler_type",), options)
    if word is None:
        wrong = "--lr_scheduler_type=constant has no warmup, and .*: must be constant_with_warmup; or set APT_WARMUP"
        with pytest.raises(SettingsError, match=wrong):
            job_of(words.split(), flag, lr_scheduler="constant", warmup_steps=steps)
    else:
        job, arguments = job_of(words.split(), flag, lr_scheduler="constant", warmup_steps=steps)
        assert (job.lr_scheduler, arguments.lr_scheduler_type) == ("constant", word)


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (
            "--learning_rate 0.01",
            "--learning_rate changes learning_rate, and the record runs/1 has it as it was; "
            "write apt-settings run --set learning_rate=0.01 before the --",
        ),
        ("--task mnli", "--task changes task, .* --set task=mnli"),
        ("--learning_rate 0.0002 --task sst2 --output_dir x", ""),
    ],
)
def test_a_flag_does_not_change_what_the_record_of_a_run_has(
    words: str, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written before the program starts. Where a job writes is no part of what it is."""
    monkeypatch.setenv("APT_RUN_DIR", "runs/1")
    flags: list[Any] = [(("--learning_rate",), {"type": float}), (("--task",), {}), (("--output_dir",), {})]
    if wrong:
        with pytest.raises(SettingsError, match=wrong):
            job_of(words.split(), *flags)
    else:
        assert job_of(words.split(), *flags)[0].output_dir == "x"


@pytest.mark.parametrize(
    ("words", "here", "precision", "argument"),
    [
        ("", "tf32", "tf32", "no"),
        ("", "bf16", "bf16", "bf16"),
        ("--mixed_precision bf16", "tf32", "bf16", "bf16"),
        ("--mixed_precision no", "tf32", "tf32", "no"),
        ("--mixed_precision no", "bf16", None, None),
    ],
)
def test_a_precision_of_accelerate_is_ours(words: str, here: str, precision: str | None, argument: str | None) -> None:
    """Its `no` is fp32 or tf32, and does not say which."""
    flag = (("--mixed_precision",), {"choices": ["no", "fp16", "bf16"]})
    if precision is None:
        with pytest.raises(SettingsError, match="--mixed_precision switches off what precision says"):
            job_of(words.split(), flag, precision=here)
    else:
        job, arguments = job_of(words.split(), flag, precision=here)
        assert (job.precision, arguments.mixed_precision) == (precision, argument)


def test_a_task_on_the_command_line_chooses_the_class() -> None:
    """As everywhere."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--task")

    assert type(with_flags(load({}, None), parser, ["--task", "squad"])).__name__ == "SquadSettings"


def test_subcommands_and_exclusive_flags_are_followed() -> None:
    """A required group is required no more where the settings have it."""
    parser = argparse.ArgumentParser()
    train = parser.add_subparsers(dest="action", required=True).add_parser("train")
    train.add_argument("--seed", type=int, required=True)
    one = parser.add_mutually_exclusive_group(required=True)
    one.add_argument("--quick", action="store_true")
    one.add_argument("--slow", action="store_true")
    words = ["--quick", "train", "--seed", "7"]
    job = with_flags(load({}, None), parser, words)

    assert job.seed == 7
    assert one.required
    assert parser.parse_args(words) == argparse.Namespace(action="train", quick=True, slow=False, seed=7)


def test_help_shows_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    """The parser answers it itself, with these defaults."""
    parser = parser_of()
    with_flags(load({"APT_LEARNING_RATE": "0.003"}, None), parser, ["--help"])
    with pytest.raises(SystemExit):
        parser.parse_args(["--help"])

    assert "(default: 0.003)" in capsys.readouterr().out


def test_what_the_parser_refuses_ends_as_always(capsys: pytest.CaptureFixture[str]) -> None:
    """With its own usage."""
    with pytest.raises(SystemExit):
        with_flags(load({}, None), parser_of(), ["--learning_rate", "much"])

    assert "invalid float value: 'much'" in capsys.readouterr().err


def job_of(words: list[str], *flags: tuple[tuple[str, ...], dict[str, Any]], **values: Any) -> tuple[Any, Any]:
    """The settings and the namespace of a parser with these flags."""
    parser = argparse.ArgumentParser()
    for names, options in flags:
        parser.add_argument(*names, **options)
    job = with_flags(load({}, None, task="sst2", **values), parser, words)
    return job, parser.parse_args(words)


def test_only_flags_that_help_are_no_settings() -> None:
    """One that is called --version and takes a value is a flag like others."""
    job, _ = job_of(["--version", "v2", "--lr", ".01"], (("--version",), {}), (("--lr",), {"type": float}))

    assert job.learning_rate == 0.01


def test_what_the_settings_decide_is_a_default_too() -> None:
    """lora_alpha and accumulation; who gives what they are anyway is not refused."""
    flags = [((f"--{name}",), {"type": int, "default": 99}) for name in ("lora_alpha", "gradient_accumulation_steps")]
    _, arguments = job_of(["--lora_alpha", "16"], *flags, per_device_batch_size=8)

    assert (arguments.lora_alpha, arguments.gradient_accumulation_steps) == (16, 4)


@pytest.mark.parametrize(
    ("words", "options", "wrong"),
    [
        (["--bf16", "False"], {"type": str}, "--bf16 switches off what precision says"),
        (["--no-bf16"], {"action": argparse.BooleanOptionalAction}, "--no-bf16 switches off what precision says"),
    ],
)
def test_switching_the_precision_off_says_not_what_to_train_in(
    words: list[str], options: dict[str, Any], wrong: str
) -> None:
    """It would train in fp32 and record bf16; elsewhere it says nothing."""
    with pytest.raises(SettingsError, match=wrong):
        job_of(words, (("--bf16",), options), precision="bf16")
    assert job_of(words, (("--bf16",), options), precision="fp32")[0].precision == "fp32"


def test_two_flags_that_are_at_odds_are_refused() -> None:
    """Nobody knows which was meant."""
    with pytest.raises(SettingsError, match="--lr and --learning_rate say different things of learning_rate"):
        job_of(
            ["--lr", ".1", "--learning_rate", ".2"],
            (("--lr",), {"type": float}),
            (("--learning_rate",), {"type": float}),
        )


def test_any_name_of_a_flag_counts() -> None:
    """And none is a value."""
    epochs = (("--n-rounds", "--epochs"), {"type": int})
    clip = (("--max_grad_norm",), {"type": lambda text: None if text == "none" else float(text)})
    job, arguments = job_of(["--epochs", "30", "--max_grad_norm", "none"], epochs, clip)

    assert (job.epochs, job.max_grad_norm, arguments.n_rounds) == (30, None, 30)


def test_a_required_group_is_required_no_more_where_the_settings_have_it() -> None:
    """With a value that is the default, too."""
    parser = argparse.ArgumentParser()
    either = parser.add_mutually_exclusive_group(required=True)
    either.add_argument("--epochs", type=int)
    either.add_argument("--foo", type=int)
    with_flags(load({}, None), parser, ["--epochs", "40"])

    assert parser.parse_args(["--epochs", "40"]).epochs == 40


def test_flags_that_gather_keep_what_they_gather() -> None:
    """And actions of others keep their default."""

    class Tag(argparse.Action):
        def __call__(self, _parser: Any, namespace: Any, values: Any, _option: Any = None) -> None:
            getattr(namespace, self.dest).append(values)

    targets = (("--adapter_targets",), {"action": "append"})
    seeds = (("--seed",), {"type": int, "nargs": "+"})
    job, arguments = job_of(
        ["--adapter_targets", "query", "--adapter_targets", "ffn", "--tag", "a"],
        targets,
        seeds,
        (("--tag",), {"action": Tag, "default": []}),
    )

    assert job.adapter_targets == ("query", "ffn")
    assert (arguments.adapter_targets, arguments.seed) == (["query", "ffn"], [128])


class Metric(Enum):
    """Has texts as values."""

    ACCURACY = "accuracy"
    F1 = "f1"


class Own(SettingsGroup):
    """Settings of a project, of the types that parsers have."""

    metric: Metric = Metric.ACCURACY
    tags: list[str] = Field(default_factory=list)
    sizes: list[int] = Field(default_factory=lambda: [1, 2])
    shuffle: bool = False
    folder: Path = Path("data")
    limit: int | None = None
    table: dict[str, int] = Field(default_factory=dict)
    note: str = "x"


class Lower(argparse.Action):
    """Of nobody but the trainer."""

    def __call__(self, _parser: Any, namespace: Any, values: Any, _option: Any = None) -> None:
        setattr(namespace, self.dest, values.lower())


BLOCKS = ["mha_head", "ffn_neuron", "hidden_dimension"]
NONE_OR_NUMBER = {"type": lambda text: None if text == "none" else int(text)}


@pytest.mark.parametrize(
    ("flag", "options", "words", "here", "setting", "argument"),
    [
        # Choices: what is typed counts, whatever the setting was before.
        ("--metric", {"choices": ["accuracy", "f1"]}, "", {}, Metric.ACCURACY, "accuracy"),
        ("--metric", {"choices": ["accuracy", "f1"]}, "--metric f1", {}, Metric.F1, "f1"),
        ("--metric", {"choices": list(Metric), "type": Metric}, "--metric f1", {}, Metric.F1, Metric.F1),
        ("--metric", {"choices": list(Metric), "type": Metric}, "", {}, Metric.ACCURACY, Metric.ACCURACY),
        ("--metric", {"type": Metric}, "", {"metric": "f1"}, Metric.F1, Metric.F1),
        ("--metric", {}, "", {"metric": "f1"}, Metric.F1, "f1"),
        ("--note", {"choices": ["linear", "x"]}, "", {}, "x", "x"),
        ("--epochs", {"choices": [3, 4], "type": int}, "--epochs 3", {"epochs": "10"}, 3, 3),
        ("--epochs", {"choices": ["4", "5"]}, "--epochs 4", {"epochs": "5"}, 4, "4"),
        ("--epochs", {"choices": ["4", "5"]}, "", {"epochs": "5"}, 5, "5"),
        ("--epochs", {"choices": range(1, 5000), "type": int}, "", {"epochs": "4000"}, 4000, 4000),
        ("--shuffle", {"choices": ["true", "false"]}, "--shuffle true", {}, True, "true"),
        ("--shuffle", {"choices": ["yes", "no"]}, "", {"shuffle": "true"}, True, "yes"),
        ("--sizes", {"choices": [1, 2, 3], "type": int, "nargs": "+"}, "--sizes 3", {}, [3], [3]),
        ("--sizes", {"choices": {1, 2, 3}, "type": int, "nargs": "+"}, "", {}, [1, 2], [1, 2]),
        ("--prunable_blocks", {"choices": BLOCKS[:2], "nargs": "*"}, "--prun mha_head", {}, BLOCKS[:1], BLOCKS[:1]),
        ("--task", {"choices": ["sst2", "mnli"]}, "--task mnli", {}, "glue_big", "mnli"),
        ("--task", {"choices": ["mnli", "sst2"]}, "", {}, "glue_big", "sst2"),
        ("--optim", {"choices": ["adamw_torch", "sgd"]}, "--optim adamw_torch", {}, "adamw", "adamw_torch"),
        ("--max_steps", {"choices": [-1, 100], "type": int}, "--max_steps -1", {"max_steps": "7"}, None, -1),
        ("--tags", {"choices": {"a,b", "c"}}, "", {"tags": "a,b"}, ["a", "b"], "a,b"),
        # Positionals, of which argparse converts the default.
        ("epochs", {"nargs": "?", "type": int}, "", {"epochs": "10"}, 10, 10),
        ("epochs", {"nargs": "?", "type": int}, "3", {"epochs": "10"}, 3, 3),
        ("epochs", {"nargs": "?", "type": int, "choices": [4, 5]}, "", {"epochs": "5"}, 5, 5),
        ("epochs", {"nargs": "*", "type": int}, "", {"epochs": "10"}, 10, [10]),
        ("epochs", {"nargs": "+", "type": int}, "3", {"epochs": "10"}, 3, [3]),
        ("epochs", {"type": int}, "", {"epochs": "10"}, 10, 10),
        ("prunable_blocks", {"nargs": "*", "choices": BLOCKS}, "", {}, BLOCKS, BLOCKS),
        ("prunable_blocks", {"nargs": "*", "choices": BLOCKS}, "mha_head", {}, BLOCKS[:1], BLOCKS[:1]),
        # One value, several, and none.
        ("--epochs", {"nargs": 1, "type": int}, "", {}, 40, [40]),
        ("--epochs", {"nargs": "?", "const": 7, "type": int}, "--epochs", {}, 7, 7),
        ("--epochs", {"default": argparse.SUPPRESS, "type": int}, "", {}, 40, 40),
        ("--epochs", {"type": int}, "--epo 3", {}, 3, 3),
        ("--quick", {"action": "store_const", "const": 3, "dest": "epochs"}, "--quick", {}, 3, 3),
        ("--tags", {"nargs": "*"}, "", {"tags": "a,b"}, ["a", "b"], ["a", "b"]),
        ("--tags", {"nargs": "*"}, "--tags", {"tags": "a,b"}, [], []),
        ("--tags", {"nargs": "*"}, "--tags a,b c", {}, ["a,b", "c"], ["a,b", "c"]),
        ("--tags", {}, "", {"tags": "a,b"}, ["a", "b"], "a,b"),
        ("--tags", {"type": lambda text: text.split(",")}, "", {"tags": "a,b"}, ["a", "b"], ["a", "b"]),
        ("--tags", {"action": "append", "default": ["x"]}, "--tags a --tags b", {}, ["a", "b"], ["a", "b"]),
        ("--tags", {"action": "append", "default": ["x"]}, "", {"tags": "a"}, ["a"], ["a"]),
        ("--tags", {"action": "append", "nargs": "+"}, "--tags a b --tags c", {}, ["a", "b", "c"], [["a", "b"], ["c"]]),
        ("--tags", {"action": "append", "nargs": "+"}, "", {"tags": "a,b"}, ["a", "b"], [["a", "b"]]),
        ("--tags", {"action": "extend", "nargs": "+"}, "--tags a b --tags c", {}, ["a", "b", "c"], ["a", "b", "c"]),
        ("--a", {"action": "append_const", "const": "a", "dest": "tags"}, "--a", {"tags": "b"}, ["a"], ["a"]),
        ("--limit", NONE_OR_NUMBER, "--limit none", {"limit": "5"}, None, None),
        ("--limit", NONE_OR_NUMBER, "", {"limit": "5"}, 5, 5),
        # Booleans, however they are declared.
        ("--shuffle", {"action": "store_true"}, "--shuffle", {}, True, True),
        ("--shuffle", {"action": "store_true"}, "", {"shuffle": "true"}, True, True),
        ("--not", {"action": "store_false", "dest": "shuffle"}, "--not", {"shuffle": "true"}, False, False),
        ("--shuffle", {"action": argparse.BooleanOptionalAction}, "--no-shuffle", {"shuffle": "true"}, False, False),
        ("--shuffle", {"type": bool}, "--shuffle False", {"shuffle": "true"}, False, False),
        ("--shuffle", {"type": bool}, "--shuffle yes", {}, True, True),
        ("--shuffle", {"type": str}, "--shuffle False", {"shuffle": "true"}, False, "False"),
        # Other types and actions.
        ("--epochs", {"action": Lower, "default": "40"}, "--epochs 40", {"epochs": "30"}, 40, "40"),
        ("--epochs", {"action": Lower, "default": "40"}, "", {"epochs": "30"}, 30, 30),
        ("--folder", {}, "", {}, Path("data"), "data"),
        ("--folder", {"type": Path}, "--folder x", {}, Path("x"), Path("x")),
        ("--table", {"type": json.loads}, '--table {"a":1}', {}, {"a": 1}, {"a": 1}),
        ("--table", {}, "", {"table": '{"a":1}'}, {"a": 1}, '{"a": 1}'),
        # Names in output_dir.
        ("--output_dir", {}, "--output_dir x/{seed}", {}, "x/128", "x/128"),
        ("--output_dir", {"type": Path}, "--output_dir x/{seed}", {}, "x/128", Path("x/128")),
        ("--output_dir", {}, "--output_dir x/{{seed}}", {}, "x/{seed}", "x/{seed}"),
        ("--output_dir", {}, "", {"output_dir": "y/{seed}"}, "y/128", "y/128"),
    ],
)
def test_settings_and_arguments_say_the_same(
    flag: str, options: dict[str, Any], words: str, here: dict[str, Any], setting: Any, argument: Any
) -> None:
    """However a parser declares its flag: what somebody typed, in both, and else what the settings are."""
    parser = argparse.ArgumentParser()
    action = parser.add_argument(flag, **options)
    settings = load({"APT_TASK": "sst2", "APT_DISTILL_EPOCHS": "none"}, None, extend=[Own], **here)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", ".*is left alone")
        job = with_flags(settings, parser, words.split())
    arguments = parser.parse_args(words.split())
    name = {"optim": "optimizer"}.get(action.dest, action.dest)
    value, said = getattr(job, name), getattr(arguments, action.dest)

    assert (list(value) if isinstance(value, tuple) else value, said) == (setting, argument)
    assert type(said) is type(argument)
    assert not words or job.origin(name).kind == "argument"


@pytest.mark.parametrize(
    ("flag", "options", "words", "wrong"),
    [
        (
            "--optim",
            {"choices": ["adamw_torch", "sgd"]},
            ["--optim", "sgd"],
            "--optim='sgd' is not allowed: must be one",
        ),
        ("--prunable_blocks", {"nargs": "*"}, ["--prunable_blocks"], r"--prunable_blocks='\[\]' is not allowed"),
        ("--note", {}, ["--note", ""], "--note is empty, which sets nothing; leave it out, or write a value"),
        ("--accumulate", {"type": int, "dest": "gradient_accumulation_steps"}, ["--accumulate", "8"], "is not taken"),
        (
            "--shuffle",
            {"action": argparse.BooleanOptionalAction, "dest": "bf16"},
            ["--no-shuffle"],
            "--no-shuffle switches",
        ),
    ],
)
def test_what_settings_cannot_say_is_refused(flag: str, options: dict[str, Any], words: list[str], wrong: str) -> None:
    """And not dropped, while the arguments have it."""
    parser = argparse.ArgumentParser()
    parser.add_argument(flag, **options)
    with pytest.raises(SettingsError, match=wrong):
        with_flags(load({"APT_TASK": "sst2", "APT_PRECISION": "bf16"}, None, extend=[Own]), parser, words)


def test_choices_that_are_no_settings_of_ours_are_left_alone() -> None:
    """A warning says so."""
    task = (("--task",), {"choices": ["train", "eval"], "default": "train"})
    optim = (("--optim",), {"choices": ["adamw_torch", "sgd"], "default": "sgd"})
    with pytest.warns(SettingsWarning, match=r"--(task|optim) has no choice for"):
        job, arguments = job_of(["--task", "eval"], task, optim)
    assert (job.task, arguments.task, arguments.optim) == ("glue_big", "eval", "sgd")

    assert job_of([], optim, optimizer="adamw")[1].optim == "adamw_torch"
    with pytest.warns(
        SettingsWarning, match="--prunable_blocks has no choice for prunable_blocks mha_head,ffn_neuron,hid"
    ):
        _, arguments = job_of([], (("--prunable_blocks",), {"choices": BLOCKS[:2], "nargs": "*"}))
    assert arguments.prunable_blocks is None


def test_a_subcommand_is_no_task() -> None:
    """Whatever it is called; it stays required."""
    parser = argparse.ArgumentParser()
    parser.add_subparsers(dest="task", required=True).add_parser("train").add_argument("file", nargs="?", type=int)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", ".*is left alone")
        job = with_flags(load({}, None), parser, ["train"])

    assert job.task == "glue_big"
    assert parser.parse_args(["train"]) == argparse.Namespace(task="train", file=None)
    with pytest.raises(SystemExit):
        parser.parse_args([])


@pytest.mark.parametrize(("flag", "options"), [("--use", {"dest": "use_bf16"}), ("--half", {"dest": "bf16"})])
def test_a_switch_of_the_precision_is_one_by_any_of_its_names(flag: str, options: dict[str, Any]) -> None:
    """It is true or false, and never the word of our setting."""
    for words, precision in (([], "tf32"), ([flag], "bf16")):
        job, arguments = job_of(words, ((flag, "--bf16"), {"action": "store_true", **options}), precision="tf32")

        assert (job.precision, getattr(arguments, options["dest"])) == (precision, bool(words))


def test_a_word_that_is_no_boolean_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """By the parser."""
    with pytest.raises(SystemExit):
        job_of(["--outlier_aware", "maybe"], (("--outlier_aware",), {"type": bool}))

    assert "argument --outlier_aware: invalid boolean value: 'maybe'" in capsys.readouterr().err


def test_a_secret_is_no_default_in_clear(capsys: pytest.CaptureFixture[str]) -> None:
    """The help shows defaults."""
    parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--hub_token", help="A token.")
    parser.add_argument("--hub_keys", help="More.", nargs="*")
    given = {"APT_HUB_TOKEN": "canary", "APT_HUB_KEYS": "canary"}
    job = with_flags(load(given, None, extend=[Hub]), parser, ["--he"])
    with pytest.raises(SystemExit):
        parser.parse_args(["--he"])

    assert "canary" not in capsys.readouterr().out
    assert with_flags(job, parser, ["--hub_token", "x"]).hub_token == SecretStr("x")  # type: ignore[attr-defined]


class Hub(SettingsGroup):
    """Secrets."""

    hub_token: SecretStr | None = None
    hub_keys: list[SecretStr] = Field(default_factory=list)


class Gsm8kSettings(AlpacaSettings):
    """A task with a setting of its own."""

    datasets = ("gsm8k",)
    architectures = ("gpt2",)
    task: str = "gsm8k"
    dataset: str = "gsm8k"
    architecture: str = "gpt2"
    answer_tokens: int = 256


def test_a_setting_of_the_task_that_a_flag_chooses_is_not_lost() -> None:
    """It means nothing for another task; here it says how to choose this one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--task")
    parser.add_argument("--answer_tokens", type=int)
    settings = load({"APT_TASK": "squad"}, None, extend=[Gsm8kSettings])
    assert with_flags(settings, parser, ["--answer_tokens", "5"]) == settings
    with pytest.raises(SettingsError, match=r"--answer_tokens is a setting of the task that .* export APT_TASK"):
        with_flags(settings, parser, ["--task", "gsm8k", "--answer_tokens", "5"])


def test_steps_that_nobody_limits_keep_their_own_word() -> None:
    """-1 is none, given or not."""
    steps = (("--max_steps",), {"type": int, "default": -1})

    assert job_of([], steps)[1].max_steps == -1
    assert job_of(["--max_steps", "-1"], steps)[0].max_steps is None
    assert job_of(["--max_steps", "7"], steps)[0].max_steps == 7


@pytest.mark.parametrize(
    ("words", "settings", "here"),
    [
        ("", (None, None), (600, None)),
        ("--num_warmup_steps 5 --max_train_steps 50", (5, 50), (5, 50)),
        ("--max_train_steps 50", (None, 50), (3, 50)),
    ],
)
def test_steps_of_scripts_for_accelerate_are_ours(
    words: str, settings: tuple[int | None, int | None], here: tuple[int | None, int | None]
) -> None:
    """They have no flag for a fraction that warms up: its steps are the default."""
    warmup = (("--num_warmup_steps",), {"type": int, "default": 0})
    job, arguments = job_of(words.split(), warmup, (("--max_train_steps",), {"type": int}), train_examples=8000)

    assert (job.warmup_steps, job.max_steps) == settings
    assert (arguments.num_warmup_steps, arguments.max_train_steps) == here


class WithFile(argparse.ArgumentParser):
    """Reads --config as trl's parser does."""

    def parse_args_and_config(self, _words: list[str]) -> None:
        """Where its file is read."""


@pytest.mark.parametrize(
    ("content", "seed", "wrong"),
    [
        ("seed: 7\n", 7, ""),
        ("- 1\n", 128, ""),
        ("a: [\n", 0, "cannot be read: while parsing"),
        (None, 0, "cannot be read: No such file"),
    ],
)
def test_what_a_file_of_a_parser_says_counts_as_given(
    content: str | None, seed: int, wrong: str, tmp_path: Path
) -> None:
    """Its names are ours, though the parser has no flag for them."""
    file = tmp_path / "job.yaml"
    if content:
        file.write_text(content)
    parser = WithFile()
    parser.add_argument("--lr", type=float)
    words = ["--lr", "0.01", "--config", str(file)]
    if wrong:
        with pytest.raises(SettingsError, match=wrong):
            with_flags(load({}, None), parser, words)
    else:
        job = with_flags(load({}, None), parser, words)
        assert (job.seed, job.learning_rate) == (seed, 0.01)


class OfTransformers(argparse.ArgumentParser):
    """Reads train.args beside train.py as that of transformers does."""

    def parse_args_into_dataclasses(self) -> None:
        """Where it is read."""


def test_a_file_beside_the_script_counts_as_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line is stronger. Files that are read elsewhere are named in a warning."""
    script, other = tmp_path / "train.py", tmp_path / "job.json"
    script.with_suffix(".args").write_text("--lr 0.01\n--seed 7\n")
    other.write_text("{}")
    monkeypatch.setattr("sys.argv", [str(script), "--seed", "9", f"--settings={other}", "x"])
    parser = OfTransformers()
    parser.add_argument("--lr", type=float)
    parser.add_argument("--seed", type=int)
    with pytest.warns(SettingsWarning, match=r"--settings=.*job.json is not read by with_flags"):
        job = with_flags(load({}, None), parser)

    assert (job.learning_rate, job.seed) == (0.01, 9)
    script.with_suffix(".args").unlink()
    script.with_suffix(".args").mkdir()
    with pytest.raises(SettingsError, match=r"train\.args cannot be read"):
        with_flags(load({}, None), parser)
