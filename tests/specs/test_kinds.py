"""How a file is known: by its name, else by its content."""

import pytest
from support import ROOT, errors_in, notes_in

from apt_settings.specs.kinds import kind_of, table


@pytest.mark.parametrize(
    ("name", "text", "reader"),
    [
        *((f"job.{ending}", "", "script") for ending in ("sh", "sbatch", "slurm", "pbs", "qsub", "lsf", "bsub", "sge")),
        *(("job", f"{line}\n", "script") for line in ("#SBATCH -n 1", "#PBS -l x", "#BSUB -n 1", "#$ -V", "#!/bin/sh")),
        ("common.env", "f() {\n  x\n}\nexport APT_SEED=3\n", "script"),
        ("common.env", "#!/bin/bash\nAPT_SEED=3\n", "script"),
        ("common.env", "APT_SEED=3\n", "env"),
        (".env", "if x; then\nfi\n", "env"),
        ("Makefile", "kind: x\n", "makefile"),
        ("job.yaml.j2", "", "manifest"),
        ("devcontainer.json", "", "json"),
        ("pyproject.toml", "", "toml"),
        ("x.csh", "", ""),
        ("x", "#!/bin/tcsh\nsetenv APT_SEED 3\n", ""),
        ("x", "#!/usr/bin/env python3\n", ""),
        ("x", "export APT_SEED=3\nrun\n", "script"),
        ("x", "", ""),
    ],
)
def test_a_kind_is_known_by_name_or_content(name: str, text: str, reader: str) -> None:
    """Schedulers' scripts with or without #!, libraries called .env, templates."""
    assert kind_of(name, text).reader == reader


def test_a_bash_library_called_env_is_read_as_bash() -> None:
    """Its lines are no mistakes."""
    text = "load() {\n  module load cuda\n}\nexport APT_SEED=x\nload\n"

    assert (errors_in("common.env", text), notes_in("common.env", text)) == ([(4, "APT_SEED")], [])


def test_what_is_large_and_names_nothing_of_ours_is_nothing() -> None:
    """As the definitions that operators ship."""
    assert errors_in("crds.yaml", "a: 1\n" * 300_000) == []
    assert errors_in("crds.yaml", "a: 1\n" * 300_000 + "APT_SEED: x\n") == [(1, "")]


def test_the_page_has_the_table() -> None:
    """What is read, and what is named only."""
    page = (ROOT / "docs" / "checking.md").read_text()

    assert "".join(f"| {title} | {what} |\n" for title, what in table()) in page
