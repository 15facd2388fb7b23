"""Every test starts in an empty folder, with no APT_ variable and no singleton."""

import ast
import compileall
import gc
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

import apt_settings

# A shell ignores it for what it starts with "&", and the commands that tests start would ignore it in turn.
signal.signal(signal.SIGINT, signal.default_int_handler)

ACCEPTS = "APT_TESTS_ACCEPT" in os.environ
"""Whether golden files are written anew."""
EXAMPLES = {"quick": 10, "repeatable": 30, "thorough": 200}
"""How often each property is tried, by what HYPOTHESIS_PROFILE says."""
STARTS_PROCESSES = {
    *("subprocess", "fork", "forked", "started", "start_command", "run_command_in", "run_script", "pty", "openpty"),
    *("get_context", "ProcessPoolExecutor"),
}


@cache
def starting_processes(file: Path) -> set[str]:
    """The functions of a test file that start processes, by themselves or through others of the file."""
    text = file.read_text(encoding="utf-8")
    uses: dict[str, set[str]] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef):
            lines = text.splitlines()[node.lineno - 1 : node.end_lineno]
            uses[node.name] = set(re.findall(r"\w+", "\n".join(lines)))
    found: set[str] = set()
    while more := {name for name, words in uses.items() if words & (STARTS_PROCESSES | found)} - found:
        found |= more
    return found


def pytest_configure(config: pytest.Config) -> None:
    """Compile the package once: with PYTHONDONTWRITEBYTECODE, every process that a test starts would do it anew.

    Where the workers of xdist run the tests, only they need Hypothesis.
    """
    if not hasattr(config, "workerinput"):
        compileall.compile_dir(Path(apt_settings.__file__).parent, quiet=2)
    if config.getoption("dist", "no") == "no":
        from hypothesis import settings

        for name, number in EXAMPLES.items():
            settings.register_profile(name, deadline=None, derandomize=True, max_examples=number)
        settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests that start processes, which the inner loop leaves out."""
    for item in items if "process" in config.option.markexpr else ():
        if item.name.partition("[")[0] in starting_processes(item.path):
            item.add_marker("process")


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: the garbage collector need not look at it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def clean_slate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working directory and no APT_ variable."""
    monkeypatch.chdir(tmp_path)
    # Tests write modules anew within a second, and by that Python tells whether its bytecode is of the same text.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    for variable in [name for name in os.environ if name.upper().startswith("APT_")]:
        del os.environ[variable]  # for good: what a test has left must not come back
    apt_settings.reset()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())  # a process that has watched a command holds its signals
    ignored = signal.getsignal(signal.SIGPIPE)  # and one that would have become a command no longer ignores it
    yield tmp_path
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    signal.signal(signal.SIGPIPE, ignored)
    apt_settings.reset()


@pytest.fixture
def write_env(tmp_path: Path) -> Callable[..., Path]:
    """Write a `.env`, or a file of another name, into the working directory."""

    def write(content: str | bytes, name: str = ".env") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put a program of this name first on the PATH, which does what a script of sh says."""
    folder = tmp_path / "fakes"

    def put(program: str, script: str, mode: int = 0o755) -> None:
        folder.mkdir(exist_ok=True)
        (folder / program).write_text(f"#!/bin/sh\n{script}\n")
        (folder / program).chmod(mode)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    return put


@pytest.fixture
def hub(write_env: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """What --extend takes for a class with the secret setting `token`, which the environment sets to `geheim`."""
    write_env("from pydantic import *\nclass Hub(BaseModel):\n    token: SecretStr | None = None\n", "hub_settings.py")
    monkeypatch.syspath_prepend(Path.cwd())
    monkeypatch.setenv("APT_TOKEN", "geheim")
    yield "hub_settings:Hub"
    sys.modules.pop("hub_settings", None)


PROJECT_CLASSES = """
from datetime import date
from enum import Enum
from itertools import count
from pathlib import Path
from typing import Annotated
from pydantic import Field
from apt_settings import AlpacaSettings, SettingsGroup

NUMBERS = count()

class Metric(Enum):
    ACCURACY = "accuracy"
    F1 = "f1"

class Group(SettingsGroup):
    eval_every: Annotated[int, Field(ge=1)] = 500
    metric: Metric = Metric.ACCURACY
    tags: tuple[str, ...] = ()
    words: frozenset[str] = frozenset({"a", "b", "c", "d"})
    weights: dict[str, float] = {"yes": 1}
    folder: Path = Path("x/y")
    day: date = date(2024, 5, 1)
    ratio: float = 1
    note: str | None = ""
    name: str = Field(default_factory=lambda values: f"{values['eval_every']}-{next(NUMBERS)}")
    half: int = Field(default_factory=lambda values: values["eval_every"] // 2)
    target_sparsity: float = 0.5

class Gsm(AlpacaSettings):
    datasets = ("gsm8k",)
    architectures = ("Qwen/Qwen2.5-0.5B",)
    task: str = "gsm8k"
    dataset: str = "gsm8k"
    architecture: str = "Qwen/Qwen2.5-0.5B"
    train_examples: int | None = 7_473
    epochs: int = 10
    answer_tokens: Annotated[int, Field(ge=1)] = 256
    third: int = Field(default_factory=lambda values: values["epochs"] // 3)
"""


@pytest.fixture
def project_classes(write_env: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """What --extend takes for a group, with defaults of many types, and the task `gsm8k`."""
    write_env(PROJECT_CLASSES, "project_classes.py")
    monkeypatch.syspath_prepend(Path.cwd())
    yield "project_classes:Group,project_classes:Gsm"
    sys.modules.pop("project_classes", None)


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare a text with a file under tests/records; `APT_TESTS_ACCEPT=1` writes the file instead."""
    from support import RECORDS

    def compare(name: str, text: str) -> None:
        record = RECORDS / name
        if ACCEPTS:
            record.write_text(text, encoding="utf-8")
        accept = f"to accept the change: APT_TESTS_ACCEPT=1 {Path(sys.executable).name} -m pytest, then read the diff"
        assert record.read_text(encoding="utf-8") == text, accept

    return compare
