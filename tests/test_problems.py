"""Everything that users get wrong, and the message that each of them reads."""

import pickle
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import get_args

import pytest
from grids import checker, grid
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from apt_settings import SettingsError, SettingsWarning, fingerprint, load
from apt_settings.basics.escaping import shown
from apt_settings.facts.architectures import ArchitectureName
from apt_settings.facts.datasets import DatasetName
from apt_settings.facts.other_names import DERIVED, LIKELY_WORDS, OTHER_NAMES, OTHER_WORDS
from apt_settings.variables import variables

SPARSITIES = (
    "60",
    "60%",
    "-0.1",
    "1.0",
    "nan",
    "inf",
    "1e999",
    "abc",
    "0,4",
    "0.4 # note",
    "\u0660.\u0664",
    "0x1",
    " 0.4",
    "'0.4'",
)
EPOCHS = ("0", "-1", "4.5", "1e3", "9" * 30, "ten")

BAD_ENVIRONMENTS: tuple[Mapping[str, str], ...] = (
    *({"APT_TARGET_SPARSITY": value} for value in SPARSITIES),
    *({"APT_EPOCHS": value} for value in EPOCHS),
    {"APT_DISTILL_EPOCHS": "50"},
    {"APT_PRUNING_END_EPOCH": "41"},
    {"APT_SPARSITY_WARMUP_EPOCHS": "3"},
    {"APT_INITIAL_SPARSITY": "0.7"},
    {"APT_PER_DEVICE_BATCH_SIZE": "64"},
    {"APT_MAX_RANK": "4"},
    {"APT_MAX_RANK": "4", "APT_INITIAL_RANK": "16"},
    {"APT_TASK": "imagenet"},
    {"APT_TASK": "mnly"},
    {"APT_TASK": "squad", "APT_DATASET": "sst2"},
    {"APT_TASK": "mnli", "APT_DATASET": "qnli"},
    {"APT_TASK": "squad", "APT_ARCHITECTURE": "t5-base"},
    {"APT_MAX_TARGET_LENGTH": "128"},
    {"APT_LEARNING_RATE": "2"},
    {"APT_TARGET_SPARSTIY": "0.4"},
    {"APT_LR": "1e-4"},
    {"APT_TYPO": ""},
    {"apt_target_sparsity": "0.4"},
    {"APT__EPOCHS": "4"},
    {"APT-EPOCHS": "4"},
    {"APT_EPOCHS ": "4"},
    {"APT_SALIENCE_MOMENTUM": "9"},
    {"APT_\x1b[31m": "4"},
    {"APT_PRUNABLE_BLOCKS": "mha_head,ffn_neurn"},
    {"APT_OUTPUT_DIR": "out\x1b[31m"},
    {"APT_OUTPUT_DIR": "\udcff"},
    {"APT_OUTPUT_DIR": "x" * 5000},
    {"APT_REFERENCE": "relase"},
    {"APT_REFERENCE": "release", "APT_ARCHITECTURE": "t5-base"},
    {"APT_UNKNOWN": "wran"},
    {"APT_ENV_FILE": "missing.env"},
    {"APT_ENV_FILE": "../"},
)

BAD_ENV_FILES: tuple[str | bytes, ...] = (
    "APT_EPOCHS=ten\n",
    "\n\n# a comment\n\nAPT_EPOCHS=0\n",
    b"\xef\xbb\xbfAPT_EPOCHS=0\r\n",
    "APT_EPOCHS 10\n",
    "APT_EPOCHS\n",
    "HF_TOKEN=hf_canary\nAPT_EPOCHS: 10\n",
    "APT_EPOCHS=10\nAPT_SEED=1\nAPT_EPOCHS=10\n",
    "APT_TARGET_SPARSTIY=0.4\n",
    "export apt_epochs=10\n",
    "APT_EPOCHS=${N}\n",
    "APT_OUTPUT_DIR='${NO_SUCH_HOME}/out'\n",
    'APT_OUTPUT_DIR="out\nAPT_EPOCHS=10\n',
    'TOKEN="hf_canary\nAPT_EPOCHS=10\nOTHER="\n',
    "APT_ENV_FILE=other.env\n",
    b"NAME=caf\xe9 hf_canary\nAPT_EPOCHS=10\n",
    "APT_EPOCHS=10\n".encode("utf-16"),
    b"#" * 300_000,
    "SECRET=hf_canary\nAPT_EPOCHS=${SECRET}\n",
    "PIN=60\nAPT_TARGET_SPARSITY=${PIN}\n",
    "APT_OUTPUT_DIR='out\nHF_TOKEN=hf_canary\nWANDB_DIR='\n",
    "'APT_SEED=1\nHF_TOKEN=hf_canary'\n",
    "'APT_SEED=1\nHF_TOKEN=hf_canary'=x\n",
    "APT_EPOCHS=30 HF_TOKEN=hf_canary\n",
    "APT_EPOCHS=30; export HF_TOKEN=hf_canary\n",
    "APT_OUTPUT_DIR=/scratch/$SLURM_JOB_ID\n",
    "APT_OUTPUT_DIR=a\x00b\n",
    "'APT_\x1b[31m'=1\n",
    "APT-EPOCHS=1\n",
    "APT_EPOCHS=30# comment\n",
    "APT_EPOCHS=30;\n",
)


def refusal(environ: Mapping[str, str]) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        load(environ)
    return caught.value


def test_every_mistake_has_its_message(write_env: Callable[..., Path], golden: Callable[[str, str], None]) -> None:
    """Each bad input gives one error that names variable and place, what is wrong, what is allowed, what to write."""
    told = [(shown(dict(environ)), refusal(environ)) for environ in BAD_ENVIRONMENTS]
    for content in BAD_ENV_FILES:
        write_env(content)
        told.append((f".env {ascii(content)[:80]}", refusal({})))

    golden("problems.txt", "".join(f"{said}\n    {error.problems[0]}\n" for said, error in told))


@pytest.mark.parametrize("environ", BAD_ENVIRONMENTS, ids=str)
def test_one_mistake_is_one_problem(environ: Mapping[str, str]) -> None:
    """A single mistake never drags further problems along."""
    assert len(refusal(environ).problems) == 1


def test_five_mistakes_are_five_problems() -> None:
    """All that is wrong is told in one error, each thing once."""
    environ = {
        "APT_TARGET_SPARSITY": "60",
        "APT_EPOCHS": "ten",
        "APT_DISTILL_EPOCHS": "50",
        "APT_TARGET_SPARSTIY": "0.4",
        "APT_PRUNABLE_BLOCKS": "a,b,c",
        "APT_TASK": "imagenet",
    }
    error = refusal(environ)

    assert set(environ) - {"APT_DISTILL_EPOCHS"} == {problem.variable for problem in error.problems}
    assert len(error.problems) == 5


def test_a_wrong_task_hides_nothing_and_blames_nothing_else() -> None:
    """With an unknown task the other values are judged by their types, not against some other task."""
    error = refusal({"APT_TASK": "imagenet", "APT_DATASET": "squad", "APT_MAX_TARGET_LENGTH": "9", "APT_SEED": "x"})

    assert [problem.variable for problem in error.problems] == ["APT_TASK", "APT_SEED"]


def test_a_problem_has_its_parts() -> None:
    """Programs read variable, origin, value, what is allowed and the fix from a problem."""
    (problem,) = refusal({"APT_TARGET_SPARSITY": "60"}).problems

    assert (problem.variable, problem.origin) == ("APT_TARGET_SPARSITY", "environment APT_TARGET_SPARSITY")
    assert (problem.value, problem.wrong, problem.allowed) == ("'60'", "is not allowed", "a number, 0 <= x < 1")
    assert (problem.fix, problem.kind, problem.setting) == ("did you mean 0.6?", "bad value", "target_sparsity")


@pytest.mark.parametrize("folder", ["APT_SEED", "epochs", "x"])
def test_a_variable_is_named_wherever_its_file_is(folder: str, tmp_path: Path) -> None:
    """A path that holds the variable's name does not stand for it."""
    path = tmp_path / folder / ".env"
    path.parent.mkdir()
    path.write_text("APT_SEED=x\n")

    assert str(refusal({"APT_ENV_FILE": str(path)}).problems[0]).startswith(f"{path}:1 APT_SEED='x' is not allowed")


def test_an_error_keeps_no_value() -> None:
    """An error is logged and pickled: it has what its message has, and not what ${NAME} brought in."""
    environ = {"SECRET": "hf_canary", "APT_ENV_FILE": "job.env"}
    Path("job.env").write_text("APT_EPOCHS=${SECRET}\n")
    error = refusal(environ)

    assert "hf_canary" not in repr(error)
    assert b"hf_canary" not in pickle.dumps(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301  it is ours


@pytest.mark.parametrize(
    "content",
    [
        "APT_EPOCHS=50",
        "APT_EPOCHS=50\r\nAPT_SEED=1\r\n",
        b"\xef\xbb\xbfAPT_EPOCHS=50\n",
        "export APT_EPOCHS=50\n",
        "APT_EPOCHS='50'\n",
        'APT_EPOCHS="50"\n',
        "  APT_EPOCHS = 50\n",
        "N=50\nAPT_EPOCHS=${N}\n",
        "APT_EPOCHS=${N:-50}\n",
        "KEY='-----BEGIN\nabc=\n-----END'\nAPT_EPOCHS=50\n",
        "APT_CONFIG=/etc/apt.conf\nHF_TOKEN=hf_canary\nNAKED\nAPT_EPOCHS=50\n",
    ],
)
def test_what_env_files_look_like_in_the_wild_is_fine(write_env: Callable[..., Path], content: str | bytes) -> None:
    """Byte-order marks, CRLF, a missing last newline, export, quotes, other tools' lines are no mistakes."""
    write_env(content)

    assert load({}).epochs == 50


@pytest.mark.parametrize(
    "name",
    [
        "APT_CONFIG",
        "APT_KEY_DONT_WARN_ON_DANGEROUS_USAGE",
        "APT_LISTCHANGES_FRONTEND",
        "APT_TESTS_X",
        "APT_SERVICE_HOST",
        "APT_PORT",
        "APT_PORT_80_TCP",
        "APT_PORT_80_TCP_ADDR",
        "APT_CACHE_SERVICE_PORT_HTTP",
        "APT_PACKAGES",
        "APTITUDE",
        "XAPT_EPOCHS",
    ],
)
def test_foreign_names_are_silent(name: str, write_env: Callable[..., Path]) -> None:
    """Names known to belong to others are neither read nor told, in the environment as in `.env`."""
    write_env(f"{name}=tcp://10.0.0.1:80\n")
    resolved = load({name: "tcp://10.0.0.1:80"})

    assert resolved == load({}, env_file=None)
    assert resolved.notes == ()


def test_ten_epochs_alone_are_good_input() -> None:
    """APT_EPOCHS=10 resolves, leaves distill_epochs at the paper's 20, and one note names the line to add."""
    with pytest.warns(SettingsWarning) as warned:
        resolved = load({"APT_EPOCHS": "10"})

    assert (resolved.epochs, resolved.distill_epochs) == (10, 20)
    assert len(warned) == 1
    (note,) = resolved.notes
    assert note.setting == "distill_epochs"
    assert str(note) == (
        "distill_epochs stays 20 (class default) although it should be at most epochs, which is 10 "
        "(environment APT_EPOCHS); to change it: APT_DISTILL_EPOCHS=10"
    )


@pytest.mark.parametrize("policy", ["warn", "ignore"])
def test_unknown_names_can_be_let_pass(policy: str, write_env: Callable[..., Path]) -> None:
    """APT_UNKNOWN relaxes the rule for variables, from the environment or `.env`, and never for arguments."""
    write_env(f"APT_UNKNOWN={policy}\nAPT_NEWER=1\n")
    if policy == "warn":
        with pytest.warns(SettingsWarning) as warned:
            load({"APT_NEWER_STILL": "2"})
        assert [str(each.message).split()[1] for each in warned] == ["APT_NEWER_STILL", "APT_NEWER"]
    else:
        assert load({"APT_NEWER_STILL": "2"}).notes == ()
    with pytest.raises(SettingsError, match="argument epcohs is not a setting; did you mean epochs"):
        load({"APT_UNKNOWN": policy}, None, epcohs=3)


def everything_in(error: BaseException, seen: set[int] | None = None) -> str:
    """All text reachable from an exception: messages, attributes, context, cause, arguments."""
    seen = seen or set()
    if id(error) in seen:
        return ""
    seen.add(id(error))
    parts = [repr(error), str(error), repr(vars(error)), repr(error.args)]
    for linked in (error.__cause__, error.__context__):
        if linked is not None:
            parts += [everything_in(linked, seen), repr(getattr(linked, "object", ""))]
    return "".join(parts)


@pytest.mark.parametrize("content", BAD_ENV_FILES, ids=lambda content: ascii(content[:20]))
def test_no_other_tools_secret_is_in_an_error(write_env: Callable[..., Path], content: str | bytes) -> None:
    """Neither text nor any attribute nor the chain of an error holds another tool's value."""
    line = "\nHF_TOKEN=hf_canary\n"
    write_env(content + line.encode() if isinstance(content, bytes) else content + line)
    error = refusal({"AWS_SECRET": "hf_canary"})

    assert "hf_canary" not in everything_in(error)
    assert error.__context__ is None


LINES = st.lists(
    st.one_of(
        st.sampled_from(
            ("HF_TOKEN=hf_canary", "'hf_canary", "APT_EPOCHS=50", 'APT_OUTPUT_DIR="a', "APT_SEED", "export X")
        ),
        st.text(st.characters(codec="utf-8"), max_size=30),
        st.text("APT_EOCHS='\"\\${}:-#= \t\n\rhf_canary", max_size=30),
    ),
    max_size=6,
)


@given(LINES)
@example(["'APT_A\nhf_canary'=", "x"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.filterwarnings("ignore::apt_settings.SettingsWarning")
def test_any_env_file_gives_settings_or_a_printable_error(write_env: Callable[..., Path], lines: list[str]) -> None:
    """Whatever a `.env` holds, there are settings or a SettingsError without anything that a terminal acts on."""
    write_env("\n".join(lines))
    try:
        load({})
    except SettingsError as error:
        told = "".join(map(str, error.problems))
        assert told.isprintable()


def test_many_unknown_names_are_all_told_at_once() -> None:
    """Ten thousand unknown names are ten thousand problems, without a guess for each."""
    error = refusal({f"APT_X{number}": "1" for number in range(10_000)})

    assert len(error.problems) == 10_000


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        (
            *("APT_EVAL_EVERY", "3"),
            "is not a setting; one of your own needs APT_EXTEND or --extend (APT_UNKNOWN=warn lets it pass)",
        ),
        ("APT_NUM_TRAIN_EPOCHS", "3", "is not a setting; that is APT_EPOCHS (APT_UNKNOWN=warn lets it pass)"),
        ("APT_LR", "1e-4", "is not a setting; that is APT_LEARNING_RATE"),
        ("APT_BS", "8", "is not a setting; that is APT_BATCH_SIZE"),
        ("APT_MODEL_NAME", "x", "is not a setting; that is APT_ARCHITECTURE"),
        ("APT_LORA_R", "8", "is not a setting; that is APT_INITIAL_RANK"),
        ("APT_LORA_ALPHA", "16", "is not a setting; it is APT_SCALING_FACTOR times APT_INITIAL_RANK"),
        ("APT_GRADIENT_CLIP_VAL", "1", "is not a setting; that is APT_MAX_GRAD_NORM"),
        ("APT_GRADIENT_ACCUMULATION_STEPS", "4", "is not a setting; APT_BATCH_SIZE, APT_PER_DEVICE_BATCH_SIZE and"),
        ("APT_PRECISION", "bfloat16", "must be one of fp32, tf32, fp16, bf16; did you mean bf16?"),
        ("APT_PRECISION", "16-mixed", "did you mean fp16?"),
        ("APT_LR_SCHEDULER", "constant_with_warmup", "did you mean constant?"),
        ("APT_OPTIMIZER", "adamw_torch", "did you mean adamw?"),
        ("APT_SEED", "none", "a run without a seed cannot be repeated"),
    ],
)
def test_what_people_type_from_memory_gets_our_word(variable: str, value: str, message: str) -> None:
    """Names and values of transformers, Lightning and others."""
    with pytest.raises(SettingsError, match=re.escape(message)):
        load({variable: value}, None)


def test_every_other_name_means_a_setting() -> None:
    """The tables name settings and words that there are."""
    known = load({}, None).model_dump()

    assert set(OTHER_NAMES.values()) | set(OTHER_WORDS) <= known.keys()
    assert not (OTHER_NAMES.keys() | DERIVED.keys()) & known.keys()
    for setting, words in OTHER_WORDS.items():
        for word in set(words.values()):
            task = "alpaca" if "Llama" in word else "sst2"
            assert load({f"APT_{setting.upper()}": word}, None, task=task)
    assert set(LIKELY_WORDS["dataset"].values()) <= set(get_args(DatasetName))
    assert set(LIKELY_WORDS["architecture"].values()) <= set(get_args(ArchitectureName))


@pytest.mark.parametrize("text", ["none", "0", "0.0"])
def test_gradients_need_not_be_clipped(text: str) -> None:
    """None and 0 are one value, in a fingerprint too."""
    job = load({"APT_MAX_GRAD_NORM": text}, None)

    assert job.max_grad_norm is None
    assert fingerprint(job) == fingerprint(load({}, None, max_grad_norm=None))
    assert load(variables(job), None) == job


def test_two_ways_to_say_one_thing_are_refused(write_env: Callable[..., Path]) -> None:
    """Where somebody sets both, whoever it is; a default is nobody's."""
    write_env("APT_WARMUP_RATIO=0.1\n")
    with pytest.raises(
        SettingsError, match=r"APT_WARMUP_STEPS='100' does not go with \.env:1 APT_WARMUP_RATIO"
    ) as caught:
        load({"APT_WARMUP_STEPS": "100"})

    assert len(caught.value.problems) == 1
    assert load({"APT_WARMUP_STEPS": "none"}).warmup_ratio == 0.1
    job = load({"APT_WARMUP_STEPS": "100"}, None)
    assert "APT_WARMUP_RATIO" not in variables(job)
    assert load(variables(job), None) == job
    assert load({"APT_WARMUP_STEPS": "1", "APT_REFERENCE": "release", "APT_TASK": "squad"}, None).warmup_steps == 1


def test_a_sweep_over_both_is_refused_at_the_points_that_have_both() -> None:
    """As load refuses them."""
    judge = checker(grid(("warmup_steps", [None, 5]), ("warmup_ratio", [0.1, 0.2])), {})

    assert [bool(judge.verdict(index).problems) for index in range(4)] == [False, False, True, True]


def test_what_classes_refuse_stands_in_their_order(
    write_env: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not in another one each time."""
    text = """
class Refusing{0}(SettingsGroup):
    x{0}: int = 1
    @model_validator(mode="after")
    def judge(self):
        if self.x{0} == 2:
            raise ValueError("no")
        return self
"""
    head = "from pydantic import model_validator\nfrom apt_settings import SettingsGroup\n"
    write_env(head + "".join(map(text.format, range(6))), "refusing.py")
    monkeypatch.syspath_prepend(Path.cwd())
    names = [f"refusing:Refusing{number}" for number in range(6)]
    with pytest.raises(SettingsError) as caught:
        load({f"APT_X{number}": "2" for number in range(6)}, None, extend=names)

    assert [each.where for each in caught.value.problems] == names
