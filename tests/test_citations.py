"""Every default has a source."""

import json
import re

import pytest
from conftest import RECORDS

from apt_settings.citations import CITATIONS, cite
from apt_settings.tasks import TASKS

PLACES = {
    "paper": r"(Table|section|Appendix|footnote) [A-Z0-9.]+",
    "release": r"[\w/.]+\.(sh|py)(:\d+(-\d+)?(, \d+-\d+)?)?",
    "design": r".{10,}",
}


@pytest.mark.parametrize("task", TASKS)
def test_every_default_is_cited(task: str) -> None:
    """Each setting of each task has a citation that names a table, section, file and line, or a reason."""
    for name in TASKS[task].model_fields:
        citation = cite(name, task)

        assert citation is not None, name
        assert re.fullmatch(PLACES[citation.source], citation.place), (name, citation.place)


FLAGS = {
    "max_seq_length": ("max_seq_length", "max_input_length", "model_max_length"),
    "max_target_length": ("max_target_length",),
    "warmup_ratio": ("warmup_ratio",),
    "lr_scheduler": ("lr_scheduler_type",),
    "seed": ("seed",),
    "num_prunings": ("num_prunings",),
    "pruning_end_epoch": ("pruning_stop",),
    "sparsity_warmup_epochs": ("sparsity_warmup_epochs",),
}


@pytest.mark.parametrize("task", TASKS)
def test_a_line_of_a_script_is_the_one_that_sets_the_value(task: str) -> None:
    """Every citation of a script's line names the line on which the release sets that flag."""
    scripts = json.loads((RECORDS / "release_lines.json").read_text())["scripts"]
    cited = {name: citation.place for name in CITATIONS if (citation := cite(name, task)) and ".sh:" in citation.place}
    expected = {
        name: f"{script}:{lines[flag]}"
        for name in cited
        for script, lines in scripts.items()
        for flag in FLAGS[name]
        if flag in lines and cited[name].startswith(script)
    }

    assert len(cited) >= 7
    assert expected == cited


def test_nothing_else_is_cited() -> None:
    """Every citation belongs to a setting and to a task that exist."""
    for name, by_task in CITATIONS.items():
        assert all(name in task_class.model_fields for task_class in TASKS.values())
        assert set(by_task) <= {*TASKS, "*"}


def test_a_setting_of_a_subclass_has_no_citation() -> None:
    """What a user adds is not ours to cite."""
    assert cite("wandb_project", "squad") is None


def test_table_6_is_cited_as_such() -> None:
    """The four rows of Table 6 are cited as the paper's Table 6 for every task."""
    for name in ("learning_rate", "batch_size", "epochs", "distill_epochs"):
        assert {"paper, Table 6"} == {str(cite(name, task)) for task in TASKS}


def test_alpacas_sparsity_carries_a_caution() -> None:
    """The one default that departs from a value which the paper states tells so."""
    alpaca = cite("target_sparsity", "alpaca")

    assert alpaca is not None
    assert "APT_TARGET_SPARSITY=0.3" in alpaca.caution
