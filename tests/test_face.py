"""The face of the package: what it exports, and what importing it costs."""

import ast
import re
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
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


@cache
def modules() -> dict[str, Path]:
    """Every module below the face by its name: `base`, `cli.show`; a package goes by its own."""
    paths = {path.relative_to(PACKAGE).with_suffix(""): path for path in PACKAGE.rglob("*.py")}
    names = {".".join(name.parts).removesuffix(".__init__"): path for name, path in paths.items()}
    return {name: path for name, path in names.items() if name != "__init__"}


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def imported(module: str, path: Path) -> set[str]:
    """The modules of the package that a module imports."""
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    names = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and node.level:
            origin = ".".join((*package[: len(package) - node.level + 1], *(node.module or "").split("."))).strip(".")
            below = {f"{origin}.{each.name}".strip(".") for each in node.names}
            names |= (below & modules().keys()) or {origin}
    return names


ROOMS = (
    "basics",
    "values",
    "facts",
    "own",
    "sources",
    "registry",
    "judging",
    "core",  # what stands at the top of the package
    "testing",
    "plan",
    "sweeps",
    "runs",
    "integrations",
    "specs",
    "jobs",
    "report",
    "cli",
)
"""The rooms from the ground up. A module imports from its own room and from those before it."""


def room_of(module: str) -> str:
    """The room that a module is in. `errors` stands at the top for its users, and on the ground floor by what it is."""
    folder = module.partition(".")[0]
    return "basics" if module == "errors" else folder if folder in ROOMS else "core"


def test_rooms_import_from_below() -> None:
    """Between rooms, every import points down in the order of the rooms."""
    arrows = [(one, other) for one, path in modules().items() for other in imported(one, path) if one != "__main__"]

    assert set(ROOMS) == {room_of(module) for module in modules()}
    assert [f"{one} imports {other}" for one, other in arrows if order_of(other) > order_of(one)] == []


def order_of(module: str) -> int:
    return ROOMS.index(room_of(module))


def test_no_modules_import_each_other() -> None:
    """There is an order in which each module stands above all that it imports."""
    above = {module: imported(module, path) for module, path in modules().items()}

    assert set(above) <= set(TopologicalSorter(above).static_order())


def test_the_register_is_asked() -> None:
    """Above the classes nobody asks a class for its fields, and nobody else makes a variable of a name."""
    texts = {module: path.read_text() for module, path in modules().items()}

    declared = {module for module, text in texts.items() if "model_fields" in text}
    asked = {"registry.register", "registry.setting", "judging.judgement", "base", "hparams"}
    assert declared == {*asked, "own.classes", "own.leaves", "values.kinds"}
    assert {"sources.names"} == {module for module, text in texts.items() if re.search(r"PREFIX \+|\{PREFIX\}", text)}
    assert [module for module, text in texts.items() if re.search(r"get_args\((Task|Dataset)Name\)", text)] == []


def test_the_top_is_small() -> None:
    """Who opens the package sees its rooms, and at most 16 modules beside them."""
    assert len([path for path in PACKAGE.iterdir() if path.suffix == ".py"]) <= 16


def test_the_page_on_architecture_names_every_module() -> None:
    """But for the commands, which are one file each."""
    page = (ROOT / "docs" / "architecture.md").read_text()
    names = {module.rpartition(".")[2] for module in modules() if not module.startswith("cli.")}
    rooms = "".join(re.findall(r"^```text\n(.*?)^```", page, re.DOTALL | re.MULTILINE))

    assert {
        name for name in names if not re.search(rf"(?<![\w.]){name}(:|,|;|\(|  |$| and )", rooms, re.MULTILINE)
    } == set()


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

    assert "apt_settings.sources.record" not in done.stdout.split()
    hashing = {"hashlib", "_hashlib", "_blake2"}  # newer pydantic-settings load it themselves

    assert added <= {"dotenv.parser", "dotenv.variables", *hashing}


def test_a_plain_start_loads_only_what_decides_the_settings(tmp_path: Path) -> None:
    """With variables and a `.env`, no room above the core is loaded, and nothing that pins, records or cites."""
    (tmp_path / ".env").write_text("APT_EPOCHS=30\nOTHER=x\n")
    code = "import sys; from apt_settings import settings; print(*sys.modules)"
    environ = {"APT_SEED": "3"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environ, cwd=tmp_path)
    loaded = {name.removeprefix("apt_settings.") for name in done.stdout.split()}
    above = ROOMS[ROOMS.index("core") + 1 :]
    later = {"pin", "schedules", "variables", "facts.citations", "facts.release", "sources.record", "sources.release"}

    assert "sources.dotenv" in loaded
    assert loaded & {*above, *later} == set()


def test_every_module_says_its_job_in_its_first_line() -> None:
    """A module's docstring begins with one sentence."""
    first = {name: (ast.get_docstring(tree_of(path)) or "").split("\n")[0] for name, path in modules().items()}

    assert {module for module, line in first.items() if not line.endswith((".", ":"))} == set()
