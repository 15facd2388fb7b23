"""Where each default comes from.

*Paper* is "APT: Adaptive Pruning and Tuning Pretrained Language Models for Efficient Training and Inference",
ICML 2024, arXiv 2401.12200. *Release* is its official code, github.com/ROIM1998/APT at commit 56eaf8b; a place in it
is file:line. *Design* is a choice of this package: the paper and the release do not decide. *Project* is a task's class
of those who use it.
"""

from collections.abc import Mapping
from functools import partial
from typing import Final, Literal, NamedTuple

from .datasets import TaskName


class Citation(NamedTuple):
    """The source of one default. `str()` is `paper, Table 6`."""

    source: Literal["paper", "design", "release", "project"]
    place: str
    """Table, section or file:line; for the design, the reason in a few words."""
    paper: tuple[str, str] = ("", "")
    """If the paper states another value than the default: this value and its place, `0.3` and `Tables 3, 9`."""
    caution: str = ""
    """What you must know about this default to reproduce the paper."""

    def __str__(self) -> str:
        return f"{self.source}, {self.place}"


_paper = partial(Citation, "paper")
_design = partial(Citation, "design")
_release = partial(Citation, "release")

_SCRIPTS: Final[Mapping[TaskName, str]] = {
    "glue_small": "scripts/adaptpruning/roberta_base_mrpc_momentum.sh",
    "glue_big": "scripts/adaptpruning/roberta_base_sst2_momentum.sh",
    "squad": "scripts/adaptpruning/roberta_base_squadv2_momentum.sh",
    "cnn_dm": "scripts/adaptpruning/t5_base_lm_adapt_cnndm_momentum.sh",
    "alpaca": "scripts/adaptpruning/llama_2_7b_alpaca_gpt4.sh",
}


def _script_lines(*lines: int) -> dict[str, Citation]:
    """Task -> a line of its script; the lines are in the order of _SCRIPTS."""
    return {task: _release(f"{script}:{line}") for (task, script), line in zip(_SCRIPTS.items(), lines, strict=True)}


def _scripts() -> dict[str, Citation]:
    return {task: _release(script) for task, script in _SCRIPTS.items()}


_LLAMA: Final = ("0.3", "Tables 3, 9")

CITATIONS: Final[Mapping[str, Mapping[str, Citation]]] = {
    "task": {"*": _design("the recipe of the larger GLUE tasks, when nobody chooses")},
    "dataset": {"*": _paper("Appendix A")},
    "train_examples": {"*": _design("the known number of the dataset")},
    "max_seq_length": _script_lines(82, 82, 71, 74, 77),
    "max_target_length": {
        "*": _design("only CNN/DM generates"),
        "cnn_dm": _release(f"{_SCRIPTS['cnn_dm']}:75"),
    },
    "architecture": {"*": _paper("section 5"), "cnn_dm": _paper("footnote 4")},
    "model_name_or_path": {"*": _design("the architecture's own name")},
    "learning_rate": {"*": _paper("Table 6")},
    "batch_size": {"*": _paper("Table 6")},
    "epochs": {"*": _paper("Table 6")},
    "warmup_ratio": _script_lines(90, 90, 80, 84, 82),
    "lr_scheduler": _script_lines(87, 87, 77, 81, 85),
    "precision": {**_scripts(), "squad": _design("fp32, as the release's script for it sets none")},
    "seed": _script_lines(93, 93, 83, 87, 92),
    "per_device_batch_size": {"*": _design("the whole batch on one device, as the paper's single A100")},
    "output_dir": {"*": _design("a folder in the working directory")},
    "distill_epochs": {"*": _paper("Table 6")},
    "distill_weight_start": {"*": _paper("section 4.4")},
    "distill_weight_end": {"*": _paper("section 4.4")},
    "teacher_layers": {"*": _release("trainer_minus.py:2088-2112")},
    "distill_temperature": {"*": _release("args.py:243")},
    "distill_layer_weight": {"*": _release("trainer_minus.py:2302-2323")},
    "distill_prediction_weight": {"*": _release("trainer_minus.py:2302-2323")},
    "target_sparsity": {
        "*": _paper("Table 2"),
        "alpaca": _design(
            "one target for every task",
            paper=_LLAMA,
            caution="the paper prunes LLaMA to 0.3 (Tables 3, 9), before it tunes: set APT_TARGET_SPARSITY=0.3 and "
            "APT_INITIAL_SPARSITY=0.3 for that",
        ),
    },
    "initial_sparsity": {
        "*": _paper("section 4.2"),
        "alpaca": _design("nothing is pruned before tuning, as for every task", paper=_LLAMA),
    },
    "mask_decay_rate": {"*": _paper("Appendix C")},
    "salience_momentum": {"*": _design("inferred; the paper has a symbol only")},
    "outlier_aware": {"*": _paper("section 4.2")},
    "prunable_blocks": {"*": _paper("section 4")},
    "num_prunings": _script_lines(51, 51, 41, 41, 43),
    "pruning_end_epoch": _script_lines(47, 47, 37, 37, 39),
    "sparsity_warmup_epochs": _script_lines(55, 55, 45, 45, 47),
    "initial_rank": {"*": _paper("Appendix A")},
    "scaling_factor": {"*": _paper("Appendix A")},
    "adapter_targets": {"*": _paper("Appendix A")},
    "max_rank": {"*": _release("param_control.py:491-517, 721-787")},
    "tuning_budget_ratio": {"*": _release("param_control.py:491-517, 721-787")},
    "optimizer": {"*": _design("the paper names none")},
    "weight_decay": {"*": _design("the paper states none")},
    "max_steps": {"*": _design("the paper counts epochs")},
    "warmup_steps": {"*": _design("the release has a ratio")},
    "max_grad_norm": {
        "*": _design("the default of transformers, which the release keeps (trainer_minus.py:1487-1488)")
    },
}
"""Setting -> task -> citation; `*` stands for all other tasks."""


def cite(setting: str, task: str) -> Citation | None:
    """The source of a default of a task of the paper; None for a setting that a subclass added."""
    by_task: Mapping[str, Citation] = CITATIONS.get(setting, {})
    return by_task.get(task, by_task.get("*"))


def borrowed(setting: str, task: str) -> Citation | None:
    """The source of a default that a task of no paper takes over from one of the paper's; a design stays a design."""
    citation = cite(setting, task)
    if citation is None or citation.source == "design":
        return citation and citation._replace(paper=("", ""), caution="")
    return _design(f"{task}'s: no paper states it for this dataset")
