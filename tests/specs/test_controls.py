"""Names of ours that are no settings, in job specs: in files that must not have them, and beside those of others."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support import errors_in, notes_in, printed, start_command

from apt_settings.sources.controls import CONTROLS
from apt_settings.sources.layers import FOR_THE_CALLER
from apt_settings.sources.names import variable_of
from apt_settings.specs.findings import judge


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("value", ["", "x"])
def test_a_env_must_not_say_what_the_caller_says(control: str, value: str) -> None:
    """A job would refuse the file, also where the value is empty; a file for docker or systemd may have it."""
    line = f"APT_TASK=squad\n{variable_of(control)}={value}\n".encode()
    wrong, other = (
        [each.line for each in judge(name, line).findings if "cannot stand in a .env" in each.message]
        for name in (".env", "job.env")
    )

    assert wrong == [2] * (control in FOR_THE_CALLER)
    assert other == []


def test_names_that_a_script_says_are_of_others_are_no_faults_in_that_list() -> None:
    """Where the script sets one, the checker must be told, too, as no file can let its own names pass."""
    text = "export APT_FOREIGN=APT_SITE_URL,APT_CO_*\nrun\n"
    (finding,) = judge("job.sh", f"{text}export APT_SITE_URL=x\nrun\n".encode()).findings

    assert errors_in("job.sh", text) == []
    assert errors_in("job.sh", text.replace("APT_SITE_URL,APT_CO_*", "APT_SITE_URL APT_SEEED=1")) == [(1, "APT_SEEED")]
    assert (finding.line, finding.message) == (
        3,
        "APT_SITE_URL is not a setting; export APT_FOREIGN=APT_SITE_URL for check, too",
    )


@pytest.mark.parametrize("launcher", [("slurm",), ("kubernetes", "--image", "x")], ids=lambda each: each[0])
def test_what_job_writes_with_foreign_names_is_good(
    launcher: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The list stands in it, for the job."""
    monkeypatch.setenv("APT_FOREIGN", "APT_MIRROR_URL")
    text = printed(capsys, "job", *launcher, "--task", "squad", "--", "true")
    monkeypatch.delenv("APT_FOREIGN")

    assert "APT_MIRROR_URL" in text
    assert errors_in("job.sh" if launcher == ("slurm",) else "job.yaml", text) == []


@pytest.mark.parametrize(
    "options",
    [
        ("--task", "squad", "--set", "output_dir=a #b"),
        ("--task", "custom", "--set", "dataset=a$b", "--set", "architecture='q' \"r\""),
    ],
    ids=" ".join,
)
def test_a_file_for_docker_is_read_as_docker_reads_it(
    options: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Its quotes, dollars and number signs are the value's; it is complete, and an edit is found at its pin."""
    printed(capsys, "job", "docker", "--image", "x", *options, "--write-env-file", "k.env", "--", "true")
    text = Path("k.env").read_text()

    assert judge("k.env", text.encode())[:2] == ([], [])
    assert [name for _, name in errors_in("k.env", text + "APT_SEED=9\n")] == ["APT_EXPECT"]
    assert errors_in("k.env", text + "APT_SEED='9'\n") == [(len(text.splitlines()) + 1, "APT_SEED")]


def test_a_task_that_may_be_of_a_class_is_named_as_not_judged() -> None:
    """The spec names a class, and who checks it does not."""
    text = "export APT_EXTEND=foo:Bar APT_TASK=sqad\nrun\n"
    (_, told) = judge("job.sh", text.encode()).notes

    assert errors_in("job.sh", text) == []
    assert told.message == "APT_TASK='sqad' is not judged: it may be of a task of foo:Bar"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.yaml", "env:\n  APT_EPOCHS: x\n  APT_EPOCHS: 3\n"),
        ("x.json", '{"env": {\n"APT_EPOCHS": "x",\n"APT_EPOCHS": 3}}'),
        ("x.yaml", "kind: ConfigMap\ndata: {APT_EPOCHS: '2',\n  APT_EPOCHS: '3'}\n"),
    ],
)
def test_a_name_twice_in_a_table_is_told(name: str, text: str) -> None:
    """Readers take the last one, and nobody knows which was meant."""
    (finding,) = [each for each in judge(name, text.encode()).findings if "twice" in each.message]

    assert finding.message == f"APT_EPOCHS stands twice, first in line {finding.line - 1}"


def test_stdin_may_be_named_twice(write_env: Callable[..., Path]) -> None:
    """As any other file may: it is read once."""
    path = str(write_env("APT_EPOCHS=ten\n", "x.env"))
    with start_command("check", "-", path, "-", path, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        out, _ = process.communicate("export APT_EPOCHS=x\nrun\n")

    assert [line.split(" ")[0] for line in out.splitlines()] == ["stdin:1:", f"{path}:1:"]
    assert notes_in("x.env", "") == []
