"""The command line of the release's entry points (github.com/ROIM1998/APT at commit 56eaf8b)."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from ..base import AptSettings, settings_of, unusable
from ..errors import Note
from ..facts.architectures import ARCHITECTURES, AdapterTarget, Architecture
from ..facts.release import CODE, DOC_STRIDE, PRUNING_BATCHES, eval_steps
from ..plan import divide_batch
from ..values import as_text
from .extras import scheduler_name

ENTRY_POINTS: Final[Mapping[str, str]] = {
    "glue_small": "run_minus_training.py",
    "glue_big": "run_minus_training.py",
    "squad": "run_minus_squad_training.py",
    "cnn_dm": "run_minus_seq2seq_training.py",
    "alpaca": "run_llama_sft.py",
}
"""Task -> the Python script that trains it, on every architecture."""

FIXED_FLAGS: Final[Mapping[str, str]] = {
    "do_train": "True",
    "do_eval": "True",
    "apply_lora": "True",
    "pruner_type": "running_fisher",
    "pruning_scheduler": "cubic_gradual",
    "pruning_start": "-1",
    "pre_pruning_tuning_steps": "200",
    "param_allocation_strategy": "running_fisher",
    "param_resizing_strategy": "tophalf_limited",
    "grafting_top_k": "-1",  # param_resizing_strategy tophalf_limited needs it
    "collect_salience": "True",
    "salience_collecting_start": "200",
    "salience_collecting_end": "-1",
}
"""Flags that every main script of the release passes, and that no setting decides."""

DISTILLATION_FLAGS: Final[Mapping[str, str]] = {
    "do_distill": "True",
    "distillation_type": "self_momentum",
    "distill_mapping_strategy": "dynamic_block_teacher_dynamic_student",
    "distill_start": "-1",
}
"""Flags that the scripts pass in addition if they distil, and that no setting decides."""

_SETTING_OF: Final = {
    "max_grad_norm": "max_grad_norm",
    "seed": "seed",
    "distill_temp": "distill_temperature",
    "distill_loss_alpha": "distill_layer_weight",
    "distill_ce_loss_alpha": "distill_prediction_weight",
}
DEFAULTS: Final[Mapping[str, str]] = {flag: CODE[setting][0] for flag, setting in _SETTING_OF.items()}
"""Flag -> the release's default. The scripts leave out a flag with this value, and so do we."""

_PRUNING_BEFORE_TUNING: Final[Mapping[str, str]] = {
    "pre_tuning_scorer": "backward_running_hidden_states_salience",
    "pre_tuning_pruner": "running_fisher",
}
_FIXED_WHILE_DISTILLING: Final = ("teacher_layers", "distill_weight_start", "distill_weight_end")
_LETTERS: Final[Mapping[AdapterTarget, str]] = {"query": "q", "value": "v", "ffn": "i"}
_LENGTHS: Final[Mapping[str, str]] = {
    "run_minus_seq2seq_training.py": "max_input_length",
    "run_llama_sft.py": "model_max_length",
}


class Arguments(NamedTuple):
    """The command line of a training run of the release."""

    entry_point: str
    """The Python script that trains, such as `run_minus_training.py`."""
    flags: Mapping[str, str]
    """Flag without its dashes -> value."""
    notes: tuple[Note, ...]
    """One for each setting that the release has no flag for or ignores."""

    @property
    def words(self) -> list[str]:
        """The flags as an argument vector: `--seed`, `128`; a value that reads as a flag is one word with its own."""
        return [word for flag, value in self.flags.items() for word in _words(flag, value)]


def _words(flag: str, value: str) -> tuple[str, ...]:
    reads_as_flag = value.startswith("-") and not value[1:2].isdigit()
    return (f"--{flag}={value}",) if reads_as_flag else (f"--{flag}", value)


def arguments(settings: AptSettings, devices: int = 1) -> Arguments:
    """The entry point and flags that train with these settings, as far as the release can.

    Raises SettingsError for a task that is none of the paper's, if batch_size cannot be divided among the devices, or
    if alpha, which is a whole number in the release, would be 0.
    """
    if settings.task not in ENTRY_POINTS:
        raise unusable(settings, "task", "is none of the release's", f"one of {', '.join(ENTRY_POINTS)}")
    flags = {flag: value for flag, value in _flags(settings, devices) if DEFAULTS.get(flag) != value}
    remarks = (*_remarks(settings, flags), *_remarks_on_what_is_not_written(settings))
    notes = tuple(Note(f"{name}: {remark}", name) for name, remark in remarks)
    return Arguments(ENTRY_POINTS[settings.task], flags, notes)


def _flags(settings: AptSettings, devices: int) -> Iterator[tuple[str, str]]:
    entry_point, architecture = ENTRY_POINTS[settings.task], ARCHITECTURES[settings.architecture]
    per_device, accumulation = divide_batch(settings, devices)
    yield "model_name_or_path", settings.model_name_or_path or settings.architecture
    yield "output_dir", settings.output_dir
    yield from _data(settings, entry_point)
    yield from FIXED_FLAGS.items()
    yield from _evaluation(settings)
    yield "learning_rate", as_text(settings.learning_rate)
    yield "per_device_train_batch_size", str(per_device)
    if accumulation > 1:
        yield "gradient_accumulation_steps", str(accumulation)
    yield "num_train_epochs", str(settings.epochs)
    yield "warmup_ratio", as_text(settings.warmup_ratio)
    yield "lr_scheduler_type", scheduler_name(settings)
    yield "weight_decay", as_text(settings.weight_decay)
    yield "max_grad_norm", as_text(settings.max_grad_norm or 0.0)
    yield "seed", str(settings.seed)
    yield from _precision(settings)
    yield from _pruning(settings)
    yield from _tuning(settings, architecture)
    yield from _distillation(settings)


def _data(settings: AptSettings, entry_point: str) -> Iterator[tuple[str, str]]:
    if entry_point == "run_minus_squad_training.py":
        if settings.dataset == "squad_v2":
            yield "version_2_with_negative", "True"
        yield "doc_stride", str(DOC_STRIDE)
    else:
        yield "task_name", settings.dataset
    if entry_point == "run_llama_sft.py":
        yield "data_path", "data/sft/alpaca_data_gpt4.json"
    yield _LENGTHS.get(entry_point, "max_seq_length"), str(settings.max_seq_length)
    if settings.max_target_length:
        yield "max_target_length", str(settings.max_target_length)


def _evaluation(settings: AptSettings) -> Iterator[tuple[str, str]]:
    """When to evaluate, as the scripts: without it no best model exists, and the end of distillation loads none."""
    yield "evaluation_strategy", "steps"
    yield "eval_steps", eval_steps(settings.dataset, settings.architecture)
    yield "save_strategy", "no"


def _precision(settings: AptSettings) -> Iterator[tuple[str, str]]:
    if settings.precision == "fp32":
        yield "tf32", "False"  # every entry point switches it on
    else:
        yield settings.precision, "True"
    if settings.precision == "fp16" or (settings.precision == "bf16" and settings.task == "alpaca"):
        yield "tf32", "True"  # the release's scripts set it beside half precision


def _pruning(settings: AptSettings) -> Iterator[tuple[str, str]]:
    batches, size = PRUNING_BATCHES.get(settings.architecture, PRUNING_BATCHES[""])
    yield "pruning_batches", str(batches)
    yield "pruning_batch_size", str(size)
    yield "mac_constraint", _kept(settings.target_sparsity)
    yield "pruning_stop", str(settings.pruning_end_epoch)
    yield "num_prunings", str(settings.num_prunings)
    yield "sparsity_warmup_epochs", str(settings.sparsity_warmup_epochs)
    yield "mask_lr", as_text(settings.mask_decay_rate)
    if settings.initial_sparsity:
        yield from _PRUNING_BEFORE_TUNING.items()
        yield "pre_tuning_constraint", _kept(settings.initial_sparsity)


def _tuning(settings: AptSettings, architecture: Architecture) -> Iterator[tuple[str, str]]:
    yield "lora_r", str(settings.initial_rank)
    yield "lora_alpha", str(_alpha(settings))
    yield "max_lora_r", str(settings.max_rank)
    yield "tuning_expanding_ratio", as_text(settings.tuning_budget_ratio)
    for model in ("teacher", "student"):
        yield f"{model}_param_tuning_config", adapters(architecture, settings.adapter_targets)


def _distillation(settings: AptSettings) -> Iterator[tuple[str, str]]:
    if not settings.distill_epochs:
        return
    yield from DISTILLATION_FLAGS.items()
    if ARCHITECTURES[settings.architecture].family != "llama":
        yield "do_virtual_prune", "True"
    yield "distill_epoch", str(settings.distill_epochs)
    yield "distill_temp", as_text(settings.distill_temperature)
    yield "distill_loss_alpha", as_text(settings.distill_layer_weight)
    yield "distill_ce_loss_alpha", as_text(settings.distill_prediction_weight)


def adapters(architecture: Architecture, targets: tuple[AdapterTarget, ...]) -> str:
    """The release's text for adapters: `q:0-11,v:0-11,i:0-11` for query, value and FFN of the layers 0 to 11.

    Before the letter of the projection, T5 has `e`, `d` or `c` for encoder, decoder and cross-attention, and LLaMA has
    `d`; `i0` is the gate of a gated FFN: `eq:0-11,...,di0:0-11`, `dq:0-31,dv:0-31`.
    """
    last = (architecture.encoder_layers or architecture.decoder_layers) - 1
    if architecture.is_t5:
        attentions = [f"{part}{_LETTERS[each]}" for part in "edc" for each in targets if each != "ffn"]
        gate = "0" if architecture.gated_ffn else ""
        names = [*attentions, *(f"{part}i{gate}" for part in "ed" if "ffn" in targets)]
    else:
        part = "d" if architecture.family == "llama" else ""
        names = [f"{part}{_LETTERS[each]}{'0' if part and each == 'ffn' else ''}" for each in targets]
    return ",".join(f"{name}:0-{last}" for name in names)


def _kept(sparsity: float) -> str:
    """1 - sparsity in decimal arithmetic: `0.08` for 0.92, where floats give 0.07999999999999996."""
    return str(1 - Decimal(as_text(sparsity)))


def _alpha(settings: AptSettings) -> int:
    """scaling_factor x initial_rank, rounded: alpha is a whole number in the release.

    Raises SettingsError if it is 0, with which adapters would learn nothing.
    """
    alpha = round(settings.scaling_factor * settings.initial_rank)
    if alpha == 0:
        wrong = "becomes an alpha of 0 for the release, whose alpha is a whole number"
        raise unusable(settings, "scaling_factor", wrong, f"{as_text(1 / settings.initial_rank)} or more")
    return alpha


def _remarks_on_what_is_not_written(settings: AptSettings) -> Iterator[tuple[str, str]]:
    """Each setting of a project's own that somebody set, and what the release, which counts epochs, is not told."""
    for name in ("max_steps", "warmup_steps"):
        if getattr(settings, name) is not None:
            yield name, "is not written: the release is told of epochs and a ratio"
    for name, setting in settings_of(settings).items():
        if setting.group and settings.origin(name).is_override:
            yield name, f"is of {setting.group.name}: the release has no flag for it"


def _remarks(settings: AptSettings, flags: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each setting that the release has no flag for or ignores, with what the release does instead."""
    alpha, distils = settings.scaling_factor * settings.initial_rank, "do_distill" in flags
    for name in ("salience_momentum", *(_FIXED_WHILE_DISTILLING if distils else ())):
        value, place = CODE[name]
        if as_text(getattr(settings, name)) != value:
            yield name, f"the release fixes {value} ({place})"
    if settings.outlier_aware != (settings.task == "alpaca"):
        yield "outlier_aware", "the release computes kurtosis for LLaMA only (prune/scorer.py:1605-1666)"
    if distils and alpha != 16:
        yield "scaling_factor", "while it distils, the release fixes alpha at 16 (param_control.py:253, 280)"
    elif _alpha(settings) != alpha:
        yield "scaling_factor", f"the release's alpha is a whole number, and becomes {_alpha(settings)}"
    if "gradient_accumulation_steps" in flags:
        steps = "the release's accumulation steps at every micro-batch (trainer_minus.py:674-676, 1464-1497)"
        yield "batch_size", steps
    if settings.optimizer != "adamw" and settings.weight_decay:
        adamw = "the release trains with AdamW, whose weight decay is decoupled (trainer_minus.py:1799-1808)"
        yield "optimizer", adamw
    if len(settings.prunable_blocks) < 3:
        yield "prunable_blocks", "the release has no flag for them"
