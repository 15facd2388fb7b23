"""The seven models: sizes and module names."""

import json
from typing import get_args

import pytest
from support import RECORDS

from apt_settings import ADAPTER_RULES, ARCHITECTURES, PRUNABLE_BLOCKS
from apt_settings.facts.architectures import AdapterTarget, ArchitectureName, PrunableBlock

MODELS = json.loads((RECORDS / "facts.json").read_text())["models"]


@pytest.mark.parametrize("name", MODELS)
def test_sizes_are_those_of_the_models_config(name: str) -> None:
    """Layers, heads, widths, vocabulary and gate equal the recorded config.json of each model."""
    fact, model = MODELS[name], ARCHITECTURES[name]
    layers = fact["layers"] if isinstance(fact["layers"], int) else int(fact["layers"].split()[0])

    assert {layers} == {model.encoder_layers, model.decoder_layers} - {0}
    assert (fact["heads"], fact["head_dim"], fact["hidden"]) == (model.heads, model.head_size, model.hidden_size)
    assert (fact["ffn"], fact["vocab"], fact["gated_ffn"]) == (model.ffn_size, model.vocab_size, model.gated_ffn)


@pytest.mark.parametrize("name", [name for name, fact in MODELS.items() if "hf_modules" in fact])
def test_every_module_has_its_recorded_name(name: str) -> None:
    """The parts of the encoders and of LLaMA are called as in transformers, each once in a layer."""
    recorded = {
        part.replace("attn_out", "attention_output"): (path,) for part, path in MODELS[name]["hf_modules"].items()
    }

    assert recorded == dict(ARCHITECTURES[name].modules)


def test_types_and_tables_name_the_same_things() -> None:
    """The Literal types that settings are declared with list exactly the keys of the tables, in their order."""
    assert get_args(ArchitectureName) == tuple(ARCHITECTURES)
    assert get_args(ArchitectureName) == tuple(ADAPTER_RULES)
    assert get_args(PrunableBlock) == tuple(PRUNABLE_BLOCKS)
    assert set(MODELS) == set(ARCHITECTURES)


def test_adapters_sit_where_the_paper_puts_them() -> None:
    """LLaMA adapts query and value; every smaller model its FFN as well."""
    for name, targets in ADAPTER_RULES.items():
        assert (("query", "value") if "llama" in name else get_args(AdapterTarget)) == targets


@pytest.mark.parametrize(
    ("name", "target", "modules"),
    [
        ("roberta-base", "query", ("roberta.encoder.layer.{i}.attention.self.query",)),
        ("roberta-base", "ffn", ("roberta.encoder.layer.{i}.intermediate.dense",)),
        ("bert-base-uncased", "value", ("bert.encoder.layer.{i}.attention.self.value",)),
        (
            "t5-base",
            "ffn",
            ("encoder.block.{i}.layer.1.DenseReluDense.wi", "decoder.block.{i}.layer.2.DenseReluDense.wi"),
        ),
        (
            "google/t5-base-lm-adapt",
            "ffn",
            ("encoder.block.{i}.layer.1.DenseReluDense.wi_0", "decoder.block.{i}.layer.2.DenseReluDense.wi_0"),
        ),
        (
            "google/t5-xl-lm-adapt",
            "query",
            (
                "encoder.block.{i}.layer.0.SelfAttention.q",
                "decoder.block.{i}.layer.0.SelfAttention.q",
                "decoder.block.{i}.layer.1.EncDecAttention.q",
            ),
        ),
        ("meta-llama/Llama-2-13b-hf", "value", ("model.layers.{i}.self_attn.v_proj",)),
        ("meta-llama/Llama-2-7b-hf", "ffn", ("model.layers.{i}.mlp.gate_proj",)),
    ],
)
def test_modules_have_their_names_in_transformers(name: str, target: AdapterTarget, modules: tuple[str, ...]) -> None:
    """An adapter target stands for these modules of a layer; a gated FFN is adapted at its gate, as in the release."""
    assert modules == ARCHITECTURES[name].adapter_modules[target]


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_parameters_are_those_of_the_model(name: str) -> None:
    """Total and prunable, to the last one, as the model's own class counts them."""
    facts = json.loads((RECORDS / "facts.json").read_text())["parameters"][name]
    architecture = ARCHITECTURES[name]

    assert (facts["total"], facts["prunable"]) == (architecture.total_parameters, architecture.prunable_parameters)


def test_block_sizes_of_roberta_are_the_papers() -> None:
    """Matrices alone as in the paper, with biases and norms as in the release."""
    roberta = ARCHITECTURES["roberta-base"]
    with pytest.raises(ValueError, match="'mha_heads' is no prunable block: mha_head, ffn_neuron, hidden_dimension"):
        roberta.block_parameters("mha_heads")  # type: ignore[arg-type]
    sizes = {block: roberta.block_parameters(block) for block in PRUNABLE_BLOCKS}
    with_vectors = {block: roberta.block_parameters(block, vectors=True) for block in PRUNABLE_BLOCKS}

    assert sizes == {"mha_head": 196_608, "ffn_neuron": 1_536, "hidden_dimension": 110_592}
    assert with_vectors == {"mha_head": 196_800, "ffn_neuron": 1_537, "hidden_dimension": 110_664}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_blocks_make_up_the_matrices(name: str) -> None:
    """All heads and neurons together are the matrices that all hidden dimensions are."""
    each = ARCHITECTURES[name]
    heads = each.heads * each.attentions * each.block_parameters("mha_head")
    neurons = each.ffn_size * each.layers * each.block_parameters("ffn_neuron")

    assert heads + neurons == each.hidden_size * each.block_parameters("hidden_dimension")


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_lora_parameters_are_linear_in_rank_and_targets(name: str) -> None:
    """Twice the rank is twice the parameters; targets add up; RoBERTa's query is 12 x 8 x (768 + 768) at rank 8."""
    each = ARCHITECTURES[name]
    parts = [each.lora_parameters([target], 8) for target in get_args(AdapterTarget)]

    assert (
        sum(parts)
        == each.lora_parameters(get_args(AdapterTarget), 8)
        == each.lora_parameters(get_args(AdapterTarget), 4) * 2
    )
    assert ARCHITECTURES["roberta-base"].lora_parameters(["query"], 8) == 12 * 8 * (768 + 768)
