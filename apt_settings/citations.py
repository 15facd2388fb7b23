"""Where each default comes from, and what the paper, the design and the release say differently.

*Paper* is "APT: Adaptive Pruning and Tuning Pretrained Language Models for Efficient Training and Inference",
ICML 2024, arXiv 2401.12200. *Release* is its official code, github.com/ROIM1998/APT at commit 56eaf8b; its files are
given with their line. *Design* is this project's own choice where neither decides.
"""

from collections.abc import Mapping
from functools import partial
from typing import Final, Literal, NamedTuple

from .groups import TaskName


class Citation(NamedTuple):
    """The source of one default. `str()` is `paper, Table 6`."""

    source: Literal["paper", "design", "release"]
    place: str
    """Table, section or file:line; for the design, the reason in a few words."""
    note: str = ""
    """What another source says, for whoever compares."""
    caution: str = ""
    """What whoever reproduces the paper must know before they use this default."""

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
    """One line of each task's script, in the order of Table 6."""
    return {task: _release(f"{script}:{line}") for (task, script), line in zip(_SCRIPTS.items(), lines, strict=True)}


def _scripts() -> dict[str, Citation]:
    return {task: _release(script) for task, script in _SCRIPTS.items()}


_MICRO_BATCHES: Final = (
    "the release's 4 x 8 accumulation steps the optimizer on every micro-batch: it really trains with batch 4 "
    "(trainer_minus.py:674-676, 1464-1497)"
)
_ALPHA_16: Final = (
    "under --do_distill the release fixes alpha at 16, which is 2 only for rank 8 (param_control.py:253, 280)"
)
_LR_RESET: Final = (
    "in the release the schedule drives a discarded optimizer after the first reset: the rate stays constant until "
    "distillation ends (trainer_minus.py:690-727, 1818-1828)"
)
_BIG_WINDOW: Final = (
    "the window of the big tasks leaves less than 200 steps between prunings, which the release refuses "
    "(trainer_minus.py:1568-1570)"
)

CITATIONS: Final[Mapping[str, Mapping[str, Citation]]] = {
    "task": {"*": _design("the recipe of the larger GLUE tasks, when nobody chooses")},
    "dataset": {
        "*": _paper("Appendix A"),
        "squad": _paper("Appendix A", note="SQuAD v2.0"),
        "alpaca": _paper("Appendix A", note="the release's prepare_data.sh downloads the data that is not GPT-4's"),
    },
    "max_seq_length": _script_lines(82, 82, 71, 74, 77),
    "max_target_length": {
        "*": _design("only CNN/DM generates"),
        "cnn_dm": _release(f"{_SCRIPTS['cnn_dm']}:75"),
    },
    "architecture": {
        "*": _paper("section 5"),
        "cnn_dm": _paper("footnote 4", note="the lm-adapt checkpoint of T5"),
    },
    "model_name_or_path": {"*": _design("the architecture's own name")},
    "learning_rate": {
        "*": _paper("Table 6"),
        "glue_big": _paper("Table 6", note="the release trains T5 with 1e-3 (t5_*_lm_adapt_{sst2,mnli}_momentum.sh)"),
    },
    "batch_size": {"*": _paper("Table 6"), "alpaca": _paper("Table 6", note=_MICRO_BATCHES)},
    "epochs": {
        "*": _paper("Table 6"),
        "glue_small": _paper("Table 6", note="the release's small-task scripts train for 120"),
        "cnn_dm": _paper("Table 6", note="the release's script trains for 12 (t5_base_lm_adapt_cnndm_momentum.sh:49)"),
        "alpaca": _paper("Table 6", note="the release trains for 15 in its main scripts, 2 in *_preprune.sh"),
    },
    "warmup_ratio": {task: each._replace(note=_LR_RESET) for task, each in _script_lines(90, 90, 80, 84, 82).items()},
    "lr_scheduler": {task: each._replace(note=_LR_RESET) for task, each in _script_lines(87, 87, 77, 81, 85).items()},
    "precision": _scripts(),
    "seed": _script_lines(93, 93, 83, 87, 92),
    "per_device_batch_size": {"*": _design("the whole batch on one device, as the paper's single A100")},
    "output_dir": {"*": _design("a folder in the working directory")},
    "distill_epochs": {
        "*": _paper("Table 6"),
        "glue_small": _paper("Table 6", note="the release's small-task scripts distil for 96"),
        "alpaca": _paper(
            "Table 6",
            note="the script that the release's README names distils for 10; adaptpruning_nodistill/ does not distil",
        ),
    },
    "distill_weight_start": {"*": _paper("section 4.4")},
    "distill_weight_end": {"*": _paper("section 4.4")},
    "teacher_layers": {"*": _release("trainer_minus.py:2088-2112", note="the paper does not state the number")},
    "distill_temperature": {"*": _release("args.py:243", note="a comment in the release says 2.0")},
    "distill_layer_weight": {
        "*": _release("trainer_minus.py:2302-2323"),
        "glue_big": _release("trainer_minus.py:2302-2323", note="roberta_base_mnli_momentum.sh:120-121 sets 0.5"),
    },
    "distill_prediction_weight": {
        "*": _release(
            "trainer_minus.py:2302-2323",
            note="on BERT and RoBERTa the release multiplies it by 10, SQuAD included; on T5 it divides by the length",
        ),
    },
    "target_sparsity": {
        "*": _paper("Table 2"),
        "glue_big": _paper("Table 2", note="the release's script for T5-base on SST-2 prunes 0.4 by default"),
        "alpaca": _design(
            "one target for every task",
            note="the release keeps 0.7 (7B) and 0.5 (13B) in the scripts that its README names",
            caution="the paper prunes LLaMA to 0.3 (Tables 3, 9), before it tunes: set APT_TARGET_SPARSITY=0.3 and "
            "APT_INITIAL_SPARSITY=0.3 for that",
        ),
    },
    "initial_sparsity": {
        "*": _paper("section 4.2"),
        "alpaca": _paper(
            "section 4.2",
            note="the paper prunes LLaMA to its target before tuning; in the release only *_preprune.sh do",
        ),
    },
    "mask_decay_rate": {
        "*": _paper("Appendix C", note="the release decays only in the 200 steps before a pruning (pruner.py:530-531)")
    },
    "salience_momentum": {
        "*": _design("inferred; the paper has a symbol only", note="the release has 0.85 (trainer_minus.py:355-356)")
    },
    "outlier_aware": {
        "*": _paper("section 4.2", note="the release computes kurtosis only for LLaMA (prune/scorer.py:1605-1666)"),
        "alpaca": _paper("section 4.2"),
    },
    "prunable_blocks": {"*": _paper("section 4")},
    "num_prunings": _script_lines(51, 51, 41, 41, 43),
    "pruning_end_epoch": {
        **_script_lines(47, 47, 37, 37, 39),
        "glue_small": _release(f"{_SCRIPTS['glue_small']}:47", note=_BIG_WINDOW),
    },
    "sparsity_warmup_epochs": _script_lines(55, 55, 45, 45, 47),
    "initial_rank": {"*": _paper("Appendix A")},
    "scaling_factor": {"*": _paper("Appendix A", note=_ALPHA_16), "alpaca": _paper("Appendix A")},
    "adapter_targets": {
        "*": _paper("Appendix A"),
        "alpaca": _paper("Appendix A", note="the release's llama_2_*_preprune.sh adapt the FFN gate as well"),
    },
    "max_rank": {"*": _release("param_control.py:491-517, 721-787", note="8 x the initial rank; not in the paper")},
    "tuning_budget_ratio": {"*": _release("param_control.py:491-517, 721-787", note="not in the paper")},
    "optimizer": {
        "*": _design("the paper names none", note="the release trains with adamw (trainer_minus.py:1799-1808)")
    },
    "weight_decay": {
        "*": _design("the paper states none", note="the release has 0.1 (roberta_base_sst2_momentum.sh:92)"),
        "alpaca": _design("the paper states none"),
    },
    "max_grad_norm": {
        "*": _design("the default of transformers, which the release keeps (trainer_minus.py:1487-1488)")
    },
}
"""Setting -> task -> citation; `*` stands for every task that is not named."""


def cite(setting: str, task: str) -> Citation | None:
    """Where a task's default of a setting comes from; None for a setting that a subclass added."""
    by_task: Mapping[str, Citation] = CITATIONS.get(setting, {})
    return by_task.get(task, by_task.get("*"))
