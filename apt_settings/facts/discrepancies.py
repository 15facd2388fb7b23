"""Where the paper, this project's design and the official release disagree, and what that means for you.

Places in the release are `file:line` at commit 56eaf8b.
"""

from typing import Final, NamedTuple

from .architectures import names_of
from .datasets import TaskName

_GLUE: Final[tuple[TaskName, ...]] = ("glue_small", "glue_big")
_SMALLER: Final[tuple[TaskName, ...]] = (*_GLUE, "squad", "cnn_dm")


class Discrepancy(NamedTuple):
    """One topic on which the paper and the release disagree: "GLUE-small epochs", 40 against 120."""

    topic: str
    paper: str
    """The value or statement of the paper."""
    release: str
    """The value or behaviour of the release."""
    place: str
    """The sources: a section or table of the paper, files and lines of the release."""
    note: str
    """What it means for a reproduction of APT; if no setting can reproduce it, why not."""
    settings: tuple[str, ...] = ()
    """The settings that it concerns; empty if no setting can change it."""
    tasks: tuple[TaskName, ...] = ()
    """The tasks that it concerns; empty: all tasks."""
    architectures: tuple[str, ...] = ()
    """The architectures that it concerns; empty: all architectures."""
    caution: bool = False
    """Whether a job with the release's value gets the note as a caution."""

    def concerns(self, setting: str, task: str, architecture: str | None = None) -> bool:
        """Whether it concerns a setting of a task on this architecture; None: on any architecture."""
        return (
            setting in self.settings
            and (not self.tasks or task in self.tasks)
            and (architecture is None or not self.architectures or architecture in self.architectures)
        )


DISCREPANCIES: Final = (
    Discrepancy(
        "GLUE-small epochs",
        "40",
        "120",
        "Table 6; scripts/adaptpruning/roberta_base_mrpc_momentum.sh:59",
        "all eight small-task scripts of the release train for 120 epochs where Table 6 has 40",
        ("epochs",),
        ("glue_small",),
    ),
    Discrepancy(
        "GLUE-small epochs of distillation",
        "20",
        "96",
        "Table 6; scripts/adaptpruning/roberta_base_mrpc_momentum.sh:49",
        "all eight small-task scripts of the release distil for 96 epochs where Table 6 has 20",
        ("distill_epochs",),
        ("glue_small",),
    ),
    Discrepancy(
        "GLUE-small pruning window",
        "not stated",
        "ends at epoch 24, 8 prunings, 4 epochs of sparsity warmup",
        "trainer_minus.py:1568-1570",
        "the window of the big tasks leaves less than 200 steps between prunings, which the release refuses",
        ("num_prunings", "pruning_end_epoch", "sparsity_warmup_epochs"),
        ("glue_small",),
    ),
    Discrepancy(
        "CNN/DM epochs",
        "16",
        "12",
        "Table 6; scripts/adaptpruning/t5_base_lm_adapt_cnndm_momentum.sh:49",
        "the release's script trains for 12 epochs where Table 6 has 16; both distil for 6",
        ("epochs",),
        ("cnn_dm",),
    ),
    Discrepancy(
        "Learning rate of T5 on GLUE",
        "2e-4",
        "1e-3",
        "Table 6; scripts/adaptpruning/t5_base_lm_adapt_sst2_momentum.sh:57",
        "the release trains T5 with 1e-3 on SST-2 and MNLI; Table 6 has one rate for all models",
        ("learning_rate",),
        ("glue_big",),
        names_of("t5"),
    ),
    Discrepancy(
        "Sparsity of T5-base on SST-2",
        "0.6",
        "0.4",
        "Table 2; scripts/adaptpruning/t5_base_lm_adapt_sst2_momentum.sh:12",
        "the release's script for T5-base on SST-2 prunes 0.4 unless its first argument says otherwise",
        ("target_sparsity",),
        ("glue_big",),
        ("google/t5-base-lm-adapt",),
    ),
    Discrepancy(
        "Sparsity of T5-xl on SST-2",
        "not reported",
        "0.92, of which 0.5 before tuning",
        "scripts/adaptpruning/t5_xl_lm_adapt_sst2_momentum.sh:2",
        "the release's script for T5-xl prunes 0.92, the first 0.5 before tuning; the paper does not report T5-xl",
        ("target_sparsity", "initial_sparsity"),
        ("glue_big",),
        ("google/t5-xl-lm-adapt",),
    ),
    Discrepancy(
        "Distillation of LLaMA",
        "none",
        "10 epochs",
        "Table 6; scripts/adaptpruning/llama_2_7b_alpaca_gpt4.sh:41",
        "the release's main scripts distil, although the paper does not distil LLaMA; "
        "scripts/adaptpruning_nodistill/ has scripts that do not",
        ("distill_epochs",),
        ("alpaca",),
        caution=True,
    ),
    Discrepancy(
        "Alpaca batch size",
        "32",
        "4 per device, 8 steps of accumulation",
        "Table 6; trainer_minus.py:674-676, 1464-1497",
        "the release's 4 x 8 accumulation steps the optimizer on every micro-batch: it really trains with batch 4",
        ("batch_size", "per_device_batch_size"),
        ("alpaca",),
        caution=True,
    ),
    Discrepancy(
        "Alpaca epochs",
        "15",
        "15; 2 in *_preprune.sh",
        "Table 6; trainer_minus.py:1139",
        "as every micro-batch counts as a step, the release's 15 epochs end after 1.875 passes over the data",
        ("epochs",),
        ("alpaca",),
        caution=True,
    ),
    Discrepancy(
        "LLaMA sparsity",
        "0.3, before tuning",
        "7B: 0.3, none before tuning; 13B: 0.5, of which 0.25 before tuning",
        "Tables 3, 9; scripts/adaptpruning/llama_2_7b_alpaca_gpt4.sh:2",
        "the paper prunes LLaMA to 0.3 before it tunes; in the release only *_preprune*.sh prune to the target first",
        ("target_sparsity", "initial_sparsity"),
        ("alpaca",),
    ),
    Discrepancy(
        "FFN adapters of LLaMA",
        "query and value only",
        "query and value; *_preprune.sh the FFN gate as well",
        "Appendix A",
        "the release's main scripts agree with the paper, its llama_2_*_preprune.sh adapt the FFN gate as well",
        ("adapter_targets",),
        ("alpaca",),
    ),
    Discrepancy(
        "Adapter layers of the first LLaMA 13B",
        "not reported",
        "layers 0-31 of 40",
        "scripts/adaptpruning_nodistill/llama_13b_alpaca_cleaned_preprune.sh:51-53",
        "LLaMA 1 is not among the architectures, and adapters sit in every layer",
    ),
    Discrepancy(
        "Optimizer",
        "not named",
        "AdamW, betas 0.9 and 0.999, epsilon 1e-8",
        "trainer_minus.py:1799-1808",
        "the release trains with the AdamW of transformers, which no script sets",
        ("optimizer",),
    ),
    Discrepancy(
        "Weight decay",
        "not stated",
        "0.1; LLaMA 0.0",
        "scripts/adaptpruning/roberta_base_sst2_momentum.sh:92",
        "every script of the release but LLaMA's decays weights by 0.1",
        ("weight_decay",),
        _SMALLER,
    ),
    Discrepancy(
        "Gradient clipping",
        "not stated",
        "1.0",
        "trainer_minus.py:1487-1488",
        "no script of the release sets the norm: 1.0 is what transformers has where nobody does",
        ("max_grad_norm",),
    ),
    Discrepancy(
        "Learning rate schedule",
        "not stated",
        "linear, warmup 0.06; LLaMA cosine, 0.03",
        "trainer_minus.py:690-727, 828, 1453, 1611, 1818-1828",
        "in the release the schedule drives a discarded optimizer after the first reset: the rate stays constant until "
        "distillation ends, then falls from a tenth of it (LLaMA: from the whole) after a new warmup",
        ("warmup_ratio", "lr_scheduler"),
    ),
    Discrepancy(
        "Salience momentum",
        "a symbol in Algorithm 1",
        "0.85",
        "trainer_minus.py:355-356; param_control.py:127-128",
        "the paper has a symbol only; the release fixes 0.85 in its code",
        ("salience_momentum",),
    ),
    Discrepancy(
        "Kurtosis",
        "in the salience of every model",
        "for LLaMA only",
        "section 4.2; prune/scorer.py:1075-1085, 1605-1666",
        "the release computes kurtosis for LLaMA only, whatever its flag says",
        ("outlier_aware",),
        _SMALLER,
    ),
    Discrepancy(
        "Salience of an adapter",
        "sum of |W_B x its gradient|",
        "mean over the ranks of |sum of A x its gradient|, on A",
        "loralib/layers.py:403-413; param_control.py:705-711",
        "a formula of the training code, with nothing to set",
    ),
    Discrepancy(
        "Growth of ranks",
        "r x budget now / budget before, rounded down, for the top half",
        "r x (what is missing / parameters of the top half + 1), at most 8 x the initial rank",
        "param_control.py:491-517, 721-787; trainer_minus.py:1230-1238",
        "the paper states neither the final budget (4 x the first in the release) nor a maximal rank (64 there)",
        ("max_rank", "tuning_budget_ratio"),
    ),
    Discrepancy(
        "Sparsity schedule",
        "cubic, at every step",
        "cubic after the sparsity warmup, at the prunings only",
        "section 4.2; param_control.py:478",
        "the paper's formula as printed starts at 1, which reads as density; the release evaluates it at the prunings "
        "only, and prunes nothing during the warmup",
        ("num_prunings", "sparsity_warmup_epochs"),
    ),
    Discrepancy(
        "Mask decay",
        "0.01 at every step",
        "0.01 in the 200 steps before a pruning, then 0 or 1",
        "Appendix C; pruner.py:530-531; trainer_minus.py:1472, 1576",
        "the release decays masks only in the 200 steps before a pruning",
        ("mask_decay_rate",),
    ),
    Discrepancy(
        "Sampled teacher layers",
        "a number that is not stated",
        "4, one from each quarter",
        "section 4.4; trainer_minus.py:2088-2112",
        "the paper does not state the number; the release draws four anew at every step",
        ("teacher_layers",),
    ),
    Discrepancy(
        "Weights within the distillation loss",
        "not stated",
        "0.9 on the layers, 0.1 on the predictions; RoBERTa on MNLI 0.5 and 0.5",
        "trainer_minus.py:2302-2323; trainer_qa_minus.py:183-211; trainer_seq2seq_minus.py:201-232; "
        "scripts/adaptpruning/roberta_base_mnli_momentum.sh:120-121",
        "on BERT and RoBERTa the release multiplies the prediction loss by 10, SQuAD included; on T5 it divides it by "
        "the length; for RoBERTa on MNLI it sets both weights to 0.5",
        ("distill_layer_weight", "distill_prediction_weight"),
    ),
    Discrepancy(
        "Distillation temperature",
        "not stated",
        "2/3",
        "args.py:243; trainer_minus.py:2306",
        "a comment in the release says 2.0 where its code has 2/3",
        ("distill_temperature",),
    ),
    Discrepancy(
        "Scaling factor",
        "2",
        "alpha 16, whatever the rank",
        "Appendix A; param_control.py:253, 280; minus_utils.py:15, 465",
        "while it distils, the release fixes alpha at 16, which is a factor of 2 only for rank 8",
        ("scaling_factor",),
    ),
    Discrepancy(
        "mac_constraint",
        "sparsity: parameters removed",
        "parameters kept, embeddings, heads and adapters aside",
        "pruner.py:490, 508; minus_utils.py:733-757",
        "a name that misleads, and no other value: it counts no multiplications, and is 1 - target_sparsity",
    ),
    Discrepancy(
        "SQuAD scripts",
        "SQuAD v2.0",
        "v2.0 for RoBERTa, v1.1 for BERT",
        "Appendix A; scripts/adaptpruning/roberta_base_squadv2_momentum.sh:47",
        "the release's RoBERTa script for v1.1 is an empty file; those in adaptpruning_nodistill/ train with another "
        "pruner, 1e-4, batch 48, for 10 epochs",
        ("dataset",),
        ("squad",),
    ),
    Discrepancy(
        "Hyperparameter search",
        "none",
        "eight scripts in scripts/hyperparameter_searching/",
        "scripts/hyperparameter_searching/",
        "they run an older pruner and set no default here; to search is to set variables",
    ),
    Discrepancy(
        "GPU",
        "one A100",
        "partition gpu-rtx6k for SST-2, gpu-a100 for MNLI",
        "section 5.3; scripts/adaptpruning/roberta_base_sst2_momentum.sh:2; "
        "scripts/adaptpruning/roberta_base_mnli_momentum.sh:2",
        "where a job runs is the scheduler's matter",
    ),
    Discrepancy(
        "Sizes of a block of RoBERTa",
        "head 196,608, neuron 1,536, dimension 110,592 parameters",
        "196,800, 1,537, 110,664: with biases and norms",
        "utils/fisher_utils/efficiency/param.py",
        "follows from the architecture, with nothing to set",
    ),
    Discrepancy(
        "Alpaca data",
        "GPT-4 Alpaca",
        "GPT-4 Alpaca, 99 % of it for training",
        "Appendix A; utils/utils.py:594-601; scripts/prepare_data.sh",
        "the release trains on a random 99 %, and its prepare_data.sh downloads the data that is not GPT-4's",
        ("dataset",),
        ("alpaca",),
    ),
    Discrepancy(
        "Library versions",
        "not stated",
        "requirements.txt: transformers 4.28.1, torch 1.10.2; environment.yml: 4.33.1, 2.0.1",
        "requirements.txt; environment.yml; trainer_minus.py:1968",
        "the release's code needs the newer ones; which libraries are installed is no setting",
    ),
    Discrepancy(
        "Density and sparsity within the paper",
        "Table 8 has a row of 40 % sparsity where Table 2 has 60 %; section 5.4 has 70 % where Table 3 has 30 %",
        "nothing of it",
        "Tables 5, 8; section 5.4",
        "density and sparsity are mixed up in these places, on which no default rests; Tables 2 and 3 decide",
    ),
    Discrepancy(
        "Arithmetic",
        "not stated",
        "tf32; T5 on CNN/DM fp16; T5-xl and LLaMA bf16; RoBERTa on SQuAD and T5-base on SST-2 set none, which is tf32 "
        "all the same; LLaMA is bfloat16 whatever is said",
        "scripts/adaptpruning/; run_minus_squad_training.py:8-9; models/__init__.py:211",
        "every entry point of the release switches TF32 on when it is imported: fp32 needs --tf32 False, which "
        "release-args passes",
        ("precision",),
    ),
    Discrepancy(
        "Seed of T5-xl",
        "not stated",
        "42; every other script 128",
        "scripts/adaptpruning/t5_xl_lm_adapt_sst2_momentum.sh",
        "the release's script for T5-xl sets no seed, and the default of transformers is 42",
        ("seed",),
        ("glue_big",),
        ("google/t5-xl-lm-adapt",),
    ),
    Discrepancy(
        "Window of distillation",
        "from the start of pruning",
        "from one step after a pruning that left the model sparse; sst2 3,258 to 45,358",
        "section 4.4; trainer_minus.py:1267-1286",
        "the release pairs its prunings from the second on with the fractions from the first on, and distils for "
        "distill_epochs from there: where that ends after the job, the model is never really pruned",
        ("distill_epochs",),
        _SMALLER,
    ),
    Discrepancy(
        "Steps of an epoch",
        "not stated",
        "len(dataloader) // accumulation",
        "trainer_minus.py:674-676, 1464-1497",
        "with accumulation the release rounds down where the Trainer of transformers counts the last steps too",
        ("per_device_batch_size",),
    ),
    Discrepancy(
        "Evaluation while training",
        "not stated",
        "every 500, 1,000 or 5,000 steps",
        "scripts/adaptpruning/; trainer_minus.py:932-936",
        "without it no best model exists, and the end of distillation loads none: release-args passes the script's",
    ),
)
"""All known discrepancies, in the order of their discovery."""


def notes_on(setting: str, task: str, architecture: str | None = None) -> tuple[str, ...]:
    """The notes on a setting of a task on this architecture; None: on any architecture."""
    return tuple(each.note for each in DISCREPANCIES if each.concerns(setting, task, architecture))
