"""The models that APT runs on: their sizes, the names of their modules, and which of them carry adapters.

Sizes are from the `config.json` of each model. Module names are from Hugging Face transformers; `{i}` stands for the
layer. Which modules carry adapters is from the paper's Appendix A and, for T5's gated FFN (only `wi_0`), the release.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

ArchitectureName = Literal[
    "roberta-base",
    "bert-base-uncased",
    "google/t5-base-lm-adapt",
    "google/t5-xl-lm-adapt",
    "t5-base",
    "meta-llama/Llama-2-7b-hf",
    "meta-llama/Llama-2-13b-hf",
]
Family = Literal["roberta", "bert", "t5", "llama"]
AdapterTarget = Literal["query", "value", "ffn"]
Bias = Literal["attention", "output", "ffn"]
PrunableBlock = Literal["mha_head", "ffn_neuron", "hidden_dimension"]


class Architecture(NamedTuple):
    """One pretrained model: its sizes and the names of its modules."""

    name: str
    """The name on the Hugging Face hub, as the release spells it, or the folder of a model."""
    family: Family
    """The model class in transformers, which decides the module names."""
    encoder_layers: int
    decoder_layers: int
    heads: int
    """Attention heads of one layer."""
    head_size: int
    """Dimensions of one head."""
    hidden_size: int
    """Dimensions of the hidden state."""
    ffn_size: int
    """Neurons of one feed-forward layer."""
    vocab_size: int
    """Rows of the embedding matrix."""
    gated_ffn: bool
    """Whether the feed-forward layer has a gate: three matrices instead of two."""
    positions: int = 0
    """Rows of the matrix of absolute positions; 0 where there is none."""
    token_types: int = 0
    """Rows of the matrix of token types; 0 where there is none."""
    biases: tuple[Bias, ...] = ()
    """Which linear layers have biases: query, key and value (`attention`), the attention's `output`, the `ffn`."""
    buckets: int = 0
    """Relative positions for which T5 has a parameter, for each head of the first layer of a stack."""
    tied: bool = False
    """Whether the head of a language model is the embedding matrix itself."""
    shared_by: int = 1
    """Query heads that share one head of keys and values: more than 1 is grouped-query attention."""

    @property
    def modules(self) -> Mapping[str, tuple[str, ...]]:
        """Part (query, value, ffn_up, ...) -> names of its modules in transformers, with `{i}` for the layer."""
        return _MODULES[self.family, self.gated_ffn]

    @property
    def adapter_modules(self) -> Mapping[AdapterTarget, tuple[str, ...]]:
        """Adapter target -> the modules that carry its adapters. In a gated FFN it is the gate, as in the release."""
        ffn = "ffn_gate" if self.gated_ffn else "ffn_up"
        return {"query": self.modules["query"], "value": self.modules["value"], "ffn": self.modules[ffn]}

    @property
    def layers(self) -> int:
        """The number of feed-forward layers, which is also the number of self-attention layers."""
        return self.encoder_layers + self.decoder_layers

    @property
    def attentions(self) -> int:
        """The number of attention layers, with the cross-attention of a decoder that has an encoder."""
        return self.layers + (self.decoder_layers if self.encoder_layers else 0)

    @property
    def attention_size(self) -> int:
        """Dimensions of all heads of one layer: heads x head_size."""
        return self.heads * self.head_size

    @property
    def key_value_size(self) -> int:
        """Dimensions of all heads of keys, or of values, of one layer."""
        return self.attention_size // self.shared_by

    @property
    def ffn_matrices(self) -> int:
        """The number of matrices of one feed-forward layer: up, down and, if it has one, the gate."""
        return 3 if self.gated_ffn else 2

    def block_parameters(self, block: PrunableBlock, *, vectors: bool = False) -> int:
        """The number of parameters that are removed with one block (paper, section 4).

        mha_head: 4 x head_size x hidden_size (query, key, value, output); of a head that shares its key and value with
        others, query and output alone. ffn_neuron: hidden_size for each matrix. hidden_dimension: what is left of one
        dimension of all layers, 4 x attention_size for each attention layer without shared keys, and ffn_size for each
        matrix of each feed-forward layer. With `vectors`, biases and the weights of norms count too, as in the release
        (utils/fisher_utils/efficiency/param.py). Raises ValueError for another block.
        """
        if block not in PRUNABLE_BLOCKS:
            raise ValueError(f"{block!r} is no prunable block: {', '.join(PRUNABLE_BLOCKS)}")
        parts = 4 if self.shared_by == 1 else 2
        if block == "mha_head":
            return self.head_size * (parts * self.hidden_size + vectors * self._has("attention") * (parts - 1))
        if block == "ffn_neuron":
            return self.ffn_matrices * self.hidden_size + vectors * self._has("ffn") * (self.ffn_matrices - 1)
        attention = 2 * (self.attention_size + self.key_value_size)
        matrices = attention * self.attentions + self.ffn_matrices * self.ffn_size * self.layers
        biases = self._has("output") * self.attentions + self._has("ffn") * self.layers
        return matrices + vectors * (self._norms * (1 + self.is_encoder) + biases)

    @property
    def prunable_parameters(self) -> int:
        """The number of parameters without embeddings and heads, with BERT's pooler (utils/minus_utils.py:733-757)."""
        attention = self._has("attention") * (self.attention_size + 2 * self.key_value_size) * self.attentions
        ffn = self._has("ffn") * (self.ffn_matrices - 1) * self.ffn_size * self.layers
        positions = self.buckets * self.heads * self._stacks
        dimensions = self.hidden_size * self.block_parameters("hidden_dimension", vectors=True)
        return dimensions + attention + ffn + positions + (self._dense if self.family == "bert" else 0)

    @property
    def total_parameters(self) -> int:
        """The number of all parameters, with the head: for two classes on an encoder, else for the vocabulary."""
        words = self.vocab_size * self.hidden_size
        if not self.is_encoder:
            return self.prunable_parameters + words * (1 if self.tied else 2)
        norm, classes = 2, 2 * (self.hidden_size + 1)
        embeddings = words + (self.positions + self.token_types + norm) * self.hidden_size
        head = classes + (self._dense if self.family == "roberta" else 0)
        return self.prunable_parameters + embeddings + head

    def lora_parameters(self, targets: Iterable[AdapterTarget], rank: int) -> int:
        """The number of adapter parameters: the sum of rank x (inputs + outputs) over all modules that carry one."""
        sizes = {
            "query": self.attentions * (self.hidden_size + self.attention_size),
            "value": self.attentions * (self.hidden_size + self.key_value_size),
            "ffn": self.layers * (self.hidden_size + self.ffn_size),
        }
        return rank * sum(sizes[target] for target in targets)

    @property
    def is_t5(self) -> bool:
        """Whether it is a T5: an encoder with a decoder, which generates text for every task."""
        return self.family == "t5"

    @property
    def is_encoder(self) -> bool:
        """Whether it is a BERT or a RoBERTa: an encoder alone, whose norms have biases."""
        return not self.decoder_layers

    @property
    def rule(self) -> tuple[AdapterTarget, ...]:
        """The adapter targets of the paper for a model of this family: no FFN adapters on LLaMA (Appendix A)."""
        return ("query", "value") if self.family == "llama" else ("query", "value", "ffn")

    def _has(self, bias: Bias) -> bool:
        return bias in self.biases

    @property
    def _stacks(self) -> int:
        return (self.encoder_layers > 0) + (self.decoder_layers > 0)

    @property
    def _norms(self) -> int:
        """The number of norms: one for each attention and FFN layer and, in T5 and LLaMA, one after each stack."""
        return self.attentions + self.layers + (0 if self.is_encoder else self._stacks)

    @property
    def _dense(self) -> int:
        """Parameters of the square layer before the classes: BERT's pooler, RoBERTa's head."""
        return self.hidden_size * (self.hidden_size + 1)


def _encoder_modules(model: str) -> Mapping[str, tuple[str, ...]]:
    layer = model + ".encoder.layer.{i}."
    return MappingProxyType(
        {
            "query": (layer + "attention.self.query",),
            "value": (layer + "attention.self.value",),
            "attention_output": (layer + "attention.output.dense",),
            "ffn_up": (layer + "intermediate.dense",),
            "ffn_down": (layer + "output.dense",),
        }
    )


def _t5_modules(**ffn: str) -> Mapping[str, tuple[str, ...]]:
    encoder, decoder = "encoder.block.{i}.layer.", "decoder.block.{i}.layer."
    attentions = (encoder + "0.SelfAttention.", decoder + "0.SelfAttention.", decoder + "1.EncDecAttention.")
    dense = (encoder + "1.DenseReluDense.", decoder + "2.DenseReluDense.")
    return MappingProxyType(
        {
            "query": tuple(attention + "q" for attention in attentions),
            "value": tuple(attention + "v" for attention in attentions),
            **{part: tuple(each + module for each in dense) for part, module in ffn.items()},
        }
    )


def _llama_modules() -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType(
        {
            "query": ("model.layers.{i}.self_attn.q_proj",),
            "value": ("model.layers.{i}.self_attn.v_proj",),
            "attention_output": ("model.layers.{i}.self_attn.o_proj",),
            "ffn_gate": ("model.layers.{i}.mlp.gate_proj",),
            "ffn_up": ("model.layers.{i}.mlp.up_proj",),
            "ffn_down": ("model.layers.{i}.mlp.down_proj",),
        }
    )


_MODULES: Final[Mapping[tuple[Family, bool], Mapping[str, tuple[str, ...]]]] = {
    ("roberta", False): _encoder_modules("roberta"),
    ("bert", False): _encoder_modules("bert"),
    ("t5", False): _t5_modules(ffn_up="wi", ffn_down="wo"),
    ("t5", True): _t5_modules(ffn_gate="wi_0", ffn_up="wi_1", ffn_down="wo"),
    ("llama", True): _llama_modules(),
}

BIASES: Final[tuple[Bias, ...]] = ("attention", "output", "ffn")
"""Every linear layer has a bias, as in BERT and RoBERTa."""

_T5: Final = (0, 0, (), 32)

# fmt: off
_TABLE: Final = (
    #            name                         family    enc dec heads size hidden   ffn  vocab  gated, and more
    Architecture("roberta-base",              "roberta", 12,  0, 12,   64,  768,  3072, 50265, False, 514, 1, BIASES),
    Architecture("bert-base-uncased",         "bert",    12,  0, 12,   64,  768,  3072, 30522, False, 512, 2, BIASES),
    Architecture("google/t5-base-lm-adapt",   "t5",      12, 12, 12,   64,  768,  2048, 32128, True,  *_T5),
    Architecture("google/t5-xl-lm-adapt",     "t5",      24, 24, 32,   64, 2048,  5120, 32128, True,  *_T5),
    Architecture("t5-base",                   "t5",      12, 12, 12,   64,  768,  3072, 32128, False, *_T5, True),
    Architecture("meta-llama/Llama-2-7b-hf",  "llama",    0, 32, 32,  128, 4096, 11008, 32000, True),
    Architecture("meta-llama/Llama-2-13b-hf", "llama",    0, 40, 40,  128, 5120, 13824, 32000, True),
)
# fmt: on

ARCHITECTURES: Final[Mapping[str, Architecture]] = MappingProxyType({each.name: each for each in _TABLE})
"""Every architecture by its name."""

ADAPTER_RULES: Final[Mapping[str, tuple[AdapterTarget, ...]]] = MappingProxyType(
    {each.name: each.rule for each in _TABLE}
)
"""Architecture -> the adapter targets of the paper: FFN adapters only for the smaller models (Appendix A)."""

PRUNABLE_BLOCKS: Final[Mapping[PrunableBlock, str]] = MappingProxyType(
    {
        "mha_head": "one attention head of one layer: its query, key, value and output dimensions",
        "ffn_neuron": "one neuron of one feed-forward layer: its column in and its row out",
        "hidden_dimension": "one dimension of the hidden state: its row or column in every layer",
    }
)
"""Kind of block -> its parts, which APT removes together (paper, section 4)."""


def names_of(*families: Family) -> tuple[str, ...]:
    """The names of the architectures of these families, in the table's order."""
    return tuple(each.name for each in _TABLE if each.family in families)


ARCHITECTURES_OF: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "glue_small": names_of("roberta", "bert", "t5"),
        "glue_big": names_of("roberta", "bert", "t5"),
        "squad": names_of("roberta", "bert"),
        "cnn_dm": names_of("t5"),
        "alpaca": names_of("llama"),
    }
)
"""Task of the paper -> the architectures that it is run with."""


def tasks_with(architecture: str) -> tuple[str, ...]:
    """The tasks of the paper that are run with an architecture."""
    return tuple(task for task, names in ARCHITECTURES_OF.items() if architecture in names)
