"""One row per setting, and the files that are made from the rows."""

import ast
import importlib.util
import re
import shutil
from itertools import pairwise
from pathlib import Path

import pytest
from support import ROOT

import apt_settings
from apt_settings import GlueBigSettings, load
from apt_settings.registry import Unset
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


@pytest.fixture(scope="module")
def generated() -> dict[str, str]:
    return generate()


PAGES = (
    "settings",
    "cli",
    "errors",
    "release",
    "reproducing",
    "robustness",
    "checking",
    "api",
    "index",
    "contributing",
    "changelog",
)


@pytest.mark.parametrize("name", [".env.example", "docs/images/show.svg", *(f"docs/{page}.md" for page in PAGES)])
def test_generated_files_are_current(name: str, generated: dict[str, str]) -> None:
    """What stands in the tree is what the declarations say; `python docs/generate.py` writes it anew."""
    assert (ROOT / name).read_text(encoding="utf-8") == generated[name], "run python docs/generate.py and read the diff"


def test_the_picture_of_a_plan_is_current(generated: dict[str, str]) -> None:
    """Its words and numbers are those of today; how curves are written differs between versions of matplotlib."""
    name = "docs/images/plan.svg"
    drawn, kept = (
        re.findall(r"<text[^>]*>(.*?)</text>", text) for text in (generated[name], (ROOT / name).read_text())
    )

    assert len(kept) > 20
    assert kept == drawn


def test_every_generated_file_is_compared(generated: dict[str, str]) -> None:
    """A new page joins the lists above."""
    pictures = {"docs/images/show.svg", "docs/images/plan.svg"}

    assert {".env.example", *pictures, *(f"docs/{page}.md" for page in PAGES)} == set(generated)


def test_there_is_a_row_for_every_setting() -> None:
    """The catalog is complete, in the order of the settings, and no row lacks a meaning, a range or a citation."""
    assert list(GlueBigSettings.model_fields) == [row.name for row in catalog()]
    for row in catalog():
        assert all((row.meaning, row.allowed, row.group)), row.name
        with_default = {task for task, default in row.defaults.items() if default != Unset.REQUIRED.value}
        assert set(TASKS) == set(row.defaults), row.name
        assert with_default == set(row.citations), row.name


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


def documented(module: str) -> set[str]:
    """The names of a module that a docstring stands below."""
    found = importlib.util.find_spec(module)
    assert found is not None
    assert found.origin is not None
    body = ast.parse(Path(found.origin).read_text(encoding="utf-8")).body
    pairs = [(one, other) for one, other in pairwise(body) if isinstance(one, ast.AnnAssign | ast.Assign)]
    assigned = {
        ast.unparse(one.target if isinstance(one, ast.AnnAssign) else one.targets[0])
        for one, other in pairs
        if isinstance(other, ast.Expr) and isinstance(other.value, ast.Constant)
    }
    defined = {
        each.name for each in body if isinstance(each, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(each)
    }
    return assigned | defined


def test_every_public_name_is_documented() -> None:
    """Each name of the face has a docstring where it is defined, and a place on the page of the API."""
    modules = {
        each.module: each.names
        for each in ast.walk(ast.parse(Path(apt_settings.__file__).read_text()))
        if isinstance(each, ast.ImportFrom) and each.level
    }
    page = (ROOT / "docs" / "api.md").read_text()

    for module, names in modules.items():
        public = {each.name for each in names} & set(apt_settings.__all__)
        assert public <= documented(f"apt_settings.{module}"), module
        assert all(re.search(rf"^::: apt_settings\.(\S+\.)?{name}$", page, re.MULTILINE) for name in public)
