"""Bytes of others come in, and nothing but settings, a SettingsError or a status comes out."""

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import ROOT

from apt_settings import SettingsError, load
from apt_settings.specs.findings import findings

sys.path.append(str(ROOT / "fuzz"))

from surfaces import SEEDS, SURFACES, TOKENS

pytestmark = pytest.mark.filterwarnings("ignore::apt_settings.SettingsWarning")

FOUND = (
    ("env_file", b"A0=aaaaaaaa\n" + b"".join(b"A%d=${A%d}${A%d}\n" % (n, n - 1, n - 1) for n in range(1, 60))),
    ("env_file", b"APT_X='" + b"${A}" * 60_000),
    ("spec", b"Dockerfile\nFROM x\nENV \\\n# APT_"),
    ("spec", b"Dockerfile\nFROM x\nENV APT_X=" + b"\\" * 300_000),
    ("spec", b"Dockerfile\nFROM x\n" + b"ENV APT_X='1 \\\n" * 6_000),
    ("spec", b"Dockerfile\nFROM x\n" + b"RUN <<E\n" * 60_000 + b"ENV APT_X=1"),
    ("spec", b"job.sh\nexport APT_X=1\n" + b"<<E\n" * 200_000),
    ("spec", b"a.yaml\nAPT_X: " + b"- " * 400_000),
    ("spec", b"job.sh\nAPT_SEED=1 x\n" + b"a |" * 25_000),
    ("spec", b"job.sh\nAPT_SEED=1 x\n" + b"`2>&1 " * 6_000),
    ("spec", b"job.sh\nAPT_SEED=1 x\nset" + b" " * 40_000 + b"x"),
    ("spec", b"job.sh\n" + b"APT_A=" * 100_000),
    (
        "spec",
        b"Dockerfile\nFROM s AS s\n" + b"".join(b"ENV APT_%d=1\n" % n for n in range(2_000)) + b"FROM s\n" * 8_000,
    ),
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
)
"""What ended in a traceback, or took minutes or all memory, before it was mended."""


@st.composite
def inputs(draw: st.DrawFn, surface: str) -> bytes:
    """A seed of a surface in which some pieces are replaced."""
    data = draw(st.sampled_from(SEEDS[surface]))
    for _ in range(draw(st.integers(0, 5))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 20)))
        data = data[:start] + draw(st.sampled_from(TOKENS) | st.binary(max_size=6)) + data[end:]
    return data


@pytest.mark.parametrize("surface", SURFACES)
@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_else_gets_out(surface: str, data: st.DataObject) -> None:
    """Of any input that is nearly right; `fuzz/run.py` tries more, guided by coverage."""
    SURFACES[surface](data.draw(inputs(surface)))


@pytest.mark.large
@pytest.mark.parametrize(("surface", "data"), FOUND, ids=lambda value: str(value[:20]))
def test_what_was_found_stays_mended(surface: str, data: bytes) -> None:
    """Inputs that once broke a promise."""
    SURFACES[surface](data)


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


@pytest.mark.parametrize("name", ["x.sh", "x.yaml", "Dockerfile", "x.env"])
def test_a_spec_of_a_megabyte_is_the_largest(name: str) -> None:
    """What is larger is refused before it is read."""
    (finding,) = findings(name, b"# APT_" * 200_000)

    assert "is larger than 1024 KiB, the most that a job spec may have" in str(finding)
