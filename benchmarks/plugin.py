"""What the plugin for pytest costs a test: files of tests that do nothing, and how pytest runs them."""

from pathlib import Path

from processes import Process

TESTS = 1_000
PLAIN, LOADED, OVERRIDES = "a test", "a test, with the plugin", "a test that overrides a setting"
_PLUGIN = ("-p", "apt_settings.testing")
KINDS = {
    PLAIN: ("number", "pass", ()),
    LOADED: ("number", "pass", _PLUGIN),
    OVERRIDES: ("number, override_settings", "override_settings(epochs=30)", _PLUGIN),
}
"""What a test is -> what it takes, what it does, and how pytest is started."""


def runs(folder: Path, kind: str) -> dict[str, Process]:
    """pytest with one test of a kind, and with many."""
    takes, does, options = KINDS[kind]
    started = {}
    for number in (1, TESTS):
        file = folder / f"test_{list(KINDS).index(kind)}_{number}.py"
        numbers = f"import pytest\n\n@pytest.mark.parametrize('number', range({number}))\n"
        file.write_text(f"{numbers}def test_it({takes}):\n    {does}\n")
        arguments = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *options, str(file))
        started[name_of(kind, number)] = Process(arguments)
    return started


def name_of(kind: str, number: int) -> str:
    return f"{kind}, {number} times"
