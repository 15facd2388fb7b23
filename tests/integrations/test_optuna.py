"""Trials of Optuna with the settings: real studies, in this process and in two at once."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from apt_settings import SettingsError, fingerprint, load
from apt_settings.sources.record import read

pytestmark = [
    pytest.mark.training,
    pytest.mark.skipif(find_spec("optuna") is None, reason="needs pip install 'apt-settings[optuna]'"),
]
with suppress(ModuleNotFoundError):
    import optuna
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend
    from optuna.trial import FixedTrial, TrialState

    from apt_settings.integrations.optuna import distributions, suggest

RANGES: dict[str, Any] = {
    "learning_rate": "log:1e-5..1e-3",
    "target_sparsity": "0.3..0.7",
    "epochs": "30..60",
    "max_steps": "log:1..1000",
    "num_prunings": "2..20:2",
    "batch_size": [8, 16],
    "optimizer": "adam,adamw",
}
FILE = """
[sample]
learning_rate = "log:1e-5..1e-3"
initial_rank = "4..40"
max_rank = "8..64"
"""
TRAIN = "from math import log10; from apt_settings import settings; print(abs(log10(settings.learning_rate) + 4))"
STUDY = f"""
import os, subprocess, sys
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from apt_settings import SettingsError, load
from apt_settings.integrations.optuna import suggest
from apt_settings.runs.running import job_environment

RUN = [sys.executable, "-m", "apt_settings", "run", "--record", "runs/{{fingerprint}}", "--resume", "--"]

def objective(trial):
    settings = suggest(trial, "sweep.toml", load({{}}, None, task="sst2"))
    environ = job_environment(os.environ, settings)
    done = subprocess.run([*RUN, sys.executable, "-c", {TRAIN!r}], env=environ, stdout=subprocess.PIPE, check=True)
    trial.report(float(done.stdout), 1)
    if trial.should_prune():
        raise optuna.TrialPruned
    return float(done.stdout)

study = optuna.create_study(
    study_name="lr",
    storage=JournalStorage(JournalFileBackend("journal.log")),
    load_if_exists=True,
    sampler=optuna.samplers.RandomSampler(int(sys.argv[1])),
    pruner=optuna.pruners.ThresholdPruner(upper=0.6),
)
study.optimize(objective, n_trials=15, catch=SettingsError)
"""


def test_ranges_are_distributions() -> None:
    """Of the kind that the setting is, with the same ends."""
    assert distributions(RANGES, load({}, None, task="sst2")) == {
        "learning_rate": FloatDistribution(1e-5, 1e-3, log=True),
        "target_sparsity": FloatDistribution(0.3, 0.7),
        "epochs": IntDistribution(30, 60),
        "max_steps": IntDistribution(1, 1000, log=True),
        "num_prunings": IntDistribution(2, 20, step=2),
        "batch_size": CategoricalDistribution((8, 16)),
        "optimizer": CategoricalDistribution(("adam", "adamw")),
    }


def test_a_trial_gives_settings() -> None:
    """They are the trial's parameters, say so, and have their fingerprint in the trial."""
    base = load({}, None, task="squad", weight_decay=0.1)
    study = optuna.create_study()
    for trial in (study.ask(), study.ask(distributions(RANGES, base))):
        settings = suggest(trial, RANGES, base)

        assert trial.params == {name: getattr(settings, name) for name in RANGES}
        assert str(settings.origin("learning_rate")) == f"optuna trial {trial.number}"
        assert trial.user_attrs == {"fingerprint": fingerprint(settings)}
        assert (settings.task, settings.weight_decay) == ("squad", 0.1)
        assert settings == load({}, None, task="squad", weight_decay=0.1, **trial.params)


def test_without_settings_it_begins_with_those_of_the_process(
    monkeypatch: pytest.MonkeyPatch, write_env: Callable[..., Path]
) -> None:
    """With what the environment says, and the ranges of a file."""
    monkeypatch.setenv("APT_TASK", "mnli")
    file = write_env('[sample]\nepochs = "30..60"\n', "sweep.toml")

    assert distributions(file) == {"epochs": IntDistribution(30, 60)}
    settings = suggest(FixedTrial({"epochs": 31}), str(file))
    assert (settings.dataset, settings.epochs) == ("mnli", 31)


@pytest.mark.parametrize(
    ("ranges", "words"),
    [
        ({"learning_rate": "log:0..1"}, "range learning_rate='log:0..1' has no logarithm at 0"),
        ({"lr": "0..1"}, "range lr is not a setting"),
        ({"initial_rank": [32], "max_rank": [16]}, "optuna trial 0=16 does not fit: must be at least initial_rank"),
    ],
)
def test_what_cannot_be_is_one_clear_error(ranges: dict[str, Any], words: str) -> None:
    """Ranges before anything is suggested, and what a trial suggests that breaks a rule."""
    with pytest.raises(SettingsError, match=words):
        suggest(optuna.create_study().ask(), ranges, load({}, None, task="sst2"))


def test_two_processes_share_a_study(tmp_path: Path) -> None:
    """Trials that end, are pruned or fail have records of their own, and any of them is run again from it."""
    (tmp_path / "study.py").write_text(STUDY)
    (tmp_path / "sweep.toml").write_text(FILE)
    processes = [subprocess.Popen([sys.executable, "study.py", seed]) for seed in ("1", "2")]
    assert [each.wait() for each in processes] == [0, 0]
    study = optuna.load_study(study_name="lr", storage=JournalStorage(JournalFileBackend("journal.log")))
    by_state = {state: [each for each in study.trials if each.state == state] for state in TrialState}
    ran = by_state[TrialState.COMPLETE] + by_state[TrialState.PRUNED]

    assert len(study.trials) == 30
    assert all(by_state[state] for state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL))
    assert len(ran) + len(by_state[TrialState.FAIL]) == 30
    assert all(each.params["max_rank"] < each.params["initial_rank"] for each in by_state[TrialState.FAIL])
    for trial in ran:
        folder = tmp_path / "runs" / trial.user_attrs["fingerprint"]
        assert fingerprint(load({}, record=folder)) == trial.user_attrs["fingerprint"]
        assert read(folder).settings["learning_rate"].origin == f"optuna trial {trial.number}"
        assert load({}, record=folder).learning_rate == trial.params["learning_rate"]
    best = ["run", "--from", f"runs/{study.best_trial.user_attrs['fingerprint']}", "--", sys.executable, "-c", TRAIN]
    again = subprocess.run([sys.executable, "-m", "apt_settings", *best], check=True, capture_output=True)
    assert float(again.stdout) == study.best_value


def test_without_optuna_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command, and no traceback."""
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(SettingsError, match=r"optuna is not installed; pip install 'apt-settings\[optuna\]'"):
        distributions(RANGES, load({}, None, task="sst2"))
