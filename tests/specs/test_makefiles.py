"""Makefiles and justfiles: variables and recipes."""

import pytest
from support import errors_in, notes_in

SEED, EPOCHS, WRONG = "APT_SEED", "APT_EPOCHS", "APT_SEEED"


@pytest.mark.parametrize(
    ("name", "text", "errors"),
    [
        ("Makefile", "export APT_SEED = 3\nexport APT_EPOCHS := ten # why\n", [(2, EPOCHS)]),
        ("GNUmakefile", "APT_SEED ?= x\nexport APT_SEED\n", [(1, SEED)]),
        ("a.mk", "export\nAPT_SEEED = 1\n", [(2, WRONG)]),
        ("Makefile", "APT_SEED = x\nAPT_DEPS := curl git\nall:\n\trun $(APT_DEPS)\n", [(1, SEED)]),
        ("Makefile", "all: export APT_SEED = x\nall:\n\trun\n", [(1, SEED)]),
        ("Makefile", "all:\n\t@APT_SEED=x \\\n\t\tAPT_SEEED=1 run\n\n\t-export APT_EPOCHS=ten; run\n", None),
        ("Makefile", "E = ten\nall:\n\tAPT_EPOCHS=$(E) run\n\tfor s in x; do APT_SEED=$$s run; done\n", None),
        ("Makefile", "export APT_EPOCHS = 60\nall:\n\tAPT_DISTILL_EPOCHS=50 run\n", []),
        ("Makefile", "export APT_OUTPUT_DIR = $(HOME)/$$x\n", []),
        ("justfile", 'export APT_SEED := "x"\nAPT_MODE := "a"\nt:\n    APT_EPOCHS=ten run\n', [(1, SEED), (4, EPOCHS)]),
        ("a.just", "export APT_SEED := env('S')\ne := 'ten'\nt:\n  @APT_EPOCHS={{e}} run\n", [(4, EPOCHS)]),
    ],
)
def test_variables_and_recipes_are_read(name: str, text: str, errors: list[tuple[int, str]] | None) -> None:
    """As make and just would; a recipe is a script."""
    if errors is None:
        errors = {True: [(2, SEED), (3, WRONG), (5, EPOCHS)], False: [(3, EPOCHS), (4, SEED)]}["@" in text]

    assert errors_in(name, text) == errors


def test_what_only_make_knows_is_named() -> None:
    """Other variables, and what just works out."""
    assert notes_in("Makefile", "export APT_SEED = $(S)\n") == [(1, SEED)]
    assert notes_in("justfile", "export APT_SEED := env('S')\n") == [(1, SEED)]
