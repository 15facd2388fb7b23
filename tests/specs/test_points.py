"""The values of --grid, --zip and --sample in job specs."""

import pytest
import yaml
from grids import AXES, sweeps
from hypothesis import given
from support import errors_in, notes_in

from apt_settings.specs.findings import judge
from apt_settings.specs.points import sweep_in
from apt_settings.sweeps.grid import Sweep


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("--grid epochs=0,30,ten", ["APT_EPOCHS='0' is not allowed", "APT_EPOCHS='ten' is not allowed"]),
        ("--grid=epochs=0..3", ["APT_EPOCHS='0' is not allowed"]),
        ("--grid eval_evry=1,2", ["APT_EVAL_EVRY is not a setting"]),
        ("--grid epocs=1,2", ["APT_EPOCS is not a setting; did you mean APT_EPOCHS?"]),
        ("--grid seed=5..1", ["APT_SEED in --grid seed='5..1' counts down: write 1..5"]),
        ("--zip epochs=20,0 --zip distill_epochs=10,5", ["APT_EPOCHS='0' is not allowed"]),
        ('--zip \'{"epochs": [20, 0], "distill_epochs": [10, 5]}\'', ["APT_EPOCHS='0' is not allowed"]),
        ("--sample target_sparsity=0.3..7 --points 4", ["APT_TARGET_SPARSITY in --sample target_sparsity='0.3..7'"]),
        ("--sample optimizer=adamw,adma --points 2", ["APT_OPTIMIZER='adma' is not allowed"]),
        ("--grid task=mnli,imagenet", ["APT_TASK='imagenet'"]),
        ("--grid seed=1..3 --grid task=mnli,squad --grid reference=paper,release", []),
        ("--zip '{' --grid '{seed}' --grid seed --zip '[1]' --zip 1", []),
    ],
)
def test_every_value_of_a_sweep_is_judged(options: str, expected: list[str]) -> None:
    """By itself, as `sweep` reads it, in a script and in the words of a container."""
    script = f"true\napt-settings run {options} --index 0 -- train --grid epochs=ten\n"
    found = judge("job.sh", script.encode()).findings

    assert [each.line for each in found] == [2] * len(expected)
    assert all(each.message.startswith(words) for each, words in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    ("options", "index", "completions", "most"),
    [
        (["--grid", "seed=1..3"], "$(JOB_COMPLETION_INDEX)", 3, None),
        (["--grid", "seed=1..3"], "$(JOB_COMPLETION_INDEX)", 4, 3),
        (["--grid", "seed=1..3"], "1", 4, None),
        (["--grid", "seed=1..9", "--among", "1,5-6"], "$(JOB_COMPLETION_INDEX)", 3, None),
        (["--grid", "seed=1..9", "--among", "1,5-6"], "$(JOB_COMPLETION_INDEX)", 4, 3),
        (["--grid", "seed=1..9", "--among", "1,5-6"], "$(JOB_COMPLETION_INDEX)", "many", None),
    ],
)
def test_an_indexed_job_has_no_more_pods_than_points(
    options: list[str], index: str, completions: int | str, most: int | None
) -> None:
    """Each pod more would be refused."""
    command = ["apt-settings", "run", "--task", "squad", *options, "--index", index, "--", "train"]
    pod = {"template": {"spec": {"containers": [{"name": "a", "image": "x", "command": command}]}}}
    spec = {"completionMode": "Indexed", "completions": completions, **pod}
    text = yaml.safe_dump({"apiVersion": "batch/v1", "kind": "Job", "spec": spec}, sort_keys=False)
    told = f"completions is {completions}, and the command has {most} points: write completions: {most}"

    assert [(each.line, each.message) for each in judge("job.yaml", text.encode()).findings] == [(5, told)] * bool(most)


def test_the_words_of_an_indexed_job_are_judged() -> None:
    """At the line of the container's command."""
    words = '["apt-settings", "run", "--grid", "epochs=0,30", "--index", "$(JOB_COMPLETION_INDEX)", "--", "train"]'
    text = f"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - image: x\n      command: {words}\n"

    assert errors_in("job.yaml", text) == [(6, "APT_EPOCHS")]


@pytest.mark.parametrize(
    ("array", "index", "expected"),
    [
        ("0-2", '"$SLURM_ARRAY_TASK_ID"', ["--array reaches task 2, and the last point of the sweep in line 3 is 1"]),
        ("0-3:3%2", "$SLURM_ARRAY_TASK_ID", ["--array reaches task 3"]),
        ("1,5", "$SLURM_ARRAY_TASK_ID", ["--array reaches task 5"]),
        ("0-1%4", "$SLURM_ARRAY_TASK_ID", []),
        ("0-1:5", "$SLURM_ARRAY_TASK_ID", []),
        ("1-2", '"$((SLURM_ARRAY_TASK_ID - 1))"', []),
    ],
)
def test_an_array_has_no_more_tasks_than_points(array: str, index: str, expected: list[str]) -> None:
    """Each task would be refused; who computes the index knows better."""
    text = f"#!/bin/bash\n#SBATCH --array={array}\napt-settings run --task squad --grid seed=1,2 --index {index} -- t\n"
    found = judge("job.sh", text.encode()).findings

    assert [(each.line, each.message[: len(words)]) for each, words in zip(found, expected, strict=True)] == [
        (2, words) for words in expected
    ]


def test_a_value_that_only_the_job_knows_is_a_note() -> None:
    """And the lines stay those of the options, wherever else the variable stands."""
    text = "export APT_EPOCHS=3\nrun\napt-settings run --grid seed=$S --grid $X=1 --grid epochs=0 -- train\n"

    assert errors_in("job.sh", text) == [(3, "APT_EPOCHS")]
    assert notes_in("job.sh", text) == [(3, "APT_SEED")]


@given(sweeps(AXES))
def test_check_reads_the_sweep_that_a_command_makes(sweep: Sweep) -> None:
    """With its axes in the same order, as a pin counts them so."""
    words = sweep.options()

    read = sweep_in([(word, 1) for word in words])

    assert read is not None
    assert words == read.options()
