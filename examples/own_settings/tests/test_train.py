"""The trainer starts with what a test says, and with the defaults after it."""

import pytest
from train import main
from trainer.settings import TrainerSettings

from apt_settings import part, settings
from apt_settings.testing import OverrideSettings


def test_a_smoke_run(override_settings: OverrideSettings, capsys: pytest.CaptureFixture[str]) -> None:
    """Two epochs: the defaults that would need more follow."""
    override_settings(task="squad", epochs=2, eval_every=1, fit=True)
    main()

    assert settings.distill_epochs == 2
    assert capsys.readouterr().out.startswith("squad, sparsity 0.5: every 1 steps by f1\n")


def test_the_defaults() -> None:
    """No test leaves anything to this one."""
    assert (settings.task, settings.epochs, part(settings, TrainerSettings).eval_every) == ("glue_big", 40, 500)


def test_a_variable(monkeypatch: pytest.MonkeyPatch, override_settings: OverrideSettings) -> None:
    """As a launcher sets it."""
    monkeypatch.setenv("APT_NUM_WORKERS", "0")
    override_settings()

    assert part(settings, TrainerSettings).num_workers == 0
