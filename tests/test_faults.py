"""What happens where the machine is not as it should be; docs/robustness.md has a row for each test here."""

import asyncio
import os
import pickle
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path

import pytest
from support import forked, run_command_in, start_command, started

import apt_settings
from apt_settings import AptSettings, SettingsError, fingerprint, load, override
from apt_settings.cli import main
from apt_settings.runs import running
from apt_settings.runs.store import record_of, write
from apt_settings.sources.record import read


def python(*arguments: str, environ: Mapping[str, str] | None = None, cwd: Path | None = None) -> "Ended":
    """A Python of its own, with nothing in its environment but the PATH and what is given."""
    own = {"PATH": os.environ["PATH"], **(environ or {})}
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=own, cwd=cwd)


Ended = subprocess.CompletedProcess[str]
COMMAND = ("-m", "apt_settings")


def test_threads_that_come_at_once() -> None:
    """32 threads that touch the singleton first get the same object, resolved once."""
    barrier, seen = threading.Barrier(32), []

    def touch() -> None:
        barrier.wait()
        seen.append(apt_settings.settings)

    threads = [threading.Thread(target=touch) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(seen) == 32
    assert len(set(map(id, seen))) == 1


def seed_of_the_singleton(_: object) -> int:
    return apt_settings.settings.seed


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_forked_and_spawned_children(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both resolve the same settings as their parent, in the same environment and working directory."""
    monkeypatch.setenv("APT_SEED", "5")
    with get_context(method).Pool(2) as pool:
        assert pool.map(seed_of_the_singleton, range(4)) == [5] * 4


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_while_another_thread_resolves() -> None:
    """The child, which inherits a held lock, gets a lock of its own, and does not hang."""
    code = """
import os, threading, apt_settings, apt_settings.singleton as singleton
held, forked = threading.Event(), threading.Event()
def hold():
    with singleton._lock:
        held.set(); forked.wait()
thread = threading.Thread(target=hold); thread.start(); held.wait()
child = os.fork()
if child == 0:
    os._exit(0 if apt_settings.settings.seed == 128 else 1)
print(os.waitpid(child, 0)[1]); forked.set(); thread.join()
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=60)

    assert (done.stdout, done.stderr) == ("0\n", "")


def origin_of_epochs(settings: AptSettings) -> tuple[str, str]:
    return str(settings.origin("epochs")), fingerprint(settings)


def test_settings_that_are_sent_to_a_spawned_process() -> None:
    """They arrive with their origins and their fingerprint."""
    settings = load({"APT_EPOCHS": "30"}, None)
    with get_context("spawn").Pool(1) as pool:
        told = pool.apply(origin_of_epochs, (settings,))

    assert ("environment APT_EPOCHS", fingerprint(settings)) == told
    assert settings == pickle.loads(pickle.dumps(settings))  # noqa: S301  our own


def test_a_locale_without_utf_8(write_env: Callable[..., Path]) -> None:
    """LANG=C: a `.env` is read, and what is printed is written, as UTF-8 all the same."""
    write_env("APT_OUTPUT_DIR=é日\n")
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    shown = python(*COMMAND, "show", environ=plain)
    written = python(*COMMAND, "env", environ={**plain, "PYTHONIOENCODING": "ascii"})

    assert (shown.returncode, written.returncode) == (0, 0)
    assert "  é日  " in shown.stdout
    assert "export APT_OUTPUT_DIR='é日'" in written.stdout


def test_a_turkish_locale(write_env: Callable[..., Path]) -> None:
    """Words that may be in any case are read as everywhere: GLUE_BIG is glue_big, with a dot on its i."""
    write_env("APT_TASK=GLUE_BIG\nAPT_OUTLIER_AWARE=FALSE\nAPT_DISTILL_EPOCHS=NONE\n")
    code = "import locale; locale.setlocale(locale.LC_ALL, ''); from apt_settings import settings; print(settings.task)"
    told = python("-c", code, environ={"LC_ALL": "tr_TR.UTF-8"})
    if "unsupported locale setting" in told.stderr:
        pytest.skip("needs apt-get install locales && localedef -i tr_TR -f UTF-8 tr_TR.UTF-8")

    assert (told.stdout, told.stderr) == ("glue_big\n", "")


def test_python_without_docstrings() -> None:
    """PYTHONOPTIMIZE=2: the commands do the same; their help has its options without its sentences."""
    usual, stripped = (python(*COMMAND, "show", environ={"PYTHONOPTIMIZE": level}) for level in ("", "2"))
    helped = python(*COMMAND, "--help", environ={"PYTHONOPTIMIZE": "2"})

    assert (0, usual.stdout, "") == (stripped.returncode, stripped.stdout, stripped.stderr)
    assert "release-args" in helped.stdout


def test_warnings_that_are_errors() -> None:
    """`python -W error`: right settings resolve; a note raises SettingsWarning in code, and no command heeds it."""
    take = ("-W", "error", "-c", "from apt_settings import settings")
    right, noted = (python(*take, environ={"APT_EPOCHS": epochs}) for epochs in ("30", "10"))
    checked = python("-W", "error", *COMMAND, "check", environ={"APT_EPOCHS": "10"})

    assert (right.returncode, right.stderr) == (0, "")
    assert "SettingsWarning: distill_epochs stays 20" in noted.stderr
    assert checked.returncode == 0


def test_no_home() -> None:
    """Nothing needs one."""
    told = run_command_in(["show"], {"PATH": os.environ["PATH"], "APT_TASK": "squad"})

    assert (told.returncode, told.stderr) == (0, "")


def test_a_working_directory_that_is_gone(tmp_path: Path) -> None:
    """There is no `.env` to read, and `show` says so; what is set otherwise counts, and commands run."""

    def in_a_folder_that_is_gone(words: str) -> Ended:
        gone = tmp_path / "gone"
        gone.mkdir()
        line = f'cd {gone} && rmdir {gone} && "$0" -m apt_settings {words}'
        return subprocess.run(["bash", "-c", line, sys.executable], capture_output=True, text=True)

    shown = in_a_folder_that_is_gone("show --task squad")
    started = in_a_folder_that_is_gone("run --task squad -- sh -c 'echo $APT_TASK'")

    assert (shown.returncode, started.returncode) == (0, 0)
    assert "none: no .env in a working directory that is gone" in shown.stdout
    assert started.stdout == "squad\n"


def test_a_clock_that_goes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record says what the clock said, an end before its start, and can be read; folders are never shared."""
    times = iter(("2026-01-01T00:00:01+00:00", "2026-01-01T00:00:00+00:00") * 2)
    monkeypatch.setattr(running, "_now", lambda: next(times))
    settings = load({}, None, task="squad")
    for _ in range(2):
        running.run_recorded(settings, ["no-such-command"], os.environ, tmp_path / "runs", resume=False, once=False)
    runs = [read(folder).runs[0] for folder in (tmp_path / "runs").iterdir()]

    assert len(runs) == 2
    assert all(run.end is not None and run.end < run.start for run in runs)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a small file system")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small file system, which this container does not give")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk: Path) -> None:
    """Write until nothing more fits."""
    with suppress(OSError), (disk / "full").open("wb", buffering=0) as stream:
        while True:
            stream.write(b"x" * 512)


@pytest.mark.parametrize("trouble", ["full", "read-only"])
def test_a_full_or_read_only_disk_for_records(small_disk: Path, trouble: str) -> None:
    """74 before the command starts, and what is wrong: another attempt may write it."""
    if trouble == "full":
        fill(small_disk)
    else:
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    done = started("run", "--task", "squad", "--record", str(small_disk / "runs"), "--", "touch", "started")

    assert done.returncode == 74
    assert f"apt-settings: --record {small_disk}/runs cannot be written: " in done.stderr
    assert not Path("started").exists()


def test_a_disk_that_fills_up_meanwhile(small_disk: Path) -> None:
    """The end cannot be recorded: a warning, the command's own status, and the record of the start is whole."""
    fill_up = f"cat /dev/zero > {small_disk}/full 2> /dev/null; exit 5"
    done = started("run", "--task", "squad", "--record", str(small_disk / "runs"), "--", "sh", "-c", fill_up)
    (folder,) = (small_disk / "runs").iterdir()

    assert done.returncode == 5
    assert "the end of the run is not in" in done.stderr
    assert read(folder).runs[0].end is None
    assert [folder / "run.json"] == list(folder.iterdir())


def test_a_full_disk_for_a_page_of_runs(small_disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """74 and what is wrong; nothing half written is left."""
    Path("runs").mkdir()
    write(Path("runs"), record_of(load({}, None, task="squad")))
    (small_disk / "page.html").write_text("the page of yesterday")
    fill(small_disk)

    assert main(["runs", "--html", str(small_disk / "page.html")]) == 74
    assert capsys.readouterr().err.endswith("No space left on device\n")
    assert {small_disk / "full", small_disk / "page.html"} == set(small_disk.iterdir())
    assert (small_disk / "page.html").read_text() == "the page of yesterday"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed(closed: str) -> None:
    """A closed stdin or stderr changes nothing; without stdout the status is 74, and stderr says why."""
    done = subprocess.run(["bash", "-c", f'"$0" -m apt_settings show {closed}', sys.executable], capture_output=True)

    is_lost = ">&-" in closed.replace("2>&-", "")
    assert done.returncode == (74 if is_lost else 0)
    told = b"apt-settings: cannot write the output: stdout is closed\n"
    assert done.stderr == (told if is_lost and "2>&-" not in closed else b"")
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("kind", ["folder", "loop", "endless", "dangling"])
def test_an_env_file_that_is_no_file(kind: str, tmp_path: Path) -> None:
    """A folder, a link to itself or to nothing, a device without end: 78, with the reason."""
    path = tmp_path / ".env"
    match kind:
        case "folder":
            path.mkdir()
        case "loop":
            path.symlink_to(path)
        case "endless":
            path.symlink_to("/dev/zero")
        case "dangling":
            path.symlink_to("nowhere")
    done = started("show")

    assert (done.returncode, done.stdout) == (78, "")
    assert ".env cannot be read: " in done.stderr


def test_an_environment_that_is_not_utf_8() -> None:
    """Names and values that no encoding explains are refused, escaped, or passed over where they are not ours."""
    environ = {b"PATH": os.environb[b"PATH"], b"OTHER\xff": b"\xff", b"APT_X\xff": b"1", b"APT_OUTPUT_DIR": b"\xff"}
    done = subprocess.run([sys.executable, *COMMAND, "check"], capture_output=True, env=environ)

    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 2
    assert done.stdout.isascii()


def test_a_working_directory_that_may_not_be_entered(tmp_path: Path) -> None:
    """A `.env` that cannot be looked at is not taken for none: 78, with the reason."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to become somebody else")
    assert main(["show", "--set", "epochs=x"]) == 78  # imports what the child, in a private checkout, may not read
    (tmp_path / ".env").write_text("APT_EPOCHS=ten\n")
    tmp_path.chmod(0o700)

    def as_nobody() -> int:
        os.setuid(65534)
        return main(["show"])

    assert os.waitpid(forked(as_nobody), 0)[1] == 78 << 8


def test_overrides_that_do_not_nest() -> None:
    """Blocks of two threads may end in any order: each takes its own values with it."""
    one, other = override(epochs=77), override(seed=3)
    one.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)

    assert (apt_settings.settings.epochs, apt_settings.settings.seed) == (40, 3)
    other.__exit__(None, None, None)
    assert (apt_settings.settings.epochs, apt_settings.settings.seed) == (40, 128)


def test_a_variable_that_vanishes_meanwhile(write_env: Callable[..., Path]) -> None:
    """Another thread deletes a variable while it is read: it is not set."""

    class Vanishing(dict[str, str]):
        def __iter__(self) -> Iterator[str]:
            return iter(("APT_SEED", "OTHER"))

    write_env("APT_EPOCHS=50\n")

    assert (load(Vanishing()).epochs, load(Vanishing()).seed) == (50, 128)


def test_a_record_with_a_command_that_is_not_utf_8(tmp_path: Path) -> None:
    """Bytes of a command are kept, escaped, and the record reads back; the run can be resumed."""
    words = ("run", "--task", "squad", "--record", "runs", "--resume", "--", "true", b"\xe9")

    assert [start_command(*words).wait() for _ in range(2)] == [0, 0]
    assert read(tmp_path / "runs").runs[1].command == ("true", "\\xe9")


@pytest.mark.parametrize("path", ["x" * 5_000, "a\0b", "/dev/null/x"])
def test_a_record_whose_path_cannot_be(path: str) -> None:
    """Too long, with a NUL, below what is no folder: a SettingsError with the reason."""
    with pytest.raises(SettingsError, match="cannot be read"):
        load({}, record=path)


def test_a_stdin_that_is_closed_for_a_run(tmp_path: Path) -> None:
    """The command's stdin is closed as well, and no file of ours."""
    line = '"$0" -m apt_settings run --task squad --record runs -- readlink /proc/self/fd/0 <&-'
    done = subprocess.run(["bash", "-c", line, sys.executable], capture_output=True, text=True, cwd=tmp_path)

    assert "runs" not in done.stdout


@pytest.mark.parametrize(("body", "mode", "status"), [("", 0o644, 126), ("kill -TERM $$", 0o755, 143)])
def test_a_launcher_that_cannot_start_or_is_killed(
    body: str, mode: int, status: int, fake: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its status is what a shell would have, and what is wrong is told."""
    fake("sbatch", body, mode)
    monkeypatch.setenv("PATH", os.environ["PATH"].partition(":")[0])  # there may be a real one behind it

    assert status == main(["job", "slurm", "--task", "squad", "--submit", "--", "/bin/true"])


@pytest.mark.parametrize(("method", "seed"), [("fork", 25), ("spawn", 5)])
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_children_within_an_override(method: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A forked one has what its parent has; a spawned one resolves anew, from its environment: hand settings over."""
    monkeypatch.setenv("APT_SEED", "5")
    with override(seed=25), get_context(method).Pool(1) as pool:
        assert pool.map(seed_of_the_singleton, range(1)) == [seed]


def test_overrides_of_asyncio_tasks() -> None:
    """They are those of the process: a task with values of its own takes `load` and hands the object on."""
    seen = {}

    async def work(seed: int) -> None:
        with override(seed=seed):
            await asyncio.sleep(0)
            seen[seed] = (apt_settings.settings.seed, load({}, None, seed=seed).seed)

    async def together() -> None:
        await asyncio.gather(work(1), work(2))

    asyncio.run(together())

    assert [own for _, own in seen.values()] == [1, 2]
    assert seen[1][0] == 2


@pytest.fixture(scope="module")
def zipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package in a zip, as Bazel and PyInstaller have it, without the metadata of an installation."""
    package = Path(apt_settings.__file__).parent
    path = tmp_path_factory.mktemp("zip") / "package.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in package.rglob("*"):
            if "__pycache__" not in file.parts:
                archive.write(file, Path("apt_settings", file.relative_to(package)))
    return path


@pytest.mark.parametrize(
    ("argv", "status", "told"),
    [
        (("--version",), 0, "apt-settings "),
        (
            ("show", "--task", "mrpc"),
            0,
            "the release's scripts/adaptpruning/roberta_base_mrpc_momentum.sh has epochs 120",
        ),
        (("diff", "paper", "release", "--task", "mrpc"), 1, "120 (release scripts/"),
        (("release-args", "--task", "squad", "--entrypoint"), 0, "run_minus_squad_training.py"),
        (("run", "--task", "squad", "--record", "run", "--", "true"), 0, ""),
    ],
)
def test_a_package_that_is_not_installed(argv: tuple[str, ...], status: int, told: str, zipped: Path) -> None:
    """From a zip, without metadata: every command, the release's table and records."""
    code = """
import importlib.metadata, sys
def missing(name): raise importlib.metadata.PackageNotFoundError(name)
importlib.metadata.version = missing
sys.path.insert(0, sys.argv.pop(1))
import apt_settings
from apt_settings.__main__ import main
assert ".zip" in apt_settings.__file__
sys.exit(main())
"""
    done = python("-c", code, str(zipped), *argv)

    assert done.returncode == status, done.stderr
    assert told in done.stdout


def test_a_file_that_fails_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """And it is not said that the output cannot be written."""

    def fail(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "/data/table.csv")

    monkeypatch.setattr("apt_settings.cli.options.resolve", fail)

    assert main(["show"]) == 74
    assert capsys.readouterr().err == "apt-settings: /data/table.csv fails: Permission denied\n"


def test_python_with_fewer_digits() -> None:
    """PYTHONINTMAXSTRDIGITS=640: a longer number is none that is allowed, as any other nonsense."""
    environ = {"PYTHONINTMAXSTRDIGITS": "640", "APT_SEED": "1" * 700, "APT_TRAIN_EXAMPLES": "9" * 700}
    done = python(*COMMAND, "check", environ=environ)

    assert (done.returncode, done.stderr) == (1, "")
    assert "is not allowed: must be a whole number, 0 <= x <= 4294967295" in done.stdout


def test_a_number_of_too_many_digits() -> None:
    """More than Python reads is no number that is allowed."""
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        with pytest.raises(SettingsError, match="is not allowed: must be a whole number"):
            load({"APT_SEED": "1" * 700}, None)
    finally:
        sys.set_int_max_str_digits(before)


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    """Read from what is installed."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("apt-settings ")


LATIN = "en_US.ISO-8859-1"


def test_a_latin_1_locale(tmp_path: Path) -> None:
    """The bytes of the environment are UTF-8 as everywhere: the same settings, fingerprint and job text."""
    job = {"APT_TASK": "squad", "APT_OUTPUT_DIR": "/data/é日"}
    probe = "import locale; locale.setlocale(locale.LC_ALL, ''); import sys; print(sys.getfilesystemencoding())"
    latin = {"LC_ALL": LATIN, "PYTHONUTF8": "0"}
    if python("-c", probe, environ=latin).stdout != "iso8859-1\n":
        pytest.skip(f"needs apt-get install locales && localedef -i en_US -f ISO-8859-1 {LATIN}")
    usual, other = (
        subprocess.run(
            [sys.executable, *COMMAND, *argv], capture_output=True, env={"PATH": os.environ["PATH"], **job, **extra}
        )
        for argv, extra in ((("job", "slurm", "--", "true"), {}), (("job", "slurm", "--", "true"), latin))
    )
    command = ("run", "--record", str(tmp_path / "run"), "--", "sh", "-c", "printf %s $APT_OUTPUT_DIR")
    ran = subprocess.run(
        [sys.executable, *COMMAND, *command], capture_output=True, env={"PATH": os.environ["PATH"], **job, **latin}
    )

    assert usual.stdout == other.stdout
    assert ran.stdout == "/data/é日".encode()
    assert read(next((tmp_path / "run").iterdir())).settings["output_dir"].value == "/data/é日"
