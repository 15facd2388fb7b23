"""The picture of a sweep's points."""

import re
import sys
from pathlib import Path

import pytest
from support import printed

from apt_settings.cli import main
from apt_settings.sweeps import plot

ARGV = ("sweep", "--task", "sst2", "--sample", "learning_rate=log:1e-5..1e-3", "--sample", "batch_size=8,16")


def texts_of(path: Path) -> list[str]:
    """What a picture says in words, from its top."""
    return re.findall(r"<text[^>]*>([^<]+)</text>", path.read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def matplotlib() -> None:
    pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'apt-settings[plot]'")


@pytest.mark.large
@pytest.mark.parametrize(("kind", "first"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_a_sweep_is_drawn(kind: str, first: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Beside its table, and twice the same."""
    files = [tmp_path / f"{number}.{kind}" for number in (1, 2)]
    for file in files:
        assert "fingerprint" in printed(capsys, *ARGV, "--points", "20", "--plot", str(file))

    assert files[0].read_bytes().startswith(first)
    assert len({file.read_bytes() for file in files}) == 1


@pytest.mark.large
def test_few_points_are_numbers_and_many_are_dots(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Points at one place share it; words have theirs, and a logarithmic range has a logarithmic side."""
    few, many = tmp_path / "few.svg", tmp_path / "many.svg"
    printed(capsys, *ARGV, "--grid", "seed=1,2", "--points", "3", "--plot", str(few))
    printed(capsys, *ARGV, "--points", "41", "--plot", str(many))

    assert {"6 points", "0,3", "1,4", "2,5", "16", "learning_rate", "batch_size", "seed"} <= set(texts_of(few))
    assert "41 points" in texts_of(many)
    assert "40" not in texts_of(many)
    assert ">\N{MINUS SIGN}" in many.read_text(encoding="utf-8")  # the exponent of a logarithmic side


@pytest.mark.large
def test_one_setting_is_drawn_over_the_points(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of very many points, the first."""
    file = tmp_path / "one.svg"
    monkeypatch.setattr(plot, "_MOST_POINTS", 50)
    printed(capsys, "sweep", "--task", "sst2", "--grid", "seed=1..51", "--plot", str(file))

    assert {"point", "seed", "the first 50 of 51 points"} <= set(texts_of(file))


@pytest.mark.parametrize(
    ("argv", "status", "words"),
    [
        (["--plot", "points.jpeg"], 78, "points.jpeg has an unknown suffix: must be .svg, .png, .pdf"),
        (["--plot", "no/points.png"], 74, "apt-settings: no/points.png cannot be written: No such file or directory"),
        (["--plot", "points.png", "--format", "json"], 2, "--plot goes with the table, and not with --format json"),
    ],
)
def test_a_picture_that_cannot_be_is_refused(
    argv: list[str], status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what is possible."""
    assert main([*ARGV, "--points", "3", *argv]) == status
    assert words in capsys.readouterr().err


def test_without_matplotlib_it_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command, and no traceback."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert main([*ARGV, "--points", "3", "--plot", "points.png"]) == 78
    assert "--plot needs matplotlib; pip install 'apt-settings[plot]'" in capsys.readouterr().err
