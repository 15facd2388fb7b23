"""Job specs that people wrote: every planted fault is found, nothing else is, and nothing hostile does harm."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support import RECORDS, ROOT, start_command

from apt_settings.cli import main
from apt_settings.specs.findings import findings
from apt_settings.specs.kinds import kind_of, pattern
from apt_settings.specs.texts import SIZE_LIMIT

SPECS = RECORDS / "specs"
PLANTED: dict[str, set[tuple[int, str]]] = {
    "train.env": {
        (3, "APT_TARGET_SPARSTIY"),
        (6, "APT_DISTILL_EPOCHS"),
        (9, "APT_SEED"),
        (10, "APT_LEARNING_RATE"),
        (11, ""),
    },
    "array.sbatch": {
        (4, "APT_ADAPTER_TARGETS"),
        (8, "APT_SEED"),
        (10, "APT_OUPUT_DIR"),
        (11, "APT_PRUNABLE_BLOCKS"),
        (13, "APT_EPOCHS"),
        (16, "APT_WEIGHT_DECAY"),
    },
    "loop.sh": {
        (4, "APT_TARGET_SPARSITY"),
        (6, "APT_DATASETS"),
        (8, "APT_SEED"),
        (9, "APT_DISTILL_EPOCHS"),
        (14, "APT_LEARNING_RATE"),
        (15, "APT_TASK"),
        (15, "APT_OUTPUT_DIR"),
        (16, "APT_LR"),
        (17, "APT_TARGET_SPARSITY"),
        (18, "apt_seed"),
        (20, "APT_SEEED"),
        (22, "APT_EPOCHS"),
    },
    "jobs.yaml": {
        (7, "APT_EPOCHS"),
        (8, "APT_DATSET"),
        (23, "APT_DISTILL_EPOCHS"),
        (24, "APT_TARGET_SPARSITY"),
        (28, "APT_SEED"),
        (29, "APT_LR"),
        (46, "APT_ARCHITECTURE"),
        (47, "APT_OUTLIER_AWARE"),
        (58, "APT_OPTIMIZER"),
    },
    "Dockerfile": {
        (6, "APT_TARGET_SPARSTIY"),
        (9, "APT_SEED"),
        (10, "APT_DISTILL_EPOCHS"),
        (11, "APT_PRECISION"),
        (12, "APT_OPTIMIZER"),
    },
}


def found(name: str, text: str | bytes) -> list[tuple[int, str]]:
    """Line and variable of what is wrong with a spec."""
    data = text.encode() if isinstance(text, str) else text
    return [(finding.line, finding.variable) for finding in findings(name, data)]


@pytest.mark.parametrize("name", PLANTED)
def test_every_planted_fault_is_found_and_nothing_else(name: str) -> None:
    """All of the corpus's faults, each at its line: none missed, none invented."""
    assert sorted(PLANTED[name]) == sorted(found(name, (SPECS / "faulty" / name).read_bytes()))


@pytest.mark.parametrize("name", PLANTED)
def test_a_faultless_twin_is_good(name: str) -> None:
    """What looks like the faulty one and is right raises no alarm."""
    assert found(name, (SPECS / "good" / name).read_bytes()) == []


def test_the_corpus_is_counted() -> None:
    """37 faults are planted in five kinds of spec, and the messages are as a reader has them."""
    assert sum(map(len, PLANTED.values())) == 37
    assert {path.name for path in (SPECS / "good").iterdir()} == set(PLANTED)


def test_the_messages_are_for_people(golden: Callable[[str, str], None]) -> None:
    """File, line, what is wrong, what is allowed, what to write."""
    told = [str(each) for name in PLANTED for each in findings(name, (SPECS / "faulty" / name).read_bytes())]
    golden("specs.txt", "\n".join(told) + "\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("export APT_EPOCHS=30 APT_DISTILL_EPOCHS=40\nrun", [(1, "APT_DISTILL_EPOCHS")]),
        ("export APT_EPOCHS=$N APT_DISTILL_EPOCHS=50\nrun", []),
        ("export APT_TASK=$T APT_ARCHITECTURE=t5-base APT_DATASET=squad\nrun", []),
        ("export APT_TASK=$(cat task) APT_SEED=x\nrun", [(1, "APT_SEED")]),
        ("export APT_OUTPUT_DIR=~/out APT_SEED=${SEED:-3}\nrun", []),
        ("export APT_TSK=$(cat task)\nrun", [(1, "APT_TSK")]),
        ("export APT_EPOCHS=''\nrun", []),
        ('export APT_MODEL_NAME_OR_PATH="a \\"b\\" \\$c"\nrun', []),
        ("export APT_EPOCHS=30 \\\n  APT_DISTILL_EPOCHS=40\nrun", [(2, "APT_DISTILL_EPOCHS")]),
        ("set -a\nAPT_EPOCHS=30\nrun", []),
        ("APT_EPOCHS=30\nAPT_SEED=x", [(2, "APT_SEED")]),
        ("APT_EPOCHS=30\nexport APT_EPOCHS\nrun", []),
        ("declare -x APT_SEED=x\nrun", [(1, "APT_SEED")]),
        ("f() { export APT_EPOCHS=ten; }\nrun", [(1, "APT_EPOCHS")]),
        ("export APT_EPOCHS=30 && export APT_SEED=x || exit\nrun", [(1, "APT_SEED")]),
        ("(export APT_SEED=x; run)", [(1, "APT_SEED")]),
        ("export APT_DISTILL_EPOCHS=50\nmodule load cuda\nexport APT_EPOCHS=60\nrun", []),
        ("export APT_EPOCHS=30\nexport APT_EPOCHS=30\nrun", []),
        ("export APT_EPOCHS=30\r\nrun\r\n", [(1, "APT_EPOCHS")]),
        ("run <<EOF\nexport APT_X=1\nEOF\n", [(2, "APT_X")]),
        ("echo 'export APT_X=1' # APT_Y=2", [(1, "APT_X")]),
        ("export APT_TASK=mnli APT_UNKNOWN=warn APT_NEWER=1\nrun", [(1, "APT_NEWER")]),
        ("export APT_REFERENCE=release APT_ARCHITECTURE=t5-base\nrun", [(1, "APT_REFERENCE")]),
        ("export APT_REFERENCE=release APT_ARCHITECTURE=$A\nrun", []),
        ("if then fi (((", []),
        ("export APT_TASK= squad\nrun", [(1, "APT_TASK")]),
        ("export APT_SEED =3\nrun", [(1, "APT_SEED")]),
        ("APT_SEED = 3\nrun", [(1, "APT_SEED")]),
        ("APT_TASK= run", []),
        ("srun env APT_SEED=x run", [(1, "APT_SEED")]),
        ("nohup env -i APT_SEED=x run &", [(1, "APT_SEED")]),
        ("mpirun -x APT_SEED=x -np 2 run", [(1, "APT_SEED")]),
        (
            "apt-settings run --task squadd --set target_sparsty=0.4 -- run",
            [(1, "APT_TARGET_SPARSTY"), (1, "APT_TASK")],
        ),
        ("python -m apt_settings check --set=seed=x", [(1, "APT_SEED")]),
        ('APT_GET="apt-get -y"\napt_opts=(-y -q)\nAPT_PACKAGES="curl git"\nrun', []),
        ("f() { local apt_cache=1; declare APT_SEED=x; }\nrun", []),
        ("APT_EPOCHS=5\nexport APT_DISTILL_EPOCHS=20\nrun", [(1, "APT_EPOCHS")]),
        ('export "APT_SEED=x"\nrun', [(1, "APT_SEED")]),
        ("export APT_SEED=1; [ -n $BIG ] && export APT_SEED=2\nrun", []),
        ("export APT_PRUNABLE_BLOCKS=mha_head\nAPT_PRUNABLE_BLOCKS+=,ffn_neuron\nrun", []),
        ("APT_SEEDS=(1 2)\nexport APT_SEED=${APT_SEEDS[0]}\nAPT_LRS[0]=1\nrun", []),
        ("APT_SEED=3; python t.py --seed $APT_SEED", []),
        ("export APT_EPOCHS=5 APT_DISTILL_EPOCHS=5\nenv -i APT_DISTILL_EPOCHS=10 run", []),
        ("export APT_EPOCHS=5 APT_DISTILL_EPOCHS=5\ndocker run -e APT_DISTILL_EPOCHS=10 img", []),
        ("export APT_EPOCHS=5 APT_DISTILL_EPOCHS=5\nsrun --export=NONE,APT_DISTILL_EPOCHS=10 run", []),
        ("env python h.py APT_FOO=bar", [(1, "APT_FOO")]),
        ("for s in 1 2; do APT_EPOCHS=30 APT_DISTILL_EPOCHS=40 run; done", [(1, "APT_DISTILL_EPOCHS")]),
        ("sbatch <<EOF\n#!/bin/sh\nexport APT_SEED=x\nrun\nEOF\n", [(3, "APT_SEED")]),
        ("#SBATCH --export=ALL,APT_TASK=mnli,http_proxy\nrun", []),
        ("export FOO=1\n#SBATCH --export=ALL,APT_SEED=3\nrun", [(2, "APT_SEED")]),
        ("APT_SEED=1\n" + "if x; then " * 3000 + "y; " + "fi; " * 3000, [(1, "")]),
        ("source params.sh\nexport APT_DISTILL_EPOCHS=50 APT_SEED=x\nrun", [(2, "APT_SEED")]),
        ("source ~/env/bin/activate\nexport APT_DISTILL_EPOCHS=50\nrun", [(2, "APT_DISTILL_EPOCHS")]),
    ],
)
def test_scripts_are_read_as_bash_would(text: str, expected: list[tuple[int, str]]) -> None:
    """Order, quoting, conditions and what only the job knows."""
    assert expected == found("job.sh", text)


@pytest.mark.parametrize(
    ("name", "head", "kind_of_fault"),
    [
        ("job", "#!/bin/sh\nexport APT_SEED=x\nrun\n", (2, "APT_SEED")),
        ("x", "#SBATCH --time=1\nexport APT_SEED=x\nrun\n", (2, "APT_SEED")),
        ("x", "apiVersion: v1\nkind: ConfigMap\ndata: {APT_SEED: x}\n", (3, "APT_SEED")),
        ("x", "FROM a\nENV APT_SEED=x\n", (2, "APT_SEED")),
        ("x", "APT_SEED=x\n", (1, "APT_SEED")),
        (".env.production", "APT_SEED=x\n", (1, "APT_SEED")),
        ("train.Dockerfile", "FROM a\nENV APT_SEED=x\n", (2, "APT_SEED")),
        ("notes.md", "APT_SEEED=x\n", (1, "APT_SEEED")),
        ("env.py", "APT_SEEED=x\n", (1, "APT_SEEED")),
        ("pod.json", '{"kind": "Pod", "containers": [{"env": [{"name": "APT_SEED", "value": "x"}]}]}', (1, "APT_SEED")),
        ("compose.yaml", "services:\n  a:\n    environment:\n      APT_SEED: x\n", (4, "APT_SEED")),
        ("compose.yaml", "services:\n  a:\n    environment:\n      - APT_SEED=x\n", (4, "APT_SEED")),
        ("ci.yaml", "jobs:\n  a:\n    env:\n      APT_SEED: x\n      APT_TASK: ${{ inputs.task }}\n", (4, "APT_SEED")),
    ],
)
def test_a_spec_is_told_by_name_or_content(name: str, head: str, kind_of_fault: tuple[int, str]) -> None:
    """stdin and files without an ending are recognized by what stands in them."""
    assert [kind_of_fault] == found(name, head)


BOMB = "APT_SEED: &a [x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(24)
)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("x.yaml", b"APT_SEED: [1\nb: 2\n", "x.yaml:2: is no YAML: "),
        ("x.yaml", b"\tAPT_SEED: 1\n", "x.yaml:1: is no YAML: "),
        ("x.yaml", b"APT_SEED: " + b"[" * 100_000, "is nested too deeply"),
        ("x.sh", b"export APT_SEED='" + b"x" * (SIZE_LIMIT + 1), "is larger than 1024 KiB"),
        ("x.sh", b"\x7fELF\x00\xff\xfe", "is not UTF-8"),
        ("x.sh", b"MZ\x00\x00", "is not a text file"),
        ("x.env", b"\xff\xfeA\x00=\x00", "is UTF-16, not UTF-8: save it as UTF-8"),
    ],
)
def test_what_cannot_be_read_is_one_finding(name: str, data: bytes, words: str) -> None:
    """File, line and reason, for whatever it is."""
    (finding,) = findings(name, data)

    assert words in str(finding)


def test_an_anchor_bomb_is_harmless() -> None:
    """Aliases are looked at once, however often they repeat: no time, no memory."""
    wrong = "zz: &zz {containers: [{name: x, env: [{name: APT_SEED, value: x}]}]}\n"

    assert found("bomb.yaml", BOMB) == []
    assert found("bomb.yaml", wrong + BOMB.replace("[x, x]", "[*zz, *zz]")) == [(1, "APT_SEED")]


def test_what_stands_in_another_file_is_not_guessed() -> None:
    """A container that takes a ConfigMap from elsewhere may well have the setting that makes another fit."""
    container = "containers: [{name: x, env: [{name: APT_DISTILL_EPOCHS, value: '50'}]%s}]\n"
    taken = ", envFrom: [{configMapRef: {name: elsewhere}}]"

    assert found("job.yaml", container.replace("%s", "")) == [(1, "APT_DISTILL_EPOCHS")]
    assert found("job.yaml", container.replace("%s", taken)) == []


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2e-4", ['APT_LEARNING_RATE must be a string: write "2e-4"']),
        (".1", ['APT_LEARNING_RATE must be a string: write "0.1"']),
        ("1_0", ['APT_LEARNING_RATE must be a string: write "10"', "APT_LEARNING_RATE='10' is not allowed: must be"]),
        ("null", []),
        ("'2e-4'", []),
    ],
)
def test_values_are_what_kubernetes_takes_them_for(written: str, expected: list[str]) -> None:
    """A number is refused by its API although a person reads a text; the advice is right when followed."""
    text = f"containers: [{{name: x, env: [{{name: APT_LEARNING_RATE, value: {written}}}]}}]"
    told = [finding.message for finding in findings("job.yaml", text.encode())]

    assert len(expected) == len(told)
    assert all(message.startswith(begin) for message, begin in zip(told, expected, strict=True))


@pytest.mark.parametrize("value", ['"{{ .Values.seed }}"', "{{ .Values.seed }}", "${SEED}", "$SEED"])
def test_what_is_replaced_before_is_left_alone(value: str) -> None:
    """helm and envsubst write the value."""
    assert found("job.yaml", f"containers:\n  - env:\n      - name: APT_SEED\n        value: {value}\n") == []


MANY = 600
INLINE = "".join(f"APT_SEED={n} x\n" for n in range(MANY))
LARGE = {
    "entries.yaml": (
        "e: &e\n" + "- {name: APT_X, value: a}\n" * MANY + "containers:\n" + "- {env: *e}\n" * MANY,
        2 * MANY - 1,
    ),
    "inline.sh": ("".join(f"export APT_X{n}=3\n" for n in range(MANY)) + INLINE, MANY),
    "Dockerfile": ("".join(f"FROM a AS s{n}\nENV APT_X{n}=1 APT_SEED={n}\n" for n in range(MANY)), MANY),
    "x.env": ("A=" + "${X" * 50_000 + "\n", 0),
    "blank": ("\n" * 100_000 + "?", 0),
    "merges.yaml": ("a: &a {x: 1}\n" + "".join(f"b{n}: &b{n} {{<<: [*a, *a, *a]}}\n" for n in range(100)), 0),
}


@pytest.mark.large
@pytest.mark.parametrize("name", LARGE)
def test_size_does_no_harm(name: str) -> None:
    """What is large, or repeats itself through aliases, is judged all the same, each name once."""
    text, expected = LARGE[name]

    assert len(found(name, text)) == expected


def test_a_file_that_is_no_env_says_so_once() -> None:
    """Prose with a name like a .env is one finding, not one for each line."""
    (finding,) = findings("notes.env", b"These are words,\n" * 20)

    assert str(finding) == "notes.env:1: and 19 more lines are no NAME=value: is it a .env?"


def test_a_template_is_left_alone() -> None:
    """What a tool renders first is no manifest yet."""
    assert found("chart.yaml", "env:\n{{- range .Values.env }}\n- {name: {{ .name }}\n{{- end }}\n") == []


@given(st.sampled_from(["x.sh", "x.yaml", "Dockerfile", "x.env", "x"]), st.text(max_size=200) | st.binary(max_size=200))
def test_nothing_brings_it_down(name: str, content: str | bytes) -> None:
    """Whatever a file holds, the answer is a list of findings."""
    data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")

    assert all(finding.line >= 1 and finding.message for finding in findings(name, data))


PIECES = (
    *("export ", "APT_SEED=", "APT_X=", "x", "3", " ", "\n", "'", '"', "$(", ")", "`", "#SBATCH --export=", ",", "\\"),
    *("ENV ", "FROM a AS b\n", "env:", "- {name: APT_SEED, value: 3}", "containers:", "&a ", "*a", "<<EOF\n", "EOF\n"),
)


@given(
    st.sampled_from(["x.sh", "x.yaml", "Dockerfile", "x.env"]),
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
)
def test_nothing_that_looks_like_a_spec_brings_it_down(name: str, text: str) -> None:
    """Pieces of specs in any order."""
    assert all(finding.line >= 1 for finding in findings(name, text.encode()))


def test_check_tells_files_apart(write_env: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    """Good files say so, wrong ones name each line, and what is no file is a finding too."""
    good, bad = write_env("APT_SEED=3\n", "good.env"), write_env("APT_SEED=x\n", "bad.env")
    assert main(["check", str(good)]) == 0
    assert capsys.readouterr().out == "good: 1 file: 1 setting judged\n"
    assert main(["check", str(good), str(bad), "missing.sh"]) == 1

    assert capsys.readouterr().out.splitlines() == [
        f"{bad}:1: APT_SEED='x' is not allowed: must be a whole number, 0 <= x <= 4294967295",
        "missing.sh:1: cannot be read: No such file or directory",
    ]


def test_findings_are_data_for_other_tools(write_env: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    """JSON for programs, workflow commands for GitHub, whose characters are escaped."""
    path = write_env("APT_TARGET_SPARSITY=60%\n", "bad.env")
    assert main(["check", str(path), "--format", "json"]) == 1
    (finding,) = json.loads(capsys.readouterr().out)
    assert main(["check", str(path), "--format", "github"]) == 1
    out = capsys.readouterr().out

    assert (finding["file"], finding["line"], finding["variable"]) == (str(path), 1, "APT_TARGET_SPARSITY")
    assert out.startswith(f"::error file={path},line=1,title=apt-settings::APT_TARGET_SPARSITY='60%25' is not")
    assert out.count("\n") == 1


def test_stdin_is_a_file() -> None:
    """`-` reads what is piped in."""
    with start_command("check", "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        out, _ = process.communicate("FROM a\nENV APT_SEED=x\n")

    assert (process.returncode, out.split(":")[:2]) == (1, ["stdin", "2"])


@pytest.mark.parametrize("argv", [["--format", "json"], ["--task", "squad", "x.env"], ["--from", "x", "x.env"]])
def test_options_that_mean_nothing_are_refused(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A file is judged by itself."""
    assert main(["check", *argv]) == 2
    assert capsys.readouterr().out == ""


def test_our_own_files_are_good() -> None:
    """The Dockerfile, the scripts and the CI of this repository raise no alarm."""
    for name in ("Dockerfile", ".ci/run", "tests/image.sh", "tests/slurm.sh", ".pre-commit-hooks.yaml"):
        assert found(name, (ROOT / name).read_bytes()) == [], name


@pytest.mark.parametrize(
    ("names", "checked"),
    [
        (
            (
                ".env",
                "prod.env",
                ".env.prod",
                "k8s/job.yaml",
                "job.yml",
                "Dockerfile",
                "gpu.Dockerfile",
                "Dockerfile.gpu",
            ),
            True,
        ),
        (("a.sh", "a.bash", "a.sbatch", "a.slurm", "a.job", "a.pbs", "a.lsf", "a.sge", "job.sh.j2", ".envrc"), True),
        (("pyproject.toml", ".vscode/launch.json", "Makefile", "justfile", "main.tf", "a.service", "a.csh"), True),
        (("README.md", "train.py", "notes.txt", "a.png", "environment", "Makefiles/x"), False),
    ],
)
def test_the_hook_checks_what_is_known_by_name(names: tuple[str, ...], checked: bool) -> None:
    """pre-commit hands over each file whose name says what it is, and no other."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())

    assert hook["files"] == pattern()
    for name in names:
        assert checked == bool(re.search(hook["files"], name)), name
        assert checked == (kind_of(name, "").is_spec), name


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("x.yaml", "a: [1\nAPT_SEED: 1", [(2, "is no YAML")]),
        ("x.yaml", "containers:\n- env:\n  - {value: '1'}\n  - {name: APT_SEED, value: x}\n", [(4, "APT_SEED='x'")]),
        ("x.yaml", "containers:\n- 3\n- env: [4, {name: APT_SEED, value: x}]\n", [(3, "APT_SEED='x'")]),
        (
            "x.yaml",
            "base: &base\n  env: [{name: APT_SEED, value: x}]\ncontainers:\n- <<: *base\n- <<: [*base, 7]\n",
            [(2, "APT_SEED='x'")],
        ),
        ("x.sh", "export $'APT_SEED=x'\ntrue\n", [(1, "APT_SEED='x'")]),
        ("x.sh", "export APT_OUTPUT_DIR=$'a b' APT_SEED=x\ntrue\n", [(1, "APT_SEED='x'")]),
        ("x.sh", "python y $(APT_EPOCHS=ten python x)\n", [(1, "APT_EPOCHS='ten'")]),
        ("x.sh", "unset APT_SEED\nexport APT_SEED=x\ntrue\n", [(2, "APT_SEED='x'")]),
        ("Dockerfile", "FROM a\nENV APT_SEED='x\n", [(2, "is in an ENV with a quote that is not closed")]),
        ("Dockerfile", "FROM apt_a\nENV X='y\n", []),
        ("x.yaml", "{% if x %}\na: [APT_SEED\n{% endif %}", []),
        ("x.yaml", "a: APT_SEED\x07", [(1, "is no YAML")]),
        ("Dockerfile", "FROM a\nENV A=1 APT_EPOCHS\n", []),
        ("Dockerfile", "FROM a\nRUN cat <<X\nENV APT_SEED=x\nX\nENV APT_SEED=y\n", [(5, "APT_SEED='y'")]),
        ("Dockerfile", "FROM a\nRUN cat <<X\nENV APT_SEED=x\n", [(3, "APT_SEED='x'")]),
        ("x.env", "APT_OUTPUT_DIR=" + "${A}" * 200, [(1, "has more than 100 names in its value")]),
    ],
)
def test_rare_forms_are_read_too(name: str, text: str, expected: list[tuple[int, str]]) -> None:
    """Each as the tool that reads it would."""
    found = findings(name, text.encode())

    assert [each.line for each in found] == [line for line, _ in expected]
    assert all(words in each.message for each, (_, words) in zip(found, expected, strict=True)), found
