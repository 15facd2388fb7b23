"""The sizes of a model: a row of the paper's, or what its config.json says."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apt_settings import SettingsError, fingerprint, load
from apt_settings.cli import main
from apt_settings.plan import architecture_of, plan
from apt_settings.plan.models import SIZE_LIMIT

BERT = {
    "model_type": "bert",
    "hidden_size": 1024,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "intermediate_size": 4096,
    "vocab_size": 30522,
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
}
QWEN = {
    "model_type": "qwen2",
    "hidden_size": 896,
    "num_hidden_layers": 24,
    "num_attention_heads": 14,
    "num_key_value_heads": 2,
    "intermediate_size": 4864,
    "vocab_size": 151936,
    "tie_word_embeddings": True,
}
T5 = {"model_type": "t5", "num_layers": 2, "num_heads": 4, "d_kv": 8, "d_model": 32, "d_ff": 64, "vocab_size": 99}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of Hugging Face's, where its HF_HOME says."""
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    return tmp_path / "hf" / "hub"


def custom(architecture: str = "model", **values: Any) -> Any:
    job = {"task": "custom", "dataset": "mine", "architecture": architecture, "train_examples": 1000}
    return load({}, None, **{**job, **values})


def written(content: Any, folder: Path | str = "model") -> Path:
    Path(folder).mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    Path(folder, "config.json").write_bytes(text)
    return Path(folder)


def snapshot(cache: Path, commit: str, content: Any, *, main: bool = False) -> Path:
    """One revision of org/model in the cache; `main` is the one that is loaded where nobody names a revision."""
    repository = cache / "models--org--model"
    written(content, repository / "snapshots" / commit)
    if main:
        (repository / "refs").mkdir()
        (repository / "refs" / "main").write_text(f"{commit}\n")
    return repository / "snapshots" / commit / "config.json"


def test_a_folder_says_it_all() -> None:
    """bert-large and Qwen2.5-0.5B, to the last parameter, as their cards and their classes have it."""
    written(BERT)
    bert = architecture_of(custom())
    written(QWEN)
    qwen = architecture_of(custom())

    assert (bert.family, bert.layers, bert.head_size, bert.total_parameters) == ("bert", 24, 64, 335_143_938)
    assert (qwen.family, qwen.shared_by, qwen.head_size, qwen.total_parameters) == ("llama", 7, 64, 494_032_768)


def test_the_cache_is_read_at_main_and_else_at_its_newest(cache: Path) -> None:
    """As transformers finds a model that it has loaded before."""
    old = snapshot(cache, "aaa", {**BERT, "num_hidden_layers": 1})
    snapshot(cache, "bbb", {**BERT, "num_hidden_layers": 2})
    os.utime(old, (1, 1))

    assert architecture_of(custom("org/model")).layers == 2
    snapshot(cache, "ccc", {**BERT, "num_hidden_layers": 3}, main=True)
    os.utime(cache / "models--org--model" / "snapshots" / "ccc" / "config.json", (0, 0))
    assert architecture_of(custom("org/model")).layers == 3


@pytest.mark.parametrize(
    ("variable", "below"),
    [("HF_HUB_CACHE", ""), ("HUGGINGFACE_HUB_CACHE", ""), ("HF_HOME", "hub"), ("XDG_CACHE_HOME", "huggingface/hub")],
)
def test_the_cache_is_where_hugging_face_has_it(variable: str, below: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its variables are followed."""
    monkeypatch.delenv("HF_HOME")
    monkeypatch.setenv(variable, str(Path("elsewhere").resolve()))
    snapshot(Path("elsewhere", below), "aaa", BERT)

    assert architecture_of(custom("org/model")).layers == 24


def test_weights_elsewhere_have_the_sizes_too() -> None:
    """Where the architecture is a name that is not here, the folder of the weights tells."""
    written(BERT, "weights")

    assert architecture_of(custom("org/model", model_name_or_path="weights")).name == "org/model"


def test_the_seven_need_no_file() -> None:
    """A row of ours is not read anew: a folder of that name changes nothing."""
    written({**BERT, "num_hidden_layers": 1}, "roberta-base")

    assert architecture_of(custom("roberta-base")).layers == 12


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "model/config.json cannot be read: No such file or directory"),
        (b"{", "model/config.json is not JSON"),
        (b"\xff\xfe", "model/config.json is not JSON"),
        (b"[" * 100_000, "model/config.json is not JSON"),
        ([], "model/config.json is not a JSON object"),
        (b" " * (SIZE_LIMIT + 1), "model/config.json cannot be read: larger than 1 MiB, the most that is read"),
        ({"model_type": "gpt2"}, "model/config.json is of model_type 'gpt2', whose sizes are not known"),
        ({}, "model/config.json is of model_type None, whose sizes are not known"),
        ({"model_type": ["t5"]}, "whose sizes are not known"),
        ({"model_type": "bert"}, "model/config.json has no num_attention_heads: must be a whole number from 1 to"),
        ({**BERT, "hidden_size": 0}, "model/config.json has hidden_size 0: must be a whole number from 1 to"),
        ({**BERT, "hidden_size": True}, "has hidden_size True"),
        ({**BERT, "hidden_size": "1024"}, "has hidden_size '1024'"),
        ({**BERT, "num_hidden_layers": 1e400}, "has num_hidden_layers inf"),
        ({**BERT, "vocab_size": 10**12}, "has vocab_size 1000000000000"),
        ({**BERT, "hidden_size": 100}, "has hidden_size 100, which is no multiple of num_attention_heads 16"),
        ({**QWEN, "num_key_value_heads": 4}, "has num_attention_heads 14, which is no multiple of num_key_value_heads"),
        ({**QWEN, "num_key_value_heads": None}, "has no num_key_value_heads"),
        ({"model_type": "\x1b[31m"}, r"is of model_type '\x1b[31m'"),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_one_line_of_a_plan_that_is_there(
    content: Any, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Steps, prunings and rates need no sizes."""
    Path("model").mkdir()
    if content is not None:
        written(content)
    settings = custom()
    argv = [f"--set={name}={getattr(settings, name)}" for name in ("dataset", "architecture", "train_examples")]
    assert main(["plan", "--task", "custom", *argv]) == 0
    out, err = capsys.readouterr()
    (line,) = [line for line in out.splitlines() if line.startswith("parameters")]

    assert plan(settings).model is None
    assert message.split(": must")[0] in line
    assert message in plan(settings).not_known
    assert "steps         1,280 = 40 epochs x 32" in out
    assert err == ""


def test_a_model_that_is_not_here_says_where_was_looked(cache: Path) -> None:
    """With what to do."""
    with pytest.raises(SettingsError) as caught:
        architecture_of(custom("org/model"))

    assert str(caught.value.problems[0]) == (
        f"APT_ARCHITECTURE='org/model' has no config.json here, neither as a folder nor in {cache}; "
        "loading the model once puts it there"
    )
    assert "no config.json here" in plan(custom("x" * 4000)).not_known
    assert "no config.json here" in plan(custom("../../etc")).not_known


def test_shared_keys_and_values_are_told() -> None:
    """The paper does not say what a head is there; where nothing is pruned, nobody asks."""
    written(QWEN)

    assert "7 query heads of model share a head of keys and values" in " ".join(plan(custom()).warnings)
    assert "share" not in " ".join(plan(custom(target_sparsity=0)).warnings)


def test_no_cache_makes_a_fingerprint(capsys: pytest.CaptureFixture[str]) -> None:
    """Nor does it decide whether settings are good: what is on a disk is not what a job is."""
    before = fingerprint(custom())
    argv = ["check", "--task", "custom", "--set", "dataset=mine", "--set", "architecture=model"]
    written(b"{")

    assert fingerprint(custom()) == before
    assert main(argv) == 0
    assert "good: custom" in capsys.readouterr().out


@given(
    st.sampled_from([BERT, QWEN, T5]),
    st.dictionaries(
        st.sampled_from(sorted({*BERT, *QWEN, *T5, "head_dim", "num_decoder_layers", "attention_bias"})),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.integers()),
        max_size=3,
    ),
)
def test_any_config_has_sizes_or_one_sentence(usual: dict[str, Any], changed: dict[str, Any]) -> None:
    """Whatever stands in the file."""
    written({**usual, **changed})
    planned = plan(custom())

    assert (planned.model is None) == bool(planned.not_known)
    assert "\n" not in planned.not_known
    if planned.model:
        assert 0 < planned.model.kept_parameters <= planned.model.parameters
