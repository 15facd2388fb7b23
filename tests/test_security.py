"""No secret of another tool gets out, and no value becomes more than a value where it is rendered."""

import json
import os
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from click import Context, Group
from support import git, printed

import apt_settings
from apt_settings import GlueBigSettings, SettingsError, load
from apt_settings.cli import commands, main
from apt_settings.facts.release import scripts
from apt_settings.fingerprint import canonical, fingerprint_of
from apt_settings.integrations.trackers import tracked
from apt_settings.jobs.slurm import submit
from apt_settings.report.display import as_html
from apt_settings.runs.store import as_json, record_of, write
from apt_settings.sources.layers import FOR_THE_CALLER
from apt_settings.sources.names import variable_of
from apt_settings.sources.record import Record, Run, read

CANARY = "canary"
SECRETS = (
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "WANDB_API_KEY",
    "MLFLOW_TRACKING_PASSWORD",
    "COMET_API_KEY",
    "NEPTUNE_API_TOKEN",
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AZURE_STORAGE_KEY",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "KUBECONFIG",
    "SLURM_JWT",
    "GITHUB_TOKEN",
    "CI_JOB_TOKEN",
    "PIP_INDEX_URL",
    "DATABASE_URL",
    "SSH_AUTH_SOCK",
    "PGPASSWORD",
)
SPECS = {
    "job.sh": "export APT_SEED=x\nexport {0}={1}\nAPT_EPOCHS=3 {0}={1} python train.py --token {1}\n",
    "pod.yaml": "kind: Pod\nspec:\n  containers:\n    - env:\n        - {{name: APT_SEED, value: x}}\n"
    "        - {{name: {0}, value: {1}}}\n",
    "Dockerfile": "FROM x\nENV APT_SEED=x {0}={1}\nENV {0} {1}\n",
    "job.env": "APT_SEED=x\n{0}={1}\n",
    "ci.yaml": "jobs:\n  a:\n    env:\n      APT_SEED: x\n      {0}: {1}\n",
}
JOB = ("--image", "train", "--set", "output_dir=/records/out", "--", "true")
EVERYTHING = (
    ("show",),
    ("show", "--format", "json"),
    ("show", "--format", "env"),
    ("show", "--overrides-only"),
    ("explain", "epochs"),
    ("check",),
    *(("check", "--format", form, *SPECS) for form in ("text", "json", "github")),
    ("env",),
    ("env", "--format", "dotenv"),
    ("env", "--example"),
    ("schema",),
    ("schema", "--for", "sweep"),
    ("diff", "paper", "now"),
    ("diff", "now", ".env", "--format", "json"),
    ("diff", "paper", "release", "--all-tasks", "--format", "markdown"),
    ("plan", "--plot", "plot.svg"),
    ("plan", "--format", "json"),
    ("release-args",),
    ("release-args", "--json"),
    ("sweep", "--grid", "seed=1..3", "--record", "runs"),
    ("sweep", "--grid", "seed=1..3", "--format", "json"),
    ("sweep", "--sample", "seed=1..9", "--points", "3", "--plot", "points.svg"),
    ("job", "slurm", "--", "true"),
    ("job", "slurm", "--grid", "seed=1..3", "--", "true"),
    ("job", "kubernetes", *JOB),
    ("job", "kubernetes", "--full", *JOB),
    ("job", "docker", *JOB),
    ("job", "docker", "--write-env-file", "docker.env", *JOB),
    ("run", "--record", "runs", "--", "no-such-command"),
    ("runs", "--all", "--origins"),
    ("runs", "--html", "page.html", "--full"),
    ("show", "--pid", "1"),
    ("show", "--set", "nothing=1"),
)


def status(argv: Sequence[str]) -> int:
    """What a command ends with; `run` ends the process itself, whatever has become of its output."""
    try:
        return main(argv)
    except SystemExit as end:
        return int(end.code or 0)


def names(group: Group) -> Iterator[str]:
    for name in group.list_commands(Context(group)):
        command = group.get_command(Context(group), name)
        yield from names(command) if isinstance(command, Group) else (name,)


def everything_below(folder: Path) -> str:
    """The text of every file, but for what the test itself has put there."""
    ours = {*SPECS, ".env"}
    files = [path for path in folder.rglob("*") if path.is_file() and path.name not in ours]
    return "".join(f"{path}{path.read_bytes().decode(errors='replace')}" for path in files)


@pytest.fixture
def poisoned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder and an environment with the secrets of twenty tools, beside settings."""
    for name in SECRETS:
        monkeypatch.setenv(name, CANARY)
    lines = "".join(f"{name}={CANARY}\n" for name in SECRETS)
    (tmp_path / ".env").write_text(f"APT_TASK=squad\nAPT_LEARNING_RATE=1e-4\n{lines}")
    for name, text in SPECS.items():
        (tmp_path / name).write_text(text.format(SECRETS[0], CANARY))
    return tmp_path


def test_every_command_is_among_them() -> None:
    """What a new command prints is looked at as well."""
    tried = {next(word for word in argv if word in set(names(commands))) for argv in EVERYTHING}

    assert set(names(commands)) == tried


@pytest.mark.parametrize("argv", EVERYTHING, ids=" ".join)
def test_no_command_tells_a_secret(argv: tuple[str, ...], poisoned: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """With canaries in environment, `.env` and job specs, nothing that is printed or written holds one."""
    status(argv)
    told = capfd.readouterr()

    assert told.out + told.err
    assert CANARY not in told.out + told.err + everything_below(poisoned)


@pytest.mark.usefixtures("poisoned")
def test_no_object_keeps_a_secret() -> None:
    """Neither settings nor their pickle, nor what notebooks and trackers get, hold what is another tool's."""
    settings = load()
    shown = [settings, settings.origins, tracked(settings), as_html(settings), pickle.dumps(settings)]

    assert "squad" in repr(shown)
    assert CANARY not in repr(shown) + str(settings)


@pytest.mark.parametrize("control", FOR_THE_CALLER)
def test_no_file_says_what_only_the_caller_says(
    control: str, write_env: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which code or other files count, what is expected, what is foreign: no `.env` and no sweep says it."""
    (tmp_path / "sweep.toml").write_text(f"[grid]\n{control} = ['x:Y', 'z:Y']\n")
    assert main(["sweep", "--task", "squad", "--grid-file", "sweep.toml"]) == 78
    assert f"[grid] {control} is not a setting" in capsys.readouterr().err

    with pytest.raises(SettingsError, match=rf"\.env:1 {variable_of(control)} cannot stand in a \.env"):
        load({}, write_env(f"{variable_of(control)}=x:Y\n"))


def test_a_record_runs_and_imports_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither its command nor the class that it names, whoever reads it and whatever goes on with it."""
    (tmp_path / "planted.py").write_text("import pathlib\npathlib.Path('pwned').touch()\n")
    monkeypatch.syspath_prepend(tmp_path)
    record = record_of(load({}, None, task="squad"))
    run = Run(
        command=("touch", "pwned"), start="2026-01-01T00:00:00+00:00", host="x", scheduler={}, git=None, versions={}
    )
    controls = {**record.controls, "extend": "planted:Settings"}
    (tmp_path / "run.json").write_text(as_json(record.model_copy(update={"runs": (run,), "controls": controls})))
    again = ("run", "--task", "squad", "--record", ".", "--resume", "--", "no-such-command")

    assert status(again) == 127
    assert [status((*each, "--from", "run.json")) for each in (("show",), ("check",), ("plan",), ("env",))] == [0] * 4
    assert status(("runs", ".", "--all")) == 0
    assert len(read(tmp_path).runs) == 2
    assert not (tmp_path / "pwned").exists()


SLIPS = {
    ".env": (
        "APT_SEED=3;HF_TOKEN=canary\n",
        "APT_SEED=3HF_TOKEN=canary\n",
        "APT_SEED=3#HF_TOKEN=canary\n",
        "APT_SEED=3'HF_TOKEN=canary'\n",
        "APT_OUTPUT_DIR=out;HF_TOKEN=canary\n",
        "APT_MODEL_NAME_OR_PATH=x,HF_TOKEN=canary\n",
        "APT_SEED=3,HF_TOKEN=canary\n",
        "APT_SEED=3 HF-TOKEN=canary\n",
        "APT_SEED=3 HF_TOKEN: canary\n",
        "APT_SEED=3 HF_TOKEN = canary\n",
        "APT_SEED=3\0HF_TOKEN=canary\0",
        "APT_SEED:3,HF_TOKEN:canary\n",
        "'APT_SEED=3 HF_TOKEN=canary'\n",
        'APT_SEED="3\nHF_TOKEN=canary\n',
    ),
    "job.sh": (
        'export APT_EPOCHS="30\nexport HF_TOKEN="canary"\npython train.py\n',
        'env -S "APT_SEED=3 HF_TOKEN=canary" python train.py\n',
        "#!/bin/bash\n#SBATCH --export=ALL,APT_SEED=x --comment=canary\npython train.py\n",
        "#!/bin/bash\n#SBATCH --export=APT_SEED=3,HF_TOKEN:canary\npython train.py\n",
    ),
    "compose.yaml": ("services:\n  a:\n    environment:\n      - APT_SEED=3\n        HF_TOKEN=canary\n",),
    "pod.yaml": (
        "kind: Pod\nenv:\n  - {name: APT_SEED, value: x}\n  - {name: A, value: *canary}\n",
        "kind: Pod\nenv:\n  - name: APT_SEED\n    value: !canary!x 3\n",
        "kind: Pod\nAPT_SEED: 'canary\n",
    ),
    "Dockerfile": ("FROM x\nENV APT_SEED 3 \\\n  HF_TOKEN canary\n", "FROM x\nENV APT_SEED='3 \\\n HF_TOKEN=canary\n"),
}


@pytest.mark.parametrize("form", ["text", "json", "github"])
@pytest.mark.parametrize(("name", "text"), [(name, text) for name in SLIPS for text in SLIPS[name]])
def test_a_slip_does_not_tell_a_secret(
    name: str, text: str, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A lost quote, separator or dash makes another tool's secret part of our value: that part is not shown."""
    (tmp_path / name).write_text(text, newline="")
    assert main(["check", "--format", form, name]) == 1
    told = capsys.readouterr()
    if name == ".env":
        assert main(["show"]) == 78

    assert CANARY not in told.out + told.err + "".join(capsys.readouterr())


@pytest.mark.usefixtures("poisoned")
@pytest.mark.parametrize(
    "wrongly",
    [lambda: load(cast("Any", dict.fromkeys(SECRETS, CANARY).items())), lambda: load({}, Path(".env").read_text())],
    ids=["items", "content"],
)
def test_a_wrong_argument_is_not_told_whole(wrongly: Callable[[], object]) -> None:
    """Whoever hands over something else than a mapping or a path does not find it in the log."""
    with pytest.raises((TypeError, SettingsError)) as caught:
        wrongly()

    assert CANARY not in str(caught.value)


ESCAPE = "\x1b]0;pwned\x07\u202e"


def test_no_file_of_others_reaches_the_terminal_as_it_is(
    tmp_path: Path, write_env: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Escape sequences in a `.env`, a grid, a record, a path: told, escaped."""
    kept = ["--record", "runs/{fingerprint}", "--resume"]
    status(["run", "--task", "squad", *kept, "--", "no-such-command"])
    (record,) = tmp_path.glob("runs/*/run.json")
    content = json.loads(record.read_text())
    content["controls"]["reference"] = ESCAPE
    content["settings"]["epochs"]["origin"] = f"release transformers {ESCAPE}"
    content["runs"][0] |= {"start": ESCAPE, "end": None, "host": ESCAPE}
    record.write_text(json.dumps(content))
    key = json.dumps(f"{ESCAPE}\n::error::x")
    (tmp_path / "grid.toml").write_text(f"[grid]\n{key} = [1]\n")
    (tmp_path / "sample.toml").write_text(f"points = {key}\nseed = {key}\n[sample]\n{key} = '1..2'\nseed = {key}\n")
    write_env(f'APT_OUTPUT_DIR="${{{ESCAPE}}}"\n', f"a{ESCAPE}.env")
    write_env(f"APT_{ESCAPE}=1\n", f"b{ESCAPE}.env")
    write_env(f"APT_OUTPUT_DIR='{ESCAPE}'\n")
    where = str(record.parent)
    nobody = ("--task", "squad", "--env-file", "/dev/null")
    for argv in (
        ["show"],
        ["show", "--env-file", f"a{ESCAPE}.env"],
        ["show", "--from", where],
        ["check", "--from", where],
        ["explain", "epochs", "--from", where],
        ["diff", "paper", f"a{ESCAPE}.env"],
        ["sweep", "--grid-file", "grid.toml"],
        ["sweep", "--grid-file", "sample.toml"],
        ["sweep", *nobody, "--grid", "seed=128", "--record", "runs"],
        ["runs", "--origins"],
        ["diff", where, where],
        ["run", *nobody, "--set", "epochs=41", "--record", where, "--resume", "--", "x"],
        ["show", "--set", f"{ESCAPE}=1"],
        ["show", f"--{ESCAPE}"],
        [f"{ESCAPE}"],
        ["explain", ESCAPE],
        ["job", "docker", "--image", ESCAPE, "--", "true"],
        ["check", f"b{ESCAPE}.env", "--format", "github"],
    ):
        status(argv)
        told = "".join(capsys.readouterr())

        assert told, argv
        assert "--record" not in argv or "pwned" in told
        assert [line for line in told.splitlines() if not line.isprintable() or line.startswith("::error::x")] == []


def test_a_record_has_a_word_for_its_reference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A control that was changed in a record is refused, though it is no part of the fingerprint."""
    status(["run", "--task", "squad", "--record", "runs", "--", "no-such-command"])
    (record,) = tmp_path.glob("runs/*/run.json")
    record.write_text(record.read_text().replace('"reference": "paper"', '"reference": "x\\n#SBATCH --wrap=id"'))
    capsys.readouterr()

    assert main(["job", "slurm", "--from", str(record), "--grid", "seed=1..2", "--", "true"]) == 78
    assert "reference='x'... (19 characters) is not allowed: must be paper or release" in capsys.readouterr().err


def test_only_the_head_of_a_script_has_options(tmp_path: Path, fake: Callable[..., None]) -> None:
    """Lines of a command that look like options reach sbatch as text of the script alone."""
    fake("sbatch", 'printf "%s\\n" "$@" > told; echo 42')
    old = "#SBATCH --array=0-999\n\n#SBATCH --wrap=id\n"
    submit(f"#!/bin/bash\n# a job\n#SBATCH --job-name=a\n#SBATCH --comment='x y'\n\nexec '{old}' '{old}'\n")

    assert (tmp_path / "told").read_text().split("\n") == [
        "--parsable",
        "--export=ALL",
        "--job-name=a",
        "--comment=x y",
        "",
    ]


def test_label_keys_are_texts(capsys: pytest.CaptureFixture[str]) -> None:
    """YAML takes y for true and 1e3 for a number, where they are not quoted."""
    yaml = pytest.importorskip("yaml")
    labels = ["y=1", "1e3=x", "0o17=x"]
    argv = [word for label in labels for word in ("--label", label)]
    manifest = yaml.safe_load(printed(capsys, "job", "kubernetes", "--task", "squad", *argv, *JOB))

    assert {"y", "1e3", "0o17"} <= manifest["metadata"]["labels"].keys()


@pytest.mark.parametrize("image", ["-v/etc", "--privileged", "a b", "a;b", "$(id)"])
def test_an_image_is_no_option(image: str) -> None:
    """What docker would take for an option, or a shell for more than a word, is refused."""
    assert main(["job", "docker", "--task", "squad", f"--image={image}", "--", "true"]) == 2


def test_markdown_shows_values_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    """No value becomes an image, a link or a column of its own."""
    assert main(["diff", "paper", "now", "--set", r"output_dir=a\|b<img>[l](e)*x*`", "--format", "markdown"]) == 1

    assert r"a\\\|b\<img>\[l](e)\*x\*\`" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["x", "a=b", b"x\xff"])
def test_no_filter_of_a_repository_is_run(name: str | bytes, tmp_path: Path) -> None:
    """However a filter is called."""
    raw = name if isinstance(name, bytes) else name.encode()
    (tmp_path / "x.txt").write_text("x\n")
    git("init", "-q")
    git("add", "-A")
    git("commit", "-q", "-m", "x")
    (tmp_path / ".gitattributes").write_bytes(b"* filter=" + raw + b"\n")
    with (tmp_path / ".git" / "config").open("ab") as config:
        config.write(b'[filter "' + raw + b'"]\n\tclean = touch pwned; cat\n\trequired = true\n')
    (tmp_path / "x.txt").write_text("y\n")
    status(["run", "--task", "squad", "--record", "runs", "--", "no-such-command"])
    (record,) = tmp_path.glob("runs/*/run.json")

    assert not (tmp_path / "pwned").exists()
    assert json.loads(record.read_text())["runs"][0]["git"]["dirty"] is True


@pytest.mark.parametrize("text", ["a\u200bb", "a\ufeffb", "a\u202eb", "a\U000e0041b", "a\x85b"])
def test_what_cannot_be_seen_is_no_text(text: str) -> None:
    """Two values that look alike are the same."""
    with pytest.raises(SettingsError, match="printable"):
        load({"APT_OUTPUT_DIR": text}, None)


@pytest.mark.parametrize("option", ["--signal B:TERM@120", "--comment=a --export=NONE", "--comment='a"])
def test_an_option_of_sbatch_is_one_word(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As sbatch would read more of them in a script than it is given on its command line."""
    assert main(["job", "slurm", "--task", "squad", f"--sbatch={option}", "--", "true"]) == 2
    assert "must be an option of sbatch in one word" in capsys.readouterr().err


def test_a_long_name_is_cut() -> None:
    """A name is a place for a secret, too, where a separator is lost."""
    with pytest.raises(SettingsError) as caught:
        load({f"APT_{'X' * 100}CANARY": "1"}, None)

    assert "CANARY" not in str(caught.value)


def held_by_frames(error: BaseException) -> str:
    """All that the frames below this file hold, as whoever prints the locals of a traceback shows it."""
    texts, frames = [], []
    frame = error.__traceback__
    while frame:
        if Path(frame.tb_frame.f_code.co_filename).is_relative_to(Path(apt_settings.__file__).parent):
            frames.append(dict(frame.tb_frame.f_locals))
        frame = frame.tb_next
    waiting: list[object] = list(frames)
    seen = set()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, Mapping):
            waiting += [*each.keys(), *each.values()]
        elif isinstance(each, list | tuple | set):
            waiting += list(each)
        else:
            texts.append(repr(each))
    assert frames
    assert error.__context__ is None
    return "".join(texts)


@pytest.mark.parametrize(
    "wrongly",
    [
        lambda: load({"OTHER": CANARY, "APT_SEED": "x"}, None),
        lambda: load(seed="x"),
        lambda: GlueBigSettings(epochs=0),
        lambda: apt_settings.settings,
        lambda: load({"OTHER": CANARY, "APT_TASK": "mnil"}),
        lambda: load({"OTHER": CANARY, "APT_EXTEND": "no:Such"}),
        lambda: load({}, None, record="no.json"),
    ],
)
def test_no_frame_of_an_error_holds_the_environment(
    wrongly: Callable[[], object], monkeypatch: pytest.MonkeyPatch, write_env: Callable[..., Path]
) -> None:
    """`pytest -l`, rich's show_locals and Sentry print what frames hold."""
    monkeypatch.setenv("OTHER", CANARY)
    write_env(f"HF_TOKEN={CANARY}\nAPT_BATCH_SIZE=0\n")
    with pytest.raises(SettingsError) as caught:
        wrongly()

    assert CANARY not in held_by_frames(caught.value)


@pytest.mark.parametrize("form", ["text", "json", "github"])
def test_check_shows_a_value_as_it_stands(form: str, write_env: Callable[..., Path], capfd: Any) -> None:
    """What ${NAME} brings in from another line is nobody's to see."""
    names = ("APT_OPTIMIZER", "APT_TASK", "APT_EPOCHS", "APT_REFERENCE", "APT_UNKNOWN")
    lists = "APT_ADAPTER_TARGETS=query,${HF_TOKEN}\nAPT_OUTPUT_DIR=' ${HF_TOKEN}'\n"
    text = f"HF_TOKEN={CANARY}\n" + "".join(f"{name}=${{HF_TOKEN}}\n" for name in names) + lists
    write_env(text, "job.env")
    assert main(["check", "--format", form, "job.env"]) == 1
    told = "".join(capfd.readouterr())
    assert main(["check", "--env-file", "job.env"]) == 1
    told += "".join(capfd.readouterr())

    assert CANARY not in told
    assert "${HF_TOKEN}" in told


def test_a_draft_follows_no_link(tmp_path: Path) -> None:
    """A record and a picture replace a planted link, and leave alone what it leads to."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    folder = tmp_path / "run"
    folder.mkdir()
    for name in (".run.json", "run.json", "plan.svg"):
        (folder / name).symlink_to(victim)
    write(folder, record_of(load({}, None)))
    assert main(["plan", "--plot", str(folder / "plan.svg")]) == 0

    assert victim.read_text() == "mine"
    assert not (folder / "run.json").is_symlink()
    assert not (folder / "plan.svg").is_symlink()
    assert read(folder).task == "glue_big"


def test_a_fifo_in_place_of_a_draft_hangs_nothing(tmp_path: Path) -> None:
    """Drafts have names that nobody knows before."""
    os.mkfifo(tmp_path / ".run.json")
    write(tmp_path, record_of(load({}, None)))

    assert read(tmp_path).task == "glue_big"


def forged(tmp_path: Path, **origins: str) -> Path:
    """A record of squad on sst2 whose origins say that the release gave everything, with a fingerprint that fits."""
    record = record_of(load({}, None, task="squad", reference="release"))
    settings = {
        name: each.model_copy(
            update={"kind": "release", "value": "sst2" if name == "dataset" else each.value}
            | ({"origin": origins[name]} if name in origins else {})
        )
        for name, each in record.settings.items()
    }
    changed = record.model_copy(update={"settings": settings})
    changed = changed.model_copy(update={"fingerprint": fingerprint_of(canonical(changed.counted))})
    path = tmp_path / "run.json"
    path.write_text(as_json(changed))
    return path


def test_an_origin_that_claims_to_be_the_releases_gives_no_rights(tmp_path: Path) -> None:
    """What the release's own table does not say is judged like any other value, and its text is escaped."""
    path = forged(tmp_path, epochs="release \x1b]0;x\x07a.sh:1", max_grad_norm="release a.sh:1")
    with pytest.raises(SettingsError) as caught:
        load({}, None, record=path)

    assert "'sst2' does not fit: must be one of squad_v2, squad when the task is squad" in str(caught.value)
    assert all(line.isprintable() for line in str(caught.value).splitlines())


def test_a_number_where_the_release_has_a_word_is_not_the_releases(tmp_path: Path) -> None:
    """It is judged, as any other value."""
    path = forged(tmp_path)
    content = json.loads(path.read_text())
    content["settings"]["dataset"]["value"] = "squad_v2"
    content["settings"]["precision"]["value"] = 1
    counted = Record.model_validate_json(json.dumps(content)).counted
    path.write_text(json.dumps(content | {"fingerprint": fingerprint_of(canonical(counted))}))
    with pytest.raises(SettingsError, match="precision=1 is not allowed: must be one of"):
        load({}, None, record=path)


def test_what_is_the_releases_stays_the_releases(tmp_path: Path) -> None:
    """Of every script: its own values, with their places, and no others."""
    for dataset, architecture in scripts():
        settings = load({}, None, task=dataset, dataset=dataset, architecture=architecture, reference="release")
        (tmp_path / "run.json").write_text(as_json(record_of(settings)))
        replayed = load({}, record=tmp_path)

        assert replayed == settings
        kinds = {name: origin.kind for name, origin in settings.origins.items() if origin.kind == "release"}
        assert kinds == {name: origin.kind for name, origin in replayed.origins.items() if origin.kind == "release"}


def test_a_record_with_many_strange_names_is_one_line_more(tmp_path: Path) -> None:
    """6,000 names near `epochs` take no minute: guesses have a limit."""
    content = json.loads(as_json(record_of(load({}, None))))
    content["settings"] |= {f"epocs_{number}": {"value": 1, "origin": "x"} for number in range(6_000)}
    counted = Record.model_validate_json(json.dumps(content)).counted
    content["fingerprint"] = fingerprint_of(canonical(counted))
    (tmp_path / "run.json").write_text(json.dumps(content))
    with pytest.raises(SettingsError) as caught:
        load({}, record=tmp_path)

    assert len(caught.value.problems) == 51
    assert str(caught.value.problems[-1]).endswith("has 5,950 more names that are no settings")
