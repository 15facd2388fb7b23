"""What several test files share: paths, strategies, and forks that never go on with the tests."""

import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from apt_settings.tasks import TASKS

RECORDS = Path(__file__).parent / "records"
ROOT = Path(__file__).parent.parent

TRAINING = ("torch", "transformers", "peft")
needs_training = pytest.mark.skipif(  # skips tests, not modules: what a marker leaves out is not told as skipped
    None in map(find_spec, TRAINING), reason="needs pip install 'apt-settings[torch,transformers,peft]'"
)

TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Zl", "Zp")), min_size=1, max_size=40),
    st.text("a b'\"$,\\{}#=:-`!~é日", min_size=1, max_size=20),
).filter(lambda text: text == text.strip())
ANY_SETTINGS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
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
