"""Flags of a command that mean settings, and what run, job and check say of them."""

from pathlib import Path

import pytest

from apt_settings.cli import main
from apt_settings.sources.flags import flags_in

SETTINGS = ("learning_rate", "epochs", "precision", "seed", "architecture")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("python train.py --learning_rate=0.01", [("--learning_rate", "learning_rate", "0.01")]),
        ("python train.py --learning-rate 0.01 x", [("--learning-rate", "learning_rate", "0.01")]),
        (
            "t --lr 1e-3 --num_train_epochs=3",
            [("--lr", "learning_rate", "1e-3"), ("--num_train_epochs", "epochs", 3)],
        ),
        ("t --bf16 --seed", [("--bf16", "precision", "bf16"), ("--seed", "seed", "")]),
        ("t learning_rate=0.1 +seed=3", [("learning_rate", "learning_rate", "0.1"), ("+seed", "seed", "3")]),
        ("t learning_rate seed optim.lr=3 --verbose -s 3 --workers=4 ./seed=3/x", []),
        ("t --fp16 False --bf16=0 --TF32 --max_steps -1", [("--TF32", "precision", "tf32")]),
        (
            "t --num_train_epochs=40.0 --optim=adamw_torch",
            [("--num_train_epochs", "epochs", 40), ("--optim", "optimizer", "adamw")],
        ),
        ("t --epochs=x --max_steps=1e999", [("--epochs", "epochs", "x")]),
        ("t --seed=a=b --seed=", [("--seed", "seed", "a=b"), ("--seed", "seed", "")]),
    ],
)
def test_flags_are_found_by_their_names(words: str, found: list[tuple[str, str, str]]) -> None:
    """Ours, and those that trainers know, with and without a value."""
    assert [tuple(each) for each in flags_in(words.split(), SETTINGS)] == found


def test_a_fraction_of_warmup_steps_is_a_ratio() -> None:
    """As transformers 5 takes it; a whole number is one of steps, and -1 is none."""
    words = ["--warmup_steps", "0.06", "--warmup_steps=12.0", "--max_steps", "-1"]
    found = [(flag.setting, flag.value) for flag in flags_in(words, ("warmup_steps", "warmup_ratio", "max_steps"))]

    assert found == [("warmup_ratio", "0.06"), ("warmup_steps", 12), ("max_steps", "none")]


COMMANDS = (
    ("job", "slurm", "--task", "squad"),
    ("job", "slurm", "--task", "squad", "--grid", "seed=1,2"),
    ("job", "kubernetes", "--task", "squad", "--image", "train"),
    ("job", "docker", "--task", "squad", "--image", "train"),
)


@pytest.mark.parametrize("argv", COMMANDS, ids=" ".join)
def test_a_flag_behind_the_dashes_is_noted(argv: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """What it says is in no record; where it says the same, nothing is said."""
    assert main([*argv, "--", "true", "--learning_rate=0.01", "--weight_decay", "0", "--epochs=40.0"]) == 0
    told = " ".join(capsys.readouterr().err.split())

    assert (
        "note: --learning_rate is for the command alone: settings, fingerprint and record have learning_rate 0.0002; "
        "write --set learning_rate=... before the --"
    ) in told
    assert "--weight_decay" not in told
    assert "--epochs" not in told


def test_check_notes_it_in_a_script(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With its line; the script stays good."""
    script = tmp_path / "train.sh"
    script.write_text("apt-settings run --task squad -- python train.py \\\n  --lr 0.1\npython other.py --lr 0.1\n")

    assert main(["check", str(script)]) == 0
    assert f"note: {script}:2: --lr is for the command alone" in capsys.readouterr().err
