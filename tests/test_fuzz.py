"""Bytes of others come in, and nothing but settings, a SettingsError or a status comes out."""

import re
import sys
from pathlib import Path
from pkgutil import resolve_name

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import ROOT

from apt_settings import SettingsError, load
from apt_settings.specs import sandbox
from apt_settings.specs.findings import findings

sys.path.append(str(ROOT / "fuzz"))

from seeds import SEEDS, tokens_of
from surfaces import SURFACES

pytestmark = pytest.mark.filterwarnings("ignore::apt_settings.SettingsWarning")

TWO_RUNS = (
    b'=== a/run.json\n@RECORD\n=== a/metrics.json\n{"x": %s}\n=== b/run.json\n@RECORD\n=== b/metrics.json\n{"x": %s}'
)
FOUND = (
    ("env_file", b"A0=aaaaaaaa\n" + b"".join(b"A%d=${A%d}${A%d}\n" % (n, n - 1, n - 1) for n in range(1, 60))),
    ("env_file", b"APT_X='" + b"${A}" * 60_000),
    ("spec", b"Dockerfile\nFROM x\nENV \\\n# APT_"),
    ("spec", b"Dockerfile\nFROM x\nENV APT_X=" + b"\\" * 300_000),
    ("spec", b"Dockerfile\nFROM x\n" + b"ENV APT_X='1 \\\n" * 6_000),
    ("spec", b"Dockerfile\nFROM x\n" + b"RUN <<E\n" * 60_000 + b"ENV APT_X=1"),
    ("spec", b"job.sh\nexport APT_X=1\n" + b"<<E\n" * 200_000),
    ("spec", b"a.yaml\nAPT_X: " + b"- " * 400_000),
    ("spec", b"job.sh\nAPT_SEED=1 x\nset" + b" " * 40_000 + b"x"),
    ("spec", b"job.sh\n" + b"APT_A=" * 100_000),
    ("spec", b"Dockerfile\nFROM x\nENV APT_SEED=1\nRUN cat <<A <<B\nB\nA\n"),
    ("spec", b'x.yaml\nAPT_A: "\\U00110000"\n'),
    ("spec", b'x.yaml\nAPT_A: "\\UFFFFFFFF"\n'),
    ("spec", b"x.yaml\n%YAML 1." + b"1" * 5_000 + b"\n---\nAPT_A: x\n"),
    ("spec", b"a.sh\nA=aa\n" + b"A=$A$A\n" * 60 + b"export APT_SEED=$A\nrun\n"),
    ("spec", b"a.sh\nA=a\n" + b"A+=$A\n" * 60 + b"export APT_SEED=$A\nrun\n"),
    ("spec", b"a.sh\nrun " + b"env " * 2_000 + b"APT_SEED=1 x {1..9}\n"),
    ("spec", b"a.sh\n" + b"for s in {1..49}; do " * 5 + b"bash -c \"bash -c 'APT_SEED=$s x'\"" + b"; done" * 5 + b"\n"),
    ("spec", b"a.sh\n" + b"APT_SEED=1 # '\" " * 60_000),
    ("spec", b"a.sh\nforenv: s in 1 {2..4${}; do APT_SEED=$s a; done\n"),
    ("spec", b"a.tf\n" + b"APT_SEED /* " * 80_000),
    ("spec", b"a.json\n{" + b",/* APT_SEED **/" * 60_000),
    ("spec", b"Dockerfile\nFROM x\nENV A=aa\n" + b"ENV A=$A$A\n" * 60 + b"ENV APT_SEED=$A\n"),
    ("spec", b"a.sh\na b\n" + b"| c\nexport APT_SEED=1\n" * 2_000),
    ("spec", b"a.env\n" + b"f()" + b" \t" * 400_000 + b"x APT_X"),
    ("env_file", b"A=x" + b" " * 250_000 + b"y\n"),
    ("env_file", (b"A=" + b"${" * 4_000 + b"\n") * 31),
    ("grid", b"[grid]\nseed = [2024-01-01]\n"),
    ("grid", b"[grid]\ntask = [0x" + b"f" * 5_000 + b"]\n"),
    ("grid", b"[grid]\nseed = '" + b"1.." * 20_000 + b"x'\n"),
    ("grid", b"a." * 20_000 + b"a = 1\n"),
    ("grid", b"points = 2\n[sample]\nseed = [2024-01-01]\n"),
    ("grid", b"points = 2\n[sample]\nmax_grad_norm = 'log:" + b"1" * 50_000 + b"..'\n"),
    ("record", SEEDS["record"][0].replace(b'"squad"', b'""')),
    ("environment", b"APT_LEARNING_RATE=0." + b"9" * 1_000_000),
    ("environment", b"APT_X\xff=\xff\0APT_OUTPUT_DIR=\xe2\x80\x8b"),
    ("spec", b"Dockerfile\nARG A=1\x1d\x1d\x1d\nFROM x\nENV A=${A:-2}\nRUN APT_SEED=x y\n"),
    ("spec", b".env\nA=1\rB=2\rAPT_SEED=x"),
    ("output_dir", b"\xd8\x84#\xee"),
    ("sample", b"9\n1\nepochs=log:19..90\ndistill_epochs=n ne,40"),
    ("completion", b"job kubernetes --task "),
    ("completion", b"show --set prunable_blocks=mha_\x94ead,"),
    ("runs", TWO_RUNS % ((b"9" * 400,) * 2)),
    ("runs", TWO_RUNS % ((b"1e308",) * 2)),
    ("runs", TWO_RUNS % (b"Infinity", b"-Infinity")),
    ("patch", 'metadata: {labels: {"\u202ea": 1}}'.encode()),
    ("patch", b'{"metadata": {"a\\tb": [{"$x": 1}]}}'),
    ("command_line", b"plan\n--task\nsquad\n--devices\n4\n--examples\n381080570"),
    ("log", b"Distillation schedule: starting from step -" + b"9" * 5_000 + b", ending in step 9\n"),
    ("log", b"Total train batch size " * 50_000),
    ("log", b"Pruning mac constraint schedule [" * 50_000),
)
"""What ended in a traceback, or took minutes or all memory, before it was mended."""
STOPPED = (
    b"job.sh\nAPT_SEED=1 x\n" + b"a |" * 25_000,
    b"job.sh\nAPT_SEED=1 x\n" + b"`2>&1 " * 6_000,
    b"Dockerfile\nFROM s AS s\n" + b"".join(b"ENV APT_%d=1\n" % n for n in range(900)) + b"FROM s\n" * 20_000,
)
"""Specs that only the limits of the child bound."""


@st.composite
def inputs(draw: st.DrawFn, surface: str) -> bytes:
    """A seed of a surface in which some pieces are replaced."""
    data = draw(st.sampled_from(SEEDS[surface]))
    for _ in range(draw(st.integers(0, 5))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 20)))
        data = data[:start] + draw(st.sampled_from(tokens_of(surface)) | st.binary(max_size=6)) + data[end:]
    return data


@pytest.mark.parametrize("surface", SURFACES)
@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_else_gets_out(surface: str, data: st.DataObject) -> None:
    """Of any input that is nearly right; `fuzz/run.py` tries more, guided by coverage."""
    SURFACES[surface](data.draw(inputs(surface)))


def test_each_surface_has_seeds() -> None:
    """Without them, nothing gets behind the first refusal."""
    assert SURFACES.keys() == SEEDS.keys()


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that reads a large spec gets an eighth: what grows is stopped sooner."""
    monkeypatch.setattr(sandbox, "MEMORY", sandbox.MEMORY // 8)


@pytest.mark.large
@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize(("surface", "data"), FOUND, ids=lambda value: str(value[:20]))
def test_what_was_found_stays_mended(surface: str, data: bytes) -> None:
    """Inputs that once broke a promise; no reader needs the limits of its child for them."""
    SURFACES[surface](data)


@pytest.mark.large
@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("data", STOPPED, ids=lambda value: str(value[:20]))
def test_what_grows_is_stopped(data: bytes) -> None:
    """The limit is the finding, and the names are judged all the same."""
    name, _, content = data.partition(b"\n")
    first, *others = findings(name.decode(), content)

    assert "takes more than 10 seconds or 64 MiB to read" in str(first)
    assert len(others) == content.count(b"ENV APT_")


@pytest.mark.parametrize(
    ("environ", "limit"),
    [
        ({"APT_OUTPUT_DIR": "x" * 1_000_000}, "at most 4096 printable characters"),
        ({"APT_SEED": "9" * 1_000_000}, "0 <= x <= 4294967295"),
        ({"APT_PRUNABLE_BLOCKS": "mha_head," * 100_000}, "none of them twice"),
        ({"APT_ENV_FILE": "large.env"}, "larger than 256 KiB"),
        ({"APT_ENV_FILE": "long.env"}, "more than 8,192 characters"),
        ({"APT_ENV_FILE": "blank.env"}, "more than 1,000 blanks in a row"),
        ({"APT_ENV_FILE": ":".join(["long.env"] * 9)}, "names 9 files, and 8 are the most that are read"),
        ({f"APT_X{number}": "1" for number in range(10_000)}, "is not a setting"),
        ({"APT_EXTEND": "a." * 60_000 + "a:b"}, "must be MODULE:NAME"),
        ({"APT_EXPECT": "apt1-" + "0" * 130_000}, "must be a fingerprint"),
        (
            {"APT_FOREIGN": ",".join(f"APT_Y{n}*" for n in range(10_000)), **{f"APT_X{n}": "" for n in range(5_000)}},
            "is not a setting",
        ),
    ],
    ids=lambda value: str(value)[:30],
)
def test_sizes_are_refused_with_their_limit(environ: dict[str, str], limit: str) -> None:
    """Ten megabytes of `.env`, a megabyte in a value, ten thousand names."""
    Path("large.env").write_bytes(b"APT_SEED=3\n" * 900_000)
    Path("long.env").write_bytes(b"A=" + b"x" * 5_000 + b"\nAPT_OUTPUT_DIR=${A}${A}\n")
    Path("blank.env").write_bytes(b"A=x" + b" " * 1_001 + b"y\n")
    with pytest.raises(SettingsError) as caught:
        load(environ)

    assert limit in str(caught.value.problems[0])


@pytest.mark.parametrize(
    ("what", "limits"),
    [
        ("a `.env`", "sources.dotenv:SIZE_LIMIT sources.dotenv:_MOST_BLANKS"),
        ("a value in it that is ours", "sources.dotenv:_LONGEST sources.dotenv:_MOST_NAMES"),
        ("`APT_ENV_FILE`", "sources.env_files:MOST_ENV_FILES"),
        ("a text of a setting", "values.reading:TEXT_LIMIT"),
        ("a grid or a sample", "sweeps.grid:LIMIT sweeps.sweep_file:FILE_LIMIT"),
        ("a number of a sample's range", "sweeps.sample:_MOST_WHOLE"),
        ("a record", "sources.record:SIZE_LIMIT"),
        ("the results of a run", "runs.metrics:_SIZE_LIMIT"),
        ("a model's `config.json`", "plan.models:SIZE_LIMIT plan.models:_LARGEST"),
        ("a job spec", "specs.findings:SIZE_LIMIT specs.shell:_MOST_HEREDOCS specs.readers:_MOST_INNER"),
        ("a job spec", "specs.dockerfiles:_LONGEST specs.sandbox:SECONDS specs.sandbox:MEMORY specs.sandbox:_SMALL"),
        ("a folder for `check`", "specs.files:_MOST_READ"),
        ("a file of `--patch`", "specs.patches:_DEEPEST"),
        ("a line for `plan --log`", "plan.log:_LONGEST"),
    ],
)
def test_the_page_has_the_limits_of_the_code(what: str, limits: str) -> None:
    """Each in its row, in its unit."""
    page = (ROOT / "docs/robustness.md").read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith(f"| {what} |")]
    said = set(re.findall(r"[0-9,]*[0-9](?: [KM]iB)?", row))

    for limit in map(resolve_name, (f"apt_settings.{name}" for name in limits.split())):
        forms = {f"{limit:,}", f"{limit / 1024:g} KiB", f"{limit / 1024**2:g} MiB"}
        assert forms & said, (limit, row)


@pytest.mark.parametrize("name", ["x.sh", "x.yaml", "Dockerfile", "x.env"])
def test_a_spec_of_a_megabyte_is_the_largest(name: str) -> None:
    """What is larger is refused before it is read."""
    (finding,) = findings(name, b"# APT_" * 200_000)

    assert "is larger than 1024 KiB, the most that a job spec may have" in str(finding)
