"""Settings from a trial of Optuna, within the ranges of a sweep's `[sample]`."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ..base import AptSettings, layers_under
from ..basics.escaping import spelt
from ..fingerprint import fingerprint
from ..loading import with_arguments
from ..registry import in_force
from ..singleton import process_settings
from ..sweeps.grid import GridEntry
from ..sweeps.sample import Choices, Logarithmic, Spread, spreads_of
from ..sweeps.sweep_file import from_file
from .extras import require

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import BaseTrial

Ranges: TypeAlias = Mapping[str, Any] | str | os.PathLike[str]
"""`{"learning_rate": "log:1e-5..1e-3", "batch_size": [8, 16]}`, or the TOML file that has them in its `[sample]`."""


def suggest(trial: "BaseTrial", ranges: Ranges, settings: AptSettings | None = None) -> AptSettings:
    """Settings with what a trial suggests within these ranges; the rest is as in `settings`, by default the process's.

        def objective(trial):
            settings = suggest(trial, "sweep.toml")
            return train(settings)

    The origin of a suggested value is `optuna trial 12`, and the trial's user attribute `fingerprint` is that of the
    settings. Values are not rounded, so that they are the trial's `params`. Raises SettingsError for ranges that cannot
    be read, and for values that break a rule: `study.optimize(..., catch=SettingsError)` lets such a trial fail.
    """
    base = process_settings() if settings is None else settings
    values = {name: _suggest(trial, name, each) for name, each in _spreads(ranges, base).items()}
    suggested = with_arguments(base, values, dict.fromkeys(values, f"optuna trial {trial.number}"))
    trial.set_user_attr("fingerprint", fingerprint(suggested))
    return suggested


def distributions(ranges: Ranges, settings: AptSettings | None = None) -> "dict[str, BaseDistribution]":
    """Setting -> its distribution: for `study.ask(distributions("sweep.toml"))`, and samplers that want them before.

    Raises SettingsError for ranges that cannot be read, and if optuna is missing.
    """
    with require("optuna"):
        from optuna import distributions as of_optuna
    kinds = {
        "suggest_float": of_optuna.FloatDistribution,
        "suggest_int": of_optuna.IntDistribution,
        "suggest_categorical": of_optuna.CategoricalDistribution,
    }
    spreads = _spreads(ranges, process_settings() if settings is None else settings)
    asked = {name: _method_and_keywords(each) for name, each in spreads.items()}
    return {name: kinds[method](**keywords) for name, (method, keywords) in asked.items()}


def _spreads(ranges: Ranges, settings: AptSettings) -> dict[str, Spread]:
    """Setting -> its range, of what the settings' own registry knows."""
    with in_force(layers_under(settings, {})[1]):
        if not isinstance(ranges, Mapping):
            return spreads_of(from_file(Path(ranges)).sample)
        return spreads_of([GridEntry(name, each, f"range {spelt(name)}") for name, each in ranges.items()])


def _suggest(trial: "BaseTrial", name: str, spread: Spread) -> Any:
    method, keywords = _method_and_keywords(spread)
    return getattr(trial, method)(name, **keywords)


def _method_and_keywords(spread: Spread) -> tuple[str, dict[str, Any]]:
    """The method of a trial that suggests a value, and what it wants: `suggest_float`, low, high and log."""
    ends = {"low": spread.outermost[0], "high": spread.outermost[-1]}
    if not isinstance(spread, Choices):
        method = "suggest_int" if isinstance(ends["low"], int) else "suggest_float"
        return method, {**ends, "log": isinstance(spread, Logarithmic)}
    if isinstance(spread.values, range):
        return "suggest_int", {**ends, "step": spread.values.step}
    return "suggest_categorical", {"choices": spread.values}
