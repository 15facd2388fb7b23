"""Grids to try things on, and the checkers of their points."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from apt_settings.base import AptSettings
from apt_settings.registry import registry
from apt_settings.sources.layers import Inputs, read
from apt_settings.sweeps.checker import Checker
from apt_settings.sweeps.grid import GridEntry, Sweep, sweep_of


def grid(*axes: tuple[str, Any] | Sequence[tuple[str, Any]]) -> Sweep:
    """A sweep whose places read as those of load's arguments."""
    together: list[Any] = [[axis] if isinstance(axis[0], str) else axis for axis in axes]
    return sweep_of([[GridEntry(name, values, f"argument {name}") for name, values in axis] for axis in together])


def checker(sweep: Sweep, environ: dict[str, str] | None = None, **arguments: Any) -> Checker:
    return Checker(sweep, read(Inputs(environ or {}, None, arguments), registry().names_of(AptSettings)))


AXES: dict[str, list[Any]] = {
    "task": ["mnli", "glue_big", "sst2", "squad", "cnn_dm", "imagenet"],
    "dataset": ["mnli", "sst2", "squad_v2", "x"],
    "architecture": ["roberta-base", "t5-base", "google/t5-base-lm-adapt"],
    "reference": ["paper", "release", "relase"],
    "epochs": ["10", "40", 40, "ten", "0"],
    "distill_epochs": ["5", "none", "20", "20.5"],
    "target_sparsity": ["0.3", 0.3, "0.30", "60", "0"],
    "max_target_length": ["none", "128"],
    "adapter_targets": ["query", "value,query", ["query", "value"], "q"],
    "output_dir": ["a", "b b", " c", "2024-05-01", "1:5"],
}


ENVIRONMENTS = [
    {},
    {"APT_TASK": "mnli", "APT_EPOCHS": "ten"},
    {"APT_TASK": "squad", "APT_REFERENCE": "release"},
    {"APT_PRUNING_END_EPOCH": "12", "APT_TYPO": "1"},
    {"APT_DISTILL_EPOCHS": "30"},
]


WRONG = ("imagenet", "x", "relase", "ten", "0", "20.5", "60", "q", " c")


RIGHT = {name: [value for value in values if value not in WRONG] for name, values in AXES.items()}


@st.composite
def sweeps(draw: st.DrawFn, pool: dict[str, list[Any]]) -> Sweep:
    names = draw(st.lists(st.sampled_from(sorted(pool)), min_size=1, max_size=4, unique=True))
    columns = {name: draw(st.lists(st.sampled_from(pool[name]), min_size=1, max_size=3)) for name in names}
    axes: list[Any] = list(columns.items())
    if len(axes) > 1 and draw(st.booleans()):
        (one, values), (other, others), *rest = axes
        size = min(len(values), len(others))
        axes = [[(one, values[:size]), (other, others[:size])], *rest]
    return grid(*axes)
