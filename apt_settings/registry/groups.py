"""All settings that every task has: name, type, range, default and meaning, in one class for each concern.

A component that needs only part of the settings takes one of these classes as its type: `PruningSettings`. A type that
`tasks.py` uses again has a name, such as `LearningRate`; all other types stand at their setting.
"""

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias, get_args

from pydantic import AfterValidator, Field

from ..facts.architectures import AdapterTarget, PrunableBlock
from ..facts.datasets import TRAINING_EXAMPLES
from ..own import ADDED_LATER, NOT_COUNTED, WHERE_IT_RUNS, SettingsGroup

if TYPE_CHECKING:  # texts, as a task of a project, which stands below one of ours, has names of its own
    ArchitectureName: TypeAlias = str
    DatasetName: TypeAlias = str
    TaskName: TypeAlias = str
else:
    from ..facts.architectures import ArchitectureName
    from ..facts.datasets import DatasetName, TaskName

JOB: Final = ("task", "dataset", "architecture")
"""The settings that say which of the paper's jobs this is. They choose the release's script."""
CHOOSING: Final = frozenset({*JOB, "reference"})
"""The settings, and APT_REFERENCE, that decide the defaults of the other settings."""
OUTPUT_DIR: Final = "output_dir"
"""The setting that may have names of others in braces, so that no two jobs write to one folder."""

Task = Annotated[TaskName, Field(description="The recipe: a column of the paper's Table 6.")]
Dataset = Annotated[DatasetName, Field(description="What the task is trained on.")]
TrainExamples = Annotated[
    int | None,
    Field(ge=1, le=10**12, description="Training examples, by which plan and schedules count; none: not known."),
    NOT_COUNTED,  # it counts what the dataset names, and is no other experiment
]
ArchitectureChoice = Annotated[ArchitectureName, Field(description="The pretrained model, by its hub name.")]
LearningRate = Annotated[float, Field(gt=0, lt=1, description="Peak learning rate of the optimizer.")]
BatchSize = Annotated[
    int, Field(ge=1, le=65_536, description="Examples per optimizer step, over all devices and accumulation.")
]
Epochs = Annotated[int, Field(ge=1, le=10_000, description="Passes over the training data, distillation included.")]
DistillEpochs = Annotated[
    int | None, Field(ge=0, le=10_000, description="Epochs that train with self-distillation; none: no distillation.")
]
AdapterTargets = Annotated[
    tuple[AdapterTarget, ...],
    Field(min_length=1, description="The projections that carry an APT adapter."),
]
NumPrunings = Annotated[int, Field(ge=1, le=10_000, description="How often blocks are pruned and ranks updated.")]
PruningEndEpoch = Annotated[
    int, Field(ge=1, le=10_000, description="The epoch at whose end target_sparsity is reached.")
]
SparsityWarmupEpochs = Annotated[
    int, Field(ge=0, le=10_000, description="Epochs at initial_sparsity before the cubic sparsity schedule starts.")
]
WarmupRatio = Annotated[float, Field(ge=0, le=1, description="Fraction of all steps that warm the learning rate up.")]
LrScheduler = Annotated[
    Literal["linear", "cosine", "constant"], Field(description="How the learning rate falls after the warmup.")
]
MaxSeqLength = Annotated[int, Field(ge=1, le=1_048_576, description="Tokens of an input; longer ones are truncated.")]
MaxTargetLength = Annotated[
    int | None, Field(ge=1, le=1_048_576, description="Tokens of a generated target; none: nothing is generated.")
]
Precision = Annotated[
    Literal["fp32", "tf32", "fp16", "bf16"],
    Field(description="Arithmetic; tf32 permits it: where the hardware lacks it the job runs fp32 and says so."),
]


def known_number(data: dict[str, Any]) -> int | None:
    """The number of training examples of a dataset of the paper, which `data` names; None for any other."""
    return TRAINING_EXAMPLES.get(data.get("dataset", ""))


def _none_for_zero(value: float | None) -> float | None:
    return value or None


class DataSettings(SettingsGroup):
    """The task, the dataset, and how many tokens of each example the model sees."""

    task: Task
    """The recipe: a column of the paper's Table 6."""
    dataset: Dataset
    """What the task is trained on."""
    train_examples: TrainExamples = Field(default_factory=known_number)
    """Training examples, by which plan and schedules count; none: not known."""
    max_seq_length: MaxSeqLength = 128
    """Tokens of an input; longer ones are truncated."""
    max_target_length: MaxTargetLength = None
    """Tokens of a generated target; none: nothing is generated."""


class ModelSettings(SettingsGroup):
    """The pretrained model."""

    architecture: ArchitectureChoice = "roberta-base"
    """The pretrained model, by its hub name."""
    model_name_or_path: Annotated[
        str | None, Field(description="The weights to load, by hub name or path; none: the architecture's name.")
    ] = None
    """The weights to load, by hub name or path; none: the architecture's name."""


class TrainingSettings(SettingsGroup):
    """How long, how fast and with which arithmetic a job trains."""

    learning_rate: LearningRate
    """Peak learning rate of the optimizer."""
    batch_size: BatchSize
    """Examples per optimizer step, over all devices and accumulation."""
    epochs: Epochs
    """Passes over the training data, distillation included."""
    max_steps: Annotated[
        int | None,
        Field(ge=1, le=100_000_000, description="Optimizer steps after which training ends; none: after all epochs."),
        ADDED_LATER,
    ] = None
    """Optimizer steps after which training ends; none: after all epochs."""
    warmup_ratio: WarmupRatio = 0.06
    """Fraction of all steps that warm the learning rate up."""
    warmup_steps: Annotated[
        int | None,
        Field(ge=0, le=100_000_000, description="Steps that warm the learning rate up; none: warmup_ratio decides."),
        ADDED_LATER,
    ] = None
    """Steps that warm the learning rate up; none: warmup_ratio decides."""
    lr_scheduler: LrScheduler = "linear"
    """How the learning rate falls after the warmup."""
    precision: Precision = "tf32"
    """Arithmetic; tf32 permits it: where the hardware lacks it the job runs fp32 and says so."""
    seed: Annotated[int, Field(ge=0, le=2**32 - 1, description="Seed of every random generator.")] = 128
    """Seed of every random generator."""
    per_device_batch_size: Annotated[
        int | None,
        Field(ge=1, le=65_536, description="Examples per device and step; none: the whole batch_size."),
        WHERE_IT_RUNS,
    ] = None
    """Examples per device and step; none: the whole batch_size."""
    output_dir: Annotated[str, Field(description="The folder for all that a job writes."), WHERE_IT_RUNS] = "output"
    """The folder for all that a job writes."""


class DistillationSettings(SettingsGroup):
    """Self-distillation: its length, its weight against the task, and what it compares (section 4.4)."""

    distill_epochs: DistillEpochs
    """Epochs that train with self-distillation; none: no distillation."""
    distill_weight_start: Annotated[
        float, Field(ge=0, le=1, description="Distillation weight mu when pruning starts.")
    ] = 0.0
    """Distillation weight mu when pruning starts."""
    distill_weight_end: Annotated[
        float, Field(ge=0, le=1, description="Distillation weight mu from pruning's end.")
    ] = 1.0
    """Distillation weight mu from pruning's end."""
    teacher_layers: Annotated[
        int, Field(ge=1, le=128, description="Teacher layers sampled at each step, one from each equal part.")
    ] = 4
    """Teacher layers sampled at each step, one from each equal part."""
    distill_temperature: Annotated[
        float, Field(gt=0, description="Softmax temperature of teacher and student predictions.")
    ] = 2 / 3
    """Softmax temperature of teacher and student predictions."""
    distill_layer_weight: Annotated[
        float, Field(ge=0, description="Weight of the hidden-layer loss within the distillation loss.")
    ] = 0.9
    """Weight of the hidden-layer loss within the distillation loss."""
    distill_prediction_weight: Annotated[
        float, Field(ge=0, description="Weight of the prediction loss within the distillation loss.")
    ] = 0.1
    """Weight of the prediction loss within the distillation loss."""


class PruningSettings(SettingsGroup):
    """What APT prunes, how much, and when (sections 4.1, 4.2)."""

    target_sparsity: Annotated[
        float, Field(ge=0, lt=1, description="Fraction of parameters, embeddings and heads aside, removed in the end.")
    ] = 0.6
    """Fraction of parameters, embeddings and heads aside, removed in the end."""
    initial_sparsity: Annotated[
        float, Field(ge=0, lt=1, description="Fraction removed before tuning starts; above 0: pruned before tuning.")
    ] = 0.0
    """Fraction removed before tuning starts; above 0: pruned before tuning."""
    mask_decay_rate: Annotated[
        float, Field(gt=0, le=1, description="How much a pruned block's mask shrinks in one step.")
    ] = 0.01
    """How much a pruned block's mask shrinks in one step."""
    salience_momentum: Annotated[
        float, Field(ge=0, lt=1, description="Weight of the past in the moving average of salience.")
    ] = 0.9
    """Weight of the past in the moving average of salience."""
    outlier_aware: Annotated[
        bool, Field(description="Whether salience counts the kurtosis of activations, which marks outliers.")
    ] = True
    """Whether salience counts the kurtosis of activations, which marks outliers."""
    prunable_blocks: Annotated[
        tuple[PrunableBlock, ...],
        Field(min_length=1, description="The kinds of blocks that pruning may remove."),
    ] = get_args(PrunableBlock)
    """The kinds of blocks that pruning may remove."""
    num_prunings: NumPrunings = 10
    """How often blocks are pruned and ranks updated."""
    pruning_end_epoch: PruningEndEpoch = 3
    """The epoch at whose end target_sparsity is reached."""
    sparsity_warmup_epochs: SparsityWarmupEpochs = 1
    """Epochs at initial_sparsity before the cubic sparsity schedule starts."""


class TuningSettings(SettingsGroup):
    """Where adapters sit, and how their ranks start and grow (section 4.3)."""

    initial_rank: Annotated[int, Field(ge=1, le=4096, description="Rank of every adapter at the start.")] = 8
    """Rank of every adapter at the start."""
    scaling_factor: Annotated[
        float, Field(gt=0, le=1_000_000, description="What an adapter's output is multiplied by: LoRA alpha over rank.")
    ] = 2.0
    """What an adapter's output is multiplied by: LoRA alpha over rank."""
    adapter_targets: AdapterTargets = get_args(AdapterTarget)
    """The projections that carry an APT adapter."""
    max_rank: Annotated[int, Field(ge=1, le=4096, description="Rank that no adapter outgrows.")] = 64
    """Rank that no adapter outgrows."""
    tuning_budget_ratio: Annotated[
        float, Field(ge=1, le=1_000_000, description="Adapter parameters at the end over those at the start.")
    ] = 4.0
    """Adapter parameters at the end over those at the start."""


class OptimizationSettings(SettingsGroup):
    """The optimizer, its weight decay, and gradient clipping."""

    optimizer: Annotated[
        Literal["adam", "adamw"], Field(description="adam couples weight decay to the gradient, adamw does not.")
    ] = "adam"
    """adam couples weight decay to the gradient, adamw does not."""
    weight_decay: Annotated[
        float, Field(ge=0, description="Weight decay of the optimizer, for all weights but biases and norms.")
    ] = 0.0
    """Weight decay of the optimizer, for all weights but biases and norms."""
    max_grad_norm: Annotated[
        float | None,
        Field(ge=0, description="Norm that gradients are clipped to; none, or 0: they are not clipped."),
        AfterValidator(_none_for_zero),
    ] = 1.0
    """Norm that gradients are clipped to; none, or 0: they are not clipped."""


GROUPS: Final = (
    DataSettings,
    ModelSettings,
    TrainingSettings,
    DistillationSettings,
    PruningSettings,
    TuningSettings,
    OptimizationSettings,
)
"""All of them, in the order in which settings are listed."""
