"""Keywords that undo a setting under another name, and those that no record has."""

import dataclasses
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any, Final

from ..basics.suggestions import did_you_mean, nearest
from ..errors import Problem, SettingsError
from ..sources.names import variable_of
from .extras import warn_caller

OF_THE_TRAINER: Final[Mapping[str, str]] = {
    "warmup_ratio": "warmup_ratio",
    "lr_scheduler_kwargs": "lr_scheduler",
    "accelerator_config.split_batches": "per_device_batch_size",
    "accelerator_config.gradient_accumulation_kwargs": "batch_size",
    "auto_find_batch_size": "batch_size",
    "dataloader_drop_last": "train_examples",
}
"""Argument of the Trainer -> the setting that it undoes, unless it is at its default, which changes nothing."""

OF_ADAPTERS: Final[Mapping[str, str]] = {
    "use_rslora": "scaling_factor",
    "exclude_modules": "adapter_targets",
    "layers_to_transform": "adapter_targets",
    "layers_pattern": "adapter_targets",
    "target_parameters": "adapter_targets",
}
"""Argument of LoraConfig -> the setting that it undoes."""

NOT_RECORDED: Final = (
    "label_smoothing_factor",
    "neftune_noise_alpha",
    "data_seed",
    "adam_beta1",
    "adam_beta2",
    "adam_epsilon",
    "optim_args",
    "optim_target_modules",
    "group_by_length",
    "train_sampling_strategy",
)
"""Arguments of the Trainer that change what is trained, and that are no settings."""

ADAPTERS_NOT_RECORDED: Final = (
    "use_dora",
    "bias",
    "lora_bias",
    "lora_dropout",
    "init_lora_weights",
    "modules_to_save",
    "layer_replication",
    "trainable_token_indices",
    "alora_invocation_tokens",
    "ensure_weight_tying",
    "use_qalora",
    "use_bdlora",
    "arrow_config",
    "kasa_config",
    "monteclora_config",
    "velora_config",
)
"""Arguments of LoraConfig that change what is trained, and that are no settings."""

NOT_JUDGED: Final = ("deepspeed", "fsdp", "parallelism_config")
"""Arguments of the Trainer whose files may decide what the settings decide."""


def find_undoing(made: Any, neutral: type, names: Mapping[str, str]) -> Iterator[Problem]:
    """A problem for each argument that undoes a setting: one that is not at the default that it has in `neutral`."""
    for name in find_changed(made, neutral, names):
        fix = f"leave it out: {variable_of(names[name])} decides"
        yield Problem(f"keyword {name}", f"undoes {names[name]}", fix=fix, setting=names[name])


def find_changed(made: Any, neutral: type, names: Iterable[str]) -> list[str]:
    """Those of the names whose value in an object is not the default that they have in its class, or in one above."""
    values = ((name, _of(made, name), _of(neutral, name)) for name in names)
    return [name for name, value, usual in values if value != usual and not (_is_nothing(value) and _is_nothing(usual))]


def warn_of_changed(made: Any, neutral: type, names: Iterable[str]) -> None:
    """A SettingsWarning for each of the names that `find_changed` finds, which change what is trained."""
    for name in find_changed(made, neutral, names):
        warn_caller(f"keyword {name} changes what is trained, and is no setting: no record or fingerprint has it")


def refuse(extra: Iterable[str], kind: type, decided: Container[str]) -> None:
    """Raises SettingsError for each extra keyword that the settings decide, or that the class does not have.

    A record would not show the value of the first.
    """
    names = [field.name for field in dataclasses.fields(kind) if field.init] if dataclasses.is_dataclass(kind) else None
    problems = []
    for each in extra:
        if each in decided:
            problems.append(Problem(f"keyword {each}", "is decided by the settings", fix="change the setting instead"))
        elif names is not None and each not in names:
            wrong = f"is none of {kind.__name__}"
            problems.append(Problem(f"keyword {each}", wrong, fix=did_you_mean(nearest(each, names))))
    if problems:
        raise SettingsError(problems)


def _is_nothing(value: Any) -> bool:
    return value is None or value is False or value in ("", [], {})


def _of(made: Any, path: str) -> Any:
    for name in path.split("."):
        made = getattr(made, name, None)
    return made
