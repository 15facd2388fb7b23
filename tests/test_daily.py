"""What people do every day, a little wrong: nothing is silent, and every message says what to write."""

import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest
from support import git, printed, started

import apt_settings
from apt_settings import SettingsError, SettingsWarning, group, load
from apt_settings.basics.origins import Origin
from apt_settings.cli import main
from apt_settings.runs.running import job_environment
from apt_settings.sources.record import read


@dataclass
class Every:
    """A project's setting, whose variable is APT_TRAINER_EVERY."""

    every: int = 100


EVERY = group(Every, prefix="trainer")


@pytest.mark.parametrize(
    ("argv", "status", "words"),
    [
        (["sweep", "--grid", "epochs=20,40", "--zip", "distill_epochs=10,20"], 2, "has no other --zip to vary with"),
        (["run", "--task", "sst2", "--", "python train.py"], 127, "not found on PATH; quotes make it one word: write"),
        (["run", "--task", "sst2", "--", "pyton", "train.py"], 127, "apt-settings: pyton: not found on PATH\n"),
        (["run", "--task", "sst2", "--", "./no.sh"], 127, "apt-settings: ./no.sh: No such file or directory\n"),
        (["run", "--", "true"], 78, "APT_TASK is not set: a job must say which task it is; write --task, with one of"),
        (["slurm"], 2, "did you mean job slurm?"),
        (["k8s"], 2, "did you mean job kubernetes?"),
        (["job", "k8s"], 2, "did you mean kubernetes?"),
        (["job", "sbatch"], 2, "did you mean slurm?"),
        (["job", "kube"], 2, "did you mean kubernetes?"),
        (["job", "kubectl"], 2, "did you mean kubernetes?"),
        (["docker"], 2, "did you mean job docker?"),
        (["kubernetes"], 2, "did you mean job kubernetes?"),
        (["validate"], 2, "did you mean check?"),
        (["list"], 2, "did you mean show?"),
        (["print"], 2, "did you mean show?"),
        (["config"], 2, "did you mean show?"),
        (["export"], 2, "did you mean env?"),
        (["help"], 2, "did you mean --help?"),
        (["version"], 2, "did you mean --version?"),
        (["job", "list"], 2, "No such command 'list'.\n"),
        (
            ["job", "slurm", "--task", "sst2", "--time", "10", "hours", "--", "true"],
            2,
            "hours stands before the --",
        ),
        (["job", "docker", "--image", "a", "b", "c", "--", "true"], 2, "b c stands before the --: quote a value of"),
        (["job", "kubernetes", "srun", "--", "true"], 2, "or write the command behind the --\n"),
        (["run", "srun", "--", "true"], 2, "srun stands before the --"),
        (["run", "--task", "sst2", "--", "./srun", "--", "true"], 127, "./srun: No such file or directory"),
        (["run", "--task", "sst2", "./srun", "true"], 127, "./srun: No such file or directory"),
        (
            ["run", "--grid", "seed=1..5", "--index", "", "--", "true"],
            2,
            "is empty, as SLURM_ARRAY_TASK_ID is",
        ),
        (["run", "--grid", "seed=1..5", "--index", "-1", "--", "true"], 2, "'-1' must be a whole number, 0 or more"),
    ],
)
def test_a_slip_on_the_command_line(
    argv: list[str], status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One message, and the status of a shell."""
    assert main(argv) == status
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("FacebookAI/roberta-base", "roberta-base"),
        ("google-bert/bert-base-uncased", "bert-base-uncased"),
        ("bert-base", "bert-base-uncased"),
        ("bert-base-cased", "bert-base-uncased"),
        ("google-t5/t5-base", "t5-base"),
        ("t5", "google/t5-base-lm-adapt"),
        ("llama-2-7b", "meta-llama/Llama-2-7b-hf"),
        ("Llama-2-7b", "meta-llama/Llama-2-7b-hf"),
        ("llama2-7b", "meta-llama/Llama-2-7b-hf"),
        ("llama", "meta-llama/Llama-2-7b-hf"),
        ("meta-llama/Llama-2-13b", "meta-llama/Llama-2-13b-hf"),
    ],
)
def test_the_names_of_models_that_people_type(written: str, meant: str) -> None:
    """Today's names on the hub, and short ones."""
    task = "alpaca" if "llama" in meant else "glue_big"
    with pytest.raises(SettingsError, match=f"did you mean {meant}\\?"):
        load({"APT_ARCHITECTURE": written, "APT_TASK": task}, None)


@pytest.mark.parametrize("written", ["roberta-large", "FacebookAI/roberta-large", "Llama-2-70b", "t5-small", "gpt2"])
def test_a_model_of_another_size_is_no_slip(written: str) -> None:
    """What is not in the paper has a task of its own."""
    with pytest.raises(SettingsError) as caught:
        load({"APT_ARCHITECTURE": written}, None)

    assert "did you mean" not in str(caught.value)
    assert str(caught.value).endswith("; APT_TASK=custom is for a dataset or model of your own")


@pytest.mark.parametrize(
    ("name", "written", "words"),
    [
        (
            "ARCHITECTURE",
            "google-t5/t5-base",
            "; t5-base is of the tasks glue_small, glue_big, cnn_dm; APT_",
        ),
        ("ARCHITECTURE", "t5-base", " (t5-base is of the tasks glue_small, glue_big, cnn_dm)"),
        ("ARCHITECTURE", "llama2-7b", "; meta-llama/Llama-2-7b-hf is of the task alpaca; APT_TASK=custom"),
        ("ARCHITECTURE", "roberta", "; did you mean roberta-base? APT_TASK=custom"),
        ("DATASET", "mnly", "; mnli is of the task glue_big; APT_TASK=custom"),
        ("DATASET", "squad2", "; did you mean squad_v2? APT_TASK=custom"),
        ("DATASET", "rajpurkar/squad", "; did you mean squad? APT_TASK=custom"),
    ],
)
def test_what_another_task_has_is_said(name: str, written: str, words: str) -> None:
    """The error lists what this task takes, so that the next try fits."""
    with pytest.raises(SettingsError) as caught:
        load({"APT_TASK": "squad", f"APT_{name}": written}, None)

    takes = {"ARCHITECTURE": "roberta-base, bert-base-uncased", "DATASET": "squad_v2, squad"}[name]
    assert f"must be one of {takes} when the task is squad{words}" in str(caught.value)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("stanford-alpaca", "alpaca_gpt4"),
        ("stanford_alpaca", "alpaca_gpt4"),
        ("tatsu-lab/alpaca", "alpaca"),
        ("vicgalle/alpaca-gpt4", "alpaca_gpt4"),
        ("squad2", "squad_v2"),
        ("squadv2", "squad_v2"),
        ("SQuAD 2.0", "squad_v2"),
        ("sst-2", "sst2"),
        ("cnn-dailymail", "cnndm"),
        ("abisee/cnn_dailymail", "cnndm"),
        ("glue", "glue_big or glue_small"),
        ("nyu-mll/glue", "glue_big or glue_small"),
    ],
)
def test_the_names_of_tasks_that_people_type(written: str, meant: str) -> None:
    """Those of papers and of the hub are suggested, and never taken."""
    with pytest.raises(SettingsError, match=f"did you mean {meant}\\?"):
        load({"APT_TASK": written}, None)


@pytest.mark.parametrize("written", ["null", "NULL", "nil", "~"])
def test_none_has_one_name(written: str) -> None:
    """Where a setting may be none, and nowhere else."""
    with pytest.raises(SettingsError, match=r"or none; did you mean none\?"):
        load({"APT_DISTILL_EPOCHS": written}, None)
    with pytest.raises(SettingsError, match=r"1 <= x <= 10000$"):
        load({"APT_EPOCHS": written}, None)


@pytest.mark.parametrize("name", ["epochs", "learning_rate", "task", "dataset", "seed"])
def test_what_argparse_leaves_none_is_refused(name: str) -> None:
    """`load(**vars(args))`: the error says who gives None, and what takes flags."""
    with pytest.raises(SettingsError, match=f"argument {name}=None .*argparse gives.*integrations.argparse.with_flags"):
        load({}, None, **{name: None})


def test_a_null_of_a_grid_is_no_flag(capsys: pytest.CaptureFixture[str]) -> None:
    """It is refused for what it is."""
    assert main(["sweep", "--task", "squad", "--grid", "epochs=[null,3]"]) == 78
    assert "argparse" not in capsys.readouterr().err


def test_none_is_a_value_where_it_can_be_meant() -> None:
    """Nobody can tell it from a flag that was left out."""
    assert load({}, None, distill_epochs=None).distill_epochs is None


def test_a_line_without_the_prefix_is_noted(write_env: Callable[..., Path]) -> None:
    """A name that is exactly one of ours; other tools' lines are nobody's business, and no value is shown."""
    file = write_env("TARGET_SPARSITY=0.4\nWANDB_PROJECT=x\nseed=3\nREFERENCE=release\n")
    with pytest.warns(SettingsWarning) as told:
        load({}, file)

    (only,) = told
    assert str(only.message).endswith(":1 TARGET_SPARSITY sets nothing here: APT_TARGET_SPARSITY is the setting")


def test_a_dictionary_of_settings_is_no_environment() -> None:
    """Both ways to say it stand in the error; a whole environment may have any name."""
    with pytest.raises(SettingsError, match=r"environ epochs is a setting, .* write load\(epochs=...\), or APT_EPOCHS"):
        load({"epochs": "30"}, None)
    assert load({"PATH": "/bin", "seed": "3"}, None).seed == 128


@pytest.mark.parametrize("name", ["APT_MIRROR", "APT_PROXY", "APT_HTTP_PROXY", "APT_CACHE", "APT_REPO_KEY_URL"])
def test_names_that_others_use_are_passed_over(name: str) -> None:
    """Met in the wild."""
    assert load({name: "x"}, None) == load({}, None)


@pytest.mark.parametrize(
    ("foreign", "wrong"),
    [
        ("APT_MIRROR_URL,APT_COMPANY_*", ""),
        ("APT_MIRROR_URL", "environment APT_COMPANY_QUEUE is not a setting"),
        ("APT_COMPANY,APT_MIRROR_URL", "environment APT_COMPANY_QUEUE is not a setting"),
        ("APT_*", "APT_FOREIGN='APT_*' is not allowed: must be names such as APT_MIRROR, or beginnings such as"),
        ("APT_MIRROR_URL, APT_COMPANY_*", "is not allowed: must be names"),
        ("APT_M*", "covers APT_MAX_SEQ_LENGTH, which is read here"),
        ("APT_EPOCHS", "covers APT_EPOCHS, which is read here"),
        ("APT_RUN_*", "covers APT_RUN_DIR, which is read here"),
        ("APT_TRAINER_EV*", "covers APT_TRAINER_EVERY, which is read here"),
    ],
)
def test_more_names_of_others_are_named(foreign: str, wrong: str) -> None:
    """Whole names, or beginnings; none that is read here, a project's own included."""
    environ = {"APT_FOREIGN": foreign, "APT_MIRROR_URL": "x", "APT_COMPANY_QUEUE": "y"}
    told = ""
    try:
        load(environ, None, extend=[EVERY])
    except SettingsError as error:
        told = str(error)

    assert wrong in told
    assert bool(wrong) == bool(told)


def test_a_file_cannot_name_what_is_of_others(write_env: Callable[..., Path]) -> None:
    """Else a `.env` could let its own misspelt lines pass."""
    with pytest.raises(SettingsError, match=r"APT_FOREIGN cannot stand in a \.env.*\n.*APT_EPOCS is not a setting"):
        load({}, write_env("APT_FOREIGN=APT_EPOCS\nAPT_EPOCS=3\n"))


def test_what_is_of_others_stays_so_in_the_job(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In its text, and below run."""
    monkeypatch.setenv("APT_FOREIGN", "APT_COMPANY_*")
    monkeypatch.setenv("APT_COMPANY_QUEUE", "x")

    assert "export APT_FOREIGN='APT_COMPANY_*'\n" in printed(capsys, "job", "slurm", "--task", "squad", "--", "true")
    script = printed(capsys, "job", "slurm", "--grid", "task=squad,mnli", "--", "true")
    assert "export APT_FOREIGN='APT_COMPANY_*'\n" in script
    below = job_environment(os.environ, load(task="squad"))
    assert (below["APT_FOREIGN"], below["APT_COMPANY_QUEUE"]) == ("APT_COMPANY_*", "x")
    assert load(below).task == "squad"


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        ([], "apt-settings: squad, FINGERPRINT, 3 overrides: 1 from --task, 1 from .env, 1 from the environment\n"),
        (
            ["--grid", "seed=3,4", "--index", "1", "--record", "runs"],
            "apt-settings: squad, FINGERPRINT, 4 overrides: 1 from --task, 1 from .env, 1 from the environment, "
            "1 from the grid; point 1 of 2: seed=4; record runs/FINGERPRINT-TIME\n",
        ),
        (["--record", "runs/{fingerprint}", "--resume", "--quiet"], ""),
        (["--quiet"], ""),
    ],
)
def test_run_says_what_starts(argv: list[str], line: str, write_env: Callable[..., Path]) -> None:
    """One line on stderr: task, fingerprint, who overrides how many settings, the point, and the record."""
    write_env("APT_TARGET_SPARSITY=0.4\n")
    done = started("run", "--task", "squad", *argv, "--", "echo", "started", APT_EPOCHS="30")
    told = re.sub("apt1-[0-9a-f]{16}", "FINGERPRINT", re.sub(r"[0-9]+T[0-9]+Z-1", "TIME", done.stderr))

    assert (done.returncode, done.stdout, told) == (0, "started\n", line)


@pytest.mark.parametrize(
    ("origin", "giver"),
    [
        (Origin("env file", "job.env", "APT_SEED", line=3), "job.env"),
        (Origin("environment", "environment", "APT_SEED"), "the environment"),
        (Origin("environment", "environment APT_SEED", "APT_SEED"), "the environment"),
        (Origin("environment", ".env:1", "APT_SEED"), ".env"),
        (Origin("environment", "--set seed", "APT_SEED"), "--set"),
        (Origin("environment", "point 3 of the grid: seed", "APT_SEED"), "the grid"),
        (Origin("argument", "argument seed", "seed"), "arguments"),
        (Origin("record", "runs/a/run.json (--set seed)", "seed"), "runs/a/run.json"),
    ],
)
def test_who_gives_is_counted_by_its_kind(origin: Origin, giver: str) -> None:
    """What was handed on counts as what it was at the desk."""
    assert origin.giver == giver


def test_a_record_says_what_one_looks_for_at_night(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """How long it took, the job's name and nodes, the image, and which changes were not committed."""
    git("init", "-q", cwd=tmp_path)
    (tmp_path / "train.py").write_text("lr = 1\n")
    git("add", "train.py", cwd=tmp_path)
    git("commit", "-q", "-m", "x", cwd=tmp_path)
    for name, value in {"JOB_NAME": "night", "JOB_NODELIST": "n[1-2]"}.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    monkeypatch.setenv("APT_CONTAINER_IMAGE", "train:1")
    monkeypatch.chdir(tmp_path)
    digests = []
    for text in ("lr = 1\n", "lr = 2\n", "lr = 3\n", "lr = 2\n"):
        (tmp_path / "train.py").write_text(text)
        assert started("run", "--task=squad", "--record=run", "--resume", "--", "true").returncode == 0
        run = read("run").runs[-1]
        assert run.git is not None
        digests.append(run.git.diff)

    assert run.seconds is not None
    assert run.scheduler == {"SLURM_JOB_NAME": "night", "SLURM_JOB_NODELIST": "n[1-2]"}
    assert run.image == "train:1"
    assert digests[0] == ""
    diff = git("diff", "HEAD", "--binary", cwd=tmp_path)
    assert digests[1] == digests[3] == sha256(f"{diff}\n".encode()).hexdigest()[:16]
    assert digests[1] != digests[2]


def test_a_file_without_a_job_is_not_called_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing in it was judged."""
    values, service = tmp_path / "values.yaml", tmp_path / "service.yaml"
    values.write_text("replicas: 2\n")
    service.write_text("kind: Service\n")

    assert main(["check", str(values), str(service)]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("2 files: no settings in them\n", "")


def test_the_version_is_there() -> None:
    """As in most packages."""
    assert apt_settings.__version__[0].isdigit()


@pytest.mark.large
def test_a_picture_may_be_a_pdf(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same file for the same plan."""
    files = [tmp_path / "a.pdf", tmp_path / "b.pdf"]
    for file in files:
        printed(capsys, "plan", "--task", "sst2", "--plot", str(file))

    assert files[0].read_bytes().startswith(b"%PDF")
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize(
    ("file", "path"),
    [(".env", "../../.env"), ("a/.env", "../.env"), ("a/b/.env.local", ".env.local"), ("a/b/env", "env")],
)
def test_a_file_that_nobody_reads_is_noted(
    file: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Up to the root of the repository; it is not read, and a `.env` here ends the search."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    (tmp_path / file).write_text("APT_SEED=3\nexport APT_EPOCHS=30\nOTHER=1\n")
    monkeypatch.chdir(tmp_path / "a" / "b")
    with pytest.warns(SettingsWarning, match=f"no .env here; {path} has 2 APT_ lines: --env-file {path}, or"):
        assert load({}).seed == 128
    assert f"note: no .env here; {path} has 2 APT_ lines" in printed(capsys, "check")

    (tmp_path / "a" / "b" / ".env").write_text("APT_SEED=4\n")
    assert load({}).seed == 4


def test_above_the_repository_and_home_nobody_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor into files that are no concern of ours, or cannot be read."""
    (tmp_path / "home" / "work").mkdir(parents=True)
    (tmp_path / ".env").write_text("APT_SEED=3\n")
    (tmp_path / "home" / ".env").write_text("OTHER=3\n")
    (tmp_path / "home" / "work" / "env").mkdir()
    (tmp_path / "home" / "work" / "apt.env").write_bytes(b"\xff")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "home" / "work")

    assert load({}).notes == ()


def test_a_command_knows_where_its_record_is(tmp_path: Path, write_env: Callable[..., Path]) -> None:
    """For results beside it; a `.env` cannot say it, and a shell that says it does not count."""
    script = "import os, pathlib; pathlib.Path(os.environ['APT_RUN_DIR'], 'result').write_text('0.9')"
    run = ("run", "--task", "squad", "--record", str(tmp_path / "runs"))
    done = started(*run, "--", sys.executable, "-c", script, APT_RUN_DIR="/nowhere")

    assert done.returncode == 0
    (folder,) = (tmp_path / "runs").iterdir()
    assert {each.name for each in folder.iterdir()} == {"run.json", "result"}
    with pytest.raises(SettingsError, match=r"APT_RUN_DIR cannot stand in a \.env: apt-settings run --record sets it"):
        load({}, write_env("APT_RUN_DIR=x"))


def test_a_comment_of_a_line_is_no_part_of_its_value(write_env: Callable[..., Path]) -> None:
    """What a shell would expand there, nobody would."""
    assert load({}, write_env("APT_OUTPUT_DIR=runs/a  # was `pwd`/a $(x)\n")).notes == ()


def test_a_flag_that_the_settings_decide_is_noted_too(capsys: pytest.CaptureFixture[str]) -> None:
    """It undoes batch_size, and no record has it."""
    assert main(["job", "slurm", "--task", "squad", "--", "true", "--gradient-accumulation-steps=4"]) == 0
    assert "note: --gradient-accumulation-steps is for the command alone: APT_BATCH_SIZE" in capsys.readouterr().err


def test_the_plan_and_the_release_count_a_limit_of_steps_alike(capsys: pytest.CaptureFixture[str]) -> None:
    """Where max_steps says when it ends, no row says that epochs do."""
    told = printed(capsys, "plan", "--task", "sst2", "--set", "max_steps=1000")

    assert "1,000 by max_steps: 0.48 epochs of 2,105" in told
    assert "1,000 = 40 epochs" not in told
