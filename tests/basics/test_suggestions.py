"""What a misspelt name or value most likely meant."""

import pytest

from apt_settings.basics.escaping import shown
from apt_settings.basics.suggestions import nearest

NAMES = ("learning_rate", "target_sparsity", "initial_sparsity", "epochs", "distill_epochs", "batch_size", "max_rank")


@pytest.mark.parametrize(
    ("word", "first"),
    [
        ("TARGET_SPARSTIY", "target_sparsity"),
        ("target_sparsity", "target_sparsity"),
        ("TARGETSPARSITY", "target_sparsity"),
        ("Target-Sparsity", "target_sparsity"),
        ("_EPOCHS", "epochs"),
        ("lr", "learning_rate"),
        ("BS", "batch_size"),
        ("sparsity", "target_sparsity"),
        ("batchsize", "batch_size"),
    ],
)
def test_the_likeliest_name_comes_first(word: str, first: str) -> None:
    """Slips of letters, case and underscores, initials, and one word of a name lead to the name meant."""
    assert first == nearest(word, NAMES)[0]


@pytest.mark.parametrize("word", ["", "zzz", "typo", "___", "é"])
def test_a_word_that_is_near_nothing_gets_no_guess(word: str) -> None:
    """No guess is better than a wild one."""
    assert nearest(word, NAMES) == ()


def test_at_most_three_names_are_offered() -> None:
    """A list of guesses stays readable."""
    assert len(nearest("epoch", [f"epoch_{number}" for number in range(9)])) == 3


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.4", "'0.4'"),
        (0.4, "0.4"),
        ("a\x1b[31m", r"'a\x1b[31m'"),
        ("\ud800", r"'\ud800'"),
        ("é", "'é'"),
        ("x" * 200, "'" + "x" * 79 + "... (202 characters)"),
    ],
)
def test_values_are_shown_safely(value: object, text: str) -> None:
    """What a terminal would act on is escaped, what is long is cut."""
    assert text == shown(value)
