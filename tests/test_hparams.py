"""The dictionaries hold the paper's values, read-only."""

import json
from collections.abc import Mapping

import pytest
from support import RECORDS

import apt_settings as apt

TABLE_6 = json.loads((RECORDS / "facts.json").read_text())["table6"]


@pytest.mark.parametrize(
    ("column", "hparams"),
    [
        ("GLUE-small", apt.GLUE_SMALL_HPARAMS),
        ("GLUE-big", apt.GLUE_BIG_HPARAMS),
        ("SQuAD", apt.SQUAD_HPARAMS),
        ("CNN/DM", apt.CNN_DM_HPARAMS),
        ("Alpaca", apt.ALPACA_HPARAMS),
    ],
)
def test_a_dictionary_is_its_column_of_table_6(column: str, hparams: object) -> None:
    """Each task's dictionary equals its column of Table 6."""
    assert TABLE_6[column] == hparams


def test_apts_own_values() -> None:
    """APT_HPARAMS and OPTIMIZATION_HPARAMS hold the values that all tasks share."""
    assert apt.APT_HPARAMS == {
        "target_sparsity": 0.6,
        "initial_rank": 8,
        "scaling_factor": 2.0,
        "mask_decay_rate": 0.01,
        "salience_momentum": 0.9,
    }
    assert apt.OPTIMIZATION_HPARAMS == {"optimizer": "adam", "weight_decay": 0.0, "max_grad_norm": 1.0}


def test_what_all_tasks_share_is_the_same_for_each() -> None:
    """No task's class has another default for a value that APT_HPARAMS or OPTIMIZATION_HPARAMS calls common."""
    for task_class in apt.tasks.TASKS.values():
        for name, value in {**apt.APT_HPARAMS, **apt.OPTIMIZATION_HPARAMS}.items():
            assert value == task_class.model_fields[name].default


def test_the_environment_does_not_reach_the_dictionaries(monkeypatch: pytest.MonkeyPatch) -> None:
    """APT_EPOCHS changes the settings and not the paper's value."""
    monkeypatch.setenv("APT_EPOCHS", "30")

    assert apt.settings.epochs == 30
    assert apt.GLUE_BIG_HPARAMS["epochs"] == 40


@pytest.mark.parametrize(
    "name", [name for name in apt.__all__ if name.isupper() and isinstance(getattr(apt, name), Mapping)]
)
def test_the_dictionaries_are_read_only(name: str) -> None:
    """Writing to any dictionary of the face is a TypeError."""
    with pytest.raises(TypeError):
        getattr(apt, name)["x"] = 1
