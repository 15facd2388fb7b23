"""Who set what a job was handed: through job texts, run, and their records."""

import json
import re
import sys
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import printed, run_script, started

from apt_settings import AptSettings, SettingsError, fingerprint, load
from apt_settings.basics.origins import Origin
from apt_settings.report.tables import summary
from apt_settings.runs.running import job_environment
from apt_settings.runs.store import record_of
from apt_settings.sources.handed_on import DEFAULT, giver, handed_on, lost_on_the_way, places_in
from apt_settings.sources.record import read

GROUP, TASK = "project_classes:Group", "project_classes:Gsm"


def recorded(script: str, folder: Path, **environ: str) -> dict[str, str]:
    """Setting -> origin in the record of a script that bash runs in a folder of its own."""
    with chdir(folder):
        done = run_script(script, **environ)
    assert done.returncode == 0, done.stderr
    (run,) = (folder / "runs").iterdir()
    return {name: each.origin for name, each in read(run).settings.items() if each.kind != "class default"}


def test_the_record_of_a_job_says_who_set_what_at_the_desk(
    capsys: pytest.CaptureFixture[str], write_env: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The `.env`, the options and the environment of whoever wrote the job; the script says it for people, too."""
    write_env("APT_TARGET_SPARSITY=0.4\n")
    script = printed(capsys, "job", "slurm", "--task", "squad", "--set", "epochs=30", "--", "true")

    assert "export APT_TARGET_SPARSITY=0.4  # .env:1\n" in script
    assert "export APT_EPOCHS=30  # --set epochs\n" in script
    origins = recorded(script, tmp_path_factory.mktemp("node"))
    assert origins == {"task": "--task", "epochs": "--set epochs", "target_sparsity": ".env:1"}


def test_what_the_node_sets_is_told_as_such(
    capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A place counts only for the value that was handed on."""
    script = printed(capsys, "job", "slurm", "--task", "squad", "--set", "epochs=30", "--no-expect", "--", "true")
    changed = script.replace("export APT_EPOCHS=30", "export APT_EPOCHS=45")

    assert recorded(changed, tmp_path_factory.mktemp("node"))["epochs"] == "environment APT_EPOCHS"


def test_a_process_below_run_knows_who_set_what() -> None:
    """And what another process sets in between."""
    code = "from apt_settings import load; print(load({**__import__('os').environ, 'APT_SEED': '4'}).origins)"
    start = ["run", "--task=squad", "--set=epochs=30", "--set=seed=3", "--"]
    done = started(*start, sys.executable, "-c", code)
    lines = done.stdout.replace(", ", "\n")

    assert "--set epochs" in lines
    assert "environment APT_SEED" in lines
    assert "--set seed" not in lines


def overrides(settings: AptSettings) -> list[str]:
    """The settings that somebody set."""
    return [name for name, origin in settings.origins.items() if origin.is_override]


@pytest.mark.parametrize(
    "given",
    [
        {"APT_TASK": "squad"},
        {"APT_TASK": "squad", "APT_EPOCHS": "", "APT_SEED": "128"},
        {"APT_TASK": "squad", "APT_EPOCHS": "10"},  # 20 distill_epochs do not fit, and are not handed on
        {"APT_TASK": "mrpc", "APT_REFERENCE": "release"},
        {"APT_TASK": "mrpc", "APT_REFERENCE": "release", "APT_EXTEND": GROUP},
        {"APT_TASK": "custom", "APT_DATASET": "a", "APT_ARCHITECTURE": "b"},
        {"APT_TASK": "squad", "APT_EXTEND": GROUP},
        {"APT_TASK": "gsm8k", "APT_EXTEND": TASK},
        {"APT_TASK": "gsm8k", "APT_EXTEND": f"{GROUP},{TASK}", "APT_EVAL_EVERY": "300", "APT_TARGET_SPARSITY": "0.5"},
    ],
)
@pytest.mark.usefixtures("project_classes")
@pytest.mark.filterwarnings("ignore:distill_epochs stays 20")
def test_a_default_stays_one_below_run(given: dict[str, str]) -> None:
    """Whoever has it: the class, a project's class or the release; of any type; and below a run in a run."""
    above = load(given, None)
    below = load(job_environment({}, above), None)
    twice = load(job_environment({}, below), None)

    assert overrides(above) == overrides(below) == overrides(twice)
    assert below == twice == above
    assert {str(each) for each in twice.origins.values()} == {str(each) for each in below.origins.values()}
    assert {name: each.kind for name, each in record_of(twice).settings.items() if each.kind != "environment"} == {
        name: each.kind for name, each in record_of(above).settings.items() if each.kind != "environment"
    }
    assert fingerprint(twice) == fingerprint(above)


def test_what_is_no_default_here_counts_as_set() -> None:
    """Of a default nobody set, other values may still decide it; of a class that has another one, it is told so."""
    below = job_environment({}, load({"APT_TASK": "squad"}, None))
    assert load(below, None, epochs=45).epochs == 45
    here = load(below, None, task="mnli")

    assert overrides(here) == ["task", "dataset", "max_seq_length", "precision"]
    assert str(here.origin("max_seq_length")) == "default handed on"
    assert summary(here).endswith("4 overrides: 2 from arguments, 2 from defaults handed on")


@pytest.mark.parametrize("more", [[], ["--grid", "seed=1,2"], ["--full"]])
def test_a_job_that_is_written_below_run_has_what_was_set(
    more: list[str], project_classes: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No default is exported as if somebody had set it, also where points share it; in a full text it is a default."""
    above = load({"APT_TASK": "gsm8k", "APT_EXTEND": project_classes, "APT_SEED": "3"}, None)
    for variable, text in job_environment({}, above).items():
        monkeypatch.setenv(variable, text)
    script = printed(capsys, "job", "slurm", *more, "--", "true")
    (given_by,) = re.findall(r"export APT_GIVEN_BY='(.*)'", script)
    told = places_in(given_by)

    assert {name: place for name, (_, place) in told.items() if place != DEFAULT} == {
        "APT_TASK": "environment APT_TASK",
        **({} if "--grid" in more else {"APT_SEED": "environment APT_SEED"}),
    }
    assert ("APT_EPOCHS" in told) == ("--full" in more)
    assert DEFAULT not in script.replace(given_by, "")


def test_what_is_handed_on_has_a_limit() -> None:
    """What does not fit is told as of the environment; the defaults of a trainer with hundreds of settings do."""
    origin = Origin("argument", f"--set {'x' * 500}", "x")
    text = handed_on((f"APT_X{number}", "1", origin) for number in range(900))
    assert 50_000 < len(text) < 62_000
    assert 0 < len(places_in(text)) < 900

    default = Origin("class default", "class default", "x")
    names = [f"APT_TRL_GRADIENT_CHECKPOINTING_KWARGS_{number}" for number in range(500)]
    assert [*places_in(handed_on((name, "1", default) for name in names))] == names


def test_who_got_nothing_knows_it() -> None:
    """In a job of SLURM, where srun was told to hand nothing on; names of other tools are none of ours."""
    lost = {"SLURM_JOB_ID": "1", "SLURM_EXPORT_ENV": "NONE", "APT_CONFIG": "x"}
    assert "SLURM_EXPORT_ENV='NONE' let srun hand none on" in str(lost_on_the_way(lost))
    assert lost_on_the_way({**lost, "APT_TASK": "squad"}) == ()


def test_a_value_that_is_no_text_has_no_place() -> None:
    """Of a dictionary in place of an environment."""
    assert giver({"APT_EPOCHS": ("0" * 8, "x")}, "APT_EPOCHS", 3) == ""  # type: ignore[arg-type]


def test_no_folder_of_the_desk_goes_along(
    capsys: pytest.CaptureFixture[str], write_env: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`job.env:1`, wherever it lies; an origin of its own is handed on as it is."""
    file = write_env("APT_SEED=3\n", "job.env")
    script = printed(capsys, "job", "slurm", "--task", "squad", "--env-file", str(file), "--", "true")
    text = next(line for line in script.splitlines() if line.startswith("export APT_GIVEN_BY"))

    assert "job.env:1" in text
    assert str(file.parent) not in script
    monkeypatch.setenv("APT_SEED", "3")
    monkeypatch.setenv("APT_GIVEN_BY", text.partition("'")[2].rpartition("'")[0])
    assert str(load().origin("seed")) == "job.env:1"


def test_a_forged_place_gets_no_rights_and_is_escaped() -> None:
    """It is a text of the environment, like others; and a `.env` cannot say it."""
    digest = "4e074085"
    forged = json.dumps({"APT_SEED": [digest, "release \x1b]0;x\x07" + "y" * 900], "APT_EPOCHS": 3, "APT_TASK": ["a"]})
    origin = load({"APT_SEED": "3", "APT_GIVEN_BY": forged}, None).origin("seed")

    assert origin.kind == "environment"
    assert str(origin).startswith("release \\x1b]0;x")
    assert str(origin).isprintable()
    assert len(str(origin)) == 200


def test_a_file_cannot_say_who_set_what(write_env: Callable[..., Path]) -> None:
    """Only who starts a job hands it on."""
    with pytest.raises(SettingsError, match=r"APT_GIVEN_BY cannot stand in a \.env: apt-settings job and run write it"):
        load({}, write_env("APT_GIVEN_BY={}\n"))


@given(
    st.text()
    | st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)).map(
        json.dumps
    )
)
def test_any_text_is_read(text: str) -> None:
    """Whatever stands there is places, or nothing."""
    assert all(place.isprintable() for _, place in places_in(text).values())
