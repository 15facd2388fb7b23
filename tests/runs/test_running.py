"""Running a job's command: exit statuses, signals and the environment, against real processes."""

import errno
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import pytest
from support import forked, start_command, started

from apt_settings import WHERE_IT_RUNS, GlueBigSettings, SettingsError, load
from apt_settings.cli import main
from apt_settings.fingerprint import VERSION
from apt_settings.runs import running
from apt_settings.runs.running import job_environment, run_recorded
from apt_settings.sources.record import Record, read

RUN = ["run", "--task", "squad"]
START_OF_ITS_OWN = [sys.executable, "-m", "apt_settings", *RUN]
MODES = {"become": [], "record": ["--record", "runs"]}


def run(mode: str, *command: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return started(*RUN, "--quiet", *MODES[mode], "--", *command, **environ)


def only_record(parent: str = "runs") -> Record:
    (folder,) = Path(parent).iterdir()
    return read(folder)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("command", "status"),
    [
        (["true"], 0),
        (["sh", "-c", "exit 3"], 3),
        (["sh", "-c", "exit 255"], 255),
        (["sh", "-c", "exit 78"], 78),
        (["no-such-command"], 127),
        (["./no/such/file"], 127),
        (["/etc/passwd"], 126),
        (["/"], 126),
        ([""], 127),
    ],
)
def test_the_exit_status_is_the_commands(mode: str, command: list[str], status: int) -> None:
    """What the command ends with, and what a shell has for one that cannot start."""
    assert status == run(mode, *command).returncode
    if mode == "record":
        last = only_record().runs[-1]
        assert (status, None) == (last.exit_status, last.signal)
        assert last.end is not None


@pytest.mark.parametrize(
    ("name", "status"), [("TERM", 143), ("KILL", 137), ("SEGV", 139), ("INT", 130), ("RTMIN+3", 165)]
)
def test_a_signal_that_ends_the_command_is_told(name: str, status: int) -> None:
    """With a record it is 128 + n, as in a shell, and the signal's name in the record; by exec the signal itself."""
    script = f"kill -{name} $$"

    assert status == run("record", "sh", "-c", script).returncode
    assert (status, f"SIG{name}") == (only_record().runs[-1].exit_status, only_record().runs[-1].signal)
    assert 128 - status == run("become", "sh", "-c", script).returncode


TRAP = """
import signal, sys, time
def end(number, frame):
    print(signal.Signals(number).name, flush=True)
    sys.exit(40)
for each in ("SIGTERM", "SIGINT", "SIGUSR1", "SIGUSR2", "SIGHUP"):
    signal.signal(getattr(signal, each), end)
print("ready", flush=True)
time.sleep(60)
"""


def ready(mode: str, script: str, *starter: str) -> subprocess.Popen[str]:
    """A Python script that runs under the command, once it has said that it is ready."""
    line = [*MODES[mode], "--", sys.executable, "-c", script]
    if starter:
        process = subprocess.Popen([*starter, *START_OF_ITS_OWN, *line], stdout=subprocess.PIPE, text=True)
    else:
        process = start_command(*RUN, *line, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGUSR1", "SIGUSR2", "SIGHUP"])
def test_signals_reach_the_command(mode: str, name: str) -> None:
    """A signal to us is a signal to the command, which decides what it ends with."""
    with ready(mode, TRAP) as process:
        process.send_signal(getattr(signal, name))
        assert process.stdout is not None
        assert process.stdout.read() == f"{name}\n"

    assert process.returncode == 40


@pytest.mark.parametrize("mode", MODES)
def test_a_command_may_ignore_sigterm(mode: str) -> None:
    """We wait for it and end with what it ends with."""
    script = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
end = time.monotonic() + 0.5
while time.monotonic() < end:
    time.sleep(0.05)
sys.exit(5)
"""
    with ready(mode, script) as process:
        process.send_signal(signal.SIGTERM)

    assert process.returncode == 5


@pytest.mark.parametrize("mode", MODES)
def test_timeout_ends_the_command(mode: str) -> None:
    """Under timeout(1) the command gets SIGTERM, and the record says so."""
    script = "import time; print('ready', flush=True); time.sleep(60)"
    with ready(mode, script, "timeout", "60") as process:
        process.send_signal(signal.SIGALRM)  # which timeout(1) takes for the end of its time

    assert process.returncode == 124
    if mode == "record":
        assert only_record().runs[-1].signal == "SIGTERM"


@pytest.mark.large
@pytest.mark.parametrize("late", range(0, 40, 4))
def test_a_signal_that_comes_too_late_changes_nothing(late: int) -> None:
    """Once the command has ended, its status is ours, whatever arrives before we are gone."""
    with ready("record", "print('ready', flush=True)") as process:
        time.sleep(late / 1000)
        process.send_signal(signal.SIGTERM)

    last = only_record().runs[-1]
    assert (last.exit_status, last.signal) in ((0, None), (143, "SIGTERM"))
    assert process.returncode == last.exit_status


@pytest.mark.parametrize("mode", MODES)
def test_a_parent_that_ignores_its_children_is_no_matter(mode: str) -> None:
    """The command's end is seen even where SIGCHLD was ignored when we were started."""
    line = [*START_OF_ITS_OWN, *MODES[mode], "--", "sh", "-c", "exit 3"]
    start = "import signal, os, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"

    assert subprocess.run([sys.executable, "-c", start, *line], timeout=60).returncode == 3


def test_another_thread_may_take_the_news_of_the_end() -> None:
    """A process with threads that hold no signals, such as numpy's, sees the end all the same."""
    lines = [
        "import os, threading, time; from apt_settings.runs.process import ChildProcess",
        "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
        "child = ChildProcess(['sh', '-c', 'exit 3'], os.environ)",
        "os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)",
        "os._exit(child.wait())",
    ]

    assert subprocess.run([sys.executable, "-c", "\n".join(lines)], timeout=30).returncode == 3


@pytest.mark.parametrize(
    ("mode", "closed"),
    [("become", "<&- >&- 2>&-"), *(("record", closed) for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"))],
)
def test_closed_streams_leave_the_status_alone(mode: str, closed: str) -> None:
    """Under nohup-like launchers the status is the command's all the same."""
    line = " ".join([*START_OF_ITS_OWN, *MODES[mode], "--", "sh", "-c", "'exit 3'", closed])

    assert subprocess.run(["bash", "-c", line], capture_output=True).returncode == 3


def test_a_signal_of_the_kernel_reaches_the_command() -> None:
    """Such as the alarm that a starter has set; only what a terminal sends to all is not passed on."""
    script = "import time; print('ready', flush=True); time.sleep(60)"
    ours, theirs = socket.socketpair()
    with ours, theirs, ready("record", script) as process:
        fcntl.fcntl(ours, fcntl.F_SETOWN, process.pid)
        fcntl.fcntl(ours, fcntl.F_SETFL, os.O_ASYNC)
        theirs.send(b"x")  # the kernel tells the owner with SIGIO

    assert process.returncode == 128 + signal.SIGIO
    assert only_record().runs[-1].signal == signal.SIGIO.name


def test_without_a_record_there_is_no_process_in_between() -> None:
    """The process becomes the command."""
    with start_command(*RUN, "--", "sh", "-c", "echo $$", stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read() == f"{process.pid}\n"


@pytest.mark.parametrize("mode", MODES)
def test_there_is_no_shell_in_between(mode: str) -> None:
    """Arguments arrive as they are, and stdin is the command's."""
    odd = ["a b", "$HOME", "'\"", "*", "", "--task", "é\n"]
    script = "import sys; print(sys.argv[1:], sys.stdin.read())"
    line = [*RUN, *MODES[mode], "--", sys.executable, "-c", script, *odd]
    with start_command(*line, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        out, _ = process.communicate("in")

    assert out == f"{odd} in\n"


def test_options_behind_the_command_are_its_own() -> None:
    """Without `--` too, what follows the command belongs to it."""
    done = started(*RUN, "echo", "--task", "alpaca", "-h")

    assert done.stdout == "--task alpaca -h\n"


@pytest.mark.parametrize("mode", MODES)
def test_children_of_children_have_every_setting(mode: str, write_env: Callable[..., Path]) -> None:
    """bash and a Python below it see the settings of `.env` and defaults alike, even in another folder."""
    write_env("APT_SEED=7\nAPT_OUTPUT_DIR='a ${HOME} b'\n")
    script = (
        f"cd / && {sys.executable} -c 'from apt_settings import settings as s; print(s.seed, s.output_dir, s.task)'"
    )
    done = run(mode, "bash", "-c", f'echo "$APT_SEED $APT_PRECISION"; {script}', HOME="/h")

    assert (done.stdout, done.stderr) == ("7 fp32\n7 a /h b squad\n", "")


def test_the_environment_is_complete_and_keeps_the_rest() -> None:
    """Every setting is in it, other tools' variables are untouched, and no `.env` is left to be read."""
    settings = GlueBigSettings(epochs=50)
    environ = job_environment({"HF_TOKEN": "x", "APT_SEED": "old", "APT_CONFIG": "y", "APT_ENV_FILE": "z"}, settings)

    assert (environ["HF_TOKEN"], environ["APT_CONFIG"], environ["APT_SEED"]) == ("x", "y", "128")
    assert settings == load(environ)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "epochs=ten"], "--set epochs='ten' is not allowed"),
        ([], "APT_TASK is not set: a job must say which task it is"),
    ],
)
def test_wrong_settings_and_a_forgotten_task_start_nothing(arguments: list[str], message: str) -> None:
    """78 before the command starts, and no record is left."""
    done = started("run", *arguments, "--record", "runs", "--", "touch", "started")

    assert done.returncode == 78
    assert message in done.stderr
    assert not Path("started").exists()
    assert not Path("runs").exists()


@pytest.mark.parametrize("arguments", [[], ["--resume", "--", "true"], ["--once", "--", "true"], ["--"]])
def test_a_wrong_command_line_is_2(arguments: list[str]) -> None:
    """Without a command, or with --resume but no --record, there is nothing to do."""
    assert main(["run", "--task", "squad", *arguments]) == 2


def test_resume_goes_on_in_the_same_folder() -> None:
    """The record has both runs."""
    settings = GlueBigSettings(seed=1)
    for command in (["false"], ["true"]):
        run_recorded(settings, command, dict(os.environ), Path("run"), resume=True, once=False)

    assert [each.exit_status for each in read("run").runs] == [1, 0]
    assert read("run").is_finished


def test_resume_refuses_other_settings() -> None:
    """It lists each setting with both values and both origins, and changes nothing."""
    line = [*RUN, "--record", "run", "--resume"]
    assert started(*line, "--", "true").returncode == 0
    before = Path("run/run.json").read_text()
    done = started(*line, "--set", "target_sparsity=0.4", "--", "touch", "x", APT_SEED="3")

    assert done.returncode == 78
    assert "seed was 128 (class default), and is 3 (environment APT_SEED)" in done.stderr
    assert "target_sparsity was 0.6 (class default), and is 0.4 (--set target_sparsity)" in done.stderr
    assert before == Path("run/run.json").read_text()
    assert not Path("x").exists()


def test_resume_goes_on_in_another_place() -> None:
    """A setting that is about where a job runs may differ, and the record has the present one."""
    line = [*RUN, "--record", "run", "--resume"]
    assert started(*line, "--", "true").returncode == 0
    done = started(*line, "--set", "output_dir=/other", "--", "true")

    assert done.returncode == 0
    recorded = read("run").settings["output_dir"]
    assert (recorded.value, recorded.origin) == ("/other", "--set output_dir")
    assert len(read("run").runs) == 2


@pytest.mark.parametrize(("option", "status"), [("--resume", 78), ("--once", 0)])
def test_a_changed_record_is_not_trusted(option: str, status: int) -> None:
    """--resume refuses a record that was changed by hand, and --once runs again."""
    line = [*RUN, "--record", "run", option]
    assert started(*RUN, "--record", "run", "--resume", "--", "true").returncode == 0
    file = Path("run/run.json")
    file.write_text(file.read_text().replace('"seed": {"value": 128', '"seed": {"value": 9'))
    done = started(*line, "--", "touch", "ran")

    assert done.returncode == status
    assert Path("ran").exists() == (option == "--once")
    assert ("was changed after it was written" in done.stderr) == (option == "--resume")


def test_many_that_resume_one_folder_lose_nothing() -> None:
    """Of 32 at once each either has the folder to itself or is refused; every run that happened is in the record."""

    def resume() -> int:
        settings = GlueBigSettings(_env_file=None)
        try:
            run_recorded(settings, ["true"], dict(os.environ), Path("run"), resume=True, once=False)
        except SettingsError:
            return 1
        return 0

    children = [forked(resume) for _ in range(32)]
    ran = [os.waitpid(child, 0)[1] for child in children].count(0)

    assert ran >= 1
    assert ran == len(read("run").runs)


def test_a_folder_is_held_as_long_as_its_command_lives() -> None:
    """When the watcher is killed, the command goes on, and nobody else gets its folder."""
    script = "import os, time; print('ready', flush=True); print(os.getpid(), flush=True); time.sleep(60)"
    line = [*RUN, "--record", "run", "--resume", "--"]
    with start_command(*line, sys.executable, "-c", script, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        command = int(process.stdout.readline())
        process.kill()
        process.wait()
        refused = started(*line, "true")
        os.kill(command, signal.SIGKILL)
        process.stdout.read()

    assert refused.returncode == 74
    assert started(*line, "true").returncode == 0


def test_a_folder_that_is_in_use_is_refused() -> None:
    """Two runs never share a folder, not even with --resume."""
    command = [sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(60)"]
    line = [*RUN, "--record", "run", "--resume", "--"]
    with start_command(*line, *command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        done = started(*line, "true")
        process.send_signal(signal.SIGTERM)

    assert done.returncode == 74
    assert "apt-settings: --record run is in use by a run that has not ended" in done.stderr


def test_once_skips_what_has_ended_well() -> None:
    """A failed run is tried again, a finished one is not, and other settings are another matter."""
    line = [*RUN, "--record", "runs", "--once"]
    failed = started(*line, "--", "false")
    good = started(*line, "--", "touch", "one")
    again = started(*line, "--", "touch", "two")
    other = started(*line, "--set", "seed=1", "--", "touch", "three")

    assert [each.returncode for each in (failed, good, again, other)] == [1, 0, 0, 0]
    assert f"apt-settings: skipped: runs/{VERSION}-" in again.stderr
    assert [Path(name).exists() for name in ("one", "two", "three")] == [True, False, True]


def test_many_runs_at_once_lose_nothing() -> None:
    """Each has a folder and a whole record of its own."""

    def run(number: int) -> int:
        settings, command = GlueBigSettings(_env_file=None), ["sh", "-c", f"exit {number}"]
        outcome = run_recorded(settings, command, dict(os.environ), Path("runs"), resume=False, once=False)
        return 0 if outcome.status == number else 1

    children = [forked(partial(run, number)) for number in range(24)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 24

    records = [read(folder) for folder in Path("runs").iterdir()]
    assert list(range(24)) == sorted(record.runs[0].exit_status or 0 for record in records)


class Mine(GlueBigSettings):
    """Settings of a user, of which one says where the job runs."""

    cache: Annotated[str, WHERE_IT_RUNS] = "x"
    workers: int = 4


def test_a_run_of_a_users_class_is_resumed_and_skipped(tmp_path: Path) -> None:
    """A record knows by itself which of its settings the fingerprint leaves out."""
    settings, folder = Mine(workers=5), tmp_path / "runs"

    def run(**how: Any) -> str:
        return run_recorded(settings, ["true"], os.environ, folder, **{"resume": False, "once": False, **how}).message

    assert [run(resume=True), run(resume=True)] == ["", ""]
    assert len(read(folder).runs) == 2
    assert "has ended well with the same settings" in run(once=True)


def test_another_child_may_end_first() -> None:
    """A process that was there before us is a child of ours after exec; its end is not the command's."""
    inherited = '(while ! [ -e go ]; do sleep 0.02; done) & exec "$@"'
    command = ["sh", "-c", "touch go; sleep 0.2; exit 3"]
    done = subprocess.run(["bash", "-c", inherited, "bash", *START_OF_ITS_OWN, *MODES["record"], "--", *command])

    assert done.returncode == 3


def test_ctrl_c_reaches_the_command_once() -> None:
    """A terminal sends SIGINT to the command as well, and we do not repeat it."""
    script = (
        "import signal, sys, time\ncaught = []\nsignal.signal(signal.SIGINT, lambda *_: caught.append(1))\n"
        "print('ready', flush=True)\nend = time.monotonic() + 0.5\n"
        "while time.monotonic() < end:\n    time.sleep(0.05)\nsys.exit(len(caught))\n"
    )
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [*START_OF_ITS_OWN, *MODES["record"], "--", sys.executable, "-c", script])  # noqa: S606
    said = b""
    while b"ready" not in said:
        said += os.read(terminal, 1024)
    os.write(terminal, b"\x03")
    _, status = os.waitpid(child, 0)
    os.close(terminal)

    assert os.waitstatus_to_exitcode(status) == 1


def test_without_the_signals_of_linux_no_record_is_begun(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As on macOS: it says so, and starts nothing."""
    monkeypatch.delattr(signal, "sigtimedwait")

    assert main(["run", "--task", "squad", "--record", "runs", "--", "touch", "started"]) == 78
    assert "--record needs signals that this system does not have: it runs on Linux" in capsys.readouterr().err
    assert not Path("started").exists()
    assert not Path("runs").exists()


def test_a_daemon_that_is_left_behind_holds_no_folder() -> None:
    """The run has ended, whatever still runs: `wandb service`, `tensorboard &`."""
    line = [*RUN, "--record", "run", "--resume", "--"]
    script = "sleep 60 > /dev/null 2>&1 & echo $!"
    daemon = started(*line, "sh", "-c", script).stdout
    again = started(*line[:-1], "--quiet", "--", "true")
    os.kill(int(daemon), signal.SIGKILL)

    assert (again.returncode, again.stderr) == (0, "")
    assert len(read("run").runs) == 2


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_told_and_no_reason_to_stop(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Lustre and NFS are mounted in places."""

    def refuse(_descriptor: int, _how: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    told: list[str] = []
    settings, environ = GlueBigSettings(_env_file=None), dict(os.environ)
    outcome = run_recorded(settings, ["true"], environ, Path("run"), resume=True, once=False, warn=told.append)

    assert outcome.status == 0
    assert told == ["run is on a file system without locks: let one run at a time have it"]
    assert read("run").is_finished


def test_a_preloaded_library_without_flock_starts_a_run(tmp_path: Path) -> None:
    """The system's own answer, in a process of its own."""
    source, library = tmp_path / "flock.c", tmp_path / "flock.so"
    source.write_text("#include <errno.h>\nint flock(int fd, int how) { errno = ENOSYS; return -1; }\n")
    if not shutil.which("gcc"):
        pytest.skip("needs apt-get install gcc")
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    environ = {**os.environ, "LD_PRELOAD": str(library)}
    done = subprocess.run(
        [*START_OF_ITS_OWN, "--record", "run", "--", "true"], capture_output=True, text=True, env=environ
    )

    assert done.returncode == 0
    assert "is on a file system without locks" in done.stderr


def test_a_hang_up_reaches_the_command_where_the_launcher_leads_its_session() -> None:
    """ssh -t, tmux and docker -t make it the leader, which alone gets the hang-up when the terminal is closed."""
    script = "import os, signal, time\nsignal.signal(1, lambda *_: (open('hup', 'w').close(), os._exit(3)))\n"
    script += "open('ready', 'w').close()\ntime.sleep(60)"
    child, terminal = pty.fork()
    if child == 0:
        line = [*START_OF_ITS_OWN, "--record", "run", "--resume", "--", sys.executable, "-c", script]
        os.execv(sys.executable, line)  # noqa: S606
    while not Path("ready").exists():
        os.read(terminal, 1 << 16) if select.select([terminal], [], [], 0.01)[0] else None
    os.close(terminal)
    _, status = os.waitpid(child, 0)

    assert Path("hup").exists()
    assert os.waitstatus_to_exitcode(status) == 3
    assert read("run").runs[-1].exit_status == 3


IN_A_CONTAINER = ["unshare", "--pid", "--fork", "--kill-child"]


@pytest.fixture(scope="module")
def process_one() -> None:
    """A process whose id is 1, as the only one of a container has it."""
    try:
        subprocess.run([*IN_A_CONTAINER, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs to be root, or unshare to be allowed")


@pytest.mark.usefixtures("process_one")
@pytest.mark.parametrize("mode", MODES)
def test_as_the_only_process_of_a_container_it_passes_signals_and_reaps(mode: str) -> None:
    """The kernel gives process 1 no signal that it does not handle, and every orphan of the container."""
    script = "sh -c 'sleep 0.05 &' ; trap 'echo got; exit 5' TERM; echo ready; while :; do sleep 0.01; done"
    line = [*IN_A_CONTAINER, *START_OF_ITS_OWN, *MODES[mode], "--", "sh", "-c", script]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGTERM)
        assert process.stdout.readline() == "got\n"
        assert process.wait() == 5


def test_a_record_that_could_not_be_read_again_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused before the start, with what to do; what was recorded stays as it was."""
    monkeypatch.setattr(running, "SIZE_LIMIT", 40_000)
    long, settings = ["true", "x" * 9_000], GlueBigSettings(_env_file=None)

    def resumed() -> str:
        try:
            run_recorded(settings, long, dict(os.environ), Path("run"), resume=True, once=False)
        except SettingsError as error:
            return str(error.problems[0])
        return ""

    told = [resumed() for _ in range(9)]
    ended = told.count("")

    assert 0 < ended < 9
    assert re.search(r"would have a record of [\d,]+ bytes, with \d runs, and 40,000 are the most", told[-1])
    assert told[-1].endswith("take a new folder, or a shorter command")
    assert len(read("run").runs) == ended


def test_another_name_in_the_folder_is_refused() -> None:
    """A misspelt one would make a folder of that name for all."""
    done = started(*RUN, "--record", "runs/{fingerprnt}", "--", "true")
    assert done.returncode == 2
    assert "has {fingerprnt}, and {fingerprint} is the only name that it takes" in done.stderr


def test_an_empty_folder_is_refused() -> None:
    """It is what an unset variable is, and not the working directory."""
    done = started(*RUN, "--record", "", "--", "true")

    assert done.returncode == 2
    assert "is empty: write a path; . is the working directory" in done.stderr
    assert list(Path().iterdir()) == []


def test_a_path_that_is_not_utf_8_is_recorded_so_that_it_reads_back(tmp_path: Path) -> None:
    """The working directory, a `.env` and the host, as commands are."""
    folder = os.fsencode(tmp_path) + b"/\xff"
    os.mkdir(folder)
    Path(os.fsdecode(folder), "\udcfe.env").write_text("APT_SEED=5\n")
    line: list[str | bytes] = [*RUN, "--env-file", b"\xfe.env", "--record", "run", "--resume", "--", "true"]
    assert start_command(*line, cwd=folder).wait() == 0
    record = read(Path(os.fsdecode(folder), "run"))

    assert record.controls["env_file"].endswith("/\\xff/\\xfe.env")
    assert load({}, record=Path(os.fsdecode(folder), "run")).seed == 5
    assert start_command(*line, cwd=folder).wait() == 0


def test_without_what_only_linux_has_everything_else_works(tmp_path: Path) -> None:
    """macOS lacks some signals and /proc, Windows fcntl and resource too: what needs them says so in one line."""
    Path("sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "for name in 'sigtimedwait sigwaitinfo SIGRTMIN SIGRTMAX SIGPIPE SIGHUP SIGQUIT SIGWINCH'.split():\n"
        "    delattr(signal, name)\n"
        "for name in ('register_at_fork', 'fork', 'pidfd_open'):\n"
        "    delattr(os, name)\n"
        "sys.modules['fcntl'] = sys.modules['resource'] = None\n"
    )
    Path("job.sh").write_text("export APT_SEED=x\ntrue\n")
    Path("large.sh").write_text("export APT_SEED=x\n" + "true\n" * 5000)
    environ = {**os.environ, "PYTHONPATH": str(tmp_path), "APT_TASK": "squad"}

    lines = [
        *("show", "plan", "env", "schema", "job slurm -- true", "explain seed", "job kubernetes --image x -- true"),
        *("run --record run -- true", "check job.sh", "check large.sh"),
    ]
    code = (
        "import json, sys; from contextlib import *; from io import *; from apt_settings.__main__ import main\n"
        "def told(line):\n"
        "    with redirect_stdout(TextIOWrapper(BytesIO(), write_through=True)) as out, redirect_stderr(out):\n"
        "        sys.argv[1:] = line.split()\n"
        "        return main(), out.buffer.getvalue().decode().splitlines()\n"
        "print(json.dumps([*map(told, sys.argv[1:])]))"
    )
    done = subprocess.run([sys.executable, "-c", code, *lines], capture_output=True, text=True, env=environ)
    *good, run, small, large = json.loads(done.stdout)

    assert [status for status, _ in good] == [0] * 7, good
    assert (run[0], len(run[1])) == (78, 2)
    assert "--record needs signals that this system does not have" in run[1][1]
    assert small == [
        1,
        [
            "job.sh:1: APT_SEED='x' is not allowed: must be a whole number, 0 <= x <= 4294967295",
            "1 problem in 1 of 1 file: 1 setting judged",
        ],
    ]
    assert (large[0], large[1][0]) == (
        1,
        "large.sh:1: has more than 8 KiB, and this system cannot limit what reading it takes",
    )
