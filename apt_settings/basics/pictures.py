"""Pictures by matplotlib, which not everybody has: a figure to draw on, and its file."""

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..errors import CannotWriteError, SettingsError
from .escaping import escaped
from .files import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES: Final = (".svg", ".png", ".pdf")
"""The kinds of pictures that are written."""
_WITHOUT_DATE: Final = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
"""So that the same picture is the same file."""


def figure_for(path: Path, size: tuple[float, float]) -> "Figure":
    """An empty figure of a size in inches.

    Raises SettingsError for another suffix than those of SUFFIXES, and if matplotlib is missing.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise SettingsError.at(escaped(str(path)), "has an unknown suffix", ", ".join(SUFFIXES))
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        fix = "pip install 'apt-settings[plot]'"
        raise SettingsError.at("--plot", "needs matplotlib", fix=fix) from None
    return Figure(figsize=size, layout="constrained")


def save(figure: "Figure", path: Path) -> None:
    """Write a figure, in the kind that the suffix names. Raises CannotWriteError."""
    from matplotlib import rc_context

    picture, kind = BytesIO(), path.suffix.lower().removeprefix(".")
    with rc_context({"svg.hashsalt": "apt-settings", "svg.fonttype": "none"}):
        figure.savefig(picture, format=kind, metadata=_WITHOUT_DATE.get(kind), dpi=150)
    try:
        write_whole(path, picture.getvalue())
    except OSError as error:
        raise CannotWriteError.at(escaped(str(path)), f"cannot be written: {error.strerror}") from None
