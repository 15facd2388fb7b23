"""What our own commands write is good; each fault that somebody makes in it later is found at its line."""

from contextlib import redirect_stdout
from functools import cache
from io import BytesIO, TextIOWrapper

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import errors_in, notes_in

from apt_settings.cli import main

COMMANDS = {
    "job.sbatch": ("job", "slurm"),
    "job.yaml": ("job", "kubernetes", "--image", "registry.example/train"),
    "docker.sh": ("job", "docker", "--image", "train"),
    "env.sh": ("env",),
    "job.env": ("env", "--format", "dotenv"),
}
VALUES = {
    "seed": st.integers(10_000, 99_999),
    "epochs": st.integers(1_000, 9_999),
    "learning_rate": st.integers(1_000, 9_999).map(lambda each: f"0.0{each}1"),
}


@cache
def written(name: str, setting: str, value: str) -> str:
    """The text that a command writes for a job with a setting."""
    command = COMMANDS[name]
    argv = [*command, "--task", "squad", "--set", f"{setting}={value}"]
    with redirect_stdout(TextIOWrapper(BytesIO(), encoding="utf-8")) as out:
        assert main([*argv, *(["--", "true"] if command[0] == "job" else [])]) == 0
        out.flush()
        return out.buffer.getvalue().decode()


@pytest.mark.parametrize("name", COMMANDS)
@given(st.data())
def test_faults_in_what_we_write_are_found(name: str, data: st.DataObject) -> None:
    """A bad value and a misspelt name, of any setting, in each text; without one, there is nothing to say."""
    setting = data.draw(st.sampled_from(sorted(VALUES)))
    value, variable = str(data.draw(VALUES[setting])), f"APT_{setting.upper()}"
    text = written(name, setting, value)
    before, found, behind = text.partition(f"{variable}=" if f"{variable}=" in text else f"{variable}\n")
    name_line, value_line = before.count("\n") + 1, (before + found + behind.partition(value)[0]).count("\n") + 1
    bad_value = before + found + behind.replace(value, f"x{value}", 1)
    bad_name = before + found.replace("APT_", "APT_Q") + behind

    assert (errors_in(name, text), notes_in(name, text)) == ([], [])
    assert errors_in(name, bad_value) == [(value_line, variable)]
    assert errors_in(name, bad_name) == [(name_line, variable.replace("APT_", "APT_Q"))]
