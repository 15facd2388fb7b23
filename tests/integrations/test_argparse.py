"""Parsers of command lines with the settings for defaults: plain ones here, those of trainers in test_frameworks.py."""

import argparse
from typing import Any

import pytest

from apt_settings import SettingsError, fingerprint, load
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


def test_a_flag_that_the_settings_decide_is_refused() -> None:
    """Nobody else would know of it."""
    parser = parser_of()
    parser.add_argument("--gradient_accumulation_steps", type=int, default=1)
    with pytest.raises(SettingsError, match="--gradient_accumulation_steps is not taken: APT_BATCH_SIZE"):
        with_flags(load({}, None), parser, ["--gradient_accumulation_steps", "8"])


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
