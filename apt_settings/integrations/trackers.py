"""Settings for trackers such as MLflow and W&B, with who set each: the cause does not drown there."""

import sys
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final, TypeAlias

from ..base import AptSettings, json_values, settings_of
from ..basics.environment import process_environment
from ..basics.escaping import shown
from ..errors import Problem, SettingsError
from ..fingerprint import fingerprint
from ..values import as_text
from ..variables import RUN_DIR
from .extras import require

Tracked: TypeAlias = dict[str, str | int | float | bool]

_PREFIX: Final = "apt."
"""Before every name: what a Trainer logs by itself, such as `seed`, may have another value under the same name."""
_ORIGIN: Final = "apt.origin."
_LONGEST: Final = 250
"""Characters of a name or value: the least of what servers of MLflow allow, which are 250, 500 and 6,000."""
_NEW_RUN: Final = "a run goes on only with the same settings: start a new one"
_AT_ONCE: Final = 100
"""The most parameters, and the most tags, that MLflow takes in one request."""


def tracked(settings: AptSettings) -> Tracked:
    """A flat dict of text, numbers and booleans: `{"apt.epochs": 30, "apt.origin.epochs": "--set epochs", ...}`.

    Every setting as its variable has it, numbers and booleans as what they are; secrets are left out. Beside them
    `apt.fingerprint`; `apt.origin.NAME` for each setting that somebody set; and `apt.record`, the path of the run's
    record, where `apt-settings run --record` has started this process.
    """
    values = json_values(settings)
    names = [name for name, setting in settings_of(settings).items() if not setting.secret]
    found: Tracked = {f"{_PREFIX}{name}": _plain(values[name]) for name in names}
    origins = {name: settings.origin(name) for name in names}
    found |= {f"{_ORIGIN}{name}": str(each) for name, each in origins.items() if each.is_override}
    record = process_environment().get(RUN_DIR, "")
    return {**found, "apt.fingerprint": fingerprint(settings), **({"apt.record": record} if record else {})}


def _plain(value: Any) -> str | int | float | bool:
    return value if isinstance(value, bool | int | float) else as_text(value)


def wandb_config(settings: AptSettings) -> dict[str, Any]:
    """What `wandb.init(config=wandb_config(settings))` takes: `{"apt": {"epochs": 30, "origin": {...}, ...}}`.

    As `tracked`, with the beginnings of names as levels: W&B asks for names without dots, and shows `apt.epochs`.
    """
    flat = tracked(settings)
    origins = {name.removeprefix(_ORIGIN): each for name, each in flat.items() if name.startswith(_ORIGIN)}
    others = {name.removeprefix(_PREFIX): each for name, each in flat.items() if not name.startswith(_ORIGIN)}
    return {"apt": {**others, "origin": origins}}


def mlflow_log(settings: AptSettings) -> None:  # pragma: no cover - needs MLflow, which the part trackers has
    """Log settings to the active run of MLflow, or to one that this starts.

    Settings and fingerprint become parameters, so that `params."apt.epochs" = '30'` finds the run. What may differ
    where a run goes on becomes tags: who set each, where it runs, the record. A text of more than 250 characters is
    cut, and ends with a digest of the whole.

    Raises SettingsError where the run has another value of a setting, before anything is logged, and if MLflow is
    missing.
    """
    with require("mlflow"):
        import mlflow

    run = mlflow.active_run() or mlflow.start_run()
    client = mlflow.MlflowClient()
    parameters, tags = as_parameters(settings)
    refuse_other(parameters, client.get_run(run.info.run_id).data.params, run.info.run_id)
    for log, texts in ((mlflow.log_params, parameters), (mlflow.set_tags, tags)):
        for start in range(0, len(texts), _AT_ONCE):
            log(dict(list(texts.items())[start : start + _AT_ONCE]))


def as_parameters(settings: AptSettings) -> tuple[dict[str, str], dict[str, str]]:
    """What never changes in a run of MLflow, and what may: parameters and tags, as texts that every server takes."""
    may_differ = {f"{_PREFIX}{name}" for name, each in settings_of(settings).items() if each.where_it_runs}
    may_differ.add("apt.record")
    parameters: dict[str, str] = {}
    tags: dict[str, str] = {}
    for name, value in tracked(settings).items():
        target = tags if name in may_differ or name.startswith(_ORIGIN) else parameters
        target[_cut(name)] = _cut(as_text(value))
    return parameters, tags


def _cut(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    end = f"...{sha256(text.encode(errors='surrogatepass')).hexdigest()[:16]}"
    return text[: _LONGEST - len(end)] + end


def refuse_other(parameters: Mapping[str, str], logged: Mapping[str, str], run: str) -> None:
    """Raise SettingsError for each parameter that a run of MLflow has with another value."""
    problems = [
        Problem(name, f"was {shown(logged[name])} in the run {run} of MLflow, and is {shown(value)}", fix=_NEW_RUN)
        for name, value in parameters.items()
        if logged.get(name, value) != value
    ]
    if problems:
        raise SettingsError(problems)


def log_where_tracked(settings: AptSettings) -> None:  # pragma: no cover - needs trackers, which that part has
    """Log settings to the runs of MLflow and W&B that this process has open already; to none if there is none.

    Raises SettingsError as `mlflow_log`.
    """
    mlflow, wandb = (sys.modules.get(name) for name in ("mlflow", "wandb"))
    if mlflow and mlflow.active_run():
        mlflow_log(settings)
    if wandb and wandb.run:
        wandb.run.config.update(wandb_config(settings), allow_val_change=True)
