"""The words that settings take, which all libraries share."""

from typing import Literal

Task = Literal["glue_small", "glue_big", "squad", "cnn_dm", "alpaca"]
Dataset = Literal[
    "mrpc", "cola", "rte", "stsb", "mnli", "sst2", "qnli", "qqp", "squad_v2", "squad", "cnndm", "alpaca_gpt4"
]
Architecture = Literal[
    "roberta-base",
    "bert-base-uncased",
    "google/t5-base-lm-adapt",
    "google/t5-xl-lm-adapt",
    "t5-base",
    "meta-llama/Llama-2-7b-hf",
    "meta-llama/Llama-2-13b-hf",
]
Block = Literal["mha_head", "ffn_neuron", "hidden_dimension"]
Target = Literal["query", "value", "ffn"]
