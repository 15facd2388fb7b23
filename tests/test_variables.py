"""Settings as variables, and as text that reads back."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support import ANY_SETTINGS

from apt_settings import GlueBigSettings, SettingsError, load
from apt_settings.base import outdated_defaults
from apt_settings.variables import as_env_file, as_shell, variables


def from_shell(text: str) -> dict[str, str]:
    """What a process has that a shell starts after it read the text."""
    done = subprocess.run(["env", "-i", "sh", "-c", f"{text}\nexec env -0"], capture_output=True, check=True)
    return dict(entry.split("=", 1) for entry in done.stdout.decode().split("\0") if entry)


@given(said=ANY_SETTINGS)
@example(said={"task": "squad", "output_dir": "${HOME}/a b'$,\"e\\"})
@example(said={"task": "squad", "output_dir": "\\'", "model_name_or_path": "ends in \\"})
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.filterwarnings("ignore::apt_settings.SettingsWarning")
def test_what_a_dotenv_holds_reads_back_equal(said: dict[str, Any], tmp_path: Path) -> None:
    """Any valid settings, written as a `.env`, are read from it by load() as equal settings."""
    before = load({}, None, **said)
    (tmp_path / ".env").write_text(as_env_file(variables(before)), encoding="utf-8")

    assert before == load({"HOME": "/home/me"})


@given(st.lists(ANY_SETTINGS, min_size=1, max_size=20))
@settings(max_examples=10)
@pytest.mark.filterwarnings("ignore::apt_settings.SettingsWarning")
def test_what_a_shell_reads_is_equal(several: list[dict[str, Any]]) -> None:
    """Any valid settings, read by a real shell, arrive in the environment of its children."""
    for said in several:
        before = load({}, None, **said)

        assert before == load(from_shell(as_shell(variables(before))), None)


def test_every_setting_is_written() -> None:
    """The variables are complete: what a default becomes later does not change what they say.

    Only how many examples a dataset has is left to the dataset, whichever the shell sets next.
    """
    expected = [f"APT_{name.upper()}" for name in GlueBigSettings.model_fields]

    assert [name for name in expected if name != "APT_TRAIN_EXAMPLES"] == list(variables(load({})))
    assert variables(load({}, train_examples=7))["APT_TRAIN_EXAMPLES"] == "7"


def test_a_default_that_does_not_fit_is_left_out() -> None:
    """Under APT_EPOCHS=10 the paper's 20 epochs of distillation can only stay a default: as a variable it is wrong."""
    settings = GlueBigSettings(epochs=10)

    assert outdated_defaults(settings) == ("distill_epochs",)
    assert "APT_DISTILL_EPOCHS" not in variables(settings)


def test_what_no_variable_can_hold_is_refused() -> None:
    """A text of several lines or a text "none" is told by name, with what is allowed."""

    class Mine(GlueBigSettings):
        note: str = ""
        banner: str = "a\nb"
        ids: list[int] = [1, 2]  # noqa: RUF012  pydantic copies it

    class WordMine(GlueBigSettings):
        word: str | None = "none"

    with pytest.raises(SettingsError) as caught:
        variables(Mine())
    with pytest.raises(SettingsError, match="class default APT_WORD has a value that no variable can hold"):
        variables(WordMine())

    assert {"banner"} == {problem.setting for problem in caught.value.problems}
    assert "one line" in str(caught.value)


def test_the_environment_stays_out_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the process has set does not leak into the variables of other settings."""
    before = load({"APT_SEED": "1"})
    monkeypatch.setenv("APT_SEED", "2")

    assert variables(before)["APT_SEED"] == "1"
    assert os.environ["APT_SEED"] == "2"
