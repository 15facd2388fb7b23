"""Trainers of others with the settings: real runs of trl, Lightning, accelerate and plain torch, and real parsers."""

import dataclasses
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support import in_two_processes, needs_training

from apt_settings import SettingsError, SettingsWarning, load
from apt_settings.base import AptSettings
from apt_settings.plan import plan
from apt_settings.schedules import learning_rate

pytestmark = [
    pytest.mark.training,
    needs_training,
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning"),
]
with suppress(ModuleNotFoundError):
    import torch
    import transformers
    import trl
    import two_trainers
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState
    from datasets import Dataset
    from lightning import Callback, LightningModule, Trainer
    from peft import LoraConfig
    from tokenizers import Tokenizer, models, pre_tokenizers
    from torch.nn.functional import cross_entropy
    from torch.utils.data import DataLoader, TensorDataset

    from apt_settings.integrations.accelerate import accelerator_arguments
    from apt_settings.integrations.argparse import with_flags
    from apt_settings.integrations.lightning import trainer_arguments
    from apt_settings.integrations.peft import lora_config
    from apt_settings.integrations.precision import Hardware, switch_tf32, tf32_is_on
    from apt_settings.integrations.torch import autocast, optimizer, scheduler
    from apt_settings.integrations.trainer import prepare
    from apt_settings.integrations.transformers import training_arguments


QUIET: dict[str, Any] = {
    "logger": False,
    "enable_checkpointing": False,
    "enable_progress_bar": False,
    "accelerator": "cpu",
    "enable_model_summary": False,
}
"""A Trainer of Lightning that says nothing and writes nothing."""


def settings_for(**values: Any) -> AptSettings:
    given = {"task": "sst2", "batch_size": 16, "epochs": 3, "learning_rate": 0.01, "precision": "fp32", **values}
    adamw = {"optimizer": "adamw", "weight_decay": 0.1}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SettingsWarning)
        return load({}, None, **{"train_examples": 48, "distill_epochs": None, **adamw, **given})


def rows() -> Any:
    random = torch.Generator().manual_seed(1)
    return TensorDataset(torch.randn(48, 8, generator=random), torch.randint(0, 2, (48,), generator=random))


def classifier() -> Any:
    torch.manual_seed(1)
    return torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.LayerNorm(16), torch.nn.Linear(16, 2))


def with_torch(settings: AptSettings) -> tuple[Any, list[float]]:
    """A loop of one's own."""
    job, model = plan(settings), classifier()
    made = optimizer(settings, model.named_parameters())
    rates, seen = scheduler(settings, made, job.total_steps), []
    for _ in range(settings.epochs):
        for batch in DataLoader(rows(), settings.batch_size):
            parts = list(zip(*(each.split(job.per_device_batch_size) for each in batch), strict=True))
            for inputs, labels in parts:
                with autocast(settings):
                    (cross_entropy(model(inputs), labels) * len(labels) / len(batch[0])).backward()
            if settings.max_grad_norm:
                torch.nn.utils.clip_grad_norm_(model.parameters(), settings.max_grad_norm)
            seen.append(made.param_groups[0]["lr"])
            made.step()
            rates.step()
            made.zero_grad()
    return model, seen


def with_accelerate(settings: AptSettings) -> tuple[Any, list[float]]:
    """As its documentation has it."""
    AcceleratorState._reset_state(reset_partial_state=True)
    accelerator = Accelerator(**accelerator_arguments(settings), cpu=True)
    job, model = plan(settings), classifier()
    made = optimizer(settings, model.named_parameters())
    rates, seen = scheduler(settings, made, job.total_steps), []
    model, made, data = accelerator.prepare(model, made, DataLoader(rows(), job.per_device_batch_size))
    for _ in range(settings.epochs):
        for inputs, labels in data:
            with accelerator.accumulate(model):
                accelerator.backward(cross_entropy(model(inputs), labels))
                if accelerator.sync_gradients:
                    accelerator.clip_grad_norm_(model.parameters(), settings.max_grad_norm)
                    seen.append(made.param_groups[0]["lr"])
                made.step()
                made.zero_grad()
            if accelerator.sync_gradients:
                rates.step()
    return accelerator.unwrap_model(model), seen


def with_lightning(settings: AptSettings) -> tuple[Any, list[float]]:
    """A LightningModule."""
    seen = []

    class Module(LightningModule):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model = classifier()

        def training_step(self, batch: Any, _index: int) -> Any:
            return cross_entropy(self.model(batch[0]), batch[1])

        def configure_optimizers(self) -> Any:
            made = optimizer(settings, self.named_parameters())
            rates = scheduler(settings, made, self.trainer.estimated_stepping_batches)
            return [made], [{"scheduler": rates, "interval": "step"}]

        def on_before_optimizer_step(self, made: Any) -> None:
            seen.append(made.param_groups[0]["lr"])

    trainer = Trainer(**trainer_arguments(settings), **QUIET)
    module = Module()
    trainer.fit(module, DataLoader(rows(), plan(settings).per_device_batch_size))
    assert trainer.global_step == plan(settings).total_steps
    return module.model, seen


def weights(model: Any) -> Any:
    return torch.cat([each.detach().flatten() for each in model.parameters()])


@pytest.mark.parametrize("per_device", [16, 8])
@pytest.mark.parametrize("run", [with_accelerate, with_lightning])
def test_all_train_the_same(run: Callable[[AptSettings], tuple[Any, list[float]]], per_device: int) -> None:
    """Steps, rates and weights are those of a loop of one's own, with one micro-batch and with two."""
    settings = settings_for(per_device_batch_size=per_device)
    expected, rates = with_torch(settings)
    model, seen = run(settings)

    assert seen == pytest.approx(rates)
    assert seen == pytest.approx([learning_rate(settings, 9)(step) for step in range(9)])
    assert torch.allclose(weights(model), weights(expected), atol=1e-6)


@pytest.mark.parametrize(
    ("precision", "lightning", "accelerate"),
    [
        ("fp32", "32-true", "no"),
        ("tf32", "32-true", "no"),
        ("bf16", "bf16-mixed", "bf16"),
        ("fp16", "16-mixed", "fp16"),
    ],
)
def test_precisions_have_their_names(
    precision: str, lightning: str, accelerate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On hardware that has them; TF32 is torch's switch."""
    every = Hardware(tf32=True, fp16=True, bf16=True)
    monkeypatch.setattr("apt_settings.integrations.precision.hardware_here", lambda on_cpu: every)  # noqa: ARG005
    settings = settings_for(precision=precision)

    assert trainer_arguments(settings)["precision"] == lightning
    assert accelerator_arguments(settings)["mixed_precision"] == accelerate
    if precision in ("fp32", "tf32"):
        assert tf32_is_on() == (precision == "tf32")
    switch_tf32(False)


def test_tf32_that_is_switched_off_below_torch_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """For every trainer."""
    every = Hardware(tf32=True, fp16=True, bf16=True)
    monkeypatch.setattr("apt_settings.integrations.precision.hardware_here", lambda on_cpu: every)  # noqa: ARG005
    monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "0")
    for make in (accelerator_arguments, trainer_arguments, autocast):
        with pytest.raises(SettingsError, match="NVIDIA_TF32_OVERRIDE is 0; unset it"):
            make(settings_for(precision="tf32"))


def test_lengths_and_clipping_of_lightning() -> None:
    """max_steps in place of epochs, and no clipping where it is none."""
    settings, mine = settings_for(max_steps=7, max_grad_norm=None, per_device_batch_size=4), Callback()
    given = trainer_arguments(settings, devices=2, num_nodes=2, callbacks=[mine])
    first, second = given.pop("callbacks")

    assert (first, second.settings) == (mine, settings)
    assert given == {
        "precision": "32-true",
        "devices": 2,
        "num_nodes": 2,
        "accumulate_grad_batches": 1,
        "gradient_clip_val": None,
        "max_steps": 7,
    }
    with pytest.raises(SettingsError, match="cannot be divided among 3 devices"):
        trainer_arguments(settings_for(), devices=3)
    with pytest.raises(SettingsError, match="cannot be divided among 32 devices"):
        trainer_arguments(settings_for(), devices=8, num_nodes=4)
    with pytest.raises(SettingsError, match="num_nodes='two' is not a number"):
        trainer_arguments(settings_for(), num_nodes="two")  # type: ignore[arg-type]


@pytest.mark.parametrize("library", ["accelerate", "lightning"])
def test_two_processes_train_as_one(library: str, tmp_path: Path) -> None:
    """Steps, rates and weights, from one seed; accelerate's rates are prepared too, and told once for each process."""
    together = in_two_processes("two_trainers.py", tmp_path, library)
    settings = load({}, None, **two_trainers.JOB)
    alone = two_trainers.with_lightning(settings, 1)

    assert together["rates"] == pytest.approx([learning_rate(settings, 6)(step) for step in range(6)])
    assert together["rates"] == pytest.approx(alone["rates"])
    for expected, weights in zip(alone["weights"], together["weights"], strict=True):
        assert torch.allclose(torch.tensor(weights), torch.tensor(expected), atol=1e-6)


def test_a_loader_of_lightning_with_another_batch_is_refused() -> None:
    """Before the first step; the error says what to write."""
    settings = settings_for(per_device_batch_size=4)
    trainer = Trainer(**trainer_arguments(settings), **QUIET)
    with pytest.raises(SettingsError) as caught:
        trainer.fit(two_trainers.Module(settings), DataLoader(rows(), settings.batch_size))

    assert "argument batch_size=16 would be 64: 16 of the loader x 1 devices x 4 micro-batches" in str(caught.value)
    assert "give the DataLoader plan(settings, devices=trainer.world_size).per_device_batch_size" in str(caught.value)
    assert trainer.global_step == 0


def test_a_loader_of_lightning_that_tells_no_batch_is_not_judged() -> None:
    """And that is said."""
    settings = settings_for(max_steps=1)
    trainer = Trainer(**trainer_arguments(settings), **QUIET)
    with pytest.warns(SettingsWarning, match="not judged: the batch over all devices, as a DataLoader does not say"):
        trainer.fit(two_trainers.Module(settings), DataLoader([rows()[:16]], batch_size=None))


def test_rates_are_told_of_an_optimizer_that_is_wrapped() -> None:
    """By accelerate, before the schedule is made."""
    AcceleratorState._reset_state(reset_partial_state=True)
    accelerator, settings = Accelerator(cpu=True), settings_for(warmup_steps=4)
    made = accelerator.prepare(optimizer(settings, classifier().named_parameters()))
    rates = scheduler(settings, made, 9)
    made.step()
    for _ in range(3):
        rates.step()

    assert rates.get_last_lr() == [learning_rate(settings, 9)(1)] * 2


@pytest.mark.parametrize("make", ["accelerator_arguments", "trainer_arguments"])
def test_a_model_made_after_the_arguments_has_the_weights_of_the_seed(make: str) -> None:
    """Whatever was drawn before."""

    def weights(seed: int) -> Any:
        torch.rand(3)
        {"accelerator_arguments": accelerator_arguments, "trainer_arguments": trainer_arguments}[make](
            settings_for(seed=seed)
        )
        return torch.nn.Linear(8, 2).weight

    assert torch.equal(weights(7), weights(7))
    assert not torch.equal(weights(7), weights(8))


def test_micro_batches_from_accelerates_own_variable_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is stronger than what the Accelerator is told; one that says the same is let be."""
    monkeypatch.setenv("ACCELERATE_GRADIENT_ACCUMULATION_STEPS", "4")
    with pytest.raises(SettingsError, match="ACCELERATE_GRADIENT_ACCUMULATION_STEPS is 4, and a step has 1 micro-b"):
        accelerator_arguments(settings_for())
    AcceleratorState._reset_state(reset_partial_state=True)
    accelerator = Accelerator(**accelerator_arguments(settings_for(per_device_batch_size=4)), cpu=True)

    assert accelerator.gradient_accumulation_steps == 4


def test_biases_and_norms_are_spared() -> None:
    """In torch as in the Trainer: the same tensors, for every model that has names."""
    for model in (
        transformers.RobertaForSequenceClassification(transformers.RobertaConfig(vocab_size=9, num_hidden_layers=1)),
        transformers.T5ForConditionalGeneration(transformers.T5Config(vocab_size=9, num_layers=1)),
        transformers.LlamaForCausalLM(
            transformers.LlamaConfig(vocab_size=9, num_hidden_layers=1, hidden_size=64, intermediate_size=64)
        ),
    ):
        made = optimizer(settings_for(optimizer="adamw"), model.named_parameters())
        decayed = {id(each) for group in made.param_groups if group["weight_decay"] for each in group["params"]}
        usual = set(transformers.Trainer.get_decay_parameter_names(None, model))

        named = dict(model.named_parameters())  # without the second names of shared weights
        assert {name for name, each in named.items() if id(each) in decayed} == usual & named.keys()


def test_groups_of_ones_own_keep_what_they_say() -> None:
    """Parameters without names are told apart by their dimensions."""
    model = classifier()
    heads, rest = list(model[2].parameters()), list(model[0].parameters())
    made = optimizer(settings_for(), [{"params": heads, "lr": 1.0}, {"params": rest, "weight_decay": 0.3}])

    assert [(len(each["params"]), each["lr"], each["weight_decay"]) for each in made.param_groups] == [
        (1, 1.0, 0.1),
        (1, 1.0, 0.0),
        (2, 0.01, 0.3),
    ]


@pytest.mark.parametrize("extra", [{"use_rslora": True}, {"layers_to_transform": [0]}, {"exclude_modules": ["query"]}])
def test_adapters_are_those_of_the_settings(extra: dict[str, Any]) -> None:
    """A keyword that undoes scaling or place is refused."""
    with pytest.raises(SettingsError, match=f"keyword {next(iter(extra))} undoes"):
        lora_config(settings_for(), **extra)
    with pytest.raises(SettingsError, match="keyword lora_dropuot is none of LoraConfig; did you mean lora_dropout"):
        lora_config(settings_for(), lora_dropuot=0.1)


@pytest.mark.parametrize(
    "extra",
    [
        {"use_dora": True},
        {"lora_dropout": 0.1},
        {"init_lora_weights": "pissa"},
        {"init_lora_weights": False},
        {"trainable_token_indices": [1]},
    ],
)
def test_a_keyword_of_adapters_that_no_record_has_is_noted(extra: dict[str, Any]) -> None:
    """It may be meant; one that says what is so anyway is not."""
    with pytest.warns(SettingsWarning, match=f"keyword {next(iter(extra))} changes what is trained, and is no setting"):
        assert isinstance(lora_config(settings_for(), **extra), LoraConfig)
    with warnings.catch_warnings():
        warnings.simplefilter("error", SettingsWarning)
        lora_config(settings_for(), lora_dropout=0.0, init_lora_weights=True, bias="none")


def tokenizer() -> Any:
    words = Tokenizer(models.WordLevel({"<pad>": 0, "</s>": 1, "a": 2, "b": 3}, unk_token="<pad>"))  # noqa: S106
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", eos_token="</s>")  # noqa: S106


def test_trl_trains_what_the_settings_say(tmp_path: Path) -> None:
    """An SFTConfig, cut at max_seq_length, in a run that goes to its end."""
    settings = settings_for(task="alpaca", max_seq_length=32, per_device_batch_size=8)
    quiet = {"report_to": [], "save_strategy": "no", "disable_tqdm": True, "use_cpu": True}
    arguments = training_arguments(settings, str(tmp_path), kind=trl.SFTConfig, **quiet)
    small = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(vocab_size=4, **small))
    data = Dataset.from_dict({"text": ["a b a b"] * 48})
    trainer = trl.SFTTrainer(model, arguments, train_dataset=data, processing_class=tokenizer())
    prepare(trainer, settings)
    trainer.train()

    assert isinstance(arguments, trl.SFTConfig)
    assert (arguments.max_length, arguments.learning_rate) == (32, 0.01)
    assert trainer.state.global_step == 9


@dataclasses.dataclass
class ModelArguments:
    """As many trainers have it."""

    model_name_or_path: str
    workers: int = 4


@pytest.mark.parametrize("kind", ["HfArgumentParser", "TrlParser"])
def test_parsers_of_trainers_go_on_as_they_are(kind: str, tmp_path: Path) -> None:
    """What is required comes from the settings, and what a person gave wins."""
    settings = settings_for(max_grad_norm=0.5, warmup_steps=2)
    parser = {"HfArgumentParser": transformers.HfArgumentParser, "TrlParser": trl.TrlParser}[kind]
    made = parser((ModelArguments, transformers.TrainingArguments))
    words = ["--use_cpu", "--output_dir", str(tmp_path), "--num_train_epochs", "5", "--lr_scheduler_type", "cosine"]
    job = with_flags(settings, made, words)
    (model, arguments) = made.parse_args_into_dataclasses(words)

    assert (job.epochs, job.lr_scheduler, job.learning_rate) == (5, "cosine", 0.01)
    assert str(job.origin("epochs")) == "--num_train_epochs"
    assert model.model_name_or_path == "roberta-base"
    assert (arguments.num_train_epochs, arguments.learning_rate, arguments.max_grad_norm) == (5.0, 0.01, 0.5)
    assert (arguments.warmup_steps, arguments.weight_decay, arguments.seed) == (2, 0.1, 128)
    assert arguments.per_device_train_batch_size == 16


@pytest.mark.parametrize(
    ("words", "setting", "value"),
    [
        (["--warmup_steps", "10"], "warmup_steps", 10),
        (["--warmup_steps", "0.25"], "warmup_ratio", 0.25),
        (["--max_steps", "-1"], "max_steps", None),
        (["--fp16", "False", "--bf16", "False"], "precision", "fp32"),
        (["--auto_find_batch_size", "False", "--gradient_accumulation_steps", "1"], "batch_size", 16),
        (["--per_device_train_batch_size", "4", "--gradient_accumulation_steps", "4"], "per_device_batch_size", 4),
        (["--lr_scheduler_type", "constant_with_warmup"], "lr_scheduler", "constant"),
        (["--lr_scheduler_type", "constant", "--warmup_steps", "0"], "warmup_steps", 0),
        (["--adam_beta2", "0.999", "--dataloader_drop_last", "False"], "epochs", 3),
    ],
)
def test_usual_flags_of_the_trainer_are_taken(words: list[str], setting: str, value: Any, tmp_path: Path) -> None:
    """As transformers types them, and with its own words for none."""
    parser = transformers.HfArgumentParser(transformers.TrainingArguments)
    words = ["--use_cpu", "--output_dir", str(tmp_path), *words]
    job = with_flags(settings_for(), parser, words)
    (arguments,) = parser.parse_args_into_dataclasses(words)

    assert getattr(job, setting) == value
    assert arguments.per_device_train_batch_size * arguments.gradient_accumulation_steps == 16


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (["--per_device_train_batch_size", "4", "--gradient_accumulation_steps", "1"], "steps is not taken.*must be 4"),
        (["--lr_scheduler_type", "constant"], "--lr_scheduler_type=constant has no warmup"),
        (["--lr_scheduler_kwargs", '{"num_cycles": 3}'], "--lr_scheduler_kwargs undoes lr_scheduler; leave it out"),
        (["--dataloader_drop_last"], "--dataloader_drop_last undoes train_examples"),
        (["--optim", "sgd"], "--optim='sgd' is not allowed"),
    ],
)
def test_flags_of_the_trainer_that_undo_settings_are_refused(words: list[str], wrong: str) -> None:
    """As its keywords are."""
    parser = transformers.HfArgumentParser(transformers.TrainingArguments)
    with pytest.raises(SettingsError, match=wrong):
        with_flags(settings_for(), parser, ["--use_cpu", *words])


@pytest.mark.parametrize(
    ("words", "warning"),
    [
        (["--adam_beta2", "0.5"], "--adam_beta2 changes what is trained, and is no setting"),
        (["--label_smoothing_factor", "0.3"], "--label_smoothing_factor changes what is trained"),
        (["--deepspeed", "zero.json"], "--deepspeed may decide what the settings decide, and is not judged"),
    ],
)
def test_flags_of_the_trainer_that_no_record_has_are_named(words: list[str], warning: str) -> None:
    """As its keywords are."""
    parser = transformers.HfArgumentParser(transformers.TrainingArguments)
    with pytest.warns(SettingsWarning, match=warning):
        with_flags(settings_for(), parser, ["--use_cpu", *words])


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ("lora_alpha: 32\n", "lora_alpha is not taken"),
        ("lora_r: 16\nlora_alpha: 16\n", "lora_alpha is not taken.*must be 32"),
        ("per_device_train_batch_size: 4\ngradient_accumulation_steps: 1\n", "steps is not taken.*must be 4"),
        ("lr_scheduler_type: constant\n", "lr_scheduler_type=constant has no warmup"),
        ("optim: sgd\n", "optim='sgd' is not allowed"),
        (None, "cannot be read: No such file"),
    ],
)
def test_a_wrong_file_of_trls_parser_is_one_error(content: str | None, wrong: str, tmp_path: Path) -> None:
    """No traceback of another library."""
    file = tmp_path / "job.yaml"
    if content:
        file.write_text(content)
    with pytest.raises(SettingsError, match=wrong):
        with_flags(settings_for(), trl.TrlParser([trl.SFTConfig]), ["--config", str(file), "--output_dir", "x"])


def test_the_file_of_trls_parser_counts_as_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its values are in settings and fingerprint too; a flag is stronger."""
    file = tmp_path / "job.yaml"
    file.write_text("learning_rate: 0.5\nnum_train_epochs: 7\nworkers: 3\n")
    words = ["--config", str(file), "--learning_rate", "0.25", "--use_cpu", "--output_dir", str(tmp_path)]
    monkeypatch.setattr("sys.argv", ["train.py", *words])
    parser = trl.TrlParser((ModelArguments, transformers.TrainingArguments))
    job = with_flags(settings_for(), parser)
    model, arguments = parser.parse_args_and_config()

    assert (job.learning_rate, job.epochs) == (0.25, 7)
    assert (arguments.learning_rate, arguments.num_train_epochs, model.workers) == (0.25, 7.0, 3)
