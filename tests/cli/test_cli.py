"""The command line: what it prints, and its exit status."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import ROOT, printed, start_command, started

from apt_settings import GlueBigSettings, fingerprint, load
from apt_settings.cli import commands, main
from apt_settings.tasks import TASKS


def test_show_prints_every_setting_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Each setting has one row with its value and origin."""
    rows = [line.split()[0] for line in printed(capsys, "show").split("\n\n")[1].splitlines()]

    assert ["setting", *GlueBigSettings.model_fields] == rows


def test_show_tells_the_whole_story(
    write_env: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    golden: Callable[[str, str], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Origins, what is shadowed, the default that was overridden, the file read, and the notes to know."""
    path = write_env("APT_TASK=alpaca\nAPT_SEED=7\nAPT_EPOCHS=20\n")
    monkeypatch.setenv("APT_EPOCHS", "12")
    monkeypatch.setenv("APT_PRECISION", "")
    monkeypatch.setenv("APT_PRUNING_END_EPOCH", "12")
    monkeypatch.setenv("APT_SPARSITY_WARMUP_EPOCHS", "3")
    monkeypatch.setenv("APT_INITIAL_RANK", "100")

    golden("show.txt", printed(capsys, "show", "--set", "learning_rate=2e-5").replace(str(path.parent), "/job"))


def test_show_says_that_nobody_chose_the_task_and_no_file_was_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A forgotten APT_TASK and a `.env` in another folder are seen at a glance."""
    main(["show"])
    out = capsys.readouterr().out

    assert "glue_big (the default: nothing sets APT_TASK)" in out
    assert f"none: no .env in {tmp_path}" in out


def test_json_has_its_form(write_env: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    """`--format json` is task, fingerprint, env_file, and what there is to know of every setting."""
    path = write_env("APT_TARGET_SPARSITY=0.4\n")
    said = json.loads(printed(capsys, "show", "--task", "squad", "--format", "json"))
    expected = load({}, task="squad")

    assert list(said) == ["task", "fingerprint", "env_file", "settings"]
    assert ("squad", fingerprint(expected), str(path)) == (said["task"], said["fingerprint"], said["env_file"])
    assert said["settings"]["target_sparsity"] == {
        "value": 0.4,
        "origin": ".env:1",
        "default": 0.6,
        "citation": "paper, Table 2",
        "departs_from": "0.6 (paper, Table 2)",
    }
    assert said["settings"]["task"]["origin"] == "--task"
    assert expected == load({}, None, **{name: row["value"] for name, row in said["settings"].items()})


def test_wrong_settings_stop_show_with_78(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is printed but the problems, on stderr."""
    monkeypatch.setenv("APT_EPOCHS", "ten")
    assert main(["show", "--set", "seed=x"]) == 78
    out, err = capsys.readouterr()

    assert out == ""
    assert err == (
        "apt-settings: 2 problems in the settings\n"
        "  environment APT_EPOCHS='ten' is not allowed: must be a whole number, 1 <= x <= 10000\n"
        "  --set seed='x' is not allowed: must be a whole number, 0 <= x <= 4294967295\n"
    )


def test_check_is_0_or_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Good settings: one line and what there is to know. Wrong ones: a line for each problem."""
    monkeypatch.setenv("APT_SEED", "")
    monkeypatch.setenv("APT_EPOCHS", "10")
    assert printed(capsys, "check").splitlines() == [
        f"good: glue_big, {fingerprint(GlueBigSettings(epochs=10))}, 1 override: 1 from the environment",
        "note: environment APT_SEED is empty: not set",
        "note: distill_epochs stays 20 (class default) although it should be at most epochs, which is 10 "
        "(environment APT_EPOCHS); to change it: APT_DISTILL_EPOCHS=10",
    ]

    monkeypatch.setenv("APT_EPOCHS", "ten")
    monkeypatch.setenv("APT_LR", "1")
    assert main(["check"]) == 1
    out, err = capsys.readouterr()
    assert ([line.split()[1] for line in out.splitlines()], err) == (["APT_LR", "APT_EPOCHS='ten'"], "")


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["shwo"],
        ["show", "--set", "epochs"],
        ["show", "--set", "=3"],
        ["show", "--set", "epochs=3", "--set", "epochs=4"],
        ["show", "--task", "squad", "--set", "task=alpaca"],
        ["show", "--format", "yaml"],
        ["show", "--no-such"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The usage is printed on stderr, without a traceback."""
    assert main(argv) == 2
    assert "Usage: apt-settings" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["run", "--epochs", "3", "--", "true"], "--epochs is no option: write --set epochs=..."),
        (["show", "--num-train-epochs=3"], "--num-train-epochs is no option: write --set epochs=..."),
        (["run", "--epohs", "3", "--", "true"], "--epohs is no option; did you mean --set epochs=...?"),
        (["show", "--tsk", "squad"], "--tsk is no option; did you mean --task?"),
        (["show", "--hlep"], "--hlep is no option; did you mean --help?"),
        (["--versoin"], "--versoin is no option; did you mean --version?"),
        (["runs", "--epochs", "3"], "--epochs is no option: write --where epochs=..."),
        (["runs", "--stats", "done"], "--stats is no option; did you mean --where status=... or --where start=...?"),
        (["release-args", "--epochs", "3"], "--epochs is no option: write --set epochs=..."),
        (
            ["job", "--task", "squad"],
            "--task stands before the launcher: write job slurm or kubernetes or docker first",
        ),
        (["run", "--record", "--", "true"], "'--' is an option, and the path is missing"),
        (
            ["run", "--record=~/runs", "--", "true"],
            "'~/runs' begins with ~, which no shell has read here: write $HOME",
        ),
        (["show", "--env-file=~me/x.env"], "'~me/x.env' begins with ~, which no shell has read here: write the whole"),
        (["job", "slurm", "--record=~/r", "--", "true"], "write $HOME/r, or ./~/r"),
        (["job", "docker", "--image", "x", "--record=~", "--", "true"], "write $HOME, or ./~"),
        (["job", "slurm", "--record", "x/{task}", "--", "true"], "{fingerprint} is the only name that it takes"),
        (["job", "docker", "--image", "x", "--record", "x/{task}", "--", "true"], "is the only name that it takes"),
        (
            ["job", "slurm", "--setup", "#SBATCH --time=3", "--", "true"],
            "is for --sbatch: sbatch reads no directive",
        ),
        (["runs", "--html", ""], "'--html': is empty: write a path; . is the working directory"),
        (["runs", ""], "'[FOLDER]...': is empty: write a path"),
        (["show", "--from", ""], "'--from': is empty: write a path"),
        (["show", "--env-file", ""], "'--env-file': is empty: write a path"),
        (["job", "slurm", "--record", "--submit", "--", "true"], "'--submit' must be the path of a folder"),
        (["run", "--set", "epochs", "30", "--", "true"], "'epochs' is not NAME=VALUE, such as epochs=30"),
        (
            ["show", "--set", "epochs=3,seed=4"],
            "names two settings, epochs and seed: write the option for each of them",
        ),
        (["run", "--task", "squad", "x", "--", "true"], "x stands before the --"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_stands_in_the_wrong_place_is_told_where_it_goes(
    argv: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A setting as an option, under any name that trainers give it; an option in place of a path; two in one."""
    assert main(argv) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["--task", "squad", "--", "true", "--record", "runs"], "note: --record is for the command alone: write it"),
        (["--", "true", "--task", "squad"], "write --task before the command: behind it, it is for the command alone"),
        (["--task", "squad", "--set", "seed=", "--", "true"], "note: --set seed is empty: not set"),
        (["--task", "squad", "--set", "output_dir=a,seed=3", "--", "true"], "2 overrides: 1 from --set, 1 from --task"),
    ],
)
def test_run_says_what_is_not_its_own(argv: list[str], told: str) -> None:
    """An option behind the command, and a value that a shell left empty."""
    assert told in started("run", *argv).stderr


def run(*argv: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "apt_settings", *argv], capture_output=True, text=True, env={**os.environ, **environ}
    )


def bash(script: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """A script of bash, in which $apt is the command."""
    environ = {**os.environ, "apt": f"{sys.executable} -m apt_settings", **environ}
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=environ)


def test_the_command_is_a_module_too() -> None:
    """`python -m apt_settings` runs the same command and hands its status on."""
    assert run("check").returncode == 0
    wrong = run("show", APT_SEED="x", PYTHONIOENCODING="ascii", APT_OUTPUT_DIR="é")
    assert wrong.returncode == 78
    assert "Traceback" not in wrong.stderr


def test_output_survives_a_terminal_without_utf_8() -> None:
    """Where stdout is ASCII, other characters are escaped."""
    done = run("show", PYTHONIOENCODING="ascii", APT_OUTPUT_DIR="é")

    assert done.returncode == 0
    assert re.search(r"output_dir +(é|\\xe9) ", done.stdout)


def test_a_reader_that_leaves_early_is_no_error() -> None:
    """`show | true` ends as other tools do, without a traceback."""
    done = bash('exec 3> >(true); wait $!; $apt show --format json >&3; echo "$?"')

    assert done.stderr == ""
    assert done.stdout == "141\n"


def test_output_that_cannot_be_written_is_said() -> None:
    """A full disk is status 74 and a sentence, not a traceback, and not the status of wrong settings."""
    for command in ("show", "check", "show --format json"):
        with Path("/dev/full").open("w") as full:
            process = start_command(*command.split(), stdout=full, stderr=subprocess.PIPE)
            _, err = process.communicate()

        assert process.returncode == 74
        assert err == "apt-settings: cannot write the output: No space left on device\n"


def test_a_closed_output_is_no_traceback() -> None:
    """Without a stderr the status alone tells what is wrong."""
    assert bash("$apt show --nope 2>&-; echo $?").stdout == "2\n"
    assert bash("APT_EPOCHS=x $apt show 2>&-; echo $?").stdout == "78\n"
    with Path("/dev/full").open("w") as full:
        assert start_command("show", env={"APT_EPOCHS": "x"}, stderr=full).wait() == 78


def test_without_its_extra_the_command_says_what_to_install(tmp_path: Path) -> None:
    """Where click is missing, one line names the extra."""
    (tmp_path / "click.py").write_text("raise ModuleNotFoundError(name='click')")
    done = run("check", PYTHONPATH=str(tmp_path))

    assert done.returncode == 2
    assert done.stderr == "apt-settings: the command line needs click: pip install 'apt-settings[cli]'\n"


@pytest.mark.parametrize("form", ["json", "env"])
def test_formats_for_programs_keep_notes_out_of_the_data(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Notes go to stderr where stdout is data."""
    assert main(["show", "--format", form, "--set", "epochs=10"]) == 0
    out, err = capsys.readouterr()

    assert "note:" not in out
    assert err.startswith("note: distill_epochs stays 20")


def test_overrides_only_leaves_the_rest_out(capsys: pytest.CaptureFixture[str]) -> None:
    """Every format of show prints just what somebody set."""
    base = ["show", "--overrides-only", "--task", "mnli", "--set", "seed=3", "--format"]
    main([*base, "env"])
    assert capsys.readouterr().out == "APT_TASK=glue_big\nAPT_DATASET=mnli\nAPT_SEED=3\n"
    main([*base, "json"])
    assert list(json.loads(capsys.readouterr().out)["settings"]) == ["task", "dataset", "seed"]
    main([*base, "table"])
    assert [line.split()[0] for line in capsys.readouterr().out.split("\n\n")[1].splitlines()] == [
        "setting",
        "task",
        "dataset",
        "seed",
    ]


@pytest.mark.parametrize("name", ["target_sparsity", "APT_TARGET_SPARSITY", "target-sparsity"])
def test_explain_tells_all_there_is(
    name: str,
    write_env: Callable[..., Path],
    golden: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Meaning, range, default per task, citation, notes, the value now, its origin and what that shadows."""
    write_env("APT_TARGET_SPARSITY=0.5\n")
    monkeypatch.setenv("APT_TARGET_SPARSITY", "0.4")

    golden("explain.txt", printed(capsys, "explain", name))


def test_explain_answers_an_unknown_name_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt name is a wrong command line, with a guess."""
    assert main(["explain", "target_sparstiy"]) == 2
    assert "target_sparstiy is not a setting; did you mean target_sparsity?" in capsys.readouterr().err


def test_explain_works_while_the_settings_are_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    """It explains first, and then says what is wrong."""
    assert main(["explain", "epochs", "--set", "epochs=ten"]) == 78
    out, err = capsys.readouterr()

    assert "a whole number, 1 <= x <= 10000" in out
    assert "--set epochs='ten' is not allowed" in err


@pytest.mark.parametrize(
    ("argv", "takes"),
    [
        (["dataset", "--task", "squad"], "one of squad_v2, squad when the task is squad"),
        (
            ["architecture", "--task", "mnli", "--set", "epochs=ten"],
            "t5-xl-lm-adapt, t5-base when the task is glue_big",
        ),
        (["architecture"], "meta-llama/Llama-2-13b-hf; when the task is custom: one line"),
        (["architecture", "--task", "sqaud"], "meta-llama/Llama-2-13b-hf; when the task is custom: one line"),
        (["dataset", "--task", "custom"], "alpaca_gpt4; when the task is custom: one line"),
        (["APT_EPOCHS", "--task", "squad"], "a whole number, 1 <= x <= 10000"),
        (["apt_epochs"], "a whole number, 1 <= x <= 10000"),
    ],
)
def test_explain_says_what_goes_with_the_task(argv: list[str], takes: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Where somebody chooses one; a name may be a variable's."""
    main(["explain", *argv])
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("takes"))

    assert takes in line


@pytest.mark.parametrize("task", TASKS)
def test_the_schema_accepts_what_show_prints(task: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON Schema has a description, a default and, for numbers, a bound for every setting of the task."""
    job: dict[str, Any] = {"dataset": "mine", "architecture": "gpt2"} if task == "custom" else {}
    properties = json.loads(
        printed(capsys, "schema", "--task", task, *(f"--set={name}={value}" for name, value in job.items()))
    )["properties"]
    values = load({}, None, task=task, **job).model_dump(mode="json")

    assert values == {name: each["default"] for name, each in properties.items() if name not in job} | job
    assert all(each["description"] for each in properties.values())
    for name, each in properties.items():
        kinds = each.get("anyOf", [each])
        numbers = [kind for kind in kinds if kind["type"] in ("number", "integer")]
        assert all({"minimum", "exclusiveMinimum"} & set(kind) for kind in numbers), name


def test_several_env_files_may_be_named(write_env: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    """--env-file may be repeated, and the last one wins."""
    write_env("APT_SEED=1\nAPT_EPOCHS=30\n", "a.env")
    write_env("APT_SEED=2\n", "b.env")
    main(["show", "--format", "env", "--overrides-only", "--env-file", "a.env", "--env-file", "b.env"])

    assert capsys.readouterr().out == "APT_EPOCHS=30\nAPT_SEED=2\n"


def test_env_in_a_shell_reaches_the_job_or_stops_it() -> None:
    """The example of its help: what eval reads is the settings, and where they are wrong it fails with 78."""
    script = 'eval "$($apt env --task $TASK)" || exit; echo "$APT_TASK $APT_OUTPUT_DIR"'
    good = bash(script, TASK="mnli", APT_OUTPUT_DIR="a b'$HOME\"")
    wrong = bash(f"set -e; {script}", TASK="imagenet")

    assert good.stdout == "glue_big a b'$HOME\"\n"
    assert (wrong.returncode, wrong.stdout) == (78, "")
    assert "--task='imagenet' is not allowed" in wrong.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_env_as_a_dotenv_reads_back(encoding: str) -> None:
    """The file is UTF-8 whatever the terminal's encoding is, and gives equal settings."""
    before = load({}, output_dir="日 é'${X}", epochs=50)
    done = bash(
        "$apt env --format dotenv > .env", APT_OUTPUT_DIR="日 é'${X}", APT_EPOCHS="50", PYTHONIOENCODING=encoding
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert before == load({})


def test_env_tells_what_there_is_to_know(capsys: pytest.CaptureFixture[str]) -> None:
    """A default that cannot be written because it does not fit is told on stderr."""
    assert main(["env", "--set", "epochs=10"]) == 0
    out, err = capsys.readouterr()

    assert "DISTILL_EPOCHS" not in out
    assert err.startswith("note: distill_epochs stays 20")


def test_env_example_is_the_file_of_the_tree(capfd: pytest.CaptureFixture[str]) -> None:
    """`env --example` prints .env.example."""
    assert main(["env", "--example"]) == 0
    assert (ROOT / ".env.example").read_text() == capfd.readouterr().out


def test_env_files_may_be_joined_too(write_env: Callable[..., Path], capfd: pytest.CaptureFixture[str]) -> None:
    """--env-file takes what APT_ENV_FILE takes, and a missing one is told as the user spelt it."""
    write_env("APT_SEED=1\nAPT_EPOCHS=30\n", "a.env")
    write_env("APT_SEED=2\n", "b.env")
    main(["show", "--format", "env", "--overrides-only", "--env-file", "a.env:b.env"])
    assert capfd.readouterr().out == "APT_EPOCHS=30\nAPT_SEED=2\n"

    assert main(["check", "--env-file", "a.env", "--env-file", "no.env"]) == 1
    assert capfd.readouterr().out == "--env-file names 'no.env', which cannot be read: No such file or directory\n"


@pytest.mark.parametrize("name", ["unknown", "APT_ENV_FILE", "apt_reference"])
def test_controls_are_explained(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What error messages tell people to set can be looked up."""
    assert "takes" in printed(capsys, "explain", name)


def test_explain_tells_of_a_default_that_does_not_fit(capsys: pytest.CaptureFixture[str]) -> None:
    """The note of a setting stands with its value."""
    main(["explain", "distill_epochs", "--set", "epochs=10"])

    assert re.search(r"^note +distill_epochs stays 20", capsys.readouterr().out, re.MULTILINE)


def test_a_caution_is_told_until_it_is_heeded(capsys: pytest.CaptureFixture[str]) -> None:
    """show, check and JSON tell of LLaMA's sparsity while it is the default, and no longer once it is set."""
    for command in (["show"], ["check"], ["show", "--format", "json"]):
        main([*command, "--task", "alpaca"])
        assert "the paper prunes LLaMA to 0.3" in "".join(capsys.readouterr())
        main([*command, "--task", "alpaca", "--set", "target_sparsity=0.3"])
        assert "the paper prunes LLaMA to 0.3" not in "".join(capsys.readouterr())


def test_nothing_overridden_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty table would be puzzling."""
    main(["show", "--overrides-only"])

    assert capsys.readouterr().out.endswith("\n\nnothing is overridden\n")


def test_no_command_at_all_is_answered_with_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """The first thing that a stranger types, line by line."""
    assert main([]) == 2
    lines = capsys.readouterr().err.splitlines()

    assert lines[0] == "Usage: apt-settings [OPTIONS] COMMAND [ARGS]..."
    assert any(line.strip().startswith("release-args") for line in lines)


@pytest.mark.parametrize(("argv", "guess"), [(["shwo"], "show"), (["job", "slrum"], "slurm")])
def test_a_misspelt_command_is_guessed_at(argv: list[str], guess: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As a misspelt setting is."""
    assert main(argv) == 2
    assert f"did you mean {guess}?" in capsys.readouterr().err


def test_a_missing_module_that_is_no_extra_is_an_error_of_ours(tmp_path: Path) -> None:
    """It is not taken for click: the traceback says what is broken."""
    (tmp_path / "click.py").write_text("raise ModuleNotFoundError(name='something_else')")

    done = run("check", PYTHONPATH=str(tmp_path))

    assert done.returncode == 1
    assert "ModuleNotFoundError" in done.stderr


def test_ctrl_c_while_a_sweep_is_checked_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a shell has it, and without a traceback."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("apt_settings.cli.show.lines", interrupted)

    assert main(["show"]) == 130


def test_env_for_a_dotenv_that_is_wrong_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """A command that fails is for a shell alone."""
    assert main(["env", "--format", "dotenv", "--set", "epochs=x"]) == 78
    assert capfd.readouterr().out == ""


def test_explain_says_what_else_a_name_is(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a field of a class of one's own that stands for a setting of ours."""
    code = (
        "from dataclasses import dataclass\nfrom apt_settings import group\n@dataclass\nclass A:\n    rounds: int = 1\n"
    )
    (tmp_path / "named.py").write_text(f"{code}a = group(A, means={{'rounds': 'epochs'}})\n")

    monkeypatch.setenv("APT_EXTEND", "")  # so that what --extend sets is taken back
    monkeypatch.syspath_prepend(tmp_path)

    assert main(["explain", "rounds", "--extend", "named:a"]) == 2
    assert "rounds is not a setting: that is APT_EPOCHS" in capsys.readouterr().err


COMMANDS = [
    [],
    *([name] for name in commands.names),
    *(["job", name] for name in ("slurm", "kubernetes", "docker")),
]


@pytest.mark.parametrize("columns", [80, 60])
@pytest.mark.parametrize("argv", COMMANDS, ids=" ".join)
def test_help_fits_the_terminal(
    argv: list[str], columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No line is longer, and no sentence is cut."""
    monkeypatch.setenv("COLUMNS", str(columns))
    usage, *lines = printed(capsys, *argv, "--help").splitlines()

    assert max(map(len, [usage, *lines])) <= columns
    assert not any("..." in line for line in lines)


@pytest.mark.parametrize("argv", [[], ["job"]], ids=" ".join)
def test_each_command_has_one_line(
    argv: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """At the width of most terminals."""
    monkeypatch.setenv("COLUMNS", "80")
    listed = printed(capsys, *argv, "--help").partition("Commands:\n")[2].splitlines()

    names = [each[-1] for each in COMMANDS if each[:-1] == argv and each]
    assert [line.split()[0] for line in listed] == names
    assert all(line.endswith(".") for line in listed)
