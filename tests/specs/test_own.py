"""A project's own settings in job specs: secrets in clear, and a class that nothing names."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from support import errors_in, git, notes_in

from apt_settings import SettingsGroup
from apt_settings.cli import main
from apt_settings.own import Place
from apt_settings.registry import in_force
from apt_settings.registry.naming import with_groups
from apt_settings.specs.findings import judge


class Own(SettingsGroup):
    """A project's settings."""

    eval_every: int = 500
    api_key: SecretStr | None = None


@pytest.fixture(autouse=True)
def own() -> Iterator[None]:
    """The group is named by the caller, as by --extend."""
    with in_force(with_groups([Own], Place("test"))):
        yield


WORD = f"{Own.__module__}:Own"
NAMED = f"APT_EXTEND={WORD}"
CONTAINER = """\
containers:
  - image: x
    env:
      - {{name: APT_EXTEND, value: "WORD"}}
      - {{name: APT_EVAL_EVERY, value: "3"}}
  - image: x
    env:
      - {{name: APT_EVAL_EVERY, value: "3"}}{more}
""".replace("WORD", WORD)
MAP = "apiVersion: v1\nkind: {kind}\nmetadata: {{name: m}}\n{data}: {{APT_API_KEY: hunter2}}\n"
REFERENCE = """\
containers:
  - image: x
    env:
      - {name: APT_API_KEY, valueFrom: {secretKeyRef: {name: w, key: k}}}
"""


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("job.sh", "export APT_API_KEY=hunter2\ntrain\n", 1),
        ("job.sh", "APT_API_KEY=hunter2 train\n", 1),
        ("job.sh", "true\napt-settings run --set api_key=hunter2 -- train\n", 2),
        ("job.env", "APT_API_KEY=hunter2\n", 1),
        ("pod.yaml", CONTAINER.format(more="\n      - {name: APT_API_KEY, value: hunter2}"), 9),
        ("map.yaml", MAP.format(kind="ConfigMap", data="data"), 4),
        ("compose.yaml", "services:\n  a:\n    image: x\n    environment:\n      APT_API_KEY: hunter2\n", 5),
        ("Dockerfile", "FROM x\nENV APT_API_KEY=hunter2\n", 2),
        ("Makefile", "all:\n\tAPT_API_KEY=hunter2 train\n", 2),
    ],
)
def test_a_secret_in_clear_is_wrong(name: str, text: str, line: int) -> None:
    """Whoever can read the file has it; the message does not show it."""
    found = [each for each in judge(name, text.encode()).findings if each.variable == "APT_API_KEY"]

    assert [each.line for each in found] == [line]
    assert "APT_API_KEY is secret, and stands in clear here: take it from the environment or a Sec" in found[0].message
    assert "hunter" not in found[0].message


@pytest.mark.parametrize(
    ("flag", "wrong", "told"),
    [
        ("--api-key hunter2", "--api-key shows a secret here, and in ps: set APT_API_KEY, or APT_API_KEY_FILE to", ""),
        ("--api_key=hunter2", "--api_key shows a secret here, and in ps: set APT_API_KEY", ""),
        (
            "--api-key $KEY",
            "",
            "--api-key shows a secret in ps: set APT_API_KEY, or APT_API_KEY_FILE to a file",
        ),
        (
            "--eval-every 3",
            "",
            "--eval-every is for the command alone, and no record or fingerprint has it: write",
        ),
    ],
)
def test_a_flag_behind_the_command_is_told(flag: str, wrong: str, told: str) -> None:
    """Nobody is told to write a secret on a command line."""
    judgement = judge("job.sh", f"export {NAMED} APT_TASK=squad\napt-settings run -- train {flag}\n".encode())

    for words, found in ((wrong, judgement.findings), (told, judgement.notes)):
        assert [each.message[: len(words)] for each in found] == [words] * bool(words)
        assert "hunter2" not in str(found)


@pytest.mark.parametrize("name", ["job.service", "main.tf", "job.csh", "x.ini"])
def test_a_secret_where_no_value_is_read_is_named(name: str) -> None:
    """As any other setting there."""
    judgement = judge(name, b"Environment=APT_API_KEY=hunter2\n")

    assert [each.message for each in judgement.notes] == ["APT_API_KEY is not judged: check reads no value here"]
    assert judgement.unjudged == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("job.sh", "export APT_API_KEY=$(cat key)\ntrain\n"),
        ("job.sh", "export APT_API_KEY=$KEY\ntrain\n"),
        ("job.sh", "export APT_API_KEY\ntrain\n"),
        ("job.sh", "export APT_API_KEY=none\ntrain\n"),
        ("job.sh", "export APT_API_KEY_FILE=/run/secrets/key\ntrain\n"),
        (".env.example", "APT_API_KEY=your-key\n"),
        ("pod.yaml", REFERENCE),
        ("secret.yaml", MAP.format(kind="Secret", data="stringData")),
        ("ci.yaml", "env:\n  APT_API_KEY: ${{ secrets.KEY }}\nsteps: [{run: train}]\n"),
    ],
)
def test_a_secret_from_another_place_needs_no_word(name: str, text: str) -> None:
    """That is where it should be: nothing is wrong, and no note stands in every pull request."""
    judgement = judge(name, text.replace("export ", f"export {NAMED} ").encode())
    told = [*judgement.findings, *(each for each in judgement.notes if "not judged" in each.message)]

    assert [each for each in told if each.variable == "APT_API_KEY"] == []


def test_a_private_env_may_have_a_secret(
    write_env: Callable[..., Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where git leaves the file out, it is nobody else's; where git has it or would add it, the secret is told."""
    write_env("from pydantic import *\nclass Hub(BaseModel):\n    token: SecretStr | None = None\n", "hub_own.py")
    monkeypatch.syspath_prepend(Path.cwd())
    write_env("APT_TOKEN=geheim\n")
    check = ["check", "--extend", "hub_own:Hub", ".env"]
    outside = main(check)
    git("init", "-q", cwd=Path.cwd())
    added = main(check)
    write_env(".env\n", ".gitignore")
    ignored = main(check)
    subprocess.run(["git", "add", "-f", ".env"], check=True)
    committed = main(check)

    assert (outside, added, ignored, committed) == (0, 1, 0, 1)
    assert "geheim" not in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("job.sh", "export APT_TASK=squad APT_EVAL_EVERY=3\napt-settings run -- true\n", [(1, "APT_EVAL_EVERY")]),
        ("job.sh", f"export APT_EVAL_EVERY=3\nexport {NAMED}\napt-settings run -- true\n", []),
        ("job.sh", f"export APT_EVAL_EVERY=3\n{NAMED} apt-settings run -- true\n", []),
        ("job.sh", f"export APT_EVAL_EVERY=3\napt-settings run --extend {WORD} -- true\n", []),
        ("job.sh", f"export {NAMED}\nfor s in 1 2; do APT_EVAL_EVERY=$s apt-settings run -- true; done\n", []),
        ("pod.yaml", CONTAINER.format(more=""), [(8, "APT_EVAL_EVERY")]),
        ("Dockerfile", "FROM x\nENV APT_EVAL_EVERY=3\n", [(2, "APT_EVAL_EVERY")]),
        ("map.yaml", "apiVersion: v1\nkind: ConfigMap\ndata: {APT_EVAL_EVERY: '3'}\n", []),
        ("job.env", "APT_EVAL_EVERY=3\n", []),  # which must not name it
        ("job.sh", "export APT_SEED=3\napt-settings run -- true\n", []),
    ],
)
def test_own_settings_need_their_class(name: str, text: str, expected: list[tuple[int, str]]) -> None:
    """The job would refuse them: a note has the line to add."""
    assert errors_in(name, text) == []
    assert notes_in(name, text) == expected


def test_the_line_to_add_is_that_of_the_file() -> None:
    """As it stands in a script and in a Dockerfile."""
    (script,) = judge("job.sh", b"export APT_EVAL_EVERY=3\ntrain\n").notes
    (image,) = judge("Dockerfile", b"FROM x\nENV APT_EVAL_EVERY=3\n").notes

    assert f"nothing here names it: add export {NAMED}, unless the image or the program" in str(script)
    assert f"nothing here names it: add ENV {NAMED}, unless" in str(image)
