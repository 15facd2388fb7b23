"""Findings and notes as other programs read them: a list as JSON, commands of GitHub workflows, and SARIF."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from ..basics.packages import version_of
from .reports import Finding

_SARIF_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_RULES: Final = {"error": "apt-settings/wrong", "note": "apt-settings/note"}


def as_json(findings: Sequence[Finding]) -> str:
    """A list with an object for each: file, line, variable, message, and level, which is error or note."""
    return json.dumps([finding._asdict() for finding in findings], indent=2)


def as_github(findings: Sequence[Finding]) -> str:
    """Commands of GitHub workflows, which show each beside its line: `::error file=job.sh,line=3,...`."""
    return "\n".join(map(_command, findings))


def _command(finding: Finding) -> str:
    data = finding.message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    place = finding.file.replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
    level = "notice" if finding.level == "note" else "error"
    return f"::{level} file={place},line={finding.line},title=apt-settings::{data}"


def as_sarif(findings: Sequence[Finding]) -> str:
    """SARIF 2.1.0, which code scanning and editors read."""
    rules = [{"id": each} for each in _RULES.values()]
    driver = {"name": "apt-settings", "version": version_of("apt-settings"), "rules": rules}
    run = {"tool": {"driver": driver}, "results": [_result(each) for each in findings]}
    return json.dumps({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _result(finding: Finding) -> dict[str, Any]:
    region = {"startLine": finding.line}
    location = {
        "artifactLocation": {"uri": quote(PurePath(finding.file).as_posix(), errors="backslashreplace")},
        "region": region,
    }
    return {
        "ruleId": _RULES[finding.level],
        "level": finding.level,
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": location}],
    }


FORMATS: Final[Mapping[str, Callable[[Sequence[Finding]], str]]] = {
    "json": as_json,
    "github": as_github,
    "sarif": as_sarif,
}
