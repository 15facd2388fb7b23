"""What a person sees in a real terminal, narrow and wide, and what a pipe gets."""

import fcntl
import os
import pty
import re
import struct
import sys
import termios
import traceback
from pathlib import Path
from select import select
from typing import Any

import pytest
from support import command

from apt_settings import GlueBigSettings, load
from apt_settings.runs.store import record_of, write
from apt_settings.values import as_text

LONG = "/scratch/" + "a-long-name/" * 9 + "end"


def on_terminal(columns: int, *argv: str, status: int = 0, **environ: str) -> list[str]:
    """The lines that the command prints on a terminal of this width, without colours, when it ends with this status."""
    terminal, other_end = pty.openpty()  # whose other end stays open here, so that nothing written there is lost
    if (child := os.fork()) == 0:
        os.login_tty(other_end)
        os._exit(on_this_terminal(columns, argv, {"TERM": "xterm-256color", **environ}))
    os.set_blocking(terminal, False)
    process, written = os.pidfd_open(child), b""
    while process not in (ready := select([terminal, process], [], [])[0]) or terminal in ready:
        written += os.read(terminal, 65536) if terminal in ready else b""
    for end in (terminal, other_end, process):
        os.close(end)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == status, written
    return re.sub(r"\x1b\[[0-9;]*m", "", written.decode()).replace("\r", "").splitlines()


def on_this_terminal(columns: int, argv: tuple[str, ...], environ: dict[str, str]) -> int:
    """Be the command on the terminal that a fork has given to this process."""
    try:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        os.environ.pop("COLUMNS", None)
        if "PYTHONPATH" in environ:  # what is imported already would be found in spite of it
            os.execve(sys.executable, [sys.executable, "-m", "apt_settings", *argv], {**os.environ, **environ})  # noqa: S606
        return command(argv, {**os.environ, **environ})
    except BaseException:
        traceback.print_exc()
        return 9


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_no_value_is_cut_apart(columns: int) -> None:
    """Each setting's line holds its whole value, even one that is longer than the terminal is wide."""
    lines = on_terminal(columns, "show", APT_OUTPUT_DIR=LONG)

    for name, value in GlueBigSettings(_env_file=None, output_dir=LONG).model_dump().items():
        assert any(re.match(rf"{name} +{re.escape(as_text(value))}( |$)", line) for line in lines), name


@pytest.mark.parametrize("command", ["show", "explain"])
def test_an_80_column_terminal_is_not_overrun(command: str, tmp_path: Path) -> None:
    """Everything fits the width, texts being broken between words; a path is one word, however long."""
    argv = (command, "target_sparsity") if command == "explain" else (command,)
    lines = on_terminal(80, *argv, "--task", "alpaca", APT_EPOCHS="12", APT_INITIAL_RANK="100", APT_PRECISION="")

    assert [line for line in lines if len(line) > 80 and str(tmp_path) not in line] == []
    assert len(lines) > 8


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_runs_stand_on_two_lines_where_columns_do_not_fit(columns: int) -> None:
    """Which run it is, and below it what it has: no value is cut, and nothing is wider than the terminal."""
    for number in range(2):
        Path("runs", f"apt1-{number}").mkdir(parents=True)
        environ = {"APT_TASK": "squad", "APT_EPOCHS": str(30 + number), "APT_OUTPUT_DIR": "a b " * 20 + str(number)}
        write(Path("runs", f"apt1-{number}"), record_of(load(environ | {"APT_SEED": str(number)}, None)))
    lines = on_terminal(columns, "runs")

    assert [line for line in lines if len(line) > columns] == []
    assert (
        "epochs 30, seed 0, output_dir " + "a b " * 20 + "0" in re.sub(r"\s+", " ", " ".join(lines)) or columns == 200
    )
    assert sum("apt1-" in line for line in lines) == 2


def test_a_wide_terminal_has_four_columns() -> None:
    """Where the table fits, origin and departure stand beside the value."""
    lines = on_terminal(200, "show", APT_EPOCHS="12")
    header = next(line for line in lines if line.startswith("setting"))

    assert header.split() == ["setting", "value", "origin", "departs", "from"]
    assert any(re.match(r"epochs +12 +environment APT_EPOCHS +40 \(paper, Table 6\)", line) for line in lines)


@pytest.mark.parametrize(("columns", "term"), [(80, "xterm"), (200, "dumb"), (200, "xterm"), (60, "dumb")])
def test_long_and_wide_values_stay_whole_everywhere(columns: int, term: str) -> None:
    """A path longer than the line, and characters of double width, are whole in show and explain, on any terminal."""
    wide = "日本語" * 10
    environ: dict[str, Any] = {"APT_OUTPUT_DIR": LONG, "APT_MODEL_NAME_OR_PATH": wide, "TERM": term}

    assert LONG in "\n".join(on_terminal(columns, "explain", "output_dir", **environ))
    assert LONG in "\n".join(on_terminal(columns, "show", **environ))
    assert wide in "\n".join(on_terminal(columns, "show", **environ))
    assert "distill_prediction_weight" in "\n".join(on_terminal(columns, "show", **environ))


def test_explain_keeps_every_word_of_its_notes() -> None:
    """Brackets are text, not markup."""
    text = " ".join(" ".join(on_terminal(80, "explain", "target_sparsity")).split())

    assert "0.6 (design, one target for every task) [alpaca]" in text


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize(("command", "status"), [("show", 78), ("check", 1)])
def test_problems_are_broken_between_words(columns: int, command: str, status: int) -> None:
    """On stderr as on stdout, a problem fits the width, and no word of it is cut."""
    lines = on_terminal(columns, command, status=status, APT_PRUNABLE_BLOCKS="mha_head,ffn_neurn", APT_TYPO="1")
    text = " ".join(" ".join(lines).split())

    assert max(map(len, lines)) <= columns
    assert "a comma-separated list of mha_head, ffn_neuron, hidden_dimension, none of them twice" in text
    assert "APT_UNKNOWN=warn lets it pass" in text


def test_a_narrow_terminal_tells_who_set_what() -> None:
    """Origin and departure stand below a value that was set, and below no other."""
    lines = on_terminal(80, "show", APT_EPOCHS="50")
    below = [line.strip() for line in lines if re.match(r" +(origin|departs from) ", line)]

    assert below == ["origin environment APT_EPOCHS", "departs from 40 (paper, Table 6)"]


def test_without_rich_the_command_says_what_to_install(tmp_path: Path) -> None:
    """rich is missed only on a terminal, and then as click is."""
    (tmp_path / "rich.py").write_text("raise ModuleNotFoundError(name='rich')")
    lines = on_terminal(80, "show", status=2, PYTHONPATH=str(tmp_path))

    assert "apt-settings: the command line needs rich: pip install 'apt-settings[cli]'" in lines


def test_file_names_are_no_markup(tmp_path: Path) -> None:
    """A title in brackets is shown as it is, and ends in no traceback."""
    (tmp_path / "[red]a.env").write_text("APT_EPOCHS=30\nAPT_DISTILL_EPOCHS=20\n")
    (tmp_path / "[").mkdir()
    (tmp_path / "[" / "x].env").write_text("APT_EPOCHS=30\n")

    assert "[red]a.env" in "".join(on_terminal(200, "diff", "paper", "[red]a.env", status=1))
    assert "[/x].env" in "".join(on_terminal(200, "diff", "paper", "[/x].env", status=1))


def test_a_plan_draws_its_schedules() -> None:
    """From the first step to the last, scaled to the highest value."""
    text = "\n".join(on_terminal(120, "plan", "--task", "squad"))

    assert re.search(r"sparsity +▁+[▂-▇]*█+ up to 0\.6", text), text
    assert re.search(r"learning rate +▁[▂-▇]*█+.* up to 0\.0002\b", text), text
