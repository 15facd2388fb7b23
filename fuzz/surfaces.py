"""Where bytes of others come in, and what may come out: SettingsError, or a status of the command line.

Each surface is a function of bytes that returns, or raises `Escaped` with what got out.
"""

import io
import os
import re
import tempfile
import warnings
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from apt_settings import SettingsError, SettingsWarning, fingerprint, load
from apt_settings.base import AptSettings
from apt_settings.cli import main
from apt_settings.registry import registry
from apt_settings.runs.store import as_json, record_of
from apt_settings.sources.layers import Inputs, read
from apt_settings.specs.findings import judge
from apt_settings.specs.formats import FORMATS
from apt_settings.sweeps.checker import Checker
from apt_settings.sweeps.grid import sweep_of
from apt_settings.sweeps.sample import sample_of
from apt_settings.sweeps.survey import survey
from apt_settings.sweeps.sweep_file import from_file

STATUSES = (0, 1, 2, 74, 78)
MOST_POINTS = 20
FOR_PEOPLE = ("show", "explain", "check", "diff", "plan", "sweep")
WOULD_WRITE_OR_RUN = ("--write-env-file", "--plot", "--record", "--submit")

warnings.simplefilter("ignore", SettingsWarning)
_SEED_IS_SET = re.compile(r"(?im)^[^\w\r\n#]*APT_SEED[^\S\r\n]*=")
_QUOTES = re.compile(r"['\"`]")
_FILE = Path(tempfile.mkdtemp()) / "input"


class Escaped(AssertionError):  # noqa: N818  it is no error of ours, but what must not be
    """Something got out that must not."""


def _printable(told: str) -> None:
    if not all(line.isprintable() for line in told.split("\n")):
        raise Escaped(f"a terminal would act on {told!r}")


def _settled(resolve: Callable[[], AptSettings]) -> AptSettings | None:
    """Settings with a fingerprint and origins, or a SettingsError that can be printed."""
    try:
        settings = resolve()
    except SettingsError as error:
        _printable("".join(map(str, error.problems)))
        return None
    fingerprint(settings)
    str(settings.origins)
    return settings


def environment(data: bytes) -> None:
    """NAME=value, separated by NUL as in /proc/self/environ."""
    pairs = (os.fsdecode(each).partition("=") for each in data.split(b"\0"))
    environ = {name: value for name, _, value in pairs}
    _settled(lambda: load(environ, None))


def env_file(data: bytes) -> None:
    """The content of a `.env`, of which nothing like a name of ours is lost: it is read, or it is an error."""
    _FILE.write_bytes(data)
    settings = _settled(lambda: load({"HOME": "/home/x"}, _FILE))
    text = data.decode(errors="replace")
    if settings and settings.controls["unknown"] == "error" and _SEED_IS_SET.search(text) and not _QUOTES.search(text):
        origin = settings.origin("seed")
        if origin.kind != "env file" and not origin.empty:
            raise Escaped(f"a line with APT_SEED is lost: {data!r}")


def command_line(data: bytes) -> None:
    """Words, separated by line breaks, but for those that would write or start something."""
    words = os.fsdecode(data).replace("\0", "").split("\n")
    if "run" in words or "-" in words or any(word.startswith(WOULD_WRITE_OR_RUN) for word in words):
        return
    if any(map(os.path.isdir, words)):  # a folder, perhaps of all there is
        return
    written = io.BytesIO(), io.BytesIO()
    out, err = (io.TextIOWrapper(each, encoding="utf-8") for each in written)
    with redirect_stdout(out), redirect_stderr(err):
        status = main(words)
        out.flush()
        err.flush()
    if status not in STATUSES:
        raise Escaped(f"status {status}")
    told, complained = (each.getvalue().decode(errors="replace") for each in written)
    if "Traceback" in told + complained:
        raise Escaped(told + complained)
    looked_at = told if words[0] in FOR_PEOPLE and "--format" not in words else ""
    _printable((looked_at + complained).replace("\ufffd", "?"))


def grid(data: bytes) -> None:
    """A file with a grid: every point is checked, up to the twentieth."""
    _FILE.write_bytes(data)
    try:
        axes, sample, points, seed = from_file(_FILE)
        sweep = sweep_of(axes, sample_of(sample, points, seed))
    except SettingsError as error:
        _printable("".join(map(str, error.problems)))
        return
    checker = Checker(sweep, read(Inputs({}, None), registry().names_of(AptSettings)))
    found = survey(checker, range(min(sweep.size, MOST_POINTS)))
    _printable("".join(map(str, (*found.problems, *found.notes))))


def record(data: bytes) -> None:
    """A `run.json`."""
    _FILE.write_bytes(data)
    _settled(lambda: load({}, record=_FILE))


def spec(data: bytes) -> None:
    """A job spec: the first line is its name."""
    name, _, content = data.partition(b"\n")
    judgement = judge(os.fsdecode(name).replace("\0", "") or "job", content)
    for write in FORMATS.values():
        write([*judgement.findings, *judgement.notes])


SURFACES: Mapping[str, Callable[[bytes], None]] = {
    each.__name__: each for each in (environment, env_file, command_line, grid, record, spec)
}

SEEDS: Mapping[str, tuple[bytes, ...]] = {
    "environment": (
        b"APT_TASK=squad\0APT_EPOCHS=30\0APT_TARGET_SPARSITY=60%\0HOME=/root",
        b"APT_REFERENCE=release\0APT_ADAPTER_TARGETS=query,value\0APT_UNKNOWN=warn\0APT_X=",
        b"APT_DATASET=mnli\0APT_OUTPUT_DIR=a b\0apt_seed=3\0APT_SERVICE_HOST=1",
    ),
    "env_file": (
        b"export APT_TASK='squad' # no\nA=${HOME:-x}\nAPT_OUTPUT_DIR=\"${A}/out\"\r\n",
        b"\xef\xbb\xbfAPT_SEED=3\n\nHF_TOKEN=hf_x\nAPT_UNKNOWN=ignore\nAPT_X\n",
    ),
    "command_line": (
        b"show\n--task\nsquad\n--set\nepochs=30\n--format\njson",
        b"sweep\n--grid\nseed=1..3\n--zip\nepochs=20,40\n--zip\ndistill_epochs=10,20",
        b"job\nslurm\n--task\nmnli\n--time\n1-00:00:00\n--sbatch\n--comment=x\n--\ntrue",
        b"job\nkubernetes\n--image\nx/y:1\n--label\na=b\n--cpus\n500m\n--\ntrue\n$A",
        b"job\ndocker\n--image\ntrain\n--gpus\nall\n--docker\n--shm-size=8g\n--\na b",
        b"diff\npaper\nnow\n--all-tasks\n--format\nmarkdown",
        b"plan\n--devices\n4\n--examples\n100",
        b"explain\nAPT_LR",
        b"release-args\n--null",
    ),
    "grid": (
        b'[grid]\ntask = ["mnli", "squad"]\nseed = "1..5"\n\n[[zip]]\nepochs = [20, 40]\ndistill_epochs = [10, 20]\n',
        b'[grid]\nadapter_targets = [["query"], "query,value"]\nreference = "paper,release"\ntarget_sparsity = 0.5\n',
    ),
    "record": (as_json(record_of(load({}, None, task="squad", epochs=30))).encode(),),
    "spec": (
        b"job.sh\n#!/bin/bash\n#SBATCH --export=ALL,APT_SEED=3\nexport APT_EPOCHS=ten\nAPT_X=1 srun python <<E\nE\n",
        b"pod.yaml\nkind: Pod\nspec: {containers: [{env: [{name: APT_SEED, value: '1'}]}]}\n---\nkind: ConfigMap\n"
        b"data: &a {APT_TASK: squad}\n",
        b'Dockerfile\nFROM x AS y\nENV APT_SEED=1 \\\n  APT_EPOCHS="2"\nENV APT_TASK mnli\nRUN <<E\nE\nFROM y\n',
        b"compose.yaml\nservices:\n  a:\n    environment: [APT_SEED=3]\n",
        b".env\nAPT_SEED=${X}\n",
        b"a.sh\nfor s in 1 {2..4}; do J=$(sbatch --export=ALL,APT_SEED=$s a); done\ncat > a.env <<E\nAPT_SEED=$s\nE\n",
        b"a.sh\nf() { local x=${1:-ten}; bash -c \"APT_EPOCHS=$x run\"; }\nAPT_SEED+=1 ssh h 'APT_X=1 y' | tee b <<E\n",
        b"Makefile\nexport APT_SEED ?= $(S)\nall: x\n\t@APT_EPOCHS=$(E) \\\n\t  y $$z\n",
        b"justfile\nexport APT_SEED := 'x'\nall:\n  APT_EPOCHS={{e}} y\n",
        b"a.toml\n[env]\nAPT_SEED = 3\n[tasks.a]\ncmd = 'APT_EPOCHS=ten x'\nenv = ['APT_X=1']\n",
        b'a.json\n{\t// x\n"env": {"APT_SEED": "x",}, "args": ["bash", "-c", "APT_X=1 y"]}\n',
        b"ci.yml\nenv: {APT_EPOCHS: 3}\njobs: {a: {matrix: {s: [1]}, steps: [{run: 'APT_SEED=${{ matrix.s }} x'}]}}\n",
        b"v.yaml\nenv:\n{{- if .x }}\n- name: APT_SEED\n  value: {{ .y }}\n{{- end }}\n",
        b"cm.yaml\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a.sh: |\n    APT_SEED=x y\n",
        b'Dockerfile\nARG A=1\nFROM x\nRUN <<E\nAPT_SEED=x y\nE\nENV A=${A:-2}\nCMD ["sh", "-c", "APT_X=1 y"]\n',
        b"a.tf\nAPT_SEED = 3 # APT_X\n",
    ),
}
"""Right inputs, and nearly right ones, to begin with."""

TOKENS = (
    *(b"APT_", b"=", b"'", b'"', b"\\", b"\n", b"\r\n", b"\0", b"${", b"}", b":-", b"$(", b"`", b"<<", b"#", b" "),
    *(b"--", b"..", b",", b"[", b"]", b"{", b"}", b":", b"&a ", b"*a", b"!x ", b"- ", b"? ", b"|\n", b"---\n", b"%"),
    *(b"none", b"nan", b"1e999", b"-0.0", b"9" * 30, b"true", b"1..", b"\xff", b"\xe2\x80\xae", b"\x1b[31m", b"\t"),
)
"""What means something to some reader."""
