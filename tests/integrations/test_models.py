"""The sizes and adapters that are read from a config.json, against the models that transformers builds from it."""

import re
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support import needs_training

from apt_settings import SettingsWarning, load
from apt_settings.integrations.peft import lora_config
from apt_settings.integrations.transformers import training_arguments
from apt_settings.plan import plan

pytestmark = [
    pytest.mark.training,
    needs_training,
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning"),
]
with suppress(ModuleNotFoundError):
    import peft
    import torch
    import transformers

_OUTSIDE = r"(roberta|bert)\.embeddings\.|classifier\.|shared\.|lm_head\.|model\.embed_tokens\."
"""What is not pruned: embeddings and heads."""
_ENCODER = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096}
_T5 = {"d_kv": 64, "vocab_size": 32128}

# fmt: off
MODELS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "bert-large-uncased": ("Bert", "SequenceClassification", {**_ENCODER, "vocab_size": 30522}),
    "bert of two layers": ("Bert", "SequenceClassification", {
        "hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 512}),
    "roberta-large": ("Roberta", "SequenceClassification", {
        **_ENCODER, "vocab_size": 50265, "max_position_embeddings": 514, "type_vocab_size": 1}),
    "xlm-roberta-base": ("XLMRoberta", "SequenceClassification", {
        "vocab_size": 250002, "max_position_embeddings": 514, "type_vocab_size": 1}),
    "camembert-base": ("Camembert", "SequenceClassification", {
        "vocab_size": 32005, "max_position_embeddings": 514, "type_vocab_size": 1}),
    "t5-large": ("T5", "ConditionalGeneration", {
        **_T5, "d_model": 1024, "d_ff": 4096, "num_layers": 24, "num_decoder_layers": 24, "num_heads": 16}),
    "google/flan-t5-small": ("T5", "ConditionalGeneration", {
        **_T5, "d_model": 512, "d_ff": 1024, "num_layers": 8, "num_heads": 6, "feed_forward_proj": "gated-gelu",
        "tie_word_embeddings": False}),
    "google/mt5-small": ("MT5", "ConditionalGeneration", {
        "vocab_size": 250112, "d_kv": 64, "d_model": 512, "d_ff": 1024, "num_layers": 8, "num_decoder_layers": 6,
        "num_heads": 6, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}),
    "meta-llama/Llama-3.1-8B": ("Llama", "CausalLM", {
        "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
        "num_key_value_heads": 8, "vocab_size": 128256}),
    "meta-llama/Llama-3.2-1B": ("Llama", "CausalLM", {
        "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16, "num_attention_heads": 32,
        "num_key_value_heads": 8, "head_dim": 64, "vocab_size": 128256, "tie_word_embeddings": True}),
    "a llama with biases": ("Llama", "CausalLM", {
        "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4, "head_dim": 32,
        "vocab_size": 99, "attention_bias": True, "mlp_bias": True}),
    "mistralai/Mistral-7B-v0.3": ("Mistral", "CausalLM", {
        "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
        "num_key_value_heads": 8, "vocab_size": 32768}),
    "Qwen/Qwen2.5-0.5B": ("Qwen2", "CausalLM", {
        "hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24, "num_attention_heads": 14,
        "num_key_value_heads": 2, "vocab_size": 151936, "tie_word_embeddings": True}),
}
# fmt: on


def built(name: str) -> tuple[Any, Any]:
    """The configuration of a model, and the model without weights."""
    family, head, sizes = MODELS[name]
    config = getattr(transformers, f"{family}Config")(**sizes)
    with torch.device("meta"):
        model = getattr(transformers, f"{family}For{head}")(config)
    model.tie_weights()  # older transformers do so when weights are loaded
    return config, model


def count(model: Any, pattern: str) -> int:
    return sum(part.numel() for name, part in model.named_parameters() if re.search(pattern, name))


@pytest.mark.parametrize("name", MODELS)
def test_a_plan_has_the_models_own_numbers(name: str, tmp_path: Path) -> None:
    """All parameters, those that can be pruned, and those of the adapters, to the last one."""
    config, model = built(name)
    config.save_pretrained(tmp_path / "model")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SettingsWarning)
        job: dict[str, Any] = {"dataset": "mine", "architecture": str(tmp_path / "model")}
        settings = load({}, None, task="custom", train_examples=1000, precision="fp32", **job)
    planned = plan(settings).model
    total, outside = count(model, ""), count(model, f"^({_OUTSIDE})")
    arguments = training_arguments(settings, str(tmp_path), report_to=[], use_cpu=True)
    adapted = peft.get_peft_model(model, lora_config(settings))

    assert planned
    assert (planned.parameters, planned.prunable_parameters) == (total, total - outside)
    assert planned.trainable_parameters[0] == count(adapted, r"\.lora_[AB]\.")
    assert isinstance(arguments, transformers.Seq2SeqTrainingArguments) == planned.architecture.is_t5
