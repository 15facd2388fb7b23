"""What others call our settings and their values: trainers, launchers, and people who type from memory."""

from collections.abc import Mapping
from typing import Final

OTHER_NAMES: Final[Mapping[str, str]] = {
    "num_train_epochs": "epochs",
    "num_epochs": "epochs",
    "lr": "learning_rate",
    "bs": "batch_size",
    "train_batch_size": "batch_size",
    "per_device_train_batch_size": "per_device_batch_size",
    "per_gpu_train_batch_size": "per_device_batch_size",
    "micro_batch_size": "per_device_batch_size",
    "lr_scheduler_type": "lr_scheduler",
    "optim": "optimizer",
    "fp16": "precision",
    "bf16": "precision",
    "tf32": "precision",
    "mixed_precision": "precision",
    "max_train_steps": "max_steps",
    "num_warmup_steps": "warmup_steps",
    "lora_r": "initial_rank",
    "gradient_clip_val": "max_grad_norm",
    "max_length": "max_seq_length",
    "generation_max_length": "max_target_length",
    "model": "architecture",
    "model_name": "architecture",
}
"""Name, in lower case -> our setting, which means the same."""

PRECISION_FLAGS: Final = ("fp16", "bf16", "tf32")
"""Names that are switches elsewhere, and values of precision here."""

DERIVED: Final[Mapping[str, str]] = {
    "gradient_accumulation_steps": "APT_BATCH_SIZE, APT_PER_DEVICE_BATCH_SIZE and the number of devices decide it",
    "auto_find_batch_size": "APT_BATCH_SIZE says how many examples a step has, on any number of devices",
    "lora_alpha": "it is APT_SCALING_FACTOR times APT_INITIAL_RANK",
}
"""Name, in lower case -> what decides it here."""

ELSEWHERE: Final[Mapping[str, str]] = {"fit": "override(epochs=2, fit=True) takes it, in tests"}
"""Name of no setting -> what takes it."""

OTHER_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "architecture": {
        "facebookai/roberta-base": "roberta-base",
        "roberta": "roberta-base",
        "google-bert/bert-base-uncased": "bert-base-uncased",
        "bert-base": "bert-base-uncased",
        "bert": "bert-base-uncased",
        "google-t5/t5-base": "t5-base",
        "llama-2-7b": "meta-llama/Llama-2-7b-hf",
        "llama-2-7b-hf": "meta-llama/Llama-2-7b-hf",
        "meta-llama/llama-2-7b": "meta-llama/Llama-2-7b-hf",
        "llama-2-13b": "meta-llama/Llama-2-13b-hf",
        "llama-2-13b-hf": "meta-llama/Llama-2-13b-hf",
        "meta-llama/llama-2-13b": "meta-llama/Llama-2-13b-hf",
    },
    "precision": {"float32": "fp32", "float16": "fp16", "16-mixed": "fp16", "bfloat16": "bf16", "bf16-mixed": "bf16"},
    "lr_scheduler": {"constant_with_warmup": "constant"},
    "optimizer": {"adamw_torch": "adamw", "adamw_hf": "adamw"},
}
"""Setting -> what others call one of its values -> that value. Where a flag says it, it is taken."""

LIKELY_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "dataset": {
        "alpaca": "alpaca_gpt4",
        "stanford_alpaca": "alpaca_gpt4",
        "cnn_dailymail": "cnndm",
        "dailymail": "cnndm",
        "squad2": "squad_v2",
        "squad_2.0": "squad_v2",
        "squad 2.0": "squad_v2",
    },
    "architecture": {
        "llama": "meta-llama/Llama-2-7b-hf",
        "llama2": "meta-llama/Llama-2-7b-hf",
        "llama-2": "meta-llama/Llama-2-7b-hf",
        "llama2-7b": "meta-llama/Llama-2-7b-hf",
        "llama2-13b": "meta-llama/Llama-2-13b-hf",
    },
}
"""Setting -> a word -> the value that is near it and not the same: it is suggested, and never taken."""

SIZES: Final = r"\b(small|base|large|xl|xxl|\d+b)\b"
"""What the name of a model says of its size. Another size is another model, and no slip."""
