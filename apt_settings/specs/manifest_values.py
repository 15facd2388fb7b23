"""The values of YAML, JSON and TOML: what Kubernetes takes for no string, and what other tools put into a text."""

import re
from collections.abc import Mapping
from typing import Final

from yaml.nodes import Node, ScalarNode

from .spec import MARK, Values, joined, marked
from .trees import TEMPLATED, items_of, pairs_of, text_of

_NUMBER: Final = (
    r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?|0[xob][0-9a-fA-F_]+|[-+]?\.(inf|Inf|nan|NaN)"
)
_BOOLEAN: Final = r"(?i:y|yes|on|true|n|no|off|false)"
_NULL: Final = r"~|null|Null|NULL|"
_REPLACED: Final = (
    (rf"\{{\{{.*|.*{TEMPLATED}.*|.*[^$]\{{\{{.*", "{{ ... }}"),
    (r"\$\{\{.*\}\}.*|.*\$\{\{.*", "${{ ... }}"),
)
"""Text that another tool replaces before anybody reads the value."""
_REFERENCE: Final = r"(?<!\$)((?:\$\$)*)(\$\((\w[\w.-]*)\)|\$\{(\w+)(?:(:?-)([^}]*))?[^}]*\}|\$([A-Za-z_]\w*))"
"""The value of another variable: of Kubernetes, of Compose and a shell with a default, of GitLab and envsubst."""


def is_null(node: ScalarNode) -> bool:
    """Whether YAML takes a value for none: `~`, or nothing at all."""
    return node.style is None and re.fullmatch(_NULL, node.value) is not None


def no_string(node: ScalarNode) -> str | None:
    """What to put into quotes where YAML takes a value for a number or a boolean: `.5` -> `0.5`; None for a string."""
    if node.style is not None or not re.fullmatch(f"{_NUMBER}|{_BOOLEAN}", node.value):
        return None
    return re.sub(r"^([-+]?)\.", r"\g<1>0.", node.value.replace("_", ""))


def alternatives(text: str, values: Values) -> list[str]:
    """The texts that a value may be; what only the job knows stands in marks. `${A:-60}` -> unknown, or 60."""
    if matrix := re.fullmatch(r"\$\{\{\s*(matrix\.\w+)\s*\}\}", text):
        return list(values.get(matrix[1].replace(".", "_"), [marked("${{ ... }}")]))
    if default := re.fullmatch(r"\$\{\{[^{}]*\|\|\s*'([^'{}]*)'\s*\}\}", text):
        return [marked("${{ ... }}"), default[1]]
    for pattern, what in _REPLACED:
        if re.fullmatch(f"(?s){pattern}", text):
            return [marked(what)]
    parts, position = [], 0
    for match in re.finditer(_REFERENCE, text):
        parts += [[text[position : match.start()] + match[1]]]
        name = f"$({match[3]})" if match[3] else f"${match[4] or match[7]}"
        parts += [[marked(name), match[6]] if match[5] else [marked(name)]]
        position = match.end()
    return [each if MARK in each else each.replace("$$", "$") for each in joined([*parts, [text[position:]]])]


def matrix_of(fields: Mapping[str, Node]) -> dict[str, list[str]]:
    """`matrix: {seed: [1, 2]}` -> `{"matrix_seed": ["1", "2"]}`."""
    matrix = pairs_of(pairs_of(fields.get("strategy")).get("matrix")) or pairs_of(fields.get("matrix"))
    found = {f"matrix_{key}": list(filter(None, map(text_of, items_of(node)))) for key, node in matrix.items()}
    for each in map(pairs_of, items_of(matrix.get("include"))):
        for key, node in each.items():
            found.setdefault(f"matrix_{key}", []).extend([node.value] if isinstance(node, ScalarNode) else [])
    return {name: list(dict.fromkeys(texts)) for name, texts in found.items() if texts}


def as_shell(text: str) -> str:
    """A script without what another tool replaces before: `${{ matrix.seed }}` -> `${matrix_seed}`, `$$x` -> `$x`."""
    text = re.sub(r"\$?\{\{(.*?)\}\}", lambda each: f"${{{_as_name(each[1])}}}", text)
    return re.sub(r"\$\$(?=[A-Za-z_{(])", "$", text.replace(TEMPLATED, "${template}"))


def _as_name(text: str) -> str:
    """`matrix.seed` -> `matrix_seed`."""
    return re.sub(r"\W+", "_", text).strip("_")[:40] or "template"
