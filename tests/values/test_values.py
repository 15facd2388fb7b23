"""How a text becomes a value."""

from typing import Any

import pytest
from pydantic.fields import FieldInfo

from apt_settings import GlueBigSettings, SettingsError
from apt_settings.values import allowed, as_text, likely


def field(name: str) -> FieldInfo:
    return GlueBigSettings.model_fields[name]


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("target_sparsity", "0.4", 0.4),
        ("target_sparsity", "4e-1", 0.4),
        ("target_sparsity", "0", 0.0),
        ("target_sparsity", "-0.0", 0.0),
        ("target_sparsity", 0, 0),
        ("learning_rate", "2E-4", 2e-4),
        ("epochs", "0040", 40),
        ("epochs", 40, 40),
        ("distill_epochs", "none", None),
        ("distill_epochs", "NONE", None),
        ("distill_epochs", None, None),
        ("outlier_aware", "FALSE", False),
        ("outlier_aware", "on", True),
        ("outlier_aware", "0", False),
        ("outlier_aware", True, True),
        ("prunable_blocks", "ffn_neuron,mha_head", ("mha_head", "ffn_neuron")),
        ("prunable_blocks", ["hidden_dimension", "mha_head"], ("mha_head", "hidden_dimension")),
        ("adapter_targets", {"value", "query"}, ("query", "value")),
        ("model_name_or_path", "none", None),
        ("model_name_or_path", "/models/a b,c$", "/models/a b,c$"),
        ("output_dir", "none", "none"),
    ],
)
def test_a_value_is_read(name: str, given: Any, value: Any) -> None:
    """Texts and Python values of the right type are accepted, lists in canonical order."""
    assert value == getattr(GlueBigSettings(_env_file=None, **{name: given}), name)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("target_sparsity", True),
        ("target_sparsity", " 0.4"),
        ("target_sparsity", "1_0.5"),
        ("target_sparsity", ".5"),
        ("target_sparsity", "+0.5"),
        ("target_sparsity", None),
        ("target_sparsity", [0.5]),
        ("epochs", True),
        ("epochs", 4.0),
        ("epochs", "+5"),
        ("epochs", "5.0"),
        ("epochs", "1_000"),
        ("epochs", "9" * 5000),
        ("outlier_aware", "t"),
        ("outlier_aware", " true "),
        ("outlier_aware", 1),
        ("optimizer", "AdamW"),
        ("optimizer", 3),
        ("prunable_blocks", "mha_head,mha_head"),
        ("prunable_blocks", "mha_head, ffn_neuron"),
        ("prunable_blocks", "mha_head,"),
        ("prunable_blocks", ()),
        ("prunable_blocks", 7),
        ("output_dir", "a\nb"),
        ("output_dir", "a\u2028b"),
        ("output_dir", "a\u202eb"),
        ("output_dir", "\udc80"),
        ("output_dir", "x" * 4097),
        ("output_dir", " out"),
        ("output_dir", "out\u00a0"),
        ("output_dir", " "),
        ("output_dir", 7),
        ("model_name_or_path", "\x00"),
    ],
)
def test_a_value_is_refused(name: str, given: Any) -> None:
    """What pydantic would coerce, or would let pass, is one problem that names the setting."""
    with pytest.raises(SettingsError) as caught:
        GlueBigSettings(_env_file=None, **{name: given})

    assert [name] == [problem.variable for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("target_sparsity", "a number, 0 <= x < 1"),
        ("scaling_factor", "a number, 0 < x <= 1000000"),
        ("epochs", "a whole number, 1 <= x <= 10000"),
        ("distill_epochs", "a whole number, 0 <= x <= 10000, or none"),
        ("outlier_aware", "true or false"),
        ("optimizer", "one of adam, adamw"),
        ("adapter_targets", "a comma-separated list of query, value, ffn, none of them twice"),
        ("output_dir", "one line of at most 4096 printable characters, no space around it"),
        ("model_name_or_path", "one line of at most 4096 printable characters, no space around it, or none"),
    ],
)
def test_what_is_allowed_is_said_in_words(name: str, words: str) -> None:
    """The declaration of a setting is enough to say what it takes."""
    assert words == allowed(field(name))


def test_every_setting_says_what_it_allows_and_means() -> None:
    """No setting is without a description or a range in words."""
    for name, each in GlueBigSettings.model_fields.items():
        assert allowed(each), name
        assert each.description, name
        assert each.description.endswith("."), name


@pytest.mark.parametrize(
    ("name", "text", "guess"),
    [
        ("target_sparsity", "60", "0.6"),
        ("target_sparsity", "33.3%", "0.333"),
        ("target_sparsity", "0,4", "0.4"),
        ("target_sparsity", ".5", "0.5"),
        ("target_sparsity", "'0.4'", "0.4"),
        ("target_sparsity", "0.4 # note", "0.4"),
        ("target_sparsity", "\u0660.\u0664", "0.4"),
        ("target_sparsity", "1.0", None),
        ("learning_rate", "2", None),
        ("epochs", "1e3", "1000"),
        ("epochs", " 40 ", "40"),
        ("epochs", "4.5", None),
        ("epochs", "1,000", None),
        ("epochs", "1e99999999", None),
        ("epochs", "9" * 10_000, None),
        ("outlier_aware", "ture", "true"),
        ("optimizer", "AdamW", "adamw"),
        ("precision", "float16", None),
        ("prunable_blocks", "mha_head, ffn_neurn", "mha_head,ffn_neuron"),
        ("prunable_blocks", "mha_head,mha_head", "mha_head"),
        ("distill_epochs", "nan", None),
    ],
)
def test_a_common_slip_is_mended(name: str, text: str, guess: str | None) -> None:
    """A guess is offered only where it is itself a valid value."""
    assert guess == likely(text, field(name))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((None, "none"), (True, "true"), (2e-4, "0.0002"), (("query", "value"), "query,value"), ("a b", "a b")),
        ({"z", "y", "x", "w", "v"}, "v,w,x,y,z"),
        ({"a": {"z", "y", "x", "w", "v"}}, '{"a": ["v", "w", "x", "y", "z"]}'),
        ([{"z", "y", "x", "w", "v"}], '[["v", "w", "x", "y", "z"]]'),
    ],
)
def test_a_value_is_written_as_a_variable_would_hold_it(value: object, text: str) -> None:
    """The text of a value reads back as that value; that of a set is the same in every process."""
    assert text == as_text(value)
