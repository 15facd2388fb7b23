"""Completion: what a shell offers at a TAB, in a real bash and a real zsh, and what becomes of the line."""

import os
import pty
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from support import started

from apt_settings.cli import commands, main

BIN = str(Path(sys.executable).parent)
RC = """
PS1='READY>'
{0}
{1}
apt-settings() {{ (IFS='|'; printf '%s\\n' "$*") >> "$OUT"; }}
"""
SHELLS = {"bash": ["bash", "--rcfile", "rc", "-i"], "zsh": ["zsh", "-i"]}


@pytest.fixture(params=["bash", "zsh"])
def shell(request: pytest.FixtureRequest) -> str:
    """A shell that is there."""
    if shutil.which(request.param) is None:
        pytest.skip(f"needs {request.param}")
    return str(request.param)


@cache
def completion_for(shell: str) -> str:
    """What `eval "$(_APT_SETTINGS_COMPLETE=bash_source apt-settings)"` reads."""
    return started(_APT_SETTINGS_COMPLETE=f"{shell}_source").stdout


TYPED = [
    ("sho\t --set epo\t30", ["show", "--set", "epochs=30"]),
    ("show --set=epo\t30", ["show", "--set=epochs=30"]),
    ("show --set lr_s\tcon\tX", ["show", "--set", "lr_scheduler=constant", "X"]),
    ("show --set=lr_scheduler=con\tX", ["show", "--set=lr_scheduler=constant", "X"]),
    (
        "show --extend a.b:C --set outlier_aware=t\tX",
        ["show", "--extend", "a.b:C", "--set", "outlier_aware=true", "X"],
    ),
    ("sweep --grid task=mnli,squad_\tX", ["sweep", "--grid", "task=mnli,squad_v2", "X"]),
    ("sweep --zip learning_r\tX", ["sweep", "--zip", "learning_rate=X"]),
    ("run --task sst2 -- python tra\tX", ["run", "--task", "sst2", "--", "python", "train.py", "X"]),
    ("show --env-file pro\tX", ["show", "--env-file", "prod.env", "X"]),
]


def typed(shell: str, folder: Path) -> str:
    """The arguments that apt-settings gets, a line each, from a person who types these keys at a terminal."""
    begin = "autoload -U compinit; compinit -u -D" if shell == "zsh" else ""
    for name in ("rc", ".zshrc"):
        (folder / name).write_text(RC.format(begin, completion_for(shell)))
    out = folder / "out"
    environ = {"PATH": f"{BIN}:/usr/bin:/bin", "ZDOTDIR": str(folder), "OUT": str(out), "TERM": "xterm"}
    terminal, end = pty.openpty()
    with subprocess.Popen(SHELLS[shell], cwd=folder, env=environ, stdin=end, stdout=end, stderr=end) as process:
        os.close(end)
        for keys in (*(f"apt-settings {keys}" for keys, _ in TYPED), "exit"):
            screen = b""
            while b"READY>" not in screen:
                screen += os.read(terminal, 4096)
            os.write(terminal, f"{keys}\n".encode())
        try:
            while os.read(terminal, 4096):
                pass
        except OSError:  # the shell has ended
            os.close(terminal)
        process.wait()
    return out.read_text()


def test_what_a_person_types(shell: str, tmp_path: Path) -> None:
    """No space follows a name, as its value does; one follows a value or a file."""
    for name in ("train.py", "prod.env"):
        (tmp_path / name).touch()

    assert [words for _, words in TYPED] == [line.split("|") for line in typed(shell, tmp_path).splitlines()]


@pytest.mark.parametrize(
    ("words", "incomplete", "offers"),
    [
        (["show", "--set"], "lr_scheduler=", ["linear", "cosine", "constant"]),
        (["show", "--set"], "outlier_aware=", ["true", "false"]),
        (["show", "--set"], "task=glue", ["glue_small", "glue_big"]),
        (["show", "--set"], "dataset=squad", ["squad_v2", "squad"]),
        (["show", "--set"], "architecture=roberta", ["roberta-base"]),
        (["show", "--set"], "distill_epochs=", ["none"]),
        (["show", "--set"], "adapter_targets=query,", ["query,value", "query,ffn"]),
        (["show", "--set"], "lr_scheduler=linear,", []),
        (["show", "--set"], "epochs=", []),
        (["show", "--set"], "no_such=", []),
        (["sweep", "--grid"], "lr_scheduler=linear,co", ["linear,cosine", "linear,constant"]),
        (["sweep", "--zip"], "precision=bf16,f", ["bf16,fp32", "bf16,fp16"]),
        (["sweep", "--zip"], '{"epochs": [', []),
    ],
)
def test_the_values_that_have_a_name_are_offered(words: list[str], incomplete: str, offers: list[str]) -> None:
    """After the name of a setting: choices, booleans, tasks; where several are listed, one after the other."""
    completion = ShellComplete(commands, {}, "apt-settings", "_APT_SETTINGS_COMPLETE")
    name = incomplete.partition("=")[0]

    assert [f"{name}={each}" for each in offers] == [
        item.value for item in completion.get_completions(words, incomplete)
    ]


@pytest.mark.parametrize(
    ("shell_asking", "environ", "answer"),
    [
        ("bash_complete", {"COMP_LINE": "apt-settings ex", "COMP_WORD": "ex"}, "plain,explain"),
        ("bash_complete", {"COMP_LINE": "apt-settings explain target", "COMP_WORD": "target"}, "plain,target_sparsity"),
        ("bash_complete", {"COMP_LINE": "apt-settings show --task mn", "COMP_WORD": "mn"}, "plain,mnli"),
        (
            "bash_complete",
            {"COMP_LINE": "apt-settings show --task gl", "COMP_WORD": "gl"},
            "plain,glue_small\nplain,glue_big",
        ),
        (
            "bash_complete",
            {"COMP_LINE": "apt-settings show --task squad", "COMP_WORD": "squad"},
            "plain,squad\nplain,squad_v2",
        ),
        ("bash_complete", {"COMP_LINE": "apt-settings show --format j", "COMP_WORD": "j"}, "plain,json"),
        (
            "bash_complete",
            {"COMP_LINE": "apt-settings check --set initial", "COMP_WORD": "initial"},
            "open,initial_sparsity=\nopen,initial_rank=",
        ),
        ("bash_complete", {"COMP_LINE": "apt-settings show --set epo", "COMP_WORD": "epo"}, "open,epochs="),
        ("bash_complete", {"COMP_LINE": "apt-settings show --set=epo", "COMP_WORD": "epo"}, "open,epochs="),
        ("bash_complete", {"COMP_LINE": "apt-settings show --set seed=", "COMP_WORD": ""}, ""),
        ("bash_complete", {"COMP_LINE": "apt-settings show --set lr_scheduler=l", "COMP_WORD": "l"}, "plain,linear"),
        ("bash_complete", {"COMP_LINE": "apt-settings run -- ", "COMP_WORD": ""}, "file,"),
        ("bash_complete", {"COMP_LINE": "apt-settings run -- env A=", "COMP_WORD": ""}, "file,"),
        ("bash_complete", {"COMP_LINE": "apt-settings run -- \udce9", "COMP_WORD": "\udce9"}, "file,_"),
        ("bash_complete", {"COMP_LINE": "apt-settings show --task \udce9", "COMP_WORD": "\udce9"}, ""),
        ("bash_complete", {"COMP_LINE": "apt-settings run --task squad_", "COMP_WORD": "squad_"}, "plain,squad_v2"),
        ("zsh_complete", {"COMP_WORDS": "apt-settings show --set=epo", "COMP_CWORD": "2"}, "open\n--set=epochs=\n_"),
    ],
)
def test_what_a_shell_is_told(
    shell_asking: str,
    environ: dict[str, str],
    answer: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """bash replaces what stands after the last `=`, zsh the whole word."""
    for name, text in {"_APT_SETTINGS_COMPLETE": shell_asking, **environ}.items():
        monkeypatch.setenv(name, text)
    with pytest.raises(SystemExit):
        main([])

    assert capsys.readouterr().out == f"{answer}\n"
