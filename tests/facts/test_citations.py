"""Every default has a source."""

import csv
import json
import re

import pytest
from support import RECORDS

from apt_settings.facts.citations import CITATIONS, cite
from apt_settings.facts.datasets import DATASETS
from apt_settings.facts.discrepancies import Discrepancy, discrepancies
from apt_settings.facts.release import CODE, scripts
from apt_settings.sources.release import source_of
from apt_settings.tasks import TASKS


def known_places(source: str) -> set[str]:
    """The tables and sections of the paper, or the files and lines of the release, that are known to exist."""
    known = set(json.loads((RECORDS / "places.json").read_text())[source])
    if source == "paper":
        return known
    with (RECORDS / "release_script_lines.csv").open() as table:
        lines = list(csv.DictReader(table))
    scripts = {line["script"] for line in lines}
    return known | scripts | {f"{line['script']}:{line['value_line'] or line['flag_line']}" for line in lines}


@pytest.mark.parametrize("task", DATASETS)
def test_every_default_is_cited(task: str) -> None:
    """Each setting of each task has a citation that names a known table, section, file or line, or a reason."""
    for name in TASKS[task].model_fields:
        citation = cite(name, task)

        assert citation is not None, name
        if citation.source == "design":
            assert len(citation.place) > 10
        else:
            assert citation.place in known_places(citation.source)


@pytest.mark.parametrize("each", discrepancies(), ids=lambda each: each.topic)
def test_every_discrepancy_names_known_places(each: Discrepancy) -> None:
    """Each place of a discrepancy is one that the paper or the release has."""
    for place in each.place.split("; "):
        tables = [f"Table {number}" for number in re.findall(r"\d+", place)] if place.startswith("Tables ") else [place]

        assert set(tables) <= known_places("paper") | known_places("release")


@pytest.mark.parametrize("place", sorted({place for _, place in CODE.values()}))
def test_what_the_releases_code_decides_has_a_known_place(place: str) -> None:
    """Each value that no script sets names what does."""
    assert place in known_places("release")


def test_every_value_of_the_release_reads_as_one() -> None:
    """A record tells the release's values by their origins: each of them has the form that is looked for."""
    for script in scripts().values():
        for origin in source_of(script).values.values():
            assert re.fullmatch(r"release (\S+\.(sh|py)(:[\d, -]+)?|transformers [\w. ]+)", str(origin)), origin


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


@pytest.mark.parametrize("task", DATASETS)
def test_a_line_of_a_script_is_the_one_that_sets_the_value(task: str) -> None:
    """Every citation of a script's line names the line on which the release sets that flag."""
    with (RECORDS / "release_script_lines.csv").open() as table:
        lines = [(row["script"], row["flag"], row["value_line"] or row["flag_line"]) for row in csv.DictReader(table)]
    cited = {name: citation.place for name in CITATIONS if (citation := cite(name, task)) and ".sh:" in citation.place}
    expected = {
        name: f"{script}:{line}"
        for name in cited
        for script, flag, line in lines
        if flag in FLAGS[name] and cited[name].startswith(script)
    }

    assert len(cited) >= 7
    assert expected == cited


def test_nothing_else_is_cited() -> None:
    """Every citation belongs to a setting and to a task that exist."""
    for name, by_task in CITATIONS.items():
        assert all(name in task_class.model_fields for task_class in TASKS.values())
        assert set(by_task) <= {*DATASETS, "*"}


def test_a_setting_of_a_subclass_has_no_citation() -> None:
    """What a user adds is not ours to cite."""
    assert cite("wandb_project", "squad") is None


def test_table_6_is_cited_as_such() -> None:
    """The four rows of Table 6 are cited as the paper's Table 6 for every task."""
    for name in ("learning_rate", "batch_size", "epochs", "distill_epochs"):
        assert {"paper, Table 6"} == {str(cite(name, task)) for task in DATASETS}


def test_alpacas_sparsity_carries_a_caution() -> None:
    """The one default that departs from a value which the paper states tells so."""
    alpaca = cite("target_sparsity", "alpaca")

    assert alpaca is not None
    assert "APT_TARGET_SPARSITY=0.3" in alpaca.caution
