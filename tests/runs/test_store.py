"""The run record: what it holds, that it is never half written, and that it gives the same settings again."""

import json
import os
import re
import signal
import time
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import HealthCheck, given, settings
from support import ANY_SETTINGS, forked, git, started

from apt_settings import WHERE_IT_RUNS, GlueBigSettings, SettingsError, SettingsWarning, fingerprint, load
from apt_settings.base import is_set, settings_of, values_of
from apt_settings.basics.differences import Side, differences
from apt_settings.basics.files import remove_drafts
from apt_settings.cli import main
from apt_settings.fingerprint import changed, fingerprint_of
from apt_settings.loading import resolve
from apt_settings.runs.running import run_recorded
from apt_settings.runs.store import as_json, record_of, write
from apt_settings.sources.layers import Inputs
from apt_settings.sources.names import variable_of
from apt_settings.sources.record import Record, is_record, read


def recorded(*command: str, **values: Any) -> Path:
    """The folder of a run that has ended."""
    outcome = run_recorded(
        GlueBigSettings(**values), command or ("true",), dict(os.environ), Path("runs"), resume=False, once=False
    )
    assert outcome.message == ""
    return max(Path("runs").iterdir(), key=lambda folder: folder.stat().st_mtime_ns)


def edited(folder: Path, **changes: Any) -> Path:
    """The record of a folder with other values in it."""
    content = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(content | changes))
    return folder


@given(said=ANY_SETTINGS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.filterwarnings("ignore::apt_settings.SettingsWarning")
def test_a_replay_gives_equal_settings(said: dict[str, Any], tmp_path: Path) -> None:
    """Any valid settings, recorded and loaded from the record, are equal, as is their fingerprint."""
    before = load({}, None, **said)
    write(tmp_path, record_of(before))
    after = load({}, record=tmp_path)

    assert (before, fingerprint(before)) == (after, fingerprint(after))
    assert not changed(read(tmp_path))
    assert record_of(before) == read(tmp_path)


def test_a_record_says_who_set_what(write_env: Any) -> None:
    """Values, true origins, controls, versions, command and how it ended, each setting on a line of its own."""
    write_env("APT_EPOCHS=30\n", "job.env")
    os.environ["APT_ENV_FILE"] = "job.env"
    try:
        folder = recorded("sh", "-c", "exit 3", seed=5)
    finally:
        del os.environ["APT_ENV_FILE"]
    record = read(folder)
    (run,) = record.runs
    lines = (folder / "run.json").read_text().splitlines()

    assert tuple(record.settings[name].origin for name in ("epochs", "seed", "task")) == (
        "job.env:1",
        "argument seed",
        "class default",
    )
    assert record.controls["env_file"] == str(Path("job.env").absolute())
    assert (run.command, run.exit_status, run.signal) == (("sh", "-c", "exit 3"), 3, None)
    ours = {"apt-settings", "pydantic", "pydantic-settings", "python-dotenv", "python"}
    assert ours <= set(run.versions) <= ours | {"torch", "transformers", "peft"}
    assert run.seconds is not None
    assert 0 <= run.seconds < 60
    assert '    "epochs": {"value": 30, "origin": "job.env:1", "kind": "env file"},' in lines
    assert len(lines) < 90


def test_a_replay_does_not_read_the_environment(write_env: Any) -> None:
    """Only overrides beat a record; where the environment says something else, a note tells."""
    folder = recorded(seed=5)
    write_env("APT_SEED=6\n")
    with pytest.warns(SettingsWarning, match="environment APT_SEED='7' is not read: the record says 5"):
        again = load({"APT_SEED": "7", "APT_EPOCHS": "40"}, record=folder)

    assert again.seed == 5
    assert str(again.origin("seed")) == f"{folder} (argument seed)"
    assert load({}, record=folder, seed=8).seed == 8
    assert [f"{folder} (argument seed)", "class default"] == [
        each.location for each in load({}, record=folder, seed=8).origin("seed").overridden
    ]


@pytest.mark.parametrize(
    ("given", "extend"),
    [
        ({"APT_TASK": "squad"}, False),
        ({"APT_TASK": "squad"}, True),
        ({"APT_TASK": "squad", "APT_TARGET_SPARSITY": "0.6"}, True),
        ({"APT_TASK": "gsm8k", "APT_EVAL_EVERY": "300"}, True),
        ({"APT_TASK": "mrpc", "APT_REFERENCE": "release"}, True),
        ({"APT_TASK": "mrpc", "APT_REFERENCE": "release"}, False),
    ],
)
def test_a_replay_is_not_changed_by_a_projects_defaults(
    given: dict[str, str], extend: bool, project_classes: str
) -> None:
    """A class that is named here and restates a default of ours is no giver; what nobody set stays a default."""
    before = load(given, None, extend=project_classes if extend else None)
    Path("run").mkdir()
    write(Path("run"), record_of(before))
    after = load({}, record="run", extend=project_classes)
    of_both = settings_of(before)

    assert {name: values_of(after)[name] for name in of_both} == values_of(before)
    assert fingerprint(after) == fingerprint(before)
    if extend:
        assert [name for name in after.origins if is_set(after, name)] == [
            name for name in before.origins if is_set(before, name)
        ]


def test_a_set_is_recorded_in_one_order(project_classes: str) -> None:
    """Else the record of one process would be no more that of its fingerprint in the next."""
    before = load({"APT_TASK": "squad", "APT_WORDS": "q,w,e,r,t,y"}, None, extend=project_classes)
    Path("run").mkdir()
    write(Path("run"), record_of(before))

    assert read("run").settings["words"].value == ["e", "q", "r", "t", "w", "y"]
    assert not changed(read("run"))
    assert load({}, record="run", extend=project_classes) == before


def test_what_a_replay_does_not_read_is_told_in_the_order_of_the_settings() -> None:
    """And not in another one each time."""
    names = ["batch_size", "epochs", "seed", "target_sparsity", "initial_rank", "max_rank", "weight_decay"]
    environ = {variable_of(name): "4" for name in reversed(names)}
    notes = resolve(Inputs(environ, None), record=recorded()).notes

    assert [note.setting for note in notes] == names


def test_a_default_that_did_not_fit_is_a_default_again() -> None:
    """A run under APT_EPOCHS=10 replays, though the paper's 20 epochs of distillation could not be set."""
    folder = recorded(epochs=10)
    with pytest.warns(SettingsWarning, match="distill_epochs stays 20"):
        again = load({}, record=folder)

    assert GlueBigSettings(epochs=10) == again


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fingerprint": "apt1-0000000000000000"}, "was changed after it was written"),
        ({"format": 2}, "is of format 2, of a newer apt-settings; this one reads format 1"),
        ({"surprise": 1}, "is not a record: surprise"),
        ({"settings": []}, "is not a record: settings"),
        ({"task": "alpaca"}, "was changed after it was written"),
        ({"controls": None}, "is not a record: controls"),
    ],
)
def test_a_record_that_cannot_be_trusted_is_refused(change: dict[str, Any], message: str) -> None:
    """A changed, newer or malformed record is one error that says what is wrong with it."""
    folder = edited(recorded(), **change)
    with pytest.raises(SettingsError, match=message) as caught:
        load({}, record=folder)

    assert len(caught.value.problems) == 1


def test_a_setting_changed_by_hand_is_found() -> None:
    """The fingerprint no longer is that of the values."""
    folder = recorded()
    content = json.loads((folder / "run.json").read_text())
    content["settings"]["seed"]["value"] = 9
    edited(folder, **content)

    assert changed(read(folder))
    with pytest.raises(SettingsError, match="was changed after it was written"):
        load({}, record=folder)


def counted_of(content: dict[str, Any]) -> dict[str, Any]:
    """What the fingerprint of a record's JSON is made of."""
    return {
        name: each["value"]
        for name, each in content["settings"].items()
        if not (each.get("where_it_runs") or each.get("at_default"))
    }


def test_an_unknown_setting_is_named() -> None:
    """A record of a version with more settings says which one is unknown."""
    folder = recorded()
    content = json.loads((folder / "run.json").read_text())
    content["settings"]["initial_rnk"] = {"value": 1, "origin": "class default"}
    content["fingerprint"] = fingerprint_of(counted_of(content))
    edited(folder, **content)

    with pytest.raises(SettingsError, match="initial_rnk is not a setting; did you mean initial_rank"):
        load({}, record=folder)


def test_a_user_s_own_settings_replay() -> None:
    """A subclass's settings, marked or not, are verified by its own declarations."""

    class Mine(GlueBigSettings):
        cache: Annotated[str, WHERE_IT_RUNS] = "x"
        workers: int = 4

    write(Path(), record_of(Mine(cache="y", workers=5)))

    assert Mine(cache="y", workers=5) == load({}, record=".", settings_class=Mine)
    with pytest.raises(SettingsError) as caught:  # it was not changed: this is a record of settings that are not known
        load({}, record=".")
    assert [str(problem).removeprefix("./").replace(". (", "run.json (") for problem in caught.value.problems] == [
        "run.json (argument cache) cache is not a setting",
        "run.json (argument workers) workers is not a setting",
    ]


def test_a_record_of_before_reads_as_it_did() -> None:
    """Where a record does not say what kind of giver it was and what the fingerprint leaves out, its text tells."""
    folder = recorded(seed=5, reference="release")
    content = json.loads((folder / "run.json").read_text())
    del content["settings"]["train_examples"]
    for each in content["settings"].values():
        del each["kind"]
        each.pop("where_it_runs", None)
    edited(folder, **content)
    settings = load({}, record=folder)

    assert (settings.origin("epochs").kind, settings.origin("seed").kind) == ("release", "record")
    assert str(settings.origin("output_dir")) == "class default"


def test_a_path_with_a_nul_is_no_record() -> None:
    """No file can have it."""
    assert not is_record("a\0b")


def test_a_fifo_is_no_record() -> None:
    """Nothing waits for a writer that never comes."""
    os.mkfifo("run.json")
    with pytest.raises(SettingsError, match=r"run\.json is not a file"):
        load({}, record=".")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b" " * 2_000_000])
def test_what_is_no_record_is_refused(tmp_path: Path, content: bytes) -> None:
    """Any other file is an error that names it, never a traceback."""
    (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(SettingsError, match=r"run\.json is not a record"):
        load({}, record=tmp_path)
    with pytest.raises(SettingsError, match=r"no\.json cannot be read: No such file"):
        load({}, record="no.json")


def test_a_hostile_record_reaches_no_terminal() -> None:
    """Origins and names with control characters are escaped in messages."""
    folder = recorded(seed=5)
    content = json.loads((folder / "run.json").read_text())
    content["settings"]["seed"]["origin"] = "\x1b[31mred"
    edited(folder, **content)
    assert str(load({}, record=folder).origin("seed")).isprintable()

    content["settings"]["\x1b[31m"] = {"value": 1, "origin": "x"}
    content["fingerprint"] = fingerprint_of(counted_of(content))
    edited(folder, **content)
    with pytest.raises(SettingsError) as caught:
        load({}, record=folder)
    assert all(str(problem).isprintable() for problem in caught.value.problems)


def test_differences_are_told_setting_by_setting() -> None:
    """Equal sides differ in nothing; else setting and both sides are listed, None where one has no such setting."""
    one, other = {"seed": Side(128, "class default"), "epochs": Side(40, "x")}, {"seed": Side(1, ".env:1")}

    assert list(differences(one, one)) == []
    assert list(differences(one, other)) == [
        ("seed", Side(128, "class default"), Side(1, ".env:1")),
        ("epochs", Side(40, "x"), None),
    ]


@pytest.mark.parametrize("command", [["show", "--format", "json"], ["env"], ["explain", "seed"], ["check"]])
def test_commands_take_a_record(command: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    """--from answers from the record."""
    folder = recorded(seed=4711)
    assert main([*command, "--from", str(folder)]) == 0
    assert "4711" in capfd.readouterr().out or command == ["check"]
    assert main([*command, "--from", str(folder), "--env-file", "x"]) == 2
    assert main([*command, "--from", str(folder), "--task", "squad"]) == 2


def test_run_replays_a_record() -> None:
    """`run --from` runs another command with the same settings, and its record has the same fingerprint."""
    folder = recorded(seed=4711)
    done = started("run", "--from", str(folder), "--record", "again", "--", "sh", "-c", "echo $APT_SEED")
    (again,) = Path("again").iterdir()

    assert done.stdout == "4711\n"
    assert read(folder).fingerprint == read(again).fingerprint


def test_kill_9_leaves_the_old_record_or_the_new_one(tmp_path: Path) -> None:
    """Twenty writers killed at any moment leave a whole record each time."""
    record = record_of(GlueBigSettings())
    write(tmp_path, record)

    def keep_writing(length: int) -> int:
        while True:
            write(tmp_path, record.model_copy(update={"controls": {"turn": "x" * length}}))

    for number in range(20):
        child = forked(partial(keep_writing, number * 997 % 5000))
        time.sleep(0.002 + number % 10 * 0.001)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)

        assert not changed(read(tmp_path))
    assert {re.sub(r"^\.run\.json\.[0-9a-f]{16}$", "", file.name) for file in tmp_path.iterdir()} <= {"run.json", ""}
    remove_drafts(tmp_path / "run.json")
    assert [file.name for file in tmp_path.iterdir()] == ["run.json"]


def test_only_the_ids_of_a_scheduler_are_in_a_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """The id of a SLURM job, and not its token."""
    monkeypatch.setenv("SLURM_JOB_ID", "42")
    monkeypatch.setenv("SLURM_JWT", "canary")

    assert read(recorded()).runs[0].scheduler == {"SLURM_JOB_ID": "42"}


def test_git_is_recorded_and_no_fsmonitor_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commit and dirtiness, whatever files are called, with the git configuration of the environment."""
    odd = Path('a\n"; touch pwned #\x1b[31m')
    git("init", "-q")
    odd.write_text("one")
    git("add", "-A")
    git("commit", "-q", "-m", "x")
    git("config", "core.fsmonitor", "touch pwned; false")
    for variable, text in {"COUNT": "1", "KEY_0": "core.quotePath", "VALUE_0": "off"}.items():
        monkeypatch.setenv(f"GIT_CONFIG_{variable}", text)
    clean = read(recorded()).runs[0].git
    odd.write_text("two")
    dirty = read(recorded()).runs[0].git

    commit = git("rev-parse", "HEAD")
    assert [(commit, False), (commit, True)] == [(each.commit, each.dirty) for each in (clean, dirty) if each]
    assert not Path("pwned").exists()


def test_without_git_and_home_there_is_a_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """No git, no repository and no HOME are no reason not to run."""
    monkeypatch.delenv("HOME", raising=False)
    assert read(recorded()).runs[0].git is None

    monkeypatch.setenv("PATH", "/nowhere")
    assert read(recorded("/bin/true")).runs[0].git is None


def test_a_record_is_what_it_prints() -> None:
    """The text of a record is JSON that reads back as the record."""
    record = record_of(GlueBigSettings(output_dir='é "quoted"'))

    assert record == Record.model_validate_json(as_json(record))


def test_a_record_of_another_fingerprint_is_not_accused() -> None:
    """A record of a version with other settings was not changed, and the message does not say so."""
    record = record_of(load({}, None, task="squad"))
    problem = changed(record.model_copy(update={"fingerprint": "apt0-0123456789abcdef"}))

    assert problem == "has a fingerprint of 'apt0', and this apt-settings knows apt1: read it with its own"


def test_a_record_of_another_task_is_refused() -> None:
    """One that a newer version has."""
    record = record_of(GlueBigSettings(_env_file=None)).model_copy(update={"task": "imagenet"})
    write(Path(), record)
    with pytest.raises(SettingsError, match="is of a task 'imagenet', which nobody names here"):
        load({}, record=".")


def test_a_record_without_controls_is_of_the_paper(tmp_path: Path) -> None:
    """As those were that knew none."""
    write(tmp_path, record_of(GlueBigSettings(_env_file=None, seed=3)).model_copy(update={"controls": {}}))

    assert load({}, record=tmp_path).seed == 3
