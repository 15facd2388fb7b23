"""Dockerfiles: what each stage sets, with what ARG and the stages before say."""

import pytest
from support import errors_in, notes_in

SEED, EPOCHS, WRONG = "APT_SEED", "APT_EPOCHS", "APT_SEEED"


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ("ARG A=ten\nFROM x\nENV APT_EPOCHS=$A", [(3, EPOCHS)]),
        ("FROM x\nARG A=60\nENV APT_EPOCHS=${A}", []),
        ("FROM x\nENV A=x\nENV APT_SEED=${A:-3}", [(3, SEED)]),
        ("FROM x\nENV APT_SEED=${A:-x}", [(2, SEED)]),
        ("FROM x\nENV APT_OUTPUT_DIR='$A' APT_SEED=\\$A", [(2, SEED)]),
        ("FROM x\nARG APT_SEED=x\nARG APT_EPOCHS APT_SEEED=1", [(2, SEED), (3, WRONG)]),
        ("FROM x\nRUN export APT_SEED=x && \\\n  # why\n  APT_SEEED=1 run", [(2, SEED), (4, WRONG)]),
        ("FROM x\nRUN --mount=type=cache APT_SEED=x run", [(2, SEED)]),
        ("FROM x\nRUN <<EOF\nexport APT_SEED=x\nrun\nEOF\nENV APT_SEEED=1", [(3, SEED), (6, WRONG)]),
        ("FROM x\nRUN bash <<EOF\nAPT_SEED=x run\nEOF", [(3, SEED)]),
        ("FROM x\nCOPY <<EOF /etc/job.env\nAPT_SEED=x\nEOF", [(3, SEED)]),
        ('FROM x\nCMD ["bash", "-c", "APT_SEED=x run"]', [(2, SEED)]),
        ('FROM x\nENTRYPOINT ["apt-settings", "run", "--set", "seed=x", "--", "run"]', [(2, SEED)]),
        ("FROM x\nCMD [APT_SEEED", [(2, WRONG)]),
        ("FROM x\nENTRYPOINT APT_SEED=x run", [(2, SEED)]),
        ("FROM x\nENV APT_EPOCHS=60\nRUN APT_DISTILL_EPOCHS=50 run", []),
        ("FROM x\nENV APT_SEED 3 \\\n  A", [(2, SEED)]),
        ("FROM x\nENV APT_SEED=3 A=" + "x" * 70_000, [(2, "")]),
        ("FROM x AS a\nENV APT_EPOCHS=60\nFROM a\nENV APT_DISTILL_EPOCHS=50", []),
        ("FROM x AS a\nENV APT_EPOCHS=40\nFROM a\nENV APT_DISTILL_EPOCHS=50", [(4, "APT_DISTILL_EPOCHS")]),
    ],
)
def test_stages_arguments_and_scripts_are_read(text: str, errors: list[tuple[int, str]]) -> None:
    """As docker would, at the line of each."""
    assert errors_in("Dockerfile", f"{text}\n") == errors


def test_a_value_of_the_build_is_named() -> None:
    """Only the build knows it."""
    assert notes_in("Dockerfile", "FROM x\nARG S\nENV APT_SEED=$S APT_EPOCHS=$E\n") == [(3, EPOCHS), (3, SEED)]
