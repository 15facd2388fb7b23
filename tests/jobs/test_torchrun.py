"""What torchrun is told."""

from importlib import import_module

import pytest

from apt_settings.jobs.torchrun import IDENTITY, MASTER, NODE_RANK, NODES, PORT, PROCESSES, VARIABLES, command_of


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("train.py --flag", "torchrun train.py --flag"),
        ("bin/train -m", "torchrun bin/train -m"),
        ("-m trainer.main --flag", "torchrun -m trainer.main --flag"),
        ("--no-python sh -c true", "torchrun --no-python sh -c true"),
        ("python train.py", "python -m torch.distributed.run train.py"),
        ("/opt/conda/bin/python3.11 -m trainer", "/opt/conda/bin/python3.11 -m torch.distributed.run -m trainer"),
    ],
)
def test_a_script_starts_under_torchrun(words: str, command: str) -> None:
    """As torchrun takes it, or as people start it by hand: then the torchrun of that Python starts it."""
    assert command_of(words.split()) == tuple(command.split())


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ("torchrun train.py", "--torchrun writes torchrun and its options: leave out torchrun"),
        ("/opt/bin/torchrun train.py", "leave out /opt/bin/torchrun"),
        ("python -m torch.distributed.run x.py", "and its options: leave out -m torch.distributed.run"),
        ("-m torch.distributed.launch x.py", "leave out -m torch.distributed.launch"),
        ("--no-python torchrun x.py", "leave out --no-python torchrun"),
        ("srun train.py", "srun is none: write train.py, or --no-python srun for a program"),
        ("python", "none is there: write train.py"),
        ("-m", "-m needs the name of a module behind it"),
        ("--no-python --flag", "--no-python needs a program behind it"),
        ("--max-restarts 3 train.py", "set its variable, such as PET_MAX_RESTARTS=3 for --max-restarts 3"),
        ("python -u train.py", "-u stands where --torchrun needs a script, -m MODULE or --no-python PROGRAM"),
    ],
)
def test_what_torchrun_would_not_start_is_refused(words: str, wrong: str) -> None:
    """Before anything waits in a queue; it says what to write."""
    with pytest.raises(ValueError, match=r"-") as error:
        command_of(words.split())

    assert wrong in str(error.value)


@pytest.mark.training
def test_torchrun_knows_the_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads each of them as the option that is meant."""
    pytest.importorskip("torch", reason="needs pip install 'apt-settings[torch]'")
    for number, variable in enumerate(VARIABLES, start=1):
        monkeypatch.setenv(variable, str(number))
    options = import_module("torch.distributed.run").parse_args(["train.py"])
    meant = {
        NODES: options.nnodes,
        PROCESSES: options.nproc_per_node,
        NODE_RANK: options.node_rank,
        MASTER: options.master_addr,
        PORT: options.master_port,
        IDENTITY: options.rdzv_id,
    }

    assert {variable: str(number) for number, variable in enumerate(VARIABLES, start=1)} == {
        variable: str(value) for variable, value in meant.items()
    }
    assert options.rdzv_backend == "static"
