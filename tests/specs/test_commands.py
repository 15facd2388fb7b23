"""What a command of a job spec sets for itself, what it varies, and what it lacks."""

from collections.abc import Iterator
from typing import Self

import pytest
from pydantic import model_validator
from support import errors_in, notes_in, printed

from apt_settings import CustomSettings, SettingsGroup
from apt_settings.own import Place
from apt_settings.registry import in_force, registry
from apt_settings.registry.naming import with_groups
from apt_settings.specs.beside import beside_of
from apt_settings.specs.findings import judge


class Trainer(SettingsGroup):
    """A group that requires a setting, and in which two must agree."""

    metric: str
    eval_every: int = 500
    save_every: int = 500

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.save_every % self.eval_every:
            raise ValueError(f"save_every {self.save_every} is no multiple of eval_every {self.eval_every}")
        return self


class MathSettings(CustomSettings):
    """A task of a project, with a setting of its own."""

    task: str = "maths"
    datasets = ("gsm8k",)
    dataset: str = "gsm8k"
    architecture: str = "x/y"
    answer_tokens: int = 128


@pytest.fixture
def trainer() -> Iterator[str]:
    """The group is named by the caller, as by --extend."""
    with in_force(with_groups([Trainer], Place("test"))):
        yield registry().word


@pytest.fixture
def maths() -> Iterator[str]:
    """The task is."""
    with in_force(with_groups([MathSettings], Place("test"))):
        yield registry().word


DISTILL = "export APT_TASK=squad APT_DISTILL_EPOCHS=50\n"
"""More than the 40 epochs of SQuAD: wrong, unless a command sets APT_EPOCHS."""
CUSTOM = "export APT_TASK=custom APT_DATASET=x\n"
"""A task that requires APT_ARCHITECTURE, too."""
RUN = "apt-settings run {} -- train\n"


@pytest.mark.parametrize(
    ("script", "errors"),
    [
        (DISTILL + "for e in 50 60; do APT_EPOCHS=$e apt-settings run -- train; done\n", []),
        (
            DISTILL + "for e in 45 60; do APT_EPOCHS=$e apt-settings run -- train; done\npython x.py\n",
            ["DISTILL_EPOCHS"],
        ),
        (DISTILL + "APT_EPOCHS=$E apt-settings run -- train\n", []),
        (DISTILL + RUN.format("--set epochs=$1"), []),
        (DISTILL + RUN.format('"$@"'), []),
        (DISTILL + RUN.format('--quiet "$@"'), []),
        (DISTILL + RUN.format('--set "$1"'), []),
        (DISTILL + RUN.format("--from record"), []),
        (DISTILL + RUN.format("--grid-file x.toml"), []),
        (DISTILL + RUN.format('--record "$R"'), ["DISTILL_EPOCHS"]),
        (DISTILL + "APT_EPOCHS=60 apt-settings run -- train\n", []),
        (DISTILL + "APT_EPOCHS=60 apt-settings show\napt-settings run -- train\n", ["DISTILL_EPOCHS"]),
        (DISTILL + "APT_EPOCHS=60 bash train.sh\n", []),
        (DISTILL + "bash train.sh\n", []),
        (DISTILL + "mkdir out\n", ["DISTILL_EPOCHS"]),
        (DISTILL + "$PYTHON train.py\n", ["DISTILL_EPOCHS"]),
        (DISTILL + "${PYTHON:-python} train.py\n", ["DISTILL_EPOCHS"]),
        (DISTILL + RUN.format("--grid epochs=50,60 --index $I"), []),
        (DISTILL + RUN.format("--grid epochs=60,45 --index $I"), ["DISTILL_EPOCHS"]),
        (DISTILL + RUN.format("--grid epochs=60,$E --index $I"), []),
        (DISTILL + RUN.format("--sample epochs=50..60 --points 4 --index $I"), []),
        (DISTILL + RUN.format("--zip '{\"epochs\": [50, 45]}' --index $I"), ["DISTILL_EPOCHS"]),
        (RUN.format("--task squad --grid epochs=60,45 --grid distill_epochs=50 --index $I"), ["DISTILL_EPOCHS"]),
        (RUN.format("--task custom --set architecture=x --grid dataset=a,b --index $I"), []),
        (
            RUN.format("--grid task=custom,squad --set architecture=x --set dataset=a --index $I"),
            ["ARCHITECTURE", "DATASET"],
        ),
        (CUSTOM + "for m in a b; do APT_ARCHITECTURE=$m apt-settings run -- train; done\n", []),
        ("export APT_TASK=custom\nfor d in a b; do APT_DATASET=$d run; done\n", []),
        ("for d in a b; do APT_DATASET=$d APT_TASK=squad run; done\n", ["DATASET", "DATASET"]),
        ("export APT_TASK=mrpc\nfor d in rte mrpc; do APT_DATASET=$d run; done\n", ["DATASET"]),
    ],
)
def test_settings_are_judged_as_a_command_has_them(script: str, errors: list[str]) -> None:
    """With what it sets for itself, and at each point that it varies; where only the job knows, not at all."""
    assert [name.removeprefix("APT_") for _, name in errors_in("job.sh", script)] == errors


HERE = "<<'EOF'\napt-settings run -- train\nEOF\n"


@pytest.mark.parametrize(
    "script",
    [
        "bash -c 'APT_EPOCHS=60 apt-settings run -- train'\n",
        "bash -c 'export APT_EPOCHS=60; apt-settings run -- train'\n",
        "E=60 bash -c 'APT_EPOCHS=$E apt-settings run -- train'\n",
        "sbatch --wrap='APT_EPOCHS=60 apt-settings run -- train'\n",
        "trap 'APT_EPOCHS=60 apt-settings run -- train' EXIT\n",
        f"APT_EPOCHS=60 bash {HERE}",
        f"export APT_EPOCHS=60\nbash {HERE}",
        "APT_EPOCHS=60 bash <<< 'apt-settings run -- train'\n",
        "ssh h 'APT_TASK=squad apt-settings run -- train'\n",
        "ssh h APT_TASK=squad apt-settings run -- train\n",
        "cat > j.sh <<EOF\nexport APT_EPOCHS=60\napt-settings run -- train\nEOF\nsbatch j.sh\n",
        "W='env APT_EPOCHS=60'\n$W apt-settings run -- train\n",
        'CMD=(apt-settings run --set epochs=60)\n"${CMD[@]}" -- train\n',
        "env -u APT_DISTILL_EPOCHS apt-settings run -- train\n",
        "export -n APT_DISTILL_EPOCHS APT_SEED\napt-settings run -- train\n",
        "(export APT_EPOCHS=60; apt-settings run -- train)\nunset APT_DISTILL_EPOCHS\napt-settings run -- train\n",
        "(unset APT_DISTILL_EPOCHS; apt-settings run -- train)\nAPT_EPOCHS=60 apt-settings run -- train\n",
        'with() { APT_EPOCHS=60 "$@"; }\nwith apt-settings run -- train\n',
        "xargs -I@ apt-settings run --set epochs=@ -- train < list\n",
        "xargs -n 1 -I X apt-settings run --set epochs=X -- train < list\n",
        'unset "${!APT_D@}"\napt-settings run -- train\n',
        ': "${APT_EPOCHS:=60}"\nexport APT_EPOCHS\napt-settings run -- train\n',
        "export APT_EPOCHS=60\n[ $1 = q ] && unset APT_EPOCHS\napt-settings run -- train\n",
        "export APT_EPOCHS=60\nclean() { unset APT_EPOCHS; }\napt-settings run -- train\n",
        "export APT_EPOCHS APT_SEED\nAPT_EPOCHS=60 APT_SEED=1\napt-settings run -- train\n",
        "X='APT_EPOCHS=60 APT_SEED=1'\nexport $X\napt-settings run -- train\n",
        "export $(cat more)\napt-settings run -- train\n",
        "env $(cat more) apt-settings run -- train\n",
        'while read -r l; do export "$l"; done < more\napt-settings run -- train\n',
        "bash train.sh\n",
        "APT_SEED=1 ./train.sh\n",
        '"$@"\n',
        "export APT_EPOCHS=60\n./train.sh\nexport APT_DISTILL_EPOCHS=10\nexport APT_EPOCHS=20\n./train.sh\n",
    ],
)
def test_what_its_commands_do_not_have_is_not_judged(script: str) -> None:
    """Each job has another environment than the script has at its end, or nobody knows it."""
    assert errors_in("job.sh", DISTILL + script) == []


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ("export APT_DATASET=mrpc APT_TASK=glue_small\nrun\nexport APT_TASK=squad\nexport APT_DATASET=squad\nrun\n", 0),
        ("export APT_DATASET=mrpc APT_TASK=glue_small\nrun\nexport APT_TASK=squad\nrun\nexport APT_DATASET=squad\n", 1),
        ("export APT_TASK=squad\nexport APT_TASK=custom APT_DATASET=q APT_ARCHITECTURE=z\nrun\n", 0),
        ("export APT_DATASET=x APT_ARCHITECTURE=y\nsbatch <<'EOF'\nexport APT_TASK=custom\nrun\nEOF\n", 0),
        ("export APT_DATASET=x\nsbatch <<'EOF'\nexport APT_TASK=squad\nrun\nEOF\n", 1),
        ("export APT_DATASET=mnli\napt-settings run --task mrpc -- train\n", 0),
        ("export APT_DATASET=mnli\nexport APT_TASK=mrpc\napt-settings run -- train\n", 1),
        ("export APT_TASK=mnli APT_DATASET=mnli\napt-settings run --set task=mrpc -- train\n", 0),
    ],
)
def test_a_dataset_is_judged_beside_the_task_that_a_command_has(script: str, line: int) -> None:
    """Not beside one from before or after; an option is stronger than a variable."""
    assert errors_in("job.sh", script) == [(line, "APT_DATASET")] * (line > 0)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("--grid seed=1,2", "APT_SEED varies over 2 points, and no --index chooses one"),
        ("--grid seed=1,2 --index 2", "--index 2 is not one of the 2 points 0 ... 1"),
        ("--index 0", "--index needs a grid or a sample"),
        ("--grid seed=1,2 --set seed=3 --index 0", "APT_SEED is given two values: --set seed, --grid seed"),
        ("--grid seed=1,2 --grid seed=3,4 --index 0", "--grid seed varies already"),
        ("--zip seed=1,2 --index 0", "--zip seed has no other --zip to vary with"),
        ("--zip seed=1,2 --zip epochs=20,30,40 --index 0", "--zip seed varies with settings that have another number"),
        ("--points 2 --index 0", "--points has nothing to sample"),
        ("--sample seed=1..5 --index 0", "--sample seed does not say how many points"),
        ("--grid seed=1,2 --index $SLURM_ARRAY_TASKID", "--index is $SLURM_ARRAY_TASKID, which nothing sets here"),
        ('--grid seed=1,2 "$@"', ""),
        ("--grid-file x.toml --index 0", ""),
        ("--grid seed=$S --index 0", ""),
        ("--grid=seed=1,2 --index=1", ""),
        ("--grid seed=1,2 --index $I", ""),
    ],
)
def test_options_that_run_refuses_together_are_found(options: str, told: str) -> None:
    """At the line of the command; where only the job knows one of them, not at all."""
    found = judge("job.sh", ("true\n" + RUN.format(f"--task squad {options}")).encode()).findings

    assert [(each.line, each.message[: len(told)]) for each in found] == [(2, told)] * bool(told)


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ("export APT_SEED=1\n" + RUN.format(""), 2),
        ("export APT_SEED=1 APT_TASK=\n" + RUN.format(""), 2),
        (RUN.format("--grid seed=1,2 --index $I"), 1),
        (RUN.format("--grid task=mnli,squad --index $I"), None),
        ("export APT_TASK=$T\n" + RUN.format(""), None),
        ("source x.sh\n" + RUN.format("--set seed=1"), None),
        ("export APT_SEED=1\n" + RUN.format('"$@"'), None),
        ("export APT_SEED=1\npython train.py\n", None),
    ],
)
@pytest.mark.parametrize("file", ["", "/dev/null"])
def test_run_needs_a_task(file: str, script: str, line: int | None) -> None:
    """It starts nothing with the default task; a `.env` may set it where the job reads one."""
    found = errors_in("job.sh", (f"export APT_ENV_FILE={file}; " if file else "") + script)

    assert found == ([(line, "APT_TASK")] if line and file else [])


@pytest.mark.parametrize(
    ("script", "errors", "notes"),
    [
        (RUN.format("--env-file big.env"), [], []),
        ("export APT_ENV_FILE=big.env\n" + RUN.format(""), [], []),
        (RUN.format("--env-file small.env"), ["APT_DISTILL_EPOCHS"], []),
        (RUN.format("--env-file other.env"), [], ["APT_DISTILL_EPOCHS"]),
        (RUN.format("--env-file big.env:other.env"), [], ["APT_DISTILL_EPOCHS"]),
        ('eval "$(apt-settings env --set epochs=60)"\npython train.py\n', [], ["APT_DISTILL_EPOCHS"]),
        ("case $X in a) E=50;; b) E=60;; esac\nAPT_EPOCHS=$E python train.py\n", [], []),
        ("bash train.sh\n", [], ["APT_DISTILL_EPOCHS"]),
        ('"$@"\n', [], ["APT_DISTILL_EPOCHS"]),
        ("APT_INITIAL_RANK= 8 python train.py\n", ["APT_DISTILL_EPOCHS", "APT_INITIAL_RANK"], []),
        ("APT_INITIAL_RANK= APT_EPOCHS=60 python train.py\n", [], []),
    ],
)
def test_what_a_file_says_counts_where_it_is_here(script: str, errors: list[str], notes: list[str]) -> None:
    """And where it is not, it may say otherwise; so may what `eval` reads."""
    beside = beside_of({"big.env": b"APT_EPOCHS=60\n", "small.env": b"APT_EPOCHS=45\n"})
    judgement = judge("job.sh", (DISTILL + script).encode(), beside)

    assert sorted(each.variable for each in judgement.findings) == errors
    assert [each.variable for each in judgement.notes if "may say otherwise" in each.message] == notes


@pytest.mark.parametrize(
    ("script", "line"),
    [
        (CUSTOM + "true\n" + RUN.format(""), 3),
        (CUSTOM + "python train.py\n", 2),
        (CUSTOM + RUN.format("--set architecture=$1"), None),
        (CUSTOM + RUN.format("--set architecture=x"), None),
        (CUSTOM + "export APT_ARCHITECTURE=$(cat model)\n" + RUN.format(""), None),
        (CUSTOM + RUN.format("--grid architecture=x,y --index $I"), None),
        (CUSTOM + "mkdir out\n", None),
        (CUSTOM, None),
        (CUSTOM + "source x.sh\n" + RUN.format(""), 3),
    ],
)
@pytest.mark.parametrize("file", ["", "/dev/null"])
def test_what_a_job_lacks_is_told_at_its_command(file: str, script: str, line: int | None) -> None:
    """It is wrong where the job reads no `.env`, and nothing else that is not read here may set it."""
    text = (f"export APT_ENV_FILE={file}; " if file else "") + script
    wrong, told = errors_in("job.sh", text), [note for note in notes_in("job.sh", text) if note[0] == line]

    expected = [] if line is None else [(line, "APT_ARCHITECTURE")]
    assert (wrong, told) == ((expected, []) if file and "source" not in script else ([], expected))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.env", "APT_TASK=custom\n"),
        ("map.yaml", "kind: ConfigMap\nmetadata: {name: m}\ndata: {APT_TASK: custom, APT_ENV_FILE: /dev/null}\n"),
        (
            "Makefile",
            "export APT_TASK = custom\nexport APT_DISTILL_EPOCHS = 50\n"
            "x:\n\tapt-settings run --set epochs=50 --set dataset=x --set architecture=y -- x\n",
        ),
        ("Dockerfile", "FROM x\nENV APT_TASK=custom\n"),
    ],
)
def test_what_is_no_job_lacks_nothing(name: str, text: str) -> None:
    """What a job starts with is put together from several such files."""
    assert errors_in(name, text) == []


SWEEPS = (
    ("--set", "distill_epochs=50", "--grid", "epochs=50,60", "--task", "squad"),
    ("--set", "architecture=x", "--grid", "dataset=a,b", "--task", "custom"),
    ("--set", "dataset=mrpc", "--grid", "task=glue_small", "--grid", "seed=1,2"),
    ("--set", "max_rank=4", "--grid", "initial_rank=2,4", "--task", "sst2"),
    ("--set", "distill_epochs=50", "--sample", "epochs=50..60", "--points", "4", "--task", "squad"),
    ("--set", "distill_epochs=50", "--zip", "epochs=50,60", "--zip", "seed=1,2", "--task", "squad"),
)
OF_TRAINER = (
    ("--task", "squad", "--set", "metric=f1", "--grid", "seed=1,2"),
    ("--task", "squad", "--grid", "metric=f1,em"),
    ("--task", "squad", "--set", "metric=f1", "--set", "save_every=300", "--grid", "eval_every=100,300"),
)


def written(capsys: pytest.CaptureFixture[str], launcher: str, *options: str) -> str:
    """What `job` writes for a launcher."""
    image = [] if launcher == "slurm" else ["--image", "x"]
    return printed(capsys, "job", launcher, *image, *options, "--", "true")


@pytest.mark.parametrize("launcher", ["slurm", "kubernetes"])
@pytest.mark.parametrize("options", SWEEPS, ids=" ".join)
def test_what_job_writes_for_a_sweep_is_good(
    launcher: str, options: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Values that fit at each point are right, although they would not fit the defaults."""
    assert judge("job.sh" if launcher == "slurm" else "job.yaml", written(capsys, launcher, *options).encode())[:2] == (
        [],
        [],
    )


@pytest.mark.parametrize("launcher", ["slurm", "kubernetes"])
@pytest.mark.parametrize("options", OF_TRAINER, ids=" ".join)
def test_what_job_writes_for_own_settings_is_good(
    launcher: str, options: tuple[str, ...], trainer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A setting that is required and set, and values that the class takes together at each point."""
    text = written(capsys, launcher, "--extend", trainer, *options)

    assert judge("job.sh" if launcher == "slurm" else "job.yaml", text.encode())[:2] == ([], [])


@pytest.mark.parametrize(
    ("options", "old", "new", "told"),
    [
        ("--set metric=f1", "export APT_METRIC=f1", "true", "APT_METRIC is not set and has no default"),
        ("--set metric=f1 --set save_every=1000", "=1000", "=600", "save_every 600 is no multiple of eval_every 500"),
        ("--set metric=f1 --grid eval_every=100,250", "=100,250", "=100,300", "no multiple of eval_every 300"),
        ("--set metric=f1", "export APT_EXTEND", ": APT_EXTEND", "APT_METRIC is of your own class, and nothing here"),
        ("--set metric=f1", "export SLURM_EXPORT_ENV", "unset APT_EXTEND\n: ", "APT_METRIC is of your own class, and"),
    ],
)
def test_an_edit_that_the_class_refuses_is_found(
    options: str, old: str, new: str, told: str, trainer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """At the line of the command that would be refused."""
    text = written(capsys, "slurm", "--extend", trainer, "--task", "squad", *options.split())
    (finding,) = judge("job.sh", text.replace(old, new).encode()).findings

    assert told in finding.message
    assert ("METRIC" if "own class" in told else "apt_settings run") in text.splitlines()[finding.line - 1]


def test_a_class_that_nobody_names_here_may_have_a_task_that_needs_nothing_more() -> None:
    """What the job lacks is known to whoever names the class."""
    text = "export APT_EXTEND=a:B APT_ENV_FILE=/dev/null APT_TASK=custom\napt-settings run -- x\n"

    assert judge("job.sh", text.encode()).findings == []
    assert notes_in("job.sh", text) == [(1, "APT_EXTEND")]


def test_an_axis_of_another_task_is_found(maths: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The task of the script was edited, and does not have the setting."""
    text = written(capsys, "slurm", "--extend", maths, "--task", "maths", "--grid", "answer_tokens=128,256")
    (finding,) = judge("job.sh", text.replace("APT_TASK=maths", "APT_TASK=squad").encode()).findings

    assert finding.message == "APT_ANSWER_TOKENS is a setting of the task maths, and this one is squad"


def test_a_task_of_your_own_needs_its_class(maths: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The line that names it is gone."""
    text = written(capsys, "slurm", "--extend", maths, "--task", "maths")
    (finding,) = judge("job.sh", text.replace(f"export APT_EXTEND={maths}\n", "").encode()).findings

    assert finding.message == f"APT_TASK is of your own class, and nothing here names it: add export APT_EXTEND={maths}"
    assert "APT_TASK" in text.splitlines()[finding.line]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("image run", "image run --task mnli"),
        ("image run", "image run --set epochs=30"),
        ("docker run", "docker run -e APT_EPOCHS=30"),
        ("--env=APT_TASK=squad ", ""),
        ("--entrypoint=apt-settings image", "--entrypoint apt-settings image"),
    ],
)
def test_an_edit_of_a_line_for_docker_is_found(old: str, new: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Ours is the entrypoint there, and the line begins with a folder that it makes."""
    text = printed(capsys, "job", "docker", "--image", "image", "--task", "squad", "--", "true")
    edited = text.replace(old, new)

    assert judge("job.sh", text.encode())[:2] == ([], [])
    assert edited != text
    assert [name for _, name in errors_in("job.sh", edited)] == ["APT_EXPECT"] * ("entrypoint " not in new)


@pytest.mark.parametrize(
    ("old", "told"),
    [
        ('            - "--points"\n            - "2"\n', "--points 64"),
        ('            - "--sample"\n            - "seed=1..9"\n', "--points has nothing to sample"),
        ('            - "--index"\n            - "$(JOB_COMPLETION_INDEX)"\n', "no --index chooses one"),
    ],
)
def test_a_sweep_without_a_part_of_it_is_found(old: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Two lines of a manifest are gone: the job would be refused, whatever its image says."""
    text = written(capsys, "kubernetes", "--task", "squad", "--sample", "seed=1..9", "--points", "2")
    (finding,) = judge("job.yaml", text.replace(old, "").encode()).findings

    assert old in text
    assert told in finding.message


@pytest.mark.parametrize("entrypoint", ["bash", "apt-settings"])
def test_another_entrypoint_has_options_of_its_own(entrypoint: str) -> None:
    """Only ours takes settings by `--set`."""
    line = f"docker run -e APT_SEED=1 --entrypoint={entrypoint} image run --set epochs=ten\n"

    assert errors_in("job.sh", line) == [(1, "APT_EPOCHS")] * (entrypoint == "apt-settings")


DISTILLS = "{APT_TASK: squad, APT_DISTILL_EPOCHS: '50'}"
WORKFLOW = "on: push\njobs:\n  a:\n    runs-on: x\n    env: {}\n    steps:\n      - {}\n      - run: {}\n"
STEPS = [
    ("uses: actions/checkout@v4", "apt-settings run --set epochs=60 -- train", 0),
    ("run: pip install x", "apt-settings run --set epochs=60 -- train", 0),
    ("run: ./train.sh", "apt-settings run --set epochs=60 -- train", 1),
    ("run: python train.py", "apt-settings run --set epochs=60 -- train", 1),
    ("run: pip install x", "apt-settings run -- train", 1),
]


@pytest.mark.parametrize(("before", "command", "count"), STEPS)
def test_a_step_that_trains_nothing_need_not_fit(before: str, command: str, count: int) -> None:
    """What the steps of a job share is judged as those have it that take settings."""
    text = WORKFLOW.format(DISTILLS, before, command)

    assert errors_in(".github/workflows/a.yml", text) == [(5, "APT_DISTILL_EPOCHS")] * count


def test_what_targets_set_to_others_is_unknown_in_recipes() -> None:
    """Each value is judged, and no recipe has the default."""
    rows = ["a: export APT_TASK = squad", "b: export APT_TASK = mrpc", "b:", "\tAPT_DATASET=mrpc apt-settings run -- x"]

    assert errors_in("Makefile", "\n".join(rows)) == []
    assert errors_in("Makefile", "\n".join(rows).replace("= mrpc", "= mrcp")) == [(2, "APT_TASK")]


def test_the_entrypoint_of_a_service_has_the_words_of_its_command() -> None:
    """Compose starts them together."""
    text = (
        "services:\n  a:\n    image: x\n    entrypoint: [apt-settings]\n    command: [run, --set, epochs=ten, --, x]\n"
    )

    assert [name for _, name in errors_in("compose.yaml", text)] == ["APT_EPOCHS"]


@pytest.mark.parametrize("value", ["60", "${APT_EPOCHS:-60}"])
def test_a_line_beside_those_that_job_wrote_counts_where_the_job_has_it(
    value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The script unsets what is set above its settings, and a variable that it has unset is empty."""
    text = written(capsys, "slurm", "--task", "squad").replace("set -e\n", "set -e\n#\n")
    above, below = (text.replace(mark, f"export APT_EPOCHS={value}\n{mark}") for mark in ("#\n", "export APT_TASK"))

    assert errors_in("job.sh", above) == []
    assert [name for _, name in errors_in("job.sh", below)] == ["APT_EXPECT"]


@pytest.mark.parametrize(
    ("option", "edited"),
    [
        ("apt_settings run --set epochs=30", "APT_EPOCHS was edited"),
        ("apt_settings run --task mnli", "APT_TASK was edited"),
        ("apt_settings run --expect apt1-0123456789abcdef", "is not what runs here"),
        ("apt_settings run --expect squad", "must be a fingerprint"),
    ],
)
def test_an_option_beside_the_pin_is_found(option: str, edited: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What the command sets for itself counts; it would be refused in the queue."""
    text = written(capsys, "slurm", "--task", "squad").replace("apt_settings run", option)
    (finding,) = judge("job.sh", text.encode()).findings

    assert edited in finding.message
    assert finding.variable == "APT_EXPECT"


@pytest.mark.parametrize("pin", ["foo", "apt1-1234", "sweep1-xyz"])
def test_what_is_no_pin_is_found(pin: str) -> None:
    """Also where a `.env` may make the settings others."""
    assert errors_in("job.sh", f"export APT_TASK=squad APT_EXPECT={pin}\napt-settings run -- x\n") == [
        (1, "APT_EXPECT")
    ]
