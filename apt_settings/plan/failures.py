"""Where the official release fails on a job, or does not do what was said: one table, which was seen when it ran.

Places are in the release at commit 56eaf8b.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypeAlias

from ..facts.architectures import ARCHITECTURES
from ..facts.release import DOC_STRIDE
from ..sources.names import variable_of
from .release import ReleasePlan

SMALLEST_GAP: Final = 200
"""Steps between prunings. With fewer, the release raises ValueError (trainer_minus.py:1568-1570)."""
Words: TypeAlias = str | Callable[[ReleasePlan], str]


class Failure(NamedTuple):
    """One way in which the release fails."""

    name: str
    """What it is about, in a few words."""
    applies: Callable[[ReleasePlan], bool]
    does: Words
    """What the release does, as the rest of a sentence that begins with "the release"."""
    fix: Words
    """What to set instead."""
    place: str
    """Where in the release; empty where that is not known."""
    runs: str
    """The runs that showed it."""

    def sentence(self, job: ReleasePlan) -> str:
        """One sentence: `the release stops at its first pruning ... (prune/scorer.py:1097); set ...`."""
        does, fix = (each if isinstance(each, str) else each(job) for each in (self.does, self.fix))
        return f"the release {does}{f' ({self.place})' if self.place else ''}; {fix}"


def failures(job: ReleasePlan) -> Iterator[str]:
    """What is to be warned of, a sentence for each row that applies."""
    return (row.sentence(job) for row in FAILURES if row.applies(job))


def _distils(job: ReleasePlan) -> bool:
    return bool(job.settings.distill_epochs)


def _prunes(job: ReleasePlan) -> bool:
    return job.settings.target_sparsity > job.settings.initial_sparsity


def _is(job: ReleasePlan, *families: str) -> bool:
    return ARCHITECTURES[job.settings.architecture].family in families


def _never_ends(job: ReleasePlan) -> bool:
    return job.distillation is not None and job.distillation[1] > job.total_steps


def _too_close(job: ReleasePlan) -> bool:
    return min(job.gaps, default=SMALLEST_GAP) < SMALLEST_GAP


def _is_folder(name: str | None) -> bool:
    return bool(name) and str(name).startswith(("/", "./", "../", "~"))


def _epochs_to_end(job: ReleasePlan) -> str:
    """What ends distillation in time: more epochs, or fewer of distillation."""
    first, last = job.distillation or (0, 0)
    needed = -(-last // job.steps_per_epoch)
    fewer = (job.total_steps - first) // job.steps_per_epoch
    less = f", or {variable_of('distill_epochs')}={fewer}" if fewer > 0 else ""
    return f"set {variable_of('epochs')}={needed}{less}"


def _wider(job: ReleasePlan) -> str:
    """A later end of pruning, or fewer prunings, such that prunings are far enough apart."""
    settings = job.settings
    epoch = -(-(job.start + SMALLEST_GAP * settings.num_prunings) // job.steps_per_epoch)
    if epoch <= settings.epochs:
        return f"{variable_of('pruning_end_epoch')}={epoch} fits"
    most = (job.total_steps - job.start) // SMALLEST_GAP
    if most < 1:
        return "there are too few examples for this"
    ends = f"{variable_of('pruning_end_epoch')}={settings.epochs}"
    return f"{variable_of('num_prunings')}={most} with {ends} is the most that fits"


FAILURES: Final = (
    Failure(
        "pruning ends before it starts",
        lambda job: job.end <= job.start,
        lambda job: f"stops with a ValueError: pruning ends at step {job.end:,}, and would start at {job.start:,}",
        f"set a later {variable_of('pruning_end_epoch')}",
        "param_control.py:471",
        "E1",
    ),
    Failure(
        "prunings too close",
        _too_close,
        lambda job: (
            f"stops after a pruning: prunings are {min(job.gaps)} steps apart, and it refuses less than {SMALLEST_GAP}"
        ),
        _wider,
        "trainer_minus.py:1568-1570",
        "C2",
    ),
    Failure(
        "sparsity warmup longer than pruning",
        lambda job: bool(job.points) and job.end <= job.warmup_end and _prunes(job),
        lambda job: (
            f"computes no fractions that can be kept: its sparsity warmup lasts until step {job.warmup_end:,}, and "
            f"pruning ends at {job.end:,}, where it prunes all at once"
        ),
        f"set a smaller {variable_of('sparsity_warmup_epochs')}, or a later {variable_of('pruning_end_epoch')}",
        "param_control.py:478",
        "warmup past the end",
    ),
    Failure(
        "one pruning, with distillation",
        lambda job: _distils(job) and job.settings.num_prunings == 1,
        "stops before it trains, with an UnboundLocalError: it distils, and prunes once",
        f"set {variable_of('num_prunings')}=2 or more",
        "trainer_minus.py:1271-1278",
        "D1",
    ),
    Failure(
        "nothing pruned, with distillation",
        lambda job: _distils(job) and not _prunes(job),
        "stops where distillation starts, with an AttributeError: nothing is pruned while it trains, so that it has no "
        "teacher",
        f"set {variable_of('distill_epochs')}=none",
        "",
        "K1",
    ),
    Failure(
        "distillation that never ends",
        _never_ends,
        lambda job: (
            f"never ends distillation, whose window is steps {job.distillation[0]:,} to {job.distillation[1]:,} of "
            f"{job.total_steps:,}: the model is never really pruned, no best model is loaded, and the learning rate "
            "does not fall"
            if job.distillation
            else ""
        ),
        _epochs_to_end,
        "trainer_minus.py:1267-1286",
        "Q1",
    ),
    Failure(
        "pruning before tuning, on an encoder",
        lambda job: job.settings.initial_sparsity > 0 and _is(job, "roberta", "bert"),
        'stops before it trains, with "Not all states are popped": it prunes an encoder before tuning',
        f"set {variable_of('initial_sparsity')}=0",
        "prune/scorer.py:1097",
        "G1, G2, G139, G3",
    ),
    Failure(
        "adapters on the FFN alone",
        lambda job: job.settings.adapter_targets == ("ffn",),
        'stops at a pruning, with an IndexError or with "Not all states are popped": adapters sit on the FFN alone',
        f"add query or value to {variable_of('adapter_targets')}",
        "",
        "L2, L139",
    ),
    Failure(
        "no distillation, on RoBERTa",
        lambda job: not _distils(job) and _prunes(job) and _is(job, "roberta"),
        "stops at the first pruning that removes something, with a size mismatch: it does not distil RoBERTa",
        f"set {variable_of('distill_epochs')}, or take its scripts/adaptpruning_nodistill/, which have another pruner",
        "",
        "I1, I2",
    ),
    Failure(
        "short inputs of SQuAD",
        lambda job: job.settings.task == "squad" and job.settings.max_seq_length <= DOC_STRIDE,
        lambda job: (
            f"stops in the tokenizer: inputs of {job.settings.max_seq_length} tokens are not longer than doc_stride, "
            f"which is {DOC_STRIDE}"
        ),
        f"set a larger {variable_of('max_seq_length')}",
        "",
        "S3",
    ),
    Failure(
        "a model in a folder",
        lambda job: _is_folder(job.settings.model_name_or_path),
        "takes a folder for one of its own checkpoints, and stops with a KeyError '_name_or_path'",
        f"set {variable_of('model_name_or_path')} to a name on the hub",
        "models/__init__.py:200",
        "P1",
    ),
    Failure(
        "fp32 on LLaMA",
        lambda job: job.settings.precision == "fp32" and _is(job, "llama"),
        "loads LLaMA in bfloat16, whatever is said: fp32 cannot be had",
        f"set {variable_of('precision')}=bf16",
        "models/__init__.py:211",
        "LP",
    ),
)
"""Every row was seen in a run of the unmodified release."""
