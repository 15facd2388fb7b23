"""What our own commands write is good; each fault that somebody makes in it later is found at its line."""

from contextlib import redirect_stdout
from io import BytesIO, TextIOWrapper

import pytest
from support import errors_in, notes_in

from apt_settings.cli import main

COMMANDS = {
    "job.sbatch": ("job", "slurm"),
    "job.yaml": ("job", "kubernetes", "--image", "registry.example/train"),
    "docker.sh": ("job", "docker", "--image", "train"),
    "env.sh": ("env",),
    "job.env": ("env", "--format", "dotenv"),
}
VALUES = {"seed": "70707", "epochs": "4711", "learning_rate": "0.047111"}


def written(name: str, setting: str, value: str) -> str:
    """The text that a command writes for a job with a setting."""
    command = COMMANDS[name]
    argv = [*command, "--task", "squad", "--set", f"{setting}={value}"]
    with redirect_stdout(TextIOWrapper(BytesIO(), encoding="utf-8")) as out:
        assert main([*argv, *(["--", "true"] if command[0] == "job" else [])]) == 0
        out.flush()
        return out.buffer.getvalue().decode()


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("setting", VALUES)
def test_faults_in_what_we_write_are_found(name: str, setting: str) -> None:
    """A bad value and a misspelt name, of any setting, in each text; without one, there is nothing to say."""
    value, variable = VALUES[setting], f"APT_{setting.upper()}"
    text = written(name, setting, value)
    before, found, behind = text.partition(f"{variable}=" if f"{variable}=" in text else f"{variable}\n")
    name_line, value_line = before.count("\n") + 1, (before + found + behind.partition(value)[0]).count("\n") + 1
    bad_value = before + found + behind.replace(value, f"x{value}", 1)
    bad_name = before + found.replace("APT_", "APT_Q") + behind

    assert (errors_in(name, text), notes_in(name, text)) == ([], [])
    assert errors_in(name, bad_value) == [(value_line, variable)]
    assert errors_in(name, bad_name) == [(name_line, variable.replace("APT_", "APT_Q"))]
