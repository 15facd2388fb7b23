"""The examples of README.md and of every page in docs/ run, print what they show, and link to what there is."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest
from click import Context
from support import ROOT, needs_training, start_command

from apt_settings import load
from apt_settings.cli import commands
from apt_settings.facts.discrepancies import discrepancies

PAGES: Final = {"README.md": ROOT / "README.md", **{f"docs/{page.name}": page for page in (ROOT / "docs").glob("*.md")}}
TEXTS: Final = {name: page.read_text(encoding="utf-8") for name, page in sorted(PAGES.items())}
COPIES: Final = {"docs/index.md", "docs/contributing.md", "docs/changelog.md"}
"""Pages that docs/generate.py copies from files of the root."""
RUN: Final = sorted(TEXTS.keys() - COPIES)
NEEDS_EXTRAS: Final = "# needs the extras\n"
NEEDS_BENCHMARK: Final = "# needs the extra benchmark\n"
ALONE: Final = "# a program of its own\n"
A_FILE: Final = re.compile(r"# \w+\.py\n")
"""The first line of a file, which another test writes and runs."""
FEATURES: Final = "docs/features.md"

needs_benchmark = pytest.mark.skipif(
    None in map(find_spec, ("hydra", "dynaconf")), reason="needs pip install 'apt-settings[benchmark]'"
)


def blocks(language: str, name: str = "README.md") -> list[str]:
    """The blocks of a page in a language, without their fences."""
    found = re.findall(r"^```(\w+)\n(.*?)^```$", TEXTS[name], re.DOTALL | re.MULTILINE)
    return [text for kind, text in found if kind == language]


def block_with(language: str, word: str) -> str:
    """The first block that has this word, in README.md or else on the page about clusters."""
    both = blocks(language, "README.md") + blocks(language, "docs/cluster.md")
    return next(block for block in both if word in block)


PATH: Final = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
"""With `apt-settings` and `python` of this environment."""
COMMAND: Final = re.compile(r"((?:APT_\w+=\S+ )*)apt-settings ([^|&;<>$*`]*?)( 2>&1)?( \|.*| > [^&]*)?")
"""A command that a shell need not understand: variables, words, and what happens to its output."""


def printed_by(example: str, cwd: Path) -> str:
    """What an example prints. A command is a fork of this process; what stands behind it gets its output."""
    match = COMMAND.fullmatch(example)
    if not match or example.endswith("2>&1 > /dev/null"):
        return shell(example, cwd).stdout
    variables, words, both, behind = match.groups()
    environ = {**os.environ, "PATH": PATH, **dict(each.split("=", 1) for each in variables.split())}
    stderr = subprocess.STDOUT if both else subprocess.DEVNULL
    with start_command(*shlex.split(words), env=environ, cwd=cwd, stdout=subprocess.PIPE, stderr=stderr) as process:
        out, _ = process.communicate()
    return shell(f"cat {behind}", cwd, out).stdout if behind else out


def shell(command: str, cwd: Path, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command where `apt-settings` and `python` are this environment's."""
    line, environ = ["bash", "-c", command], {**os.environ, "PATH": PATH}
    return subprocess.run(line, input=given, capture_output=True, text=True, cwd=cwd, env=environ)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with what is at hand in the examples: the trainer of the page on settings of one's own."""
    shutil.copytree(ROOT / "examples" / "own_settings", tmp_path, dirs_exist_ok=True)
    return tmp_path


def python(code: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=cwd)


def test_the_first_two_commands_are_one_line_each() -> None:
    """One line installs and runs the main job, one installs and passes the tests; nothing else is needed."""
    assert [len(block.splitlines()) for block in blocks("sh")] == [1, 1]
    assert all(block.startswith("python3 -m venv .venv && ") for block in blocks("sh"))


def test_what_the_readme_says_of_the_main_job_is_true(tmp_path: Path) -> None:
    """The part of the first command after the installation shows the override and who set it."""
    command = blocks("sh")[0].split("&&")[-1].replace(".venv/bin/", "")
    done = shell(command, tmp_path)

    assert done.returncode == 0
    assert re.search(r"target_sparsity +0\.4 +environment APT_TARGET_SPARSITY", done.stdout)


def test_the_readme_shows_settings_of_your_own_in_a_clone() -> None:
    """Its lines, pasted at the root of a clone, find the class of the example."""
    (command,) = (block for block in blocks("bash") if "--extend" in block)
    done = shell(command, ROOT)

    assert done.returncode == 0, done.stderr
    assert re.search(r"eval_every +100 +environment APT_EVAL_EVERY", done.stdout)


# docs/errors.md shows files as well as commands; tests/report/test_catalog.py compares it with what is printed.
@pytest.mark.parametrize(
    ("name", "block"),
    [(name, block) for name in RUN if name != "docs/errors.md" for block in blocks("console", name)],
    ids=lambda text: text.split("\n")[0],
)
def test_console_examples_print_what_they_show(name: str, block: str, folder: Path) -> None:  # noqa: ARG001
    """In a folder without a `.env`, each `$` command prints exactly the lines below it."""
    examples = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)

    assert examples
    for command, shown in examples:
        assert shown == printed_by(command, folder), command


@pytest.mark.parametrize("name", [name for name in RUN if blocks("python", name)])
def test_python_examples_print_what_they_show(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of a page run one after the other, and each print has what it prints in the comment behind it."""
    for block in blocks("bash", name):
        if all(line.startswith("echo ") for line in block.splitlines()):  # it writes the `.env` of the page
            assert shell(block, folder).returncode == 0
    if groups := re.search(r"^export APT_EXTEND=(\S+)$", TEXTS[name], re.MULTILINE):
        monkeypatch.setenv("APT_EXTEND", groups[1])
    found = [block for block in blocks("python", name) if not A_FILE.match(block)]
    together = [block for block in found if not block.startswith((NEEDS_EXTRAS, NEEDS_BENCHMARK, ALONE))]
    for code in ["".join(together), *(block for block in found if block.startswith(ALONE))]:
        done = python(code, folder)

        assert done.stderr == ""
        assert re.findall(r"^ *print\(.*\)  # (.*)$", code, re.MULTILINE) == done.stdout.splitlines()


@pytest.mark.training
@needs_training
@pytest.mark.parametrize(
    ("name", "block"),
    [(name, block) for name in RUN for block in blocks("python", name) if block.startswith(NEEDS_EXTRAS)],
    ids=lambda text: text.split("\n")[0],
)
def test_python_examples_with_the_extras_run(name: str, block: str, tmp_path: Path) -> None:  # noqa: ARG001
    """Each block that says it needs the extras runs by itself where they are installed."""
    done = python(block, tmp_path)

    assert done.returncode == 0, done.stderr


WEIGHTS: Final = """
made = globals().get("model") or trainer.model
print(sum(float(each.double().sum()) for each in made.parameters()))
"""


MAKES_A_MODEL: Final = re.compile(rf"{NEEDS_EXTRAS}.*(model|trainer) = ", re.DOTALL)


@pytest.mark.training
@needs_training
@pytest.mark.parametrize("block", [each for each in blocks("python", "docs/training.md") if MAKES_A_MODEL.match(each)])
def test_examples_that_train_end_with_the_weights_of_the_seed(
    block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same in two processes: the first weights, too, come from APT_SEED."""
    monkeypatch.setenv("APT_SEED", "7")
    first, second = (python(block + WEIGHTS, tmp_path).stdout.splitlines()[-1] for _ in range(2))

    assert float(first) == float(second)


@pytest.mark.benchmark
@needs_benchmark
@pytest.mark.parametrize(
    "block",
    [block for block in blocks("python", FEATURES) if block.startswith(NEEDS_BENCHMARK)],
    ids=("pydantic-settings", "Hydra", "dynaconf"),
)
def test_other_libraries_do_what_the_features_say(block: str, tmp_path: Path) -> None:
    """Each block that was tried holds with the libraries that are installed."""
    done = python(block, tmp_path)

    assert done.returncode == 0, done.stderr


@pytest.mark.benchmark
@needs_benchmark
def test_the_features_are_of_the_libraries_that_are_tried() -> None:
    """The versions that the page names are those that are installed, but for their last number."""
    named = re.findall(r"^### (\S+) (\S+)$", TEXTS[FEATURES], re.MULTILINE)
    packages = [name.replace("Hydra", "hydra-core") for name, _ in named]

    assert [of for _, of in named] == [".".join(version(package).split(".")[:2]) for package in packages]
    assert f"{named[0][0]} {named[0][1]}, Hydra {named[1][1]} and dynaconf {named[2][1]}." in TEXTS[FEATURES]


def test_every_feature_has_a_source_in_each_column() -> None:
    """A cell links to what says it, or to code that shows it; only a plain no needs neither."""
    rows = re.findall(r"^\| (?!feature)(.*) \|$", TEXTS[FEATURES], re.MULTILINE)
    cells = [row.split(" | ") for row in rows]

    assert len(cells) > 60
    assert [row for row in cells if len(row) != 5] == []
    assert [cell for row in cells for cell in row[1:] if not re.match(r"no$|no; |.*\](\(|\[)", cell)] == []
    assert [name for name in commands.list_commands(Context(commands)) if f"`{name}" not in TEXTS[FEATURES]] == []


def test_no_source_of_the_features_is_missing_or_without_use() -> None:
    """Each name of a source is an address at the end of the page, and each address is used."""
    used = re.findall(r"\]\[([\w-]+)\]", TEXTS[FEATURES])
    defined = re.findall(r"^\[([\w-]+)\]: https://", TEXTS[FEATURES], re.MULTILINE)

    assert set(used) == set(defined)
    assert len(defined) == len(set(defined))


@pytest.mark.benchmark
@needs_benchmark
def test_a_configuration_of_hydra_asks_for_settings(tmp_path: Path) -> None:
    """The files on the page about moving print what it shows, started as it says."""
    page = "docs/coming-from.md"
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "config.yaml").write_text(blocks("yaml", page)[0])
    (tmp_path / "train.py").write_text(next(block for block in blocks("python", page) if A_FILE.match(block)))

    assert blocks("text", page) == [shell(blocks("bash", page)[0], tmp_path).stdout]


def test_the_slurm_example_starts_the_job(tmp_path: Path) -> None:
    """The lines for a job script, run by bash, hand the settings to the program; a wrong one stops before it."""
    (tmp_path / "train.py").write_text(
        "import sys; from apt_settings import settings; print(settings.task, settings.target_sparsity)"
    )
    script = block_with("bash", "apt-settings run")
    wrong = script.replace("SPARSITY", "SPARSTIY")

    assert shell(script, tmp_path).stdout == "squad 0.4\n"
    assert len(list(tmp_path.glob("runs/*/run.json"))) == 1
    assert (shell(wrong, tmp_path).returncode, shell(wrong, tmp_path).stdout) == (78, "")


def test_the_kubernetes_example_resolves() -> None:
    """The env entries of the manifest are right settings."""
    environ = dict(re.findall(r'name: (APT_\w+), value: "(.*)"', block_with("yaml", "containers:")))

    assert (load(environ, None).task, load(environ, None).target_sparsity) == ("squad", 0.4)


def test_the_pod_of_a_training_is_written(tmp_path: Path) -> None:
    """With the patch that stands below the command."""
    (tmp_path / "gpu.yaml").write_text(block_with("yaml", "tolerations:"))
    done = shell(block_with("bash", "--patch gpu.yaml").replace("--submit ", ""), tmp_path)
    words = ('claimName: "datasets"', "medium: Memory", "secretKeyRef:", "operator: Exists", "mountPath: /scratch")

    assert done.returncode == 0, done.stderr
    assert [word for word in words if word not in done.stdout] == []


def test_the_pages_say_how_often_paper_and_release_disagree() -> None:
    """The number on the page about training is that of the known discrepancies."""
    assert [str(len(discrepancies()))] == re.findall(r"in (\d+) known places", TEXTS["docs/training.md"])


@pytest.mark.parametrize("name", TEXTS)
def test_links_lead_somewhere(name: str) -> None:
    """Each relative link names a file, and after # a heading of it; a page in docs/ links to pages in docs/ only."""
    folder = PAGES[name].parent
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(TEXTS[name])):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (folder / path).resolve() if path else PAGES[name]
        assert target.exists(), link
        assert name == "README.md" or target.is_relative_to(ROOT / "docs"), link
        if anchor:
            assert anchor in headings(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("name", TEXTS)
def test_pages_begin_with_their_title(name: str) -> None:
    """The first line is the only heading of the first level."""
    titles = re.findall(r"^# .+", without_code(TEXTS[name]), re.MULTILINE)

    assert [TEXTS[name].split("\n")[0]] == titles


def without_code(text: str) -> str:
    """A page without its blocks and without code in its lines."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```\w+\n.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE))


def headings(text: str) -> set[str]:
    """The anchors of a page, as GitHub and mkdocs derive them from its headings."""
    lines = re.sub(r"^```\w+\n.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.+)$", lines, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}
