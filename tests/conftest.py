"""Every test starts in an empty folder, with no APT_ variable and no singleton."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import apt_settings
from apt_settings.tasks import TASKS

# A shell ignores it for what it starts with "&", and the commands that tests start would ignore it in turn.
signal.signal(signal.SIGINT, signal.default_int_handler)

RECORDS = Path(__file__).parent / "records"
ROOT = Path(__file__).parent.parent

hypothesis_settings.register_profile("repeatable", deadline=None, derandomize=True, max_examples=100)
hypothesis_settings.load_profile("repeatable")


TRAINING = ("torch", "transformers", "peft")
needs_training = pytest.mark.skipif(  # skips tests, not modules: what a marker leaves out is not told as skipped
    None in map(find_spec, TRAINING), reason="needs pip install 'apt-settings[torch,transformers,peft]'"
)

TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Zl", "Zp")), min_size=1, max_size=40),
    st.text("a b'\"$,\\{}#=:-`!~é日", min_size=1, max_size=20),
).filter(lambda text: text == text.strip())
ANY_SETTINGS = st.fixed_dictionaries(
    {"task": st.sampled_from(sorted(TASKS)), "output_dir": TEXTS},
    optional={
        "model_name_or_path": st.none() | TEXTS,
        "learning_rate": st.floats(0, 1, exclude_min=True, exclude_max=True),
        "epochs": st.integers(1, 50),
        "seed": st.integers(0, 2**32 - 1),
        "outlier_aware": st.booleans(),
        "prunable_blocks": st.sets(st.sampled_from(("mha_head", "ffn_neuron", "hidden_dimension")), min_size=1),
        "per_device_batch_size": st.none() | st.sampled_from((1, 2, 4, 8, 16)),
        "max_grad_norm": st.floats(min_value=0, exclude_min=True, allow_infinity=False),
    },
)


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


@pytest.fixture(autouse=True)
def clean_slate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working directory and no APT_ variable."""
    monkeypatch.chdir(tmp_path)
    accept = "APT_TESTS_ACCEPT"  # named as Debian's apt names its own: no setting
    for variable in [name for name in os.environ if name.upper().startswith("APT_") and name != accept]:
        monkeypatch.delenv(variable)
    apt_settings.reset()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())  # a process that has watched a command holds its signals
    yield tmp_path
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
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
def golden() -> Callable[[str, str], None]:
    """Compare a text with a file under tests/records; `APT_TESTS_ACCEPT=1` writes the file instead."""

    def compare(name: str, text: str) -> None:
        record = RECORDS / name
        if "APT_TESTS_ACCEPT" in os.environ:
            record.write_text(text, encoding="utf-8")
        accept = f"to accept the change: APT_TESTS_ACCEPT=1 {Path(sys.executable).name} -m pytest, then read the diff"
        assert record.read_text(encoding="utf-8") == text, accept

    return compare
