"""Arguments of transformers' Trainer as settings: shown, swept, recorded, and an object that really trains."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support import needs_training

from apt_settings import SettingsError, fingerprint, group, load, part
from apt_settings.base import values_of
from apt_settings.cli import main
from apt_settings.integrations.transformers import training_arguments
from apt_settings.runs.store import record_of, write

pytestmark = [
    pytest.mark.training,
    needs_training,
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning"),  # of these libraries' own
]
with suppress(ModuleNotFoundError):
    import torch
    import transformers

    arguments = group(transformers.Seq2SeqTrainingArguments, leave_out=("tf32",))
    prefixed = group(transformers.TrainingArguments, prefix="hf", leave_out=("tf32", "debug"))

OWN = {"logging_steps": "7", "eval_strategy": "steps", "eval_steps": "2", "use_cpu": "true"}
CHOSEN = {"APT_TASK": "cnn_dm", "APT_PRECISION": "fp32", "APT_HUB_TOKEN": "geheim"}


def chosen(**values: Any) -> Any:
    environ = {**CHOSEN, **{f"APT_{name.upper()}": text for name, text in OWN.items()}}
    return load(environ, None, extend=[arguments], **values)


def test_what_our_settings_decide_is_ours_and_the_rest_is_the_groups() -> None:
    """Precision, steps, batch and warmup come from our settings, whatever the class calls them."""
    settings = chosen(learning_rate="3e-4")
    made = part(settings, arguments)

    assert isinstance(made, transformers.Seq2SeqTrainingArguments)
    assert (made.logging_steps, made.eval_strategy, made.eval_steps) == (7, "steps", 2)
    assert (made.learning_rate, made.num_train_epochs) == (3e-4, settings.epochs)
    assert made.train_batch_size * made.gradient_accumulation_steps == settings.batch_size
    assert (made.warmup_steps, made.lr_scheduler_type, made.fp16) == (settings.warmup_ratio, "linear", False)
    assert made.hub_token == "geheim"  # noqa: S105
    assert training_arguments(settings, kind=transformers.Seq2SeqTrainingArguments).to_dict() == made.to_dict()
    assert not {"fp16", "optim", "num_train_epochs"} & values_of(settings).keys()


@pytest.mark.parametrize(
    ("name", "answer"),
    [("NUM_TRAIN_EPOCHS", "that is APT_EPOCHS"), ("FP16", "that is APT_PRECISION"), ("OPTIM", "that is APT_OPTIMIZER")],
)
def test_names_of_the_class_answer_with_ours(name: str, answer: str) -> None:
    """A variable that would decide the same thing twice is refused."""
    with pytest.raises(SettingsError, match=f"APT_{name} is not a setting; {answer}"):
        load({f"APT_{name}": "1"}, None, extend=[arguments])


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("NUM_TRAIN_EPOCHS", "that is APT_EPOCHS"),
        ("BF16", "that is APT_PRECISION"),
        ("WARMUP_STEPS", "that is APT_WARMUP_STEPS"),
        ("GRADIENT_ACCUMULATION_STEPS", "APT_BATCH_SIZE, APT_PER_DEVICE_BATCH_SIZE and the number of devices decide"),
    ],
)
def test_names_of_the_class_answer_with_ours_behind_a_prefix_too(name: str, answer: str) -> None:
    """They are fields of the class, which our settings decide."""
    with pytest.raises(SettingsError, match=f"APT_HF_{name} is not a setting; {answer}"):
        load({f"APT_HF_{name}": "1"}, None, extend=[prefixed])


def test_they_are_recorded_and_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """The record gives equal settings, and no secret; a grid over one of them has other fingerprints."""
    settings = chosen()
    write(tmp_path, record_of(settings))
    again = load({"APT_HUB_TOKEN": "geheim"}, record=tmp_path, extend=[arguments])
    for name, text in CHOSEN.items():
        monkeypatch.setenv(name, text)
    monkeypatch.setenv("APT_EXTEND", "transformers:Seq2SeqTrainingArguments")
    assert main(["sweep", "--grid", "logging_steps=5,500", "--format", "json"]) == 0
    points = json.loads(capsys.readouterr().out)

    assert (again, fingerprint(again)) == (settings, fingerprint(settings))
    assert "geheim" not in (tmp_path / "run.json").read_text()
    assert (
        points[0]["fingerprint"]
        != points[1]["fingerprint"]
        == fingerprint(load({}, None, task="cnn_dm", precision="fp32"))
    )


def test_the_trainer_trains_with_them(tmp_path: Path) -> None:
    """Two steps of a tiny T5, which logs as the group says."""
    small = {"batch_size": 2, "epochs": 1, "distill_epochs": None, "pruning_end_epoch": 1, "sparsity_warmup_epochs": 0}
    settings = chosen(output_dir=str(tmp_path / "out"), logging_steps=1, **small)
    shape = {"vocab_size": 99, "d_model": 16, "d_kv": 8, "num_heads": 2, "d_ff": 32, "num_layers": 1}
    config = transformers.T5Config(**shape, decoder_start_token_id=0)
    row = {"input_ids": torch.arange(4), "labels": torch.arange(4)}
    trainer = transformers.Seq2SeqTrainer(
        transformers.T5ForConditionalGeneration(config),
        part(settings, arguments),
        train_dataset=[row] * 4,
        eval_dataset=[row] * 2,
    )
    trainer.train()

    assert trainer.state.global_step == 2
    assert sum("loss" in each for each in trainer.state.log_history) == 2
    assert any("eval_loss" in each for each in trainer.state.log_history)
