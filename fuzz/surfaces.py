"""Where bytes of others come in, and what may come out: SettingsError, or a status of the command line.

Each surface is a function of bytes that returns, or raises `Escaped` with what got out. What it is tried with first
is in seeds.py.
"""

import atexit
import io
import json
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout, suppress
from functools import cache, partial
from pathlib import Path
from typing import Any
from unittest.mock import patch as patched

import yaml
from pydantic import ValidationError
from seeds import A_RECORD

from apt_settings import SettingsError, SettingsWarning, fingerprint, load
from apt_settings.base import AptSettings
from apt_settings.basics.escaping import escaped, spelt
from apt_settings.cli import main
from apt_settings.fingerprint import canonical, changed, fingerprint_of
from apt_settings.jobs.kubernetes import Pod, render
from apt_settings.jobs.patches import Patch, read_patch
from apt_settings.jobs.request import Request, variables_for
from apt_settings.loading import resolve
from apt_settings.pin import Pin, refuse_others
from apt_settings.plan import plan
from apt_settings.plan.log import read_log
from apt_settings.plan.release import ReleasePlan
from apt_settings.registry import registry
from apt_settings.report.page import as_page
from apt_settings.report.runs import Choice, Context, as_markdown, table
from apt_settings.report.runs import as_json as lines_of_runs
from apt_settings.runs.history import past_runs
from apt_settings.runs.store import as_json, record_of
from apt_settings.sources.foreign import covers, is_foreign
from apt_settings.sources.layers import Inputs, read
from apt_settings.sources.names import is_ours
from apt_settings.sources.record import Record
from apt_settings.specs.findings import judge
from apt_settings.specs.formats import FORMATS
from apt_settings.sweeps.checker import Checker
from apt_settings.sweeps.grid import GridEntry, Sweep, sweep_of
from apt_settings.sweeps.pin import of_sweep, pinned_sweep
from apt_settings.sweeps.sample import Choices, NumberEntry, Sampled, sample_of
from apt_settings.sweeps.survey import survey
from apt_settings.sweeps.sweep_file import from_file

STATUSES = (0, 1, 2, 74, 78)
MOST_POINTS = 20
FOR_PEOPLE = ("show", "explain", "check", "diff", "plan", "sweep")
WOULD_WRITE_OR_RUN = ("--write-env-file", "--plot", "--html", "--record", "--submit")
CANARY = "hf_AyN0bodysBusiness"
"""The value of another tool's variable, which stands in every environment and in no output."""
SECRET = {"HF_TOKEN": CANARY}

warnings.simplefilter("ignore", SettingsWarning)
_SEED_IS_SET = re.compile(r"(?im)^[^\w\r\n#]*APT_SEED[^\S\r\n]*=")
_QUOTES = re.compile(r"['\"`]")
_FOLDER = Path(tempfile.mkdtemp()).resolve()
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)
_FILE = _FOLDER / "input"


class Escaped(AssertionError):  # noqa: N818  it is no error of ours, but what must not be
    """Something got out that must not."""


def _hold(promise: bool, what: str) -> None:
    if not promise:
        raise Escaped(what)


def _look_at(told: str) -> None:
    _hold(all(line.isprintable() for line in told.split("\n")), f"a terminal would act on {told!r}")
    _hold(CANARY not in told, f"another tool's secret is told: {told}")


def _settled(resolve: Callable[[], AptSettings]) -> AptSettings | None:
    """Settings with a fingerprint and origins, or a SettingsError that can be printed."""
    try:
        settings = resolve()
    except SettingsError as error:
        _look_at("".join(map(str, error.problems)))
        return None
    fingerprint(settings)
    str(settings.origins)
    return settings


def _command(words: list[str], **environ: str) -> tuple[int, str, str]:
    """The status of a command, and what it prints."""
    written = io.BytesIO(), io.BytesIO()
    out, err = (io.TextIOWrapper(each, encoding="utf-8") for each in written)
    with redirect_stdout(out), redirect_stderr(err), patched.dict(os.environ, {**SECRET, **environ}):
        try:
            status = main(words)
        except SystemExit as end:  # of completion
            status = int(end.code or 0)
        out.flush()
        err.flush()
    told, complained = (each.getvalue().decode(errors="replace").replace("\ufffd", "?") for each in written)
    _hold(status in STATUSES, f"status {status}")
    _hold("Traceback" not in told + complained, told + complained)
    _hold(CANARY not in told, told)
    _look_at(complained)
    return status, told, complained


def _pairs(data: bytes) -> dict[str, str]:
    """NAME=value, separated by NUL as in /proc/self/environ."""
    pairs = (os.fsdecode(each).partition("=") for each in data.split(b"\0"))
    return {name: value for name, _, value in pairs}


def environment(data: bytes) -> None:
    """Variables: every name of ours is read, refused, or of another tool; and the job is the one that is expected."""
    environ = _pairs(data) | SECRET
    if _would_import(environ.get("APT_EXTEND", "")):
        return
    settings = _settled(lambda: load(environ, None))
    if settings is None:
        return
    ours = [] if settings.controls["unknown"] != "error" else [name for name in environ if is_ours(name)]
    known, foreign = registry().names_of(AptSettings).variables, environ.get("APT_FOREIGN", "")
    for name in ours if "APT_EXTEND" not in environ else ():
        _hold(name in known or is_foreign(name) or covers(foreign, name), f"{name} is passed over")
    expected = environ.get("APT_EXPECT")
    pin = Pin.read(expected) if expected else None
    _hold(not expected or bool(pin and pin.allows(Pin.of(settings))), f"{expected} is not what runs")


def _would_import(word: str) -> bool:
    """Whether it names a module that is neither own_classes nor a misspelt one: to import runs code."""
    return any(not module.startswith("own_") for module in re.findall(r"([\w.]+)\s*:", word))


def _extends_with_others(words: list[str]) -> bool:
    return any(word.startswith("--extend") for word in words) and any(map(_would_import, words))


def extend(data: bytes) -> None:
    """What APT_EXTEND says, then variables: their record reads back, and its secret is hidden."""
    word, _, rest = data.partition(b"\0")
    environ = _pairs(rest) | SECRET | {"APT_TOKEN": CANARY, "APT_EXTEND": os.fsdecode(word)}
    if _would_import(environ["APT_EXTEND"]):
        return
    if settings := _settled(lambda: load(environ, None)):
        told = as_json(record_of(settings))
        _look_at(told + repr(settings))
        _read_back(told, environ)


def _read_back(told: str, environ: Mapping[str, str]) -> None:
    """A record that we wrote is whole, and gives the settings and the fingerprint that it says."""
    _FILE.write_text(told)
    written = Record.model_validate_json(told)
    _hold(not changed(written), f"its fingerprint is not its own: {told}")
    again = load({name: environ[name] for name in environ if name in ("APT_EXTEND", "APT_TOKEN")}, record=_FILE)
    _hold(fingerprint(again) == written.fingerprint, f"it reads back as {fingerprint(again)}: {told}")


def env_file(data: bytes) -> None:
    """The content of a `.env`, of which nothing like a name of ours is lost: it is read, or it is an error."""
    _FILE.write_bytes(data)
    settings = _settled(lambda: load({"HOME": "/home/x", **SECRET}, _FILE))
    text = data.decode(errors="replace")
    if settings and settings.controls["unknown"] == "error" and _SEED_IS_SET.search(text) and not _QUOTES.search(text):
        origin = settings.origin("seed")
        _hold(origin.kind == "env file" or bool(origin.empty), f"a line with APT_SEED is lost: {data!r}")


def command_line(data: bytes) -> None:
    """Words, separated by line breaks, but for those that would write or start something."""
    words = os.fsdecode(data).replace("\0", "").split("\n")
    if "run" in words or "-" in words or any(word.startswith(WOULD_WRITE_OR_RUN) for word in words):
        return
    if any(map(os.path.isdir, words)) or _extends_with_others(words):  # a folder, perhaps of all there is
        return
    _, told, _ = _command(words)
    if words[0] in FOR_PEOPLE and "--format" not in words:
        _look_at(told)


def output_dir(data: bytes) -> None:
    """A template, and the dataset and architecture that it may name: each stays one part of the path."""
    template, dataset, architecture, *_ = (*os.fsdecode(data).split("\n", 2), "", "")
    environ = {"APT_TASK": "custom", "APT_DATASET": dataset, "APT_ARCHITECTURE": architecture}
    environ |= {"APT_TRAIN_EXAMPLES": "9", "APT_OUTPUT_DIR": template or "x", **SECRET}
    if settings := _settled(lambda: load(environ, None)):
        before, after = (template or "x").split("/"), settings.output_dir.split("/")
        _hold(len(before) == len(after), f"{template!r} has other parts: {after}")
        _hold(before.count("..") == after.count(".."), f"{template!r} leads elsewhere: {after}")
        _read_back(as_json(record_of(settings)), {})
        _hold(load({}, record=_FILE).output_dir == settings.output_dir, f"{template!r} reads back otherwise")


def _sweep(make: Callable[[], Sweep]) -> Checker | None:
    """A sweep whose first points are checked, or a SettingsError that can be printed."""
    try:
        checker = Checker(make(), read(Inputs(SECRET, None), registry().names_of(AptSettings)))
        found = survey(checker, range(min(checker.sweep.size, MOST_POINTS)))
    except SettingsError as error:
        _look_at("".join(map(str, error.problems)))
        return None
    _look_at("".join(map(str, (*found.problems, *found.notes))))
    return None if found.problems else checker


def grid(data: bytes) -> None:
    """A file with a grid, a sample or both: every point is checked, up to the twentieth."""
    _FILE.write_bytes(data)

    def make() -> Sweep:
        axes, sample, points, seed = from_file(_FILE)
        return sweep_of(axes, sample_of(sample, points, seed))

    _sweep(make)


def sample(data: bytes) -> None:
    """--points, --sample-seed and each --sample in a line: no value leaves its range, and more points move none."""
    points, seed, *texts = (*os.fsdecode(data).split("\n"), "")[:8]
    pairs = [(name, values) for name, _, values in (text.partition("=") for text in texts) if values]
    entries = [GridEntry(name, values, f"--sample {spelt(name)}") for name, values in pairs]

    def make(points: str, seed: str) -> Sweep:
        of = sample_of(entries, NumberEntry(points, "--points"), NumberEntry(seed, "--sample-seed"))
        return sweep_of([], of)

    checker = _sweep(partial(make, points, seed))
    if checker is None:
        return
    sweep = checker.sweep
    with suppress(SettingsError):  # there may be no more points
        more = make(str(sweep.size + 1), seed)
        for index in range(min(sweep.size, MOST_POINTS)):
            _hold(more.point(index) == sweep.point(index), f"point {index} moves: {data!r}")
    for _, values, _ in sweep.columns:
        if isinstance(values, Sampled) and not isinstance(values.spread, Choices):
            low, high = values.spread.outermost
            _hold(all(low <= value <= high for value in values[:MOST_POINTS]), f"a value is out of range: {data!r}")


@cache
def _sweep_of_seeds(text: str) -> Checker | None:
    return _sweep(lambda: sweep_of([[GridEntry("seed", text, "--grid seed")]]))


def expect(data: bytes) -> None:
    """A pin, and in further lines the seeds of a grid: what is not refused is the job or sweep that the pin names."""
    text, _, seeds = os.fsdecode(data).replace("\0", "").partition("\n")
    environ = {"APT_TASK": "squad", "APT_EXPECT": text, **SECRET}
    checker = _sweep_of_seeds(seeds) if seeds else None
    settings = resolve(Inputs(environ, None))
    here = [Pin.of(settings), *([of_sweep(checker)] if checker else [])]

    def judged() -> AptSettings:
        refuse_others(settings, pinned_sweep(checker) if checker else None, is_point=True)
        return settings

    if _settled(judged) and text:
        pin = Pin.read(text)
        _hold(bool(pin and any(map(pin.allows, here))), f"{text!r} is not what runs")


def record(data: bytes) -> None:
    """A `run.json`, as it is and with the fingerprint of what it says: the settings that it gives can be recorded."""
    for content in {data, _with_fitting_fingerprint(data)}:
        for environ in ({}, {"APT_EXTEND": "own_classes:Trainer,own_classes:data"}):
            _FILE.write_bytes(content)
            if settings := _settled(lambda environ=environ: load({**environ, **SECRET}, record=_FILE)):  # type: ignore[misc]
                _read_back(as_json(record_of(settings)), environ)


def _with_fitting_fingerprint(data: bytes) -> bytes:
    try:
        found = Record.model_validate_json(data)
    except ValidationError:
        return data
    return as_json(found.model_copy(update={"fingerprint": fingerprint_of(canonical(found.counted))})).encode()


def patch(data: bytes) -> None:
    """A file of --patch: whatever it changes, settings and command stay what they are."""
    _FILE.write_bytes(data)
    try:
        manifest = _manifest(read_patch(_FILE))
    except SettingsError as error:
        _look_at("".join(map(str, error.problems)))
        return
    _hold(_what_runs(manifest) == _unpatched(), f"a patch changes the job: {manifest}")


def _manifest(*patches: Patch) -> str:
    pod = Pod("x", "job", {}, env=(("A", CANARY),), config_map="settings", patches=patches)
    return render(_request(), pod)


@cache
def _request() -> Request:
    texts = variables_for(load({}, None, task="squad", epochs=30), full=False, expect=True)
    return Request(sweep_of([]), ("train",), "/records", title="a job", variables=texts)


@cache
def _unpatched() -> dict[str, Any]:
    return _what_runs(_manifest())


def _what_runs(manifest: str) -> dict[str, Any]:
    (job,) = [each for each in yaml.load_all(manifest, yaml.CSafeLoader) if each["kind"] == "Job"]
    (container,) = [each for each in job["spec"]["template"]["spec"]["containers"] if each["name"] == "job"]
    ours = [each for each in container["env"] if each["name"].startswith("APT_")]
    return {"env": ours, **{key: container.get(key) for key in ("command", "args", "envFrom")}}


def _folder_of(data: bytes) -> Path:
    """A folder of files: `=== path`, then what is in it; `-> path` is a link, and @RECORD a whole record."""
    top = _FOLDER / "folder"
    shutil.rmtree(top, ignore_errors=True)
    top.mkdir()
    (_FOLDER / "outside").write_text(f"APT_SEED={CANARY}\n")
    for piece in data.split(b"\n=== ")[:30]:
        name, _, content = piece.removeprefix(b"=== ").partition(b"\n")
        parts = [part[:40] for part in name.replace(b"\0", b"").split(b"/")[:6] if part not in (b"", b".", b"..")]
        path = Path(os.fsdecode(b"/".join((os.fsencode(top), *parts))))
        if top not in Path(os.path.realpath(path)).parents:  # nothing is written through a link
            continue
        with suppress(OSError):  # one is below another that is no folder
            path.parent.mkdir(parents=True, exist_ok=True)
            if content.startswith(b"-> "):
                path.symlink_to(os.fsdecode(content[3:].strip().replace(b"\0", b"")) or "x")
            else:
                path.write_bytes(content.replace(b"@RECORD", A_RECORD))
    return top


def _records_in(top: Path) -> Iterator[Path]:
    """Every `run.json` that `runs` has to list or name."""
    for parent, folders, names in os.walk(top):
        if "run.json" in names or "run.json" in folders:
            yield Path(parent, "run.json")
        is_searched = parent == str(top) or not {"run.json"} & {*names, *folders}
        folders[:] = [name for name in folders if is_searched and not name.startswith(".")]
        folders[:] = [name for name in folders if not os.path.islink(os.path.join(parent, name))]


def runs(data: bytes) -> None:
    """A folder of records: each is listed or named, in each format, and no link is followed."""
    top = _folder_of(data)
    told: list[str] = []
    found = list(past_runs([top], told.append))
    _look_at("\n".join(told))
    listed = {run.folder for run in found}
    for file in _records_in(top):
        named = any(line.startswith(escaped(str(file))) for line in told)
        _hold(file.parent in listed or named, f"{file} is neither listed nor named: {told}")
    context = Context.of(found, top)
    json.loads("".join(lines_of_runs(found, Choice())))
    page = as_page(found, Choice(), context, full=True)
    _hold(CANARY not in page, page)
    metrics = [name for run in found for name in run.metrics]
    for choice in (Choice(everything=True, origins=True, metrics=metrics), Choice(metrics=metrics, folded=["seed"])):
        _look_at(as_markdown(table(found, choice, context)) if found else "")
    for words in (["--sort", metrics[0], "--where", f"{metrics[0]}>1"] if metrics else [], ["--failed", "--origins"]):
        _look_at(_command(["runs", str(top), *words])[1])


def spec(data: bytes) -> None:
    """A job spec: the first line is its name."""
    name, _, content = data.partition(b"\n")
    judgement = judge(os.fsdecode(name).replace("\0", "") or "job", content)
    _hold(not any("takes more than" in each.message for each in judgement.findings), "a limit stops it")
    for write in FORMATS.values():
        write([*judgement.findings, *judgement.notes])


def tree(data: bytes) -> None:
    """A folder of specs that may take from each other, for `check .`; what is behind a link is not told."""
    top = _folder_of(data)
    status, told, _ = _command(["check", str(top)], PATH="")  # without git, which takes its time
    _hold(status in (0, 1), f"status {status}")
    _look_at(told)


def log(data: bytes) -> None:
    """What a trainer has logged, held against the plan."""
    _FILE.write_bytes(data)
    try:
        rows = read_log(_FILE, _planned())
    except SettingsError as error:
        _look_at("".join(map(str, error.problems)))
        return
    for row in rows:
        _look_at(row.log)
        _hold(len(row.log) < 20_000, f"the log has a {row.name} of {len(row.log)} characters")


@cache
def _planned() -> ReleasePlan:
    planned = plan(load({}, None, task="squad")).release
    _hold(planned is not None, "there is no plan of squad")
    return planned  # type: ignore[return-value]


def completion(data: bytes) -> None:
    """A line that is half typed, in bash and in zsh: what a TAB offers is words, of a kind that the shell knows."""
    line = os.fsdecode(data).replace("\0", "").replace("\n", " ")
    word = "" if line[-1:].isspace() else re.split(r"[\s=:]", line)[-1]
    bash = {"COMP_LINE": f"apt-settings {line}", "COMP_WORD": word}
    zsh = {"COMP_WORDS": f"apt-settings {line}", "COMP_CWORD": str(1 + len(line[: len(line) - len(word)].split()))}
    if _extends_with_others(line.split()):
        return
    for shell, typed in (("bash", bash), ("zsh", zsh)):
        status, told, complained = _command([], _APT_SETTINGS_COMPLETE=f"{shell}_complete", **typed)
        _hold((status, complained) == (0, ""), f"a TAB tells {complained} and {status}")
        kinds = re.findall(r"(?m)^(\w+),", told) if shell == "bash" else told.split("\n")[:-1:3]
        _hold({*kinds} <= {"plain", "open", "file", "dir", ""}, f"a shell does not know {told!r}")


SURFACES: Mapping[str, Callable[[bytes], None]] = {
    each.__name__: each
    for each in (
        *(environment, env_file, command_line, output_dir, extend, grid, sample, expect),
        *(record, runs, spec, tree, patch, log, completion),
    )
}
