"""The log of a training with the release, held against the plan."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apt_settings.cli import main

JOB = ["--task", "sst2"] + [
    f"--set={each}"
    for each in ("batch_size=4", "epochs=8", "pruning_end_epoch=4", "num_prunings=4", "distill_epochs=2")
]
RUN_A = """\
2024-01-15 10:00:00,123 [MainThread  ] [INFO ]  MiNUS training arguments: MinusTrainingArguments(...)
***** Running training *****
INFO:trainer.trainer_minus:  Num examples = 1001
2024-01-15 10:00:01,001 [MainThread  ] [INFO ]    Num Epochs = 8
  Instantaneous batch size per device = 4
  Total train batch size (w. parallel, distributed & accumulation) = 4
  Gradient Accumulation steps = 1
  Total optimization steps = 2008
[401, 602, 803, 1004] [1.6, 2.4, 3.2, 4.0] 4 0.4
INFO:trainer.trainer_minus:Pruning will be conducted at steps [401, 602, 803, 1004], and corresonding to epochs \
[1.6, 2.4, 3.2, 4.0]. 4 prunes to be conducted in total. Using final mac constraint as 0.400000
INFO:trainer.trainer_minus:Pruning mac constraint schedule [1, 0.6304912, 0.4288075, 0.4].
INFO:trainer.trainer_minus:###### Distillation schedule: starting from step 804, ending in step 1306. \
Corresponding to 3.203187 and 5.203187 epoch.
INFO:trainer.trainer_minus:Pruning probed based on current running fisher score. Using mac constraint as 1.000000
##########Status: Distillation finished ##########
INFO:trainer.trainer_minus:Best model loaded.
"""
"""The lines of run A as the release writes them, with evaluation as release-args asks for it."""


@pytest.fixture
def held(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Status and last lines of `plan --log` on this text."""

    def hold(text: str | bytes, *options: str) -> tuple[int, str]:
        Path("trainer.log").write_bytes(text if isinstance(text, bytes) else text.encode())
        capsys.readouterr()
        status = main(["plan", *JOB, "--examples", "1001", "--log", "trainer.log", *options])
        return status, "".join(capsys.readouterr())

    return hold


def test_the_log_of_the_job_confirms_the_plan(held: Callable[..., tuple[int, str]]) -> None:
    """Everything that it tells, whatever stands before its lines."""
    status, told = held(RUN_A)
    with_commas = RUN_A.replace("examples = 1001", "examples = 1,001").replace("steps = 2008", "steps = 2,008")

    assert status == 0
    assert held(with_commas) == (0, told)  # as newer versions of transformers write them
    assert told.endswith("the log confirms: examples, epochs, batch, steps, prunings, kept, distillation, best model\n")


@pytest.mark.parametrize(
    ("line", "otherwise", "told"),
    [
        ("Total optimization steps = 2008", "Total optimization steps = 2000", "has steps 2000, and the plan 2008"),
        ("[401, 602, 803, 1004], and", "[401, 602], and", "prunings 401, 602, and the plan 401, 602, 803, 1004"),
        ("0.6304912", "0.7", "kept 1, 0.7, 0.4288, 0.4, and the plan 1, 0.6305, 0.4288, 0.4"),
        ("starting from step 804", "starting from step 800", "distillation 800 to 1306, and the plan 804 to 1306"),
        ("starting from step 804", "starting from step -1", "has distillation none, and the plan 804 to 1306"),
        ("Best model loaded", "No best model found. Skip loading best model", "best model No best model found"),
    ],
)
def test_what_is_otherwise_is_named(line: str, otherwise: str, told: str, held: Callable[..., tuple[int, str]]) -> None:
    """One line each, with both; the status is that of a difference."""
    assert line in RUN_A
    status, text = held(RUN_A.replace(line, otherwise))

    assert status == 1
    assert told in text
    assert "the log confirms: examples, epochs, batch" in text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            RUN_A.replace("= 1001", "= 67349"),
            "is the log of another job: it has examples 67349 and not 1001; say --exam",
        ),
        (RUN_A.replace("Epochs = 8", "Epochs = 40"), "is the log of another job: it has epochs 40 and not 8"),
        (RUN_A.replace("accumulation) = 4", "accumulation) = 32"), "another job: it has batch 32 and not 4"),
        ("", "trainer.log has none of the lines in which the release tells its schedule; it is trainer.log in the"),
        ("x" * 3_000_000, "has none of the lines"),
        (b"\xff\x00\x1b[31m" * 1000, "has none of the lines"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_another_log_is_refused_by_name(text: Any, told: str, held: Callable[..., tuple[int, str]]) -> None:
    """It confirms nothing."""
    status, said = held(text)

    assert status == 78
    assert told in said


def test_a_log_counts_with_its_last_training(held: Callable[..., tuple[int, str]]) -> None:
    """The release appends to its log."""
    assert held(RUN_A.replace("2008", "1000").replace("804", "1") + RUN_A)[0] == 0


def test_a_log_that_was_cut_confirms_what_it_has(held: Callable[..., tuple[int, str]]) -> None:
    """Nothing is said of what is not in it."""
    status, told = held(RUN_A.partition("Pruning will")[0])

    assert status == 0
    assert told.endswith("the log confirms: examples, epochs, batch, steps\n")


def test_json_stays_json(held: Callable[..., tuple[int, str]]) -> None:
    """What the log says goes to stderr then."""
    assert held(RUN_A, "--format", "json")[1].rstrip().endswith("distillation, best model")


def test_there_is_a_log_of_a_job_of_the_paper_only(capsys: pytest.CaptureFixture[str]) -> None:
    """And only where a file is."""
    custom = ["--task=custom", "--set=dataset=x", "--set=architecture=gpt2", "--examples=10"]

    assert main(["plan", *custom, "--log", "x"]) == 78
    assert "--task=custom is none of the release's, so that it has no log of it" in capsys.readouterr().err
    assert main(["plan", "--task=sst2", "--log", "no.log"]) == 78
    assert "no.log cannot be read: No such file or directory" in capsys.readouterr().err
    assert main(["plan", "--task=sst2", "--log", "/dev/zero"]) == 78
    assert "/dev/zero cannot be read: it is no text" in capsys.readouterr().err
