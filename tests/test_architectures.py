"""The seven models: sizes and module names."""

import json
from typing import get_args

import pytest
from conftest import RECORDS

from apt_settings import ADAPTER_RULES, ARCHITECTURES, PRUNABLE_BLOCKS
from apt_settings.architectures import AdapterTarget, ArchitectureName, PrunableBlock

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
def test_every_module_has_its_recorded_name(name: ArchitectureName) -> None:
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
def test_modules_have_their_names_in_transformers(
    name: ArchitectureName, target: AdapterTarget, modules: tuple[str, ...]
) -> None:
    """An adapter target stands for these modules of a layer; a gated FFN is adapted at its gate, as in the release."""
    assert modules == ARCHITECTURES[name].adapter_modules[target]
