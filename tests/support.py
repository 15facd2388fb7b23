"""What several test files share: paths, strategies, and forks that never go on with the tests."""

import operator
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pytest
from hypothesis import strategies as st

from apt_settings.__main__ import main
from apt_settings.cli import main as run_command
from apt_settings.facts.datasets import DATASETS, task_with
from apt_settings.specs.findings import judge

RECORDS = Path(__file__).parent / "records"
ROOT = Path(__file__).parent.parent

TRAINING = ("torch", "transformers", "peft", "trl", "lightning")
needs_training = pytest.mark.skipif(  # skips tests, not modules: what a marker leaves out is not told as skipped
    None in map(find_spec, TRAINING), reason="needs pip install 'apt-settings[torch,transformers,peft,trl,lightning]'"
)
needs_trackers = pytest.mark.skipif(
    None in map(find_spec, ("mlflow", "sqlalchemy", "wandb")), reason="needs pip install 'apt-settings[trackers]'"
)

TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Zl", "Zp")), min_size=1, max_size=40),
    st.text("a b'\"$,\\{}#=:-`!~é日", min_size=1, max_size=20),
).filter(lambda text: text == text.strip())
NAMES = TEXTS.filter(lambda text: not task_with(text))
_VALUES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"output_dir": TEXTS},
    optional={
        "model_name_or_path": st.none() | TEXTS,
        "learning_rate": st.floats(0, 1, exclude_min=True, exclude_max=True),
        "epochs": st.integers(1, 50),
        "seed": st.integers(0, 2**32 - 1),
        "outlier_aware": st.booleans(),
        "prunable_blocks": st.sets(st.sampled_from(("mha_head", "ffn_neuron", "hidden_dimension")), min_size=1),
        "per_device_batch_size": st.none() | st.sampled_from((1, 2, 4, 8, 16)),
        "max_grad_norm": st.floats(min_value=0, exclude_min=True, allow_infinity=False),
        "train_examples": st.none() | st.integers(1, 10**6),
    },
)
_CUSTOM = st.fixed_dictionaries({"task": st.just("custom"), "dataset": NAMES, "architecture": NAMES})
_PAPER = st.fixed_dictionaries({"task": st.sampled_from(sorted(DATASETS))})
SETTINGS_OF_THE_PAPER = st.builds(operator.or_, _VALUES, _PAPER)
ANY_SETTINGS = st.one_of(SETTINGS_OF_THE_PAPER, st.builds(operator.or_, _VALUES, _CUSTOM))


def printed(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """What a command prints that ends well."""
    capsys.readouterr()
    assert run_command(argv) == 0
    return capsys.readouterr().out


def git(*arguments: str | bytes, cwd: Path | None = None) -> str:
    """What git prints, of a user that every machine has."""
    who = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    done = subprocess.run(["git", *who, *arguments], cwd=cwd, check=True, capture_output=True)
    return done.stdout.decode().strip()


def forked(work: Callable[[], int]) -> int:
    """A child that does this and ends with its status, 9 if it raises: never does it go on with the tests."""
    child = os.fork()
    if child == 0:
        status = 9
        try:
            status = work()
        finally:
            os._exit(status)
    return child


def started(*argv: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """What `apt-settings` prints and ends with, in a child of this process, which takes no start of a Python."""
    with TemporaryFile() as out, TemporaryFile() as err:
        child = forked(partial(command, argv, environ, (out.fileno(), err.fileno())))
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        texts = [os.pread(stream.fileno(), 1 << 24, 0).decode() for stream in (out, err)]
    return subprocess.CompletedProcess(argv, status, *texts)


def command(argv: Sequence[str], environ: Mapping[str, str], streams: tuple[int, int] = (1, 2)) -> int:
    """Be `apt-settings` with these arguments, in a child: stdout and stderr are what these descriptors are."""
    os.environ.update(environ)
    for descriptor, stream in enumerate(streams, start=1):
        os.dup2(stream, descriptor)
    sys.argv = ["apt-settings", *argv]
    sys.stdout, sys.stderr = (os.fdopen(descriptor, "w", closefd=False) for descriptor in (1, 2))
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    try:
        status = main()
    except SystemExit as error:
        status = int(error.code or 0)
    for each in (sys.stdout, sys.stderr):
        each.flush()
    return status


def errors_in(name: str, text: str) -> list[tuple[int, str]]:
    """Line and variable of everything that is wrong with a spec."""
    return [(finding.line, finding.variable) for finding in judge(name, text.encode()).findings]


def notes_in(name: str, text: str) -> list[tuple[int, str]]:
    """Line and variable of everything that a spec's notes are about."""
    return [(note.line, note.variable) for note in judge(name, text.encode()).notes]
