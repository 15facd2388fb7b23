"""The face of the package: what it exports, and what importing it costs."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest
from support import ROOT

import apt_settings

PACKAGE = Path(apt_settings.__file__).parent


def test_all_is_what_the_face_hands_on() -> None:
    """`__all__` is sorted, and every name in it can be had."""
    assert sorted(apt_settings.__all__, key=lambda name: (not name.isupper(), name[0].islower(), name)) == list(
        apt_settings.__all__
    )
    for name in apt_settings.__all__:
        assert getattr(apt_settings, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'setings'"):
        _ = apt_settings.setings


def test_the_face_defines_nothing_else() -> None:
    """The only definition in `__init__.py` is the lazy `settings`."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    defined = [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)]

    assert defined == ["__getattr__"]


def modules() -> dict[str, Path]:
    """Every module below the face by its name: `base`, `cli.show`; a package goes by its own."""
    paths = {path.relative_to(PACKAGE).with_suffix(""): path for path in PACKAGE.rglob("*.py")}
    names = {".".join(name.parts).removesuffix(".__init__"): path for name, path in paths.items()}
    return {name: path for name, path in names.items() if name != "__init__"}


def imported(module: str, path: Path) -> list[str]:
    """What a module imports of the package."""
    tree = ast.parse(path.read_text())
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    above = [".".join(package[: len(package) - node.level + 1]) for node in nodes]
    return [".".join(filter(None, (each, node.module))) for each, node in zip(above, nodes, strict=True)]


def test_no_modules_import_each_other() -> None:
    """There is an order in which each module stands above all that it imports."""
    above = {module: imported(module, path) for module, path in modules().items()}

    assert set(above) <= set(TopologicalSorter(above).static_order())


def test_the_page_on_architecture_names_every_module() -> None:
    """But for the commands, which are one file each."""
    page = (ROOT / "docs" / "architecture.md").read_text()
    names = {module.rpartition(".")[2] for module in modules() if not module.startswith("cli.")}

    assert {name for name in names if not re.search(rf"\b{name}\b", page)} == set()


def test_importing_reads_nothing() -> None:
    """With a broken environment the import succeeds; taking `settings` raises SettingsError."""
    code = """
import apt_settings
try:
    apt_settings.settings
except apt_settings.SettingsError as error:
    print(error.problems[0].variable)
"""
    environ = {"APT_EPOCHS": "ten"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environ)

    assert (done.stdout, done.stderr) == ("APT_EPOCHS\n", "")


def test_importing_loads_nothing_heavier_than_pydantic_settings() -> None:
    """What the import adds to pydantic-settings are our own modules and what a plain load needs, nothing else."""
    code = "import sys, pydantic_settings; a = set(sys.modules); import apt_settings; print(*set(sys.modules) - a)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    known = {"apt_settings", "pydantic", "pydantic_core", "pydantic_settings"}
    added = {name for name in done.stdout.split() if name.split(".")[0] not in known}

    assert "apt_settings.runs.store" not in done.stdout.split()
    hashing = {"hashlib", "_hashlib", "_blake2"}  # newer pydantic-settings load it themselves

    assert added <= {"dotenv.parser", "dotenv.variables", *hashing}


@pytest.mark.parametrize("module", sorted(modules().keys() - {"__main__"}))
def test_every_module_says_its_job_in_its_first_line(module: str) -> None:
    """A module's docstring begins with one sentence."""
    first = (import_module(f"apt_settings.{module}").__doc__ or "").strip().split("\n")[0]

    assert first
    assert first[-1] in ".:"
