"""Job texts that carry a pin: an edit by hand is found before the job starts."""

import re

import pytest
from pydantic import SecretStr
from support import printed

from apt_settings import CustomSettings, load
from apt_settings.own import Place
from apt_settings.pin import Pin
from apt_settings.registry import in_force, registry
from apt_settings.registry.naming import with_groups
from apt_settings.specs.findings import judge

LAUNCHERS = {
    "job.sh": ("slurm",),
    "pod.yaml": ("kubernetes", "--image", "train"),
    "map.yaml": ("kubernetes", "--image", "train", "--full"),
    "line.sh": ("docker", "--image", "train"),
}
CHECKED = ("--task", "squad", "--set", "seed=77")
PIN = Pin.of(load({"APT_TASK": "squad", "APT_SEED": "77"}, None))
NEXT = Pin.of(load({"APT_TASK": "squad", "APT_SEED": "78"}, None))


@pytest.fixture(params=LAUNCHERS)
def text(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """The name of a job's text, and the text."""
    launcher, *options = LAUNCHERS[request.param]
    return request.param, printed(capsys, "job", launcher, *CHECKED, *options, "--", "true")


def test_what_job_wrote_is_good(text: tuple[str, str]) -> None:
    """The settings of every kind of text are those of its pin."""
    name, written = text
    judgement = judge(name, written.encode())

    assert str(PIN) in written
    assert (judgement.findings, judgement.notes) == ([], [])


def test_a_value_edited_by_hand_is_one_finding(text: tuple[str, str]) -> None:
    """At the pin, with the variable that is another one, and what to write if that is meant."""
    name, written = text
    (finding,) = judge(name, re.sub(r"([=\"])77\b", r"\g<1>78", written).encode()).findings

    assert str(PIN) in written.splitlines()[finding.line - 1]
    assert finding.message == (
        f"APT_EXPECT='{PIN}' is not what runs here, which is {NEXT.identity}: APT_SEED was edited; "
        f"to pin what is here: APT_EXPECT={NEXT}"
    )


SWEEPS = (
    ("--grid", "seed=1..2", "seed=1..3"),
    ("--grid", "task=mnli,squad", "task=mnli,sst2"),
    ("--zip", '{"epochs": [20, 40], "distill_epochs": [10, 20]}', None),
    ("--sample", "target_sparsity=0.3..0.7", "target_sparsity=0.3..0.8"),
)


@pytest.mark.parametrize("launcher", ["job.sh", "pod.yaml"])
@pytest.mark.parametrize(("option", "written", "edited"), SWEEPS)
def test_the_pin_of_a_sweep_is_judged(
    launcher: str, option: str, written: str, edited: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its points stand in the options of the command: other ones, and other shared values, are another sweep."""
    name, *options = LAUNCHERS[launcher]
    task = [] if "task=" in written else ["--task", "squad"]
    points = ["--points", "4"] if option == "--sample" else []
    options += [*task, "--set", "weight_decay=0.25", option, written, *points]
    text = printed(capsys, "job", name, *options, "--", "true")
    shared = judge(launcher, text.replace("0.25", "0.125").encode()).findings

    assert judge(launcher, text.encode()).findings == []
    assert [each.variable for each in shared] == ["APT_EXPECT"]
    assert "APT_WEIGHT_DECAY was edited" in shared[0].message
    if edited:
        (finding,) = judge(launcher, text.replace(written, edited).encode()).findings
        assert re.search("APT_EXPECT='sweep1-.*' is not what runs here, which is sweep1-", finding.message)


def test_a_wrong_point_is_told_in_place_of_the_pin(capsys: pytest.CaptureFixture[str]) -> None:
    """To mend it may make the pin right again."""
    text = printed(capsys, "job", "slurm", "--grid", "task=mnli,squad", "--", "true")
    (finding,) = judge("job.sh", text.replace("mnli,squad", "mnli,imagenet").encode()).findings

    assert finding.variable == "APT_TASK"


def test_all_that_was_edited_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """What is left out counts as edited."""
    written = printed(capsys, "job", "slurm", *CHECKED, "--set", "epochs=45", "--", "true")
    edited = written.replace("APT_EPOCHS=45", "APT_EPOCHS=46").replace("export APT_SEED=77", "true")
    (finding,) = judge("job.sh", edited.encode()).findings

    assert ": APT_EPOCHS, APT_SEED were edited; " in finding.message


def test_where_a_job_runs_may_be_edited(capsys: pytest.CaptureFixture[str]) -> None:
    """The fingerprint leaves it out, and so does the pin."""
    written = printed(capsys, "job", "slurm", *CHECKED, "--set", "output_dir=here", "--", "true")
    edited = written.replace("APT_OUTPUT_DIR=here", "APT_OUTPUT_DIR=there")

    assert edited != written
    assert judge("job.sh", edited.encode()).findings == []


PINNED = "export APT_ENV_FILE=/dev/null APT_TASK=squad"
OTHER = "apt1-0123456789abcdef"


@pytest.mark.parametrize(
    ("text", "error", "note"),
    [
        (f"{PINNED} APT_EXPECT={OTHER}\nrun", "is not what runs here, which is apt1-", ""),
        (f"{PINNED} APT_EXPECT=squad\nrun", "APT_EXPECT='squad' is not allowed: must be a fingerprint", ""),
        (f"{PINNED} APT_EXPECT={PIN}\napt-settings run --set seed=77 -- x", "", ""),
        (f"{PINNED} APT_EXPECT={PIN}\napt-settings run --set seed=78 -- x", "is not what runs here, which is", ""),
        (f"{PINNED} APT_EXPECT={PIN} APT_SEED=$N\nrun", "", "APT_SEED is not judged"),
        (f"{PINNED} APT_EXPECT={PIN} APT_SEED=x\nrun", "APT_SEED='x' is not allowed", ""),
        (f"{PINNED} APT_EXPECT=sweep1-0123456789abcdef\nrun", "", ""),
        (f"export APT_TASK=squad APT_EXPECT={OTHER}\nrun", "", ""),
        (f"{PINNED}\nif x; then APT_EXPECT={OTHER} run; fi", "is not what runs here, which is apt1-", ""),
        (f"{PINNED}\nf() {{ APT_EXPECT={OTHER} run; }}", "", ""),
        (f"source x.sh\n{PINNED} APT_EXPECT={OTHER}\nrun", "", "; but what is sourced may say otherwise"),
        (f"{PINNED} APT_EXPECT={OTHER}@0.0.1\nrun", "", "; but it is of apt-settings 0.0.1, and this is "),
        (f"{PINNED} APT_EXPECT={OTHER} APT_EXTEND=a:B\nrun", "", "the names of a:B are not judged"),
    ],
)
def test_a_pin_is_judged_where_all_settings_are_known(text: str, error: str, note: str) -> None:
    """No `.env`, group, sourced file or value of the job alone may make the settings others."""
    judgement = judge("job.sh", text.encode())

    assert [error] * bool(error) == [error for each in judgement.findings if error in each.message]
    assert len(judgement.findings) == bool(error)
    assert [note] * bool(note) == [note for each in judgement.notes if note in each.message]
    assert len(judgement.notes) == bool(note)


class JudgedSettings(CustomSettings):
    """A task whose secret counts: another judge makes another experiment."""

    task: str = "judged"
    datasets = ("gsm8k",)
    dataset: str = "gsm8k"
    architecture: str = "x/y"
    judge_token: SecretStr | None = None


def test_a_pin_that_is_of_a_secret_is_not_judged() -> None:
    """No text has the secret, so nobody knows what comes of it."""
    with in_force(with_groups([JudgedSettings], Place("test"))):
        exports = f"export APT_ENV_FILE=/dev/null APT_EXTEND={registry().word} APT_TASK=judged APT_EXPECT={OTHER}"

        assert judge("job.sh", f"{exports}\nrun".encode()).findings == []
