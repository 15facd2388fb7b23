"""The plugin for pytest: projects whose tests use it, started by a developer with a full environment."""

import os
import re
import shutil
import subprocess
import sys
from importlib.util import LazyLoader, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Final

import pytest
from support import ROOT

from apt_settings.testing.modules import names_of

pytest_plugins = ["pytester"]

HOSTILE: Final = {
    "APT_TASK": "squad",
    "APT_EPOCHS": "ten",
    "APT_TARGET_SPARSTIY": "0.4",
    "apt_seed": "3",
    "APT_REFERENCE": "release",
    "APT_UNKNOWN": "warn",
    "APT_ENV_FILE": "missing.env",
    "APT_GIVEN_BY": "nonsense",
    "APT_CONFIG": "of another tool",
}
"""What a developer has exported: a wrong value, two misspelt names, controls, and a variable of Debian's apt."""

SHUFFLED: Final = """
import os
import random


def pytest_collection_modifyitems(items):
    random.Random(os.environ["SEED"]).shuffle(items)
"""

MISCHIEF: Final = """
import importlib
import os
import sys
from dataclasses import dataclass

import pytest
import train

import apt_settings
from apt_settings import SettingsWarning, override, reset, settings

DEFAULTS = [settings]  # which no fixture reaches
again = pytest.mark.parametrize("time", range(3))


@dataclass
class Args:
    log_every: int = 5


def names():
    modules = [sys.modules[__name__], train, sys.modules.get("late")]
    return [id(each.settings) for each in (apt_settings, *modules) if each]


@pytest.fixture(autouse=True)
def begin():
    assert set(names()) == {id(DEFAULTS[0])}
    assert (settings.task, settings.epochs, settings.notes) == ("glue_big", 40, ())
    assert apt_settings.load() == settings
    assert {name: text for name, text in os.environ.items() if name.upper().startswith("APT_")} == {
        "APT_CONFIG": "of another tool", "APT_ENV_FILE": "/dev/null", "APT_EXTEND": ""
    }
    with pytest.raises(apt_settings.SettingsError):
        apt_settings.part(apt_settings.load(), Args)


@again
def test_variables_set_for_good(time):
    os.environ["APT_EPOCHS"] = "45"
    os.environ["APT_TARGET_SPARSTIY"] = "0.3"
    del os.environ["APT_EXTEND"], os.environ["APT_ENV_FILE"]


@again
def test_a_reset_that_reads_them(time):
    os.environ["APT_EPOCHS"] = "45"
    reset()
    import late

    assert (apt_settings.settings.epochs, settings.epochs) == (45, 40)


@again
def test_a_variable_and_an_override(time, monkeypatch, override_settings):
    monkeypatch.setenv("APT_EPOCHS", "45")
    override_settings(seed=time)
    assert (settings.epochs, train.settings.seed) == (45, time)


@again
def test_overrides_that_nest(time, override_settings):
    outer = override_settings(epochs=2, fit=True)
    assert {id(outer)} == set(names())
    importlib.reload(train)
    sys.modules.pop("late", None)
    import late

    inner = override_settings(seed=time)
    assert {id(inner)} == set(names())
    assert (late.settings.epochs, late.settings.seed, inner.distill_epochs) == (2, time, 2)


@again
def test_an_override_that_nobody_closes(time):
    forever = override(seed=time)
    forever.__enter__()
    import late


@again
def test_an_override_within_a_block(time, override_settings):
    with override(seed=7):
        override_settings(epochs=50)
        assert (settings.epochs, settings.seed) == (50, 7)
    assert apt_settings.settings.epochs == 50


@again
def test_a_name_that_another_fixture_puts_back(time, override_settings, monkeypatch):
    override_settings(seed=1)
    monkeypatch.setattr(train, "settings", apt_settings.load(seed=2))
    assert (train.settings.seed, settings.seed) == (2, 1)


@again
def test_groups_of_a_test(time):
    reset()
    apt_settings.extend(Args)
    assert apt_settings.settings.log_every == 5


@again
def test_a_failure(time, override_settings):
    override_settings(seed=time)
    with pytest.raises(apt_settings.SettingsError, match="argument seed='x'"):
        override_settings(seed="x")
    assert settings.seed == time


@again
def test_a_warning_points_here(time, override_settings):
    with pytest.warns(SettingsWarning, match="distill_epochs stays 20") as warned:
        override_settings(epochs=10)
    assert warned[0].filename == __file__


@pytest.mark.xfail(strict=True)
@again
def test_an_assertion_that_fails(time, override_settings):
    override_settings(seed=time)
    assert settings.seed == 128
"""

NEEDED: Final = "from dataclasses import dataclass\n@dataclass\nclass Needed:\n    metric: str\n"
"""A group of settings, one of which has no default."""
SETTINGS: Final = "from apt_settings import settings\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the plugin, tests that leave everything behind, and the `.env` of a developer."""
    files = {
        "conftest.py": 'pytest_plugins = ["apt_settings.testing"]\n',
        "train.py": SETTINGS,
        "late.py": SETTINGS,
        "shuffled.py": SHUFFLED,
        "test_mischief.py": MISCHIEF,
        ".env": "APT_TASK=mrpc\nAPT_NO_SUCH_NAME=1\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def outcome(folder: Path, *options: str, **environ: str) -> str:
    """What pytest says at the end of the tests of a project; all that it prints, where they fail."""
    command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "--no-header", "-W", "error", *options]
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # to find and load the others takes longer than the tests
    done = subprocess.run(command, cwd=folder, env={**os.environ, **alone, **environ}, capture_output=True, text=True)
    return done.stdout.splitlines()[-1] if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize(
    "options",
    [(), ("-p", "xdist", "-n", "2"), ("--import-mode=importlib",), ("-p", "apt_settings.testing")],
    ids=" ".join,
)
def test_no_test_leaves_anything_to_the_next(options: tuple[str, ...], project: Path) -> None:
    """In any order, in one process or several, whatever the developer has exported."""
    told = outcome(project, "-p", "shuffled", *options, **HOSTILE, APT_EXTEND="", SEED=str(len(options)))

    assert re.fullmatch(r"30 passed, 3 xfailed in .*s", told), told


def test_the_example_is_tested_with_it(tmp_path: Path) -> None:
    """The trainer with settings of its own, one of which has no default."""
    shutil.copytree(ROOT / "examples" / "own_settings", tmp_path, dirs_exist_ok=True)
    (tmp_path / ".env").write_text("APT_TASK=mrpc\n")

    assert "3 passed" in outcome(tmp_path, **HOSTILE)


def test_the_page_shows_tests_that_pass(tmp_path: Path) -> None:
    """The files of docs/python.md, as they stand there."""
    page = (ROOT / "docs" / "python.md").read_text()
    for name, text in re.findall(r"^```python\n# (\w+\.py)\n(.*?)^```$", page, re.DOTALL | re.MULTILINE):
        (tmp_path / name).write_text(text)

    assert "3 passed" in outcome(tmp_path, **HOSTILE)


def test_a_conftest_that_imports_the_settings_can_come_second(project: Path) -> None:
    """The plugin that the command line or addopts names is there before any conftest.py."""
    (project / "conftest.py").write_text(SETTINGS)

    assert "environment APT_EPOCHS='ten' is not allowed" in outcome(project, **HOSTILE, SEED="1")
    told = outcome(project, "-p", "apt_settings.testing", **HOSTILE, APT_EXTEND="", SEED="1")
    assert told.startswith("30 passed")


def test_a_conftest_that_was_first_gets_the_defaults_too(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the environment was valid, what it imported is replaced; afterwards the environment is what it was."""
    monkeypatch.setenv("APT_SEED", "3")
    pytester.makeconftest(f'{SETTINGS}pytest_plugins = ["apt_settings.testing"]\n')
    pytester.makepyfile(f"{SETTINGS}import conftest\ndef test(): assert conftest.settings is settings is not None")

    pytester.runpytest_inprocess().assert_outcomes(passed=1)
    assert (os.environ["APT_SEED"], os.environ.get("APT_ENV_FILE")) == ("3", None)


@pytest.mark.parametrize("is_set", [True, False])
def test_a_conftest_that_was_first_needs_what_has_no_default(
    is_set: bool, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The developer's value does not count; without one for all tests, one message says so before the tests begin."""
    monkeypatch.setenv("APT_EXTEND", "mine:Needed")
    monkeypatch.setenv("APT_METRIC", "f1")
    conftest = f'import os\n{SETTINGS}pytest_plugins = ["apt_settings.testing"]\n'
    for_all = "def pytest_configure(): os.environ['APT_METRIC'] = 'f2'\n"
    pytester.makeconftest(conftest + (for_all if is_set else ""))
    pytester.makepyfile(mine=NEEDED)
    pytester.makepyfile("import conftest\ndef test(): assert conftest.settings.metric == 'f2'\n")
    done = pytester.runpytest_inprocess()

    assert done.ret == (pytest.ExitCode.OK if is_set else pytest.ExitCode.USAGE_ERROR)
    if not is_set:
        done.stderr.fnmatch_lines(
            ["ERROR: 2 problems*", "*module conftest imports the settings*", "*APT_METRIC is not set*"]
        )


def test_an_override_reaches_modules_and_ends_with_the_test(pytester: pytest.Pytester) -> None:
    """Those that were there, and one that comes while it is in force."""
    pytester.makeconftest('pytest_plugins = ["apt_settings.testing"]\n')
    pytester.makepyfile(early=SETTINGS, late=SETTINGS)
    pytester.makepyfile(
        "import early, os\n"
        "def test_one(override_settings):\n"
        "    os.environ['APT_EPOCHS'] = '50'\n"
        "    override_settings(seed=1)\n"
        "    import late\n"
        "    assert (early.settings.seed, late.settings.epochs) == (1, 50)\n"
        "    override_settings(seed=2)\n"
        "    assert (early.settings.seed, late.settings.seed) == (2, 2)\n"
        "def test_two():\n"
        "    import late\n"
        "    assert (late.settings.seed, late.settings.epochs, late.settings is early.settings) == (128, 40, True)\n"
    )

    pytester.runpytest_inprocess().assert_outcomes(passed=2)


def test_a_module_that_needs_the_test_is_told(pytester: pytest.Pytester) -> None:
    """Imported in a test that sets what has no default, its settings would be stale in the next test."""
    pytester.makeconftest(
        "import os\n"
        'pytest_plugins = ["apt_settings.testing"]\n'
        "def pytest_configure(): os.environ['APT_EXTEND'] = 'mine:Needed'\n"
    )
    pytester.makepyfile(mine=NEEDED)
    pytester.makepyfile(late=SETTINGS)
    pytester.makepyfile("def test(override_settings):\n    override_settings(metric='f1')\n    import late\n")
    done = pytester.runpytest_inprocess()

    done.assert_outcomes(passed=1, errors=1)
    done.stdout.fnmatch_lines(
        ["*module late imports the settings*; set what they need for all tests, in pytest_configure*", "*APT_METRIC*"]
    )


def test_nothing_happens_to_who_does_not_ask(pytestconfig: pytest.Config) -> None:
    """The plugin is no entry point: these tests run without it."""
    assert not pytestconfig.pluginmanager.has_plugin("apt_settings.testing")


def test_lazy_modules_stay_lazy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To look for names loads no module, and asks nothing of what is none."""
    (tmp_path / "heavy.py").write_text("raise SystemExit('was loaded')\n")
    spec = spec_from_file_location("heavy", tmp_path / "heavy.py")
    assert spec is not None
    assert spec.loader is not None
    spec.loader = LazyLoader(spec.loader)
    module = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "heavy", module)
    spec.loader.exec_module(module)
    monkeypatch.setitem(sys.modules, "no module", object())
    value = object()
    monkeypatch.setattr(sys.modules[__name__], "SETTINGS", value)

    assert [(each.module, each.name) for each in names_of([id(value)])] == [(__name__, "SETTINGS")]
