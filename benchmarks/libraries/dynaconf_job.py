"""The settings of GLUE-big with dynaconf: a Validator each, of which the default is one's own."""

from collections.abc import Mapping
from typing import Any, get_args

from choices import Architecture, Dataset, Task
from dynaconf import Dynaconf, Validator

NUMBER = (int, float)
WHOLE_OR_NONE = (int, type(None))


def validators() -> list[Validator]:
    return [
        Validator("TASK", default="glue_big", is_in=get_args(Task)),
        Validator("DATASET", default="sst2", is_in=get_args(Dataset)),
        Validator("MAX_SEQ_LENGTH", default=128, is_type_of=int, gte=1, lte=1_048_576),
        Validator("MAX_TARGET_LENGTH", default=None, is_type_of=WHOLE_OR_NONE),
        Validator("ARCHITECTURE", default="roberta-base", is_in=get_args(Architecture)),
        Validator("MODEL_NAME_OR_PATH", default=None, is_type_of=(str, type(None))),
        Validator("LEARNING_RATE", default=2e-4, is_type_of=NUMBER, gt=0, lt=1),
        Validator("BATCH_SIZE", default=32, is_type_of=int, gte=1, lte=65_536),
        Validator("EPOCHS", default=40, is_type_of=int, gte=1, lte=10_000),
        Validator("WARMUP_RATIO", default=0.06, is_type_of=NUMBER, gte=0, lte=1),
        Validator("LR_SCHEDULER", default="linear", is_in=("linear", "cosine", "constant")),
        Validator("PRECISION", default="tf32", is_in=("fp32", "tf32", "fp16", "bf16")),
        Validator("SEED", default=128, is_type_of=int, gte=0, lte=2**32 - 1),
        Validator("PER_DEVICE_BATCH_SIZE", default=None, is_type_of=WHOLE_OR_NONE),
        Validator("OUTPUT_DIR", default="output", is_type_of=str),
        Validator("DISTILL_EPOCHS", default=20, is_type_of=WHOLE_OR_NONE),
        Validator("DISTILL_WEIGHT_START", default=0.0, is_type_of=NUMBER, gte=0, lte=1),
        Validator("DISTILL_WEIGHT_END", default=1.0, is_type_of=NUMBER, gte=0, lte=1),
        Validator("TEACHER_LAYERS", default=4, is_type_of=int, gte=1, lte=128),
        Validator("DISTILL_TEMPERATURE", default=2 / 3, is_type_of=NUMBER, gt=0),
        Validator("DISTILL_LAYER_WEIGHT", default=0.9, is_type_of=NUMBER, gte=0),
        Validator("DISTILL_PREDICTION_WEIGHT", default=0.1, is_type_of=NUMBER, gte=0),
        Validator("TARGET_SPARSITY", default=0.6, is_type_of=NUMBER, gte=0, lt=1),
        Validator("INITIAL_SPARSITY", default=0.0, is_type_of=NUMBER, gte=0, lt=1),
        Validator("MASK_DECAY_RATE", default=0.01, is_type_of=NUMBER, gt=0, lte=1),
        Validator("SALIENCE_MOMENTUM", default=0.9, is_type_of=NUMBER, gte=0, lt=1),
        Validator("OUTLIER_AWARE", default=True, is_type_of=bool),
        Validator("PRUNABLE_BLOCKS", default=["mha_head", "ffn_neuron", "hidden_dimension"], is_type_of=list),
        Validator("NUM_PRUNINGS", default=10, is_type_of=int, gte=1, lte=10_000),
        Validator("PRUNING_END_EPOCH", default=3, is_type_of=int, gte=1, lte=10_000),
        Validator("SPARSITY_WARMUP_EPOCHS", default=1, is_type_of=int, gte=0, lte=10_000),
        Validator("INITIAL_RANK", default=8, is_type_of=int, gte=1, lte=4096),
        Validator("SCALING_FACTOR", default=2.0, is_type_of=NUMBER, gt=0),
        Validator("ADAPTER_TARGETS", default=["query", "value", "ffn"], is_type_of=list),
        Validator("MAX_RANK", default=64, is_type_of=int, gte=1, lte=4096),
        Validator("TUNING_BUDGET_RATIO", default=4.0, is_type_of=NUMBER, gte=1),
        Validator("OPTIMIZER", default="adam", is_in=("adam", "adamw")),
        Validator("WEIGHT_DECAY", default=0.0, is_type_of=NUMBER, gte=0),
        Validator("MAX_GRAD_NORM", default=1.0, is_type_of=NUMBER, gt=0),
    ]


def resolve() -> Any:
    return point({})


def point(values: Mapping[str, str]) -> Any:
    settings = Dynaconf(envvar_prefix="APT", load_dotenv=True, validators=validators())
    if values:
        settings.update(values, tomlfy=True)
    settings.validators.validate()
    return settings
