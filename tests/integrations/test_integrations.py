"""Settings as what torch, transformers and PEFT take: read back from their live objects."""

import os
import re
import subprocess
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field, computed_field
from support import needs_training

from apt_settings import ARCHITECTURES, GlueBigSettings, SettingsError, SettingsWarning, load
from apt_settings.base import AptSettings
from apt_settings.fingerprint import counted
from apt_settings.integrations import peft as peft_integration
from apt_settings.integrations import torch as torch_integration
from apt_settings.integrations import transformers as transformers_integration
from apt_settings.integrations.precision import Hardware
from apt_settings.plan import plan
from apt_settings.schedules import learning_rate

pytestmark = [
    pytest.mark.training,
    needs_training,
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning"),  # of these libraries' own
]
with suppress(ModuleNotFoundError):
    import peft
    import torch
    import transformers


def settings_for(architecture: str, **values: Any) -> AptSettings:
    family = ARCHITECTURES[architecture].family
    task = {"t5": "cnn_dm", "llama": "alpaca"}.get(family, "sst2")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SettingsWarning)
        return load({}, None, task=task, architecture=architecture, **values)


def tiny(architecture: str) -> Any:
    """A model of the architecture's class with two layers, its weights at random."""
    match ARCHITECTURES[architecture].family:
        case "roberta" | "bert" as family:
            small = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
            kinds = {
                "roberta": (transformers.RobertaConfig, transformers.RobertaForSequenceClassification),
                "bert": (transformers.BertConfig, transformers.BertForSequenceClassification),
            }
            config, model = kinds[family]
            return model(config(vocab_size=99, max_position_embeddings=40, **small))
        case "t5":
            gated = "gated-gelu" if ARCHITECTURES[architecture].gated_ffn else "relu"
            small = {"d_model": 32, "d_kv": 16, "num_heads": 2, "d_ff": 64, "num_layers": 2, "num_decoder_layers": 2}
            config = transformers.T5Config(vocab_size=99, feed_forward_proj=gated, decoder_start_token_id=0, **small)
            return transformers.T5ForConditionalGeneration(config)
        case _:
            small = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
            return transformers.LlamaForCausalLM(transformers.LlamaConfig(vocab_size=99, **small))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("targets", ["query", "ffn", "query,value", "query,value,ffn"])
def test_lora_sits_on_exactly_the_named_modules(architecture: str, targets: str) -> None:
    """On a small model of each class: the architecture's modules, in every layer, and no other."""
    settings = settings_for(architecture, adapter_targets=targets)
    model = peft.get_peft_model(tiny(architecture), peft_integration.lora_config(settings))
    carrying = {
        name.removeprefix("base_model.model.") for name, part in model.named_modules() if hasattr(part, "lora_A")
    }
    modules = ARCHITECTURES[architecture].adapter_modules
    expected = {
        name.replace("{i}", str(layer))
        for target in settings.adapter_targets
        for name in modules[target]
        for layer in (0, 1)
    }

    assert expected == carrying
    assert {config.r for config in model.peft_config.values()} == {8}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_trainable_parameters_are_the_plans(architecture: str) -> None:
    """Counted on the real sizes, without weights: adapters of each architecture as the plan has them."""
    each, settings = ARCHITECTURES[architecture], settings_for(architecture)
    sizes = {"query": each.attention_size, "value": each.attention_size, "ffn": each.ffn_size}
    modules = each.adapter_modules
    counted = 0
    with torch.device("meta"):
        for target in settings.adapter_targets:
            for name in modules[target]:
                layers = (
                    each.decoder_layers
                    if name.startswith("decoder") or not each.encoder_layers
                    else each.encoder_layers
                )
                layer = peft.tuners.lora.Linear(
                    torch.nn.Linear(each.hidden_size, sizes[target]),
                    "default",
                    config=peft.LoraConfig(r=8),
                    r=8,
                    lora_alpha=16,
                )
                counted += layers * sum(p.numel() for key, p in layer.named_parameters() if "lora_" in key)

    assert each.lora_parameters(settings.adapter_targets, 8) == counted


def test_scaling_stays_when_ranks_grow() -> None:
    """alpha over rank is the factor, at the start and for a grown module."""
    settings = settings_for("roberta-base", scaling_factor=4)
    grown = {"roberta.encoder.layer.1.attention.self.query": 12}
    model = peft.get_peft_model(tiny("roberta-base"), peft_integration.lora_config(settings, ranks=grown))
    layers = model.base_model.model.roberta.encoder.layer

    assert [layers[layer].attention.self.query.r["default"] for layer in (0, 1)] == [8, 12]
    assert [layers[layer].attention.self.query.scaling["default"] for layer in (0, 1)] == [4, 4]


def test_a_real_trainer_step_uses_what_was_asked_for(tmp_path: Path) -> None:
    """Learning rate, schedule, clipping, weight decay and optimizer, read from the live objects after training."""
    values = {"optimizer": "adamw", "weight_decay": 0.1, "max_grad_norm": 0.5, "learning_rate": 1e-3, "seed": 7}
    settings = settings_for("roberta-base", batch_size=4, epochs=2, warmup_ratio=0.25, precision="fp32", **values)
    data = [{"input_ids": [5, 6, 7], "attention_mask": [1, 1, 1], "labels": index % 2} for index in range(16)]
    extra: dict[str, Any] = {
        "report_to": [],
        "save_strategy": "no",
        "logging_steps": 1,
        "use_cpu": True,
        "disable_tqdm": True,
    }
    arguments = transformers_integration.training_arguments(settings, str(tmp_path), **extra)
    trainer = transformers.Trainer(tiny("roberta-base"), arguments, train_dataset=data)
    trainer.train()
    rate = learning_rate(settings, 8)
    logged = [entry["learning_rate"] for entry in trainer.state.log_history if "learning_rate" in entry]
    group = trainer.optimizer.param_groups[0]

    assert trainer.state.global_step == 8
    assert logged == pytest.approx([rate(step) for step in range(8)], abs=1e-9)
    assert (group["weight_decay"], trainer.args.max_grad_norm, trainer.args.seed) == (0.1, 0.5, 7)
    assert isinstance(trainer.optimizer.optimizer, torch.optim.AdamW)


@pytest.mark.parametrize("world", [1, 2, 4, 8])
@pytest.mark.parametrize("per_device", [None, 1, 2, 4])
def test_the_effective_batch_is_table_6s(world: int, per_device: int | None) -> None:
    """For every number of processes: per device x accumulation x processes."""
    settings = settings_for("roberta-base", per_device_batch_size=per_device)
    given = transformers_integration.keywords(settings, devices=world)

    assert given["per_device_train_batch_size"] * given["gradient_accumulation_steps"] * world == 32
    with pytest.raises(SettingsError, match="cannot be divided among 3 devices"):
        transformers_integration.keywords(settings, devices=3)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"optimizer": "adam", "weight_decay": 0.1}, "argument optimizer=adam would couple weight_decay 0.1"),
        ({"warmup_ratio": 1.0}, "argument warmup_ratio=1.0 is more than transformers takes"),
    ],
)
def test_what_cannot_be_expressed_is_a_settings_error(values: dict[str, Any], words: str) -> None:
    """It names the setting and what to write."""
    with pytest.raises(SettingsError) as caught:
        transformers_integration.keywords(settings_for("roberta-base", **values))

    assert words in str(caught.value)


def test_precision_is_what_the_hardware_has() -> None:
    """Where it lacks what was asked for, one warning says so."""
    settings = settings_for("roberta-base", precision="fp16")
    none = Hardware(tf32=False, fp16=False, bf16=False)

    assert transformers_integration.keywords(settings)["fp16"] is True
    with pytest.warns(SettingsWarning, match="this hardware has no fp16: precision fp32 is used"):
        assert transformers_integration.keywords(settings, hardware=none)["fp16"] is False


@pytest.mark.parametrize("values", [{}, {"task": "sst2"}])
def test_a_t5_has_arguments_of_its_own(values: dict[str, Any], tmp_path: Path) -> None:
    """It generates on CNN/DM and on GLUE."""
    settings = load({}, None, **{"task": "cnn_dm", "precision": "fp32", "architecture": "t5-base", **values})
    made = transformers_integration.training_arguments(settings, str(tmp_path), use_cpu=True)

    assert isinstance(made, transformers.Seq2SeqTrainingArguments)
    assert made.generation_max_length == settings.max_target_length


@pytest.mark.parametrize(("on_cpu", "bf16"), [(False, False), (True, True)])
def test_bf16_is_used_where_transformers_takes_it(on_cpu: bool, bf16: bool, tmp_path: Path) -> None:
    """Without a GPU only if the CPU is asked for; otherwise one warning, and no error from inside."""
    settings = load({}, None, task="alpaca")
    extra: dict[str, Any] = {"use_cpu": True} if on_cpu else {}
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        made = transformers_integration.training_arguments(settings, str(tmp_path), **extra)

    assert made.bf16 is bf16
    assert len([each for each in told if each.category is SettingsWarning]) == (not bf16)


def test_extra_keywords_cannot_replace_settings(tmp_path: Path) -> None:
    """What is trained would not be what is recorded."""
    settings = settings_for("roberta-base", precision="fp32")
    with pytest.raises(SettingsError, match="keyword learning_rate is decided by the settings"):
        transformers_integration.training_arguments(settings, str(tmp_path), learning_rate=1.0)
    with pytest.raises(SettingsError, match="keyword r is decided by the settings"):
        peft_integration.lora_config(settings, r=32)
    with pytest.warns(SettingsWarning, match="lora_dropout"):
        assert peft_integration.lora_config(settings, lora_dropout=0.1).lora_dropout == 0.1


@pytest.mark.parametrize(
    ("world", "words"),
    [
        ("two", "environment WORLD_SIZE is not a number of processes: must be 1 or more"),
        ("0", "environment WORLD_SIZE is not a number of processes: must be 1 or more"),
        ("2", "would be 16: the Trainer sees 1 processes, WORLD_SIZE says 2"),
        ("3", "cannot be divided among 3 devices"),
    ],
)
def test_a_wrong_number_of_processes_is_told(
    world: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A WORLD_SIZE that is none, that nobody started, or among which the batch cannot be divided."""
    monkeypatch.setenv("WORLD_SIZE", world)
    with pytest.raises(SettingsError, match=words):
        transformers_integration.training_arguments(settings_for("roberta-base", precision="fp32"), str(tmp_path))


def test_an_empty_world_size_is_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an empty variable is elsewhere."""
    monkeypatch.setenv("WORLD_SIZE", "")
    settings = settings_for("roberta-base", precision="fp32")

    assert transformers_integration.training_arguments(settings, str(tmp_path)).train_batch_size == 32


@pytest.mark.parametrize("kind", ["adam", "adamw"])
def test_torch_has_the_optimizer_and_the_schedule(kind: str) -> None:
    """Adam couples weight decay, AdamW does not; the rate is the schedule's at every step."""
    settings = settings_for("roberta-base", optimizer=kind, weight_decay=0.1)
    weight = torch.nn.Parameter(torch.zeros(2))
    optimizer = torch_integration.optimizer(settings, [weight])
    scheduler = torch_integration.scheduler(settings, optimizer, 20)
    rates = []
    for _ in range(20):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()

    assert type(optimizer).__name__.lower() == kind
    assert optimizer.param_groups[0]["weight_decay"] == 0.1
    assert rates == pytest.approx([learning_rate(settings, 20)(step) for step in range(20)])


WORKER = """
import os
import torch.distributed as distributed
from apt_settings import SettingsError, load
from apt_settings.integrations.torch import require_agreement
distributed.init_process_group("gloo")
rank = distributed.get_rank()
environ = {"APT_TASK": "squad", "APT_OUTPUT_DIR": f"out-{rank}"} | eval(os.environ["DIFFERENT"]).get(rank, {})
try:
    require_agreement(load(environ, None))
    told = "agreed"
except SettingsError as error:
    told = str(error)
with open(f"rank-{rank}", "w") as file:
    file.write(told)
distributed.destroy_process_group()
"""


def in_processes(world: int, different: dict[int, dict[str, str]], folder: Path) -> list[str]:
    """What each process of a distributed job prints."""
    (folder / "worker.py").write_text(WORKER)
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc-per-node",
        str(world),
        "--standalone",
        "worker.py",
    ]
    environ = {**os.environ, "DIFFERENT": repr(different), "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [(folder / f"rank-{rank}").read_text() for rank in range(world)]


@pytest.mark.parametrize("world", [2, 4])
def test_processes_that_agree_go_on(world: int, tmp_path: Path) -> None:
    """Each with a folder of its own, which is not what the experiment is."""
    assert in_processes(world, {}, tmp_path) == ["agreed"] * world


@pytest.mark.parametrize(
    ("world", "different", "words"),
    [
        (2, {1: {"APT_EPOCHS": "50"}}, "rank 1 epochs is 50 (environment APT_EPOCHS), on rank 0 40 (class default)"),
        (4, {n: {"APT_SEED": "7"} for n in (1, 3)}, "rank 1, 3 seed is 7 (environment APT_SEED), on 2 of 4 ranks 128"),
        (4, {0: {"APT_TASK": "sst2"}}, "rank 0 task is glue_big (environment APT_TASK), on 3 of 4 ranks squad"),
    ],
)
def test_processes_that_differ_all_stop(world: int, different: Any, words: str, tmp_path: Path) -> None:
    """Every rank has the same error: which ranks, which setting, both values and both origins."""
    lines = in_processes(world, different, tmp_path)

    assert len(lines) == world
    assert len(set(lines)) == 1
    assert words in lines[0]


def test_alone_nothing_is_asked() -> None:
    """Outside a distributed job there is nobody to agree with."""
    torch_integration.require_agreement(load({}, None))


def test_asking_before_the_group_is_joined_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Going on in silence would be the worst answer."""
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(SettingsError, match="after init_process_group or training_arguments"):
        torch_integration.require_agreement(load({}, None))


def test_settings_of_a_subclass_are_compared_too() -> None:
    """Those that a dump leaves out, and not those that are computed."""

    class Mine(GlueBigSettings):
        kept_apart: int = Field(1, exclude=True)

        @computed_field
        def computed(self) -> int:
            return 2

    compared = counted(load({}, None, settings_class=Mine))

    assert compared["kept_apart"] == 1
    assert "computed" not in compared


def test_a_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a traceback from inside."""
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(SettingsError, match=re.escape("peft is not installed; pip install 'apt-settings[peft]'")):
        peft_integration.lora_config(load({}, None))


def test_processes_that_differ_in_a_setting_of_their_own_all_stop(tmp_path: Path) -> None:
    """A setting of the project counts like ours, also where it is at its default on one rank."""
    (tmp_path / "mine.py").write_text(
        "from dataclasses import dataclass\n@dataclass\nclass Mine:\n    eval_every: int = 500\n"
    )
    named = {"APT_EXTEND": "mine:Mine"}
    lines = in_processes(2, {0: named, 1: {**named, "APT_EVAL_EVERY": "7"}}, tmp_path)

    assert len(set(lines)) == 1
    assert "rank 1 eval_every is 7 (environment APT_EVAL_EVERY), on rank 0 500 (class default)" in lines[0]


@pytest.mark.parametrize(("max_steps", "warmup_steps"), [(3, 2), (None, 0), (9, None)])
def test_the_trainer_counts_the_steps_that_the_plan_counts(
    max_steps: int | None, warmup_steps: int | None, tmp_path: Path
) -> None:
    """It ends where the plan ends, and each step has the rate of the schedule."""
    values = {"batch_size": 4, "epochs": 2, "precision": "fp32", "learning_rate": 1e-3, "warmup_ratio": None}
    values |= {"max_steps": max_steps, "warmup_steps": warmup_steps, "warmup_ratio": 0.25}
    given = {name: value for name, value in values.items() if not (name == "warmup_ratio" and warmup_steps is not None)}
    settings = settings_for("roberta-base", **given)
    data = [{"input_ids": [5, 6, 7], "attention_mask": [1, 1, 1], "labels": index % 2} for index in range(16)]
    quiet: dict[str, Any] = {"report_to": [], "save_strategy": "no", "logging_steps": 1, "disable_tqdm": True}
    arguments = transformers_integration.training_arguments(settings, str(tmp_path), use_cpu=True, **quiet)
    trainer = transformers.Trainer(tiny("roberta-base"), arguments, train_dataset=data)
    trainer.train()
    planned = plan(settings.model_copy(update={"train_examples": 16}))
    rate = planned.schedules["learning rate"]
    logged = [row["learning_rate"] for row in trainer.state.log_history if "learning_rate" in row]

    assert trainer.state.global_step == planned.total_steps
    assert logged == pytest.approx([rate(step) for step in range(planned.total_steps)])
