"""The sizes of a model: a row for those of the paper; for others of their families, what their `config.json` says.

The file is read as JSON, from a folder or from Hugging Face's cache. Nothing is imported, nothing is downloaded.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..base import AptSettings
from ..basics.escaping import escaped, shown
from ..basics.files import UnreadableError, read_bytes, read_text
from ..errors import SettingsError
from ..facts.architectures import ARCHITECTURES, BIASES, Architecture, Bias, Family
from ..sources.names import variable_of

CONFIG: Final = "config.json"
SIZE_LIMIT: Final = 1024 * 1024
"""The most bytes that a `config.json` may have."""
_COMMIT_LIMIT: Final = 1024
_LARGEST: Final = 10**9
"""The largest number that is taken for a size; it keeps plans of nonsense short."""


def architecture_of(settings: AptSettings) -> Architecture:
    """The sizes and module names of the settings' model. Raises SettingsError where they are not known.

    `roberta-large`, whose config.json is in the cache -> 24 layers, 16 heads, 1024 dimensions
    """
    name = settings.architecture
    if name in ARCHITECTURES:
        return ARCHITECTURES[name]
    config = _read(name, _file_of(settings))
    kind = config.values.get("model_type")
    if not isinstance(kind, str) or kind not in _READERS:
        families = f"a model of the families of BERT, RoBERTa, T5 and LLaMA: {', '.join(_READERS)}"
        raise SettingsError.at(config.path, f"is of model_type {shown(kind)}, whose sizes are not known", families)
    return _READERS[kind](config)


def _file_of(settings: AptSettings) -> Path:
    """The config.json of the settings' model. Raises SettingsError where there is none on this machine."""
    name = settings.architecture
    for each in filter(None, (name, settings.model_name_or_path)):
        if os.path.isdir(each):
            return Path(each, CONFIG)
        if cached := next(filter(os.path.isfile, _cached(each)), None):
            return cached
    place = f"{variable_of('architecture')}={shown(name)}"
    wrong = f"has no {CONFIG} here, neither as a folder nor in {escaped(str(_hub()))}"
    raise SettingsError.at(place, wrong, fix="loading the model once puts it there")


def _cached(name: str) -> Iterator[Path]:
    """Where Hugging Face's cache has the config.json of a model: that of `main` first, then the newest."""
    folder = _hub() / f"models--{name.replace('/', '--')}"
    with suppress(UnreadableError):  # another revision was loaded
        commit = read_text(folder / "refs" / "main", _COMMIT_LIMIT).strip()
        yield folder / "snapshots" / commit / CONFIG
    with suppress(OSError):  # the name is longer than a file's, or somebody else is changing the cache
        yield from sorted(folder.glob(f"snapshots/*/{CONFIG}"), key=os.path.getmtime, reverse=True)


def _hub() -> Path:
    """Hugging Face's cache of models, as huggingface_hub finds it."""
    usual = os.path.join(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    home = os.path.join(os.environ.get("HF_HOME") or usual, "hub")
    return Path(os.path.expanduser(os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE") or home))


class _Config(NamedTuple):
    """A model's config.json."""

    name: str
    """The model's."""
    path: str
    values: Mapping[str, Any]

    def number(self, key: str, default: int | None = None) -> int:
        """A size; `default` where the file does not say it. Raises SettingsError for all but a whole number."""
        value = default if self.values.get(key) is None else self.values[key]
        if type(value) is not int or not 0 < value <= _LARGEST:
            wrong = f"has no {key}" if value is None else f"has {key} {shown(value)}"
            raise SettingsError.at(self.path, wrong, f"a whole number from 1 to {_LARGEST:,}")
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        """Whether something is so; `default` where the file does not say it."""
        value = self.values.get(key)
        return default if value is None else bool(value)


def _read(name: str, file: Path) -> _Config:
    """A config.json. Raises SettingsError for a file that cannot be read, or is no JSON object."""
    path = escaped(str(file))
    try:
        values = json.loads(read_bytes(file, SIZE_LIMIT))
    except UnreadableError as error:
        raise SettingsError.at(path, f"cannot be read: {error}") from None
    except (ValueError, RecursionError):
        raise SettingsError.at(path, "is not JSON") from None
    if not isinstance(values, dict):
        raise SettingsError.at(path, "is not a JSON object")
    return _Config(name, path, values)


def _encoder(config: _Config, family: Family) -> Architecture:
    heads, hidden = config.number("num_attention_heads"), config.number("hidden_size")
    return Architecture(
        config.name,
        family,
        encoder_layers=config.number("num_hidden_layers"),
        decoder_layers=0,
        heads=heads,
        head_size=_share(config, hidden_size=hidden, num_attention_heads=heads),
        hidden_size=hidden,
        ffn_size=config.number("intermediate_size"),
        vocab_size=config.number("vocab_size"),
        gated_ffn=False,
        positions=config.number("max_position_embeddings"),
        token_types=config.number("type_vocab_size"),
        biases=BIASES,
    )


def _t5(config: _Config) -> Architecture:
    layers = config.number("num_layers")
    return Architecture(
        config.name,
        "t5",
        encoder_layers=layers,
        decoder_layers=config.number("num_decoder_layers", layers),
        heads=config.number("num_heads"),
        head_size=config.number("d_kv"),
        hidden_size=config.number("d_model"),
        ffn_size=config.number("d_ff"),
        vocab_size=config.number("vocab_size"),
        gated_ffn=str(config.values.get("feed_forward_proj", "relu")).startswith("gated-"),
        buckets=config.number("relative_attention_num_buckets", 32),
        tied=config.flag("tie_word_embeddings", True),
    )


def _llama(config: _Config) -> Architecture:
    attention, ffn = config.flag("attention_bias"), config.flag("mlp_bias")
    biases = {"attention": attention, "output": attention, "ffn": ffn}
    return _decoder(config, tuple(each for each in BIASES if biases[each]), config.number("num_attention_heads"))


def _decoder(config: _Config, biases: tuple[Bias, ...], key_value_heads: int | None = None) -> Architecture:
    """A model of LLaMA's family; `key_value_heads` are those that it has where the file does not say it."""
    heads, hidden = config.number("num_attention_heads"), config.number("hidden_size")
    says_head_size = config.values.get("head_dim") is not None
    shared = config.number("num_key_value_heads", key_value_heads)
    return Architecture(
        config.name,
        "llama",
        encoder_layers=0,
        decoder_layers=config.number("num_hidden_layers"),
        heads=heads,
        head_size=config.number("head_dim")
        if says_head_size
        else _share(config, hidden_size=hidden, num_attention_heads=heads),
        hidden_size=hidden,
        ffn_size=config.number("intermediate_size"),
        vocab_size=config.number("vocab_size"),
        gated_ffn=True,
        biases=biases,
        tied=config.flag("tie_word_embeddings"),
        shared_by=_share(config, num_attention_heads=heads, num_key_value_heads=shared),
    )


def _share(config: _Config, **sizes: int) -> int:
    """The first size divided by the second. Raises SettingsError where a rest would be left."""
    (name, whole), (divisor, parts) = sizes.items()
    if whole % parts:
        raise SettingsError.at(config.path, f"has {name} {whole}, which is no multiple of {divisor} {parts}")
    return whole // parts


_READERS: Final[Mapping[str, Callable[[_Config], Architecture]]] = {
    "bert": partial(_encoder, family="bert"),
    "roberta": partial(_encoder, family="roberta"),
    "xlm-roberta": partial(_encoder, family="roberta"),
    "camembert": partial(_encoder, family="roberta"),
    "t5": _t5,
    "mt5": _t5,
    "llama": _llama,
    "mistral": partial(_decoder, biases=()),
    "qwen2": partial(_decoder, biases=("attention",)),
}
"""model_type -> how such a model is read. In transformers it has the module names of its family."""
