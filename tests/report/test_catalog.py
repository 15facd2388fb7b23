"""One row per setting, and the files that are made from the rows."""

import importlib.util
import shutil
from pathlib import Path

import pytest
from support import ROOT

from apt_settings import GlueBigSettings, load
from apt_settings.report.catalog import catalog
from apt_settings.tasks import TASKS


def generate() -> dict[str, str]:
    """What docs/generate.py would write."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    files: dict[str, str] = module.generated()
    return files


PAGES = ("settings", "cli", "errors", "reproducing")


@pytest.mark.parametrize("name", [".env.example", "README.md", *(f"docs/{page}.md" for page in PAGES)])
def test_generated_files_are_current(name: str) -> None:
    """What stands in the tree is what the declarations say; `python docs/generate.py` writes it anew."""
    assert (ROOT / name).read_text(encoding="utf-8") == generate()[name], (
        "run python docs/generate.py and read the diff"
    )


def test_there_is_a_row_for_every_setting() -> None:
    """The catalog is complete, in the order of the settings, and no row lacks a meaning, a range or a citation."""
    assert list(GlueBigSettings.model_fields) == [row.name for row in catalog()]
    for row in catalog():
        assert all((row.meaning, row.allowed, row.group)), row.name
        assert set(TASKS) == set(row.defaults) == set(row.citations), row.name


def test_the_example_changes_nothing(tmp_path: Path) -> None:
    """`cp .env.example .env` leaves every setting as it was."""
    shutil.copy(ROOT / ".env.example", tmp_path / ".env")
    settings = load({})

    assert settings == load({}, None)
    assert {"class default"} == {str(origin) for origin in settings.origins.values()}
    assert len(settings.env_files) == 1


def test_every_line_of_the_example_can_be_uncommented(tmp_path: Path) -> None:
    """With every setting uncommented the defaults of the default task are set, by the file."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    (tmp_path / ".env").write_text("\n".join(line.removeprefix("#") for line in lines if line.startswith("#APT_")))
    settings = load({})

    assert settings == load({}, None)
    assert {"env file"} == {origin.kind for origin in settings.origins.values()}
