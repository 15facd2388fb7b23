"""Manifests as YAML that people read: quotes where YAML might read something else, and a comment beside a value."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import yaml

_PLAIN: Final = r"[A-Za-z/][A-Za-z0-9/._-]+"
"""A text that is a text without quotes, or that PyYAML quotes, as `yes`. A lone `y` is none to Kubernetes."""


class Text(str):
    """A text that is dumped in quotes, so that YAML reads no number or boolean: `"30"`."""

    place = ""
    """Where it came from, as a comment beside it."""

    @classmethod
    def of(cls, text: str, place: str) -> "Text":
        """A text with the place where it came from, which may be empty."""
        made = cls(text)
        made.place = place
        return made


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key, and writes no anchors, as people write manifests."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002  yaml's signature
        super().increase_indent(flow, False)

    def write_double_quoted(self, text: str, split: bool = True) -> None:
        super().write_double_quoted(text, split)
        if place := getattr(text, "place", ""):
            self.write_indicator(f"# {place}", True)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  yaml's signature
        return True


_Dumper.add_representer(Text, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


def dump(documents: Iterable[Mapping[str, Any]]) -> str:
    """These manifests, one behind the other, each key where it stands."""
    quoted = map(_quote, documents)
    return yaml.dump_all(quoted, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)


def _quote(value: Any) -> Any:
    """A part of a manifest in which every text that some YAML might read as something else is in quotes."""
    if isinstance(value, Mapping):
        return {_quote(key): _quote(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_quote(each) for each in value]
    is_open = isinstance(value, str) and not isinstance(value, Text) and not re.fullmatch(_PLAIN, value)
    return Text(value) if is_open else value
