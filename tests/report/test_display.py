"""What settings look like where Python shows an object."""

import ast
import inspect
import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from rich.console import Console
from support import printed

from apt_settings import fingerprint, load
from apt_settings.base import AptSettings
from apt_settings.registry import groups
from apt_settings.runs.store import record_of, write


def test_repr_is_one_short_line() -> None:
    """Class, task, fingerprint, and who set what; what does not fit is counted."""
    settings = load({}, None)
    assert repr(settings) == f"GlueBigSettings(glue_big, {fingerprint(settings)})"
    some = load({"APT_SEED": "3"}, None, task="squad")
    given = "task by argument task, seed by environment APT_SEED"
    assert repr(some) == f"SquadSettings(squad, {fingerprint(some)}, {given})"
    many = load({}, None, **dict(load({}, None)))
    assert len(repr(many)) < 300
    assert re.search(r", and \d+ more\)$", repr(many))


def test_print_is_the_table_of_show(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Head, rows and notes."""
    monkeypatch.setenv("APT_EPOCHS", "10")
    monkeypatch.setenv("APT_OUTPUT_DIR", "a b")

    with pytest.warns(UserWarning, match="distill_epochs"):
        print(load())
    assert capsys.readouterr().out == printed(capsys, "show")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"env_file": None}, "none: env_file names none"),
        ({"env_file": ()}, "none: env_file names none"),
        ({"record": "run"}, "not read: a record decides"),
        ({"record": "run", "task": "squad", "seed": 3}, "not read: a record decides"),
    ],
)
def test_who_reads_no_env_file_says_why(arguments: dict[str, Any], told: str) -> None:
    """An argument, or a record, which decides all."""
    Path("run").mkdir()
    write(Path("run"), record_of(load({}, None, task="squad")))

    assert f"\nenv file     {told}\n" in str(load({}, **arguments))


def test_a_notebook_gets_a_table_in_which_nothing_is_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values are strangers' texts."""
    monkeypatch.setenv("APT_OUTPUT_DIR", "<script>alert(1)</script>")
    html = load()._repr_html_()

    assert "&lt;script&gt;alert(1)" in html
    assert "<script" not in html
    assert html.count("<tr") == html.count("</tr>") == len(load().origins) + 1


@pytest.mark.parametrize("width", [60, 200])
def test_rich_shows_a_table_that_fits(width: int) -> None:
    """No line is wider than the terminal, and no value is lost."""
    stream = StringIO()
    Console(file=stream, width=width).print(load({"APT_OUTPUT_DIR": "[bold]x"}, None, task="squad"))
    lines = stream.getvalue().splitlines()

    assert max(map(len, lines)) <= width
    assert any("output_dir" in line and "[bold]x" in line for line in lines)


@pytest.fixture
def notebook() -> Callable[[str], None]:
    """A cell of IPython."""
    shell: Any = InteractiveShell()  # type: ignore[no-untyped-call]
    shell.colors = "nocolor"

    def run(cell: str) -> None:
        shell.run_cell(cell)

    return run


def test_a_wrong_environment_in_a_notebook_is_our_message(
    notebook: Callable[[str], None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No frames; they are there on request."""
    monkeypatch.setenv("APT_EPOCHS", "ten")
    notebook("from apt_settings import settings")
    out, err = capsys.readouterr()
    assert (out + err).splitlines() == [
        "SettingsError: 1 problem in the settings",
        "  environment APT_EPOCHS='ten' is not allowed: must be a whole number, 1 <= x <= 10000",
    ]
    notebook("import sys, traceback; traceback.print_exception(sys.last_value)")
    assert "process_settings()" in capsys.readouterr().err


def test_a_traceback_has_few_frames_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's line, and where it asks us."""
    monkeypatch.setenv("APT_EPOCHS", "ten")
    for use in (lambda: __import__("apt_settings").settings, load, lambda: load(None, None, epochs="x")):
        with pytest.raises(Exception, match="is not allowed") as caught:
            use()
        package = str(Path(inspect.getfile(AptSettings)).parent)
        assert sum(package in str(frame.path) for frame in caught.traceback) <= 2


def test_an_editor_shows_the_meaning_of_a_setting() -> None:
    """The docstring under a field, which type checkers read, is its description, which everything else reads."""
    tree = ast.parse(inspect.getsource(groups))
    below = {
        field.target.id: text.value.value
        for kind in tree.body
        if isinstance(kind, ast.ClassDef)
        for field, text in zip(kind.body, kind.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    }
    assert below == {name: field.description for name, field in AptSettings.model_fields.items()}
