"""What several test files share: paths, strategies, and forks that never go on with the tests."""

import json
import operator
import os
import shlex
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import strategies as st

from apt_settings.__main__ import main
from apt_settings.cli import main as run_command
from apt_settings.facts.datasets import DATASETS, task_with
from apt_settings.specs.findings import judge
from apt_settings.values import literal

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
    {"output_dir": TEXTS.map(literal)},
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
    """What `apt-settings` prints and ends with, as a process of its own."""
    return run_command_in(argv, {**os.environ, **environ})


def run_command_in(argv: Sequence[str], environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """The same, with no variable but these."""
    with start_command(*argv, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        out, err = process.communicate()
    return subprocess.CompletedProcess(argv, process.returncode, out, err)


def start_command(*argv: str | bytes, env: Mapping[str, str] | None = None, **how: Any) -> subprocess.Popen[str]:
    """`apt-settings` as Popen starts it; the child is a fork of this process, which takes no start of a Python."""
    environ = dict(os.environ if env is None else env)

    def run() -> None:
        os.closerange(3, 1 << 16)  # as Popen does next; when its own pipe is closed, it takes the command for started
        status = 1
        try:
            status = command([os.fsdecode(each) for each in argv], environ)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)

    return subprocess.Popen(["apt-settings"], preexec_fn=run, text=True, **how)


def command(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Be `apt-settings` with these arguments and this environment, in a child."""
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = ["apt-settings", *argv]
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout, sys.stderr = (os.fdopen(descriptor, "w", closefd=False) for descriptor in (1, 2))
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    try:
        status = main()
    except SystemExit as error:
        status = int(error.code or 0)
    for each in (sys.stdout, sys.stderr):
        each.flush()
    return status


SHOW_WHAT_IT_IS_GIVEN = '#!/bin/bash\nprintf "%s\\0" "$@" > "${0%/*}/words"\nexec env -0 > "${0%/*}/environ"\n'


def run_script(script: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """A job's script, run by bash; the `apt-settings` that it becomes at its end is one of `started`."""
    path = environ.pop("PATH", os.environ["PATH"])
    with TemporaryDirectory() as folder:
        command = Path(folder, "apt-settings")
        command.write_text(SHOW_WHAT_IT_IS_GIVEN)
        command.chmod(0o755)
        inside = {**os.environ, **environ, "PATH": f"{folder}:{path}"}
        script = script.replace(f"{shlex.quote(sys.executable)} -m apt_settings", "apt-settings")
        done = subprocess.run(["bash"], input=script, capture_output=True, text=True, env=inside)
        if not Path(folder, "words").exists():
            return done
        words, variables = (Path(folder, name).read_text().split("\0")[:-1] for name in ("words", "environ"))
    given = dict(variable.split("=", 1) for variable in variables)
    ran = run_command_in(words, {**given, "PATH": path})
    return subprocess.CompletedProcess(words, ran.returncode, done.stdout + ran.stdout, done.stderr + ran.stderr)


def errors_in(name: str, text: str) -> list[tuple[int, str]]:
    """Line and variable of everything that is wrong with a spec."""
    return [(finding.line, finding.variable) for finding in judge(name, text.encode()).findings]


def notes_in(name: str, text: str) -> list[tuple[int, str]]:
    """Line and variable of everything that a spec's notes are about."""
    return [(note.line, note.variable) for note in judge(name, text.encode()).notes]


def in_two_processes(script: str, folder: Path, *words: str) -> Any:
    """What a script of tests/ writes as JSON on rank 0 of two processes."""
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"]
    environ = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    path, out = Path(__file__).with_name(script), folder / "out.json"
    done = subprocess.run(
        [*command, str(path), str(out), *words], cwd=folder, env=environ, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(out.read_text())
