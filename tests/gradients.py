"""The first step's gradients of small models, of every task and of own losses; alone, or as one of two processes."""

import json
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import transformers
from peft import get_peft_model
from torch import distributed

from apt_settings import SettingsError, SettingsWarning, load
from apt_settings.integrations.peft import lora_config
from apt_settings.integrations.trainer import prepare
from apt_settings.integrations.transformers import training_arguments

QUIET: dict[str, Any] = {"report_to": [], "logging_strategy": "no", "disable_tqdm": True, "use_cpu": True}
SETTINGS: dict[str, Any] = {
    "task": "sst2",
    "batch_size": 4,
    "epochs": 2,
    "train_examples": 16,
    "learning_rate": 1e-3,
    "precision": "fp32",
    "distill_epochs": None,
}
_SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
_STILL = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


def sentences(count: int) -> list[dict[str, Any]]:
    """Rows to classify, of equal lengths."""
    random = torch.Generator().manual_seed(1)
    words = torch.randint(5, 90, (count, 9), generator=random)
    return [{"input_ids": each.tolist(), "labels": number % 2} for number, each in enumerate(words)]


def texts(count: int) -> list[dict[str, Any]]:
    """Rows whose targets are as many words as the input has."""
    return [{**row, "labels": row["input_ids"]} for row in sentences(count)]


def answers(count: int) -> list[dict[str, Any]]:
    """Rows whose answers begin and end somewhere."""
    rows = (({"input_ids": row["input_ids"]}, number % 4) for number, row in enumerate(sentences(count)))
    return [{**row, "start_positions": at, "end_positions": at + 3} for row, at in rows]


def roberta(kind: str = "RobertaForSequenceClassification") -> Any:
    """A small RoBERTa, its weights from seed 1."""
    torch.manual_seed(1)
    config = transformers.RobertaConfig(vocab_size=99, max_position_embeddings=40, **_SMALL, **_STILL)
    model = getattr(transformers, kind)(config)
    torch.manual_seed(128)
    return model


def bert() -> Any:
    torch.manual_seed(1)
    config = transformers.BertConfig(vocab_size=99, max_position_embeddings=40, **_SMALL, **_STILL)
    return transformers.BertForSequenceClassification(config)


def t5() -> Any:
    torch.manual_seed(1)
    small = {"d_model": 32, "d_kv": 16, "num_heads": 2, "d_ff": 64, "num_layers": 2, "dropout_rate": 0.0}
    return transformers.T5ForConditionalGeneration(
        transformers.T5Config(vocab_size=99, decoder_start_token_id=0, **small)
    )


def llama() -> Any:
    torch.manual_seed(1)
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(vocab_size=99, **_SMALL))


class OwnLoss(transformers.Trainer):  # type: ignore[misc]
    """As those who distil: the model's own loss and something more."""

    def compute_loss(self, model: Any, inputs: Any, return_outputs: bool = False, **_given: Any) -> Any:
        outputs = model(**inputs)
        loss = 0.9 * outputs.loss + 0.1 * outputs.logits.float().square().mean()
        return (loss, outputs) if return_outputs else loss


def adapted(model: Any, settings: Any) -> Any:
    torch.manual_seed(2)
    return get_peft_model(model, lora_config(settings))


Case = tuple[Callable[[], Any], Callable[[int], Any], type, dict[str, Any], bool]
CASES: dict[str, Case] = {
    "roberta": (roberta, sentences, transformers.Trainer, {"task": "sst2"}, False),
    "small": (bert, sentences, transformers.Trainer, {"task": "mrpc", "architecture": "bert-base-uncased"}, False),
    "custom": (
        roberta,
        sentences,
        transformers.Trainer,
        {"task": "custom", "dataset": "mine", "architecture": "roberta-base"},
        False,
    ),
    "squad": (
        lambda: roberta("RobertaForQuestionAnswering"),
        answers,
        transformers.Trainer,
        {"task": "squad", "architecture": "roberta-base"},
        False,
    ),
    "t5": (t5, texts, transformers.Trainer, {"task": "cnn_dm"}, False),
    "llama": (llama, texts, transformers.Trainer, {"task": "alpaca"}, False),
    "roberta with LoRA": (roberta, sentences, transformers.Trainer, {"task": "sst2"}, True),
    "llama with LoRA": (llama, texts, transformers.Trainer, {"task": "alpaca"}, True),
    "roberta with a loss of one's own": (roberta, sentences, OwnLoss, {"task": "sst2"}, False),
    "llama with a loss of one's own": (llama, texts, OwnLoss, {"task": "alpaca"}, False),
}
"""Case -> its model, its rows, its Trainer, its settings, and whether adapters train."""


class Gradients(transformers.TrainerCallback):  # type: ignore[misc]
    """The first step's gradients, before anything is clipped."""

    value: Any = None

    def on_pre_optimizer_step(self, *_words: Any, model: Any, **_given: Any) -> None:
        self.value = torch.cat([each.grad.flatten() for each in model.parameters() if each.grad is not None])


def uneven(count: int) -> list[dict[str, Any]]:
    """Rows with 1 to 9 targets."""
    kept = (1 + number * 7 % 9 for number in range(count))
    return [{**row, "labels": row["labels"][:n] + [-100] * (9 - n)} for row, n in zip(texts(count), kept, strict=True)]


def norms(case: str, *, prepared: bool = True) -> list[float]:
    """With one micro-batch on each device, and with four."""
    return [float(first_step(case, parts, prepared=prepared).norm()) for parts in (1, 4)]


def first_step(case: str, parts: int, *, prepared: bool = True, data: Any = None, **options: Any) -> Any:
    """Its gradients, of a batch of 16 in so many micro-batches on each device."""
    model, rows, kind, values, adapts = CASES[case]
    world = distributed.get_world_size() if distributed.is_initialized() else 1
    sizes = {"batch_size": 16, "per_device_batch_size": 16 // world // parts, "max_steps": 1, "max_grad_norm": None}
    with warnings.catch_warnings(), TemporaryDirectory() as folder:
        warnings.simplefilter("ignore", SettingsWarning)
        settings = load({}, None, **{**SETTINGS, **values, **sizes})
        kept = Gradients()
        built = adapted(model(), settings) if adapts else model()
        arguments = training_arguments(settings, folder, **QUIET, save_strategy="no")
        trainer = kind(built, arguments, train_dataset=data or rows(16), callbacks=[kept], **options)
        if prepared:
            prepare(trainer, settings)
        trainer.train()
    return kept.value


def stopped() -> list[str]:
    """What each process says when one of them has another seed."""
    with TemporaryDirectory() as folder:
        settings = load({}, None, **{**SETTINGS, "batch_size": 4})
        arguments = training_arguments(settings, folder, **QUIET, save_strategy="no")
        trainer = transformers.Trainer(roberta(), arguments, train_dataset=sentences(16))
        prepare(trainer, settings)
        if distributed.get_rank():
            torch.manual_seed(5)
        said = ""
        try:
            trainer.train()
        except SettingsError as error:
            said = str(error)
    ranks: list[str] = [""] * distributed.get_world_size()
    distributed.all_gather_object(ranks, said)
    return ranks


def main() -> None:
    distributed.init_process_group("gloo")
    out, *words = sys.argv[1:]
    found: Any = stopped() if "--break" in words else {case: norms(case) for case in CASES}
    if distributed.get_rank() == 0:
        Path(out).write_text(json.dumps(found))
    with suppress(Exception):
        distributed.destroy_process_group()


if __name__ == "__main__":
    main()
