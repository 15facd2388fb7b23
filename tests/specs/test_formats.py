"""What other programs read: JSON, commands of GitHub, SARIF; findings and notes."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from support import ROOT

from apt_settings.cli import main
from apt_settings.specs.formats import as_github, as_sarif
from apt_settings.specs.reports import Finding

WRONG = Finding("a:b,c.sh", 3, "APT_SEED", "is 60%\r\nwrong")
NOTE = Finding("x.sh", 1, "APT_SEED", "is not judged", "note")


def test_notes_are_in_every_format(write_env: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    """With their level."""
    path = str(write_env("APT_EPOCHS=ten\nAPT_SEED=${S}\n", "x.env"))
    assert main(["check", path, "--format", "json"]) == 1
    rows = json.loads(capsys.readouterr().out)
    assert main(["check", path, "--format", "github"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert main(["check", path, "--format", "sarif"]) == 1
    (run,) = json.loads(capsys.readouterr().out)["runs"]

    assert [(row["line"], row["variable"], row["level"]) for row in rows] == [
        (1, "APT_EPOCHS", "error"),
        (2, "APT_SEED", "note"),
    ]
    assert [line.partition(",")[0] for line in lines] == [f"::error file={path}", f"::notice file={path}"]
    assert [(each["level"], each["locations"][0]["physicalLocation"]["region"]) for each in run["results"]] == [
        ("error", {"startLine": 1}),
        ("note", {"startLine": 2}),
    ]


def test_a_note_alone_is_no_failure(write_env: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    """The summary counts it."""
    path = write_env("APT_SEED=${S}\nAPT_EPOCHS=40\n", "x.env")
    assert main(["check", str(path)]) == 0
    out, err = capsys.readouterr()

    assert out == "good: 1 file: 1 setting judged, 1 not (lines below)\n"
    assert err == f"note: {path}:1: APT_SEED is not judged: the value is ${{S}}\n"


def test_commands_of_github_are_escaped() -> None:
    """Line breaks, percent signs, and in names colons and commas."""
    assert as_github([WRONG, NOTE]).splitlines() == [
        "::error file=a%3Ab%2Cc.sh,line=3,title=apt-settings::is 60%25%0D%0Awrong",
        "::notice file=x.sh,line=1,title=apt-settings::is not judged",
    ]


@pytest.mark.skipif(os.sep != "/", reason="names of Linux")
@pytest.mark.parametrize(
    ("name", "uri"), [("a b/ü%.sh", "a%20b/%C3%BC%25.sh"), ("a\\b.sh", "a%5Cb.sh"), ("\udce1.sh", "%5Cudce1.sh")]
)
def test_a_place_in_sarif_is_a_uri(name: str, uri: str) -> None:
    """As RFC 3986 has it; a backslash in a name is none between folders."""
    (result,) = json.loads(as_sarif([WRONG._replace(file=name)]))["runs"][0]["results"]

    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_sarif_is_complete() -> None:
    """Each result has a rule that stands in the driver, and the version is the one that readers know."""
    report = json.loads(as_sarif([WRONG, NOTE]))
    (run,) = report["runs"]

    assert report["version"] == "2.1.0"
    assert {each["ruleId"] for each in run["results"]} == {each["id"] for each in run["tool"]["driver"]["rules"]}
    assert run["results"][0]["message"] == {"text": WRONG.message}


def test_editors_find_the_lines(write_env: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    """The pattern for VS Code that stands in the page matches findings and notes."""
    page = (ROOT / "docs" / "checking.md").read_text()
    pattern = json.loads(re.findall(r'"regexp": (".*")', page)[0])
    path = str(write_env("APT_EPOCHS=ten\nAPT_SEED=${S}\n", "x.env"))
    main(["check", path])
    told = capsys.readouterr()
    lines = [*told.out.splitlines(), *told.err.splitlines()]

    found = [match for line in lines if (match := re.search(pattern, line))]
    assert [(match[2], match[3]) for match in found] == [(path, "1"), (path, "2")]
