"""The page of runs: what it holds, and what it does in a real Chromium."""

import json
import re
import shutil
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from past_runs import done, keep
from support import printed

from apt_settings.cli import main

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium")
needs_browser = pytest.mark.skipif(
    CHROMIUM is None or find_spec("playwright") is None,
    reason="needs pip install 'apt-settings[browser]' and apt-get install chromium",
)
HOSTILE = "</script><img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>&lt;"


def recorded(name: str, accuracy: float | None = None, status: int = 0, **values: Any) -> None:
    """A run with its record, and what came out of it."""
    run = done(
        command=("python", "train.py", "--secret-path"),
        host="node-of-mine",
        exit_status=status,
        scheduler={"SLURM_JOB_ID": "1207"},
        log="node-of-mine.out",
    )
    keep(name, run, metrics={} if accuracy is None else {"eval_accuracy": accuracy}, **values)


@pytest.fixture
def four_runs() -> None:
    """Two sparsities, two seeds, one failure, one hostile string."""
    recorded("a", 0.8, target_sparsity=0.3, seed=2)
    recorded("b", 0.95, target_sparsity=0.4, seed=10)
    recorded("c", 0.9, target_sparsity=0.4, seed=2, output_dir=HOSTILE)
    recorded("d", None, 1, task="mnli", target_sparsity=0.3, seed=1)


def page_of(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """The text of the page that `runs --html` writes."""
    assert printed(capsys, "runs", "--html", "runs.html", *options) == ""
    return Path("runs.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("four_runs")
def test_a_page_stands_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """No address, and a policy that lets its own script and style run and nothing else."""
    page = page_of(capsys)
    style, script = (re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL) for tag in ("style", "script"))
    hashes = [b64encode(sha256(text.encode()).digest()).decode() for text in (*script, *style)]

    assert not re.search(r"https?:|\bsrc=[^x]|\bhref=|@import|url\(", page)
    assert (
        f"default-src 'none'; script-src 'sha256-{hashes[0]}'; style-src 'sha256-{hashes[1]}'; "
        "base-uri 'none'; form-action 'none'"
    ) in page
    assert len(hashes) == 2


@pytest.mark.usefixtures("four_runs")
def test_what_records_say_is_inert(capsys: pytest.CaptureFixture[str]) -> None:
    """It stands once, as JSON that neither ends an element nor begins one."""
    page = page_of(capsys)
    (data,) = re.findall(r'<script id="data" type="application/json">(.*?)</script>', page, re.DOTALL)

    assert not set("<>&") & set(data)
    assert [HOSTILE in value for value, *_ in json.loads(data)["pool"]].count(True) == 1
    assert page.count("</script>") == 2


@pytest.mark.usefixtures("four_runs")
def test_hosts_and_commands_are_there_where_they_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """A page is handed on."""
    assert "node-of-mine" not in page_of(capsys)
    assert '"trace":"SLURM job 1207"' in page_of(capsys)
    assert '"trace":"SLURM job 1207, log node-of-mine.out"' in page_of(capsys, "--full")
    assert "--secret-path" not in page_of(capsys)
    assert all(word in page_of(capsys, "--full") for word in ("node-of-mine", "--secret-path"))


@pytest.mark.large
def test_a_thousand_runs_are_less_than_two_megabytes(capsys: pytest.CaptureFixture[str]) -> None:
    """What they share stands once."""
    recorded("0", target_sparsity=0.3, seed=1, output_dir="runs/output/of/this/run")
    text = Path("runs/0/run.json").read_text()
    for number in range(1, 1_000):
        Path("runs", str(number)).mkdir()
        Path("runs", str(number), "run.json").write_text(text)
    page_of(capsys)

    assert Path("runs.html").stat().st_size < 2_000_000


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--html", "a.html", "--group", "seed"), "--group folds rows"),
        (("--full",), "--full is for the page of --html"),
        (("--html", "a.html", "--format", "json"), "--format json is for what is printed, and --html writes a page"),
    ],
)
@pytest.mark.usefixtures("four_runs")
def test_what_has_no_effect_is_refused(
    options: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence says why."""
    assert main(["runs", *options]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("nowhere/runs.html", "No such file or directory"),
        *((folder, "Is a directory") for folder in ("runs", ".", "/", "runs/a/..")),
    ],
)
def test_a_page_that_cannot_be_written_is_74(path: str, wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With the path as the user has it, and nothing is left there."""
    recorded("a")
    assert main(["runs", "--html", path]) == 74
    assert capsys.readouterr().err == f"apt-settings: {path} fails: {wrong}\n"
    assert [each.name for each in Path().iterdir()] == ["runs"]


@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    """Debian's Chromium, which takes no network for it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(
    chromium: "Browser",
    four_runs: None,  # noqa: ARG001
    capsys: pytest.CaptureFixture[str],
) -> Iterator["Page"]:
    """The page in a new window; whatever it says on the console, or asks others for, fails the test."""
    page_of(capsys, "--sort", "-eval_accuracy")
    wrong: list[str] = []
    context = chromium.new_context()
    page = context.new_page()
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: wrong.append(request.url) if not request.url.endswith("runs.html") else None)
    page.goto(Path("runs.html").absolute().as_uri())
    yield page
    assert page.title() == "Runs"
    context.close()
    assert wrong == []


def column(page: "Page", title: str) -> list[str]:
    """The cells of a column, from above."""
    number = page.locator("thead th").all_inner_texts().index(title) + 1
    return page.locator(f"tbody td:nth-child({number})").all_inner_texts()


def chosen(page: "Page") -> list[str]:
    """The first cells of the rows that are chosen."""
    return page.locator('tbody tr[aria-selected="true"] td:first-child').all_inner_texts()


@pytest.mark.browser
@needs_browser
def test_a_page_shows_what_the_table_shows(opened: "Page") -> None:
    """Columns by cause, in the order that was asked for; a run without the metric last."""
    assert opened.locator("h1").inner_text() == "4 runs: 3 done, 1 failed"
    assert column(opened, "eval_accuracy") == ["0.95", "0.9", "0.8", ""]
    assert opened.locator("thead th").all_inner_texts()[:4] == ["run", "status", "task", "dataset"]
    assert "train_examples" not in opened.locator("thead").inner_text()
    opened.check("#everything")
    assert "train_examples" in opened.locator("thead").inner_text()


@pytest.mark.browser
@needs_browser
def test_a_click_on_a_title_sorts(opened: "Page") -> None:
    """Numbers as numbers; once more turns it around."""
    opened.click("thead button:text('seed')")
    assert column(opened, "seed") == ["1", "2", "2", "10"]
    opened.click("thead button:text('seed')")
    assert column(opened, "seed") == ["10", "2", "2", "1"]
    assert opened.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"


@pytest.mark.browser
@needs_browser
@pytest.mark.parametrize(
    ("words", "accuracies"),
    [
        ("sparsity=0.4", ["0.95", "0.9"]),
        ("target_sparsity=0.40 seed=2", ["0.9"]),
        ("eval_accuracy>0.85", ["0.95", "0.9"]),
        ("eval_accuracy<=0.8", ["0.8"]),
        ("seed<10 eval_accuracy>=0.8", ["0.9", "0.8"]),
        ("seed=2..10 eval_accuracy=0.8,0.95", ["0.95", "0.8"]),
        ("seed!=3..10 task!=mnli", ["0.9", "0.8"]),
        ("task=MNLI", [""]),
        ("status=failed", [""]),
        ("status=failed,died eval_accuracy<1", []),
        ("status!=failed task!=x", ["0.95", "0.9", "0.8"]),
        ("MNLI", [""]),
        ("onerror", ["0.9"]),
        ("no_such=1", []),
    ],
)
def test_the_filter_takes_words_and_conditions(opened: "Page", words: str, accuracies: list[str]) -> None:
    """All must hold; a name may be shortened."""
    opened.fill("#filter", words)

    assert column(opened, "eval_accuracy") == accuracies


@pytest.mark.browser
@needs_browser
def test_one_run_shows_its_settings_and_two_their_difference(opened: "Page") -> None:
    """With who set each; what somebody set comes before what follows from it."""
    opened.click("tbody tr:nth-child(3)")
    assert re.search(r"target_sparsity\s+0\.3\s+environment APT_TARGET_SPARSITY", opened.inner_text("#details"))
    assert "Defaults" in opened.inner_text("#details")
    opened.click("tbody tr:nth-child(4)")
    both = opened.inner_text("#details")
    causes, follows = both.split("What follows")

    assert re.search(r"seed\s+2\s+environment APT_SEED\s+1\s+environment APT_SEED", causes)
    assert "task" in causes
    assert "target_sparsity" not in both
    assert "train_examples" in follows
    opened.click("tbody tr:nth-child(1)")
    assert len(chosen(opened)) == 2


@pytest.mark.browser
@needs_browser
def test_it_works_with_the_keyboard(opened: "Page") -> None:
    """Tab to the rows, arrows between them, Enter chooses, Escape leaves, / filters."""
    opened.keyboard.press("/")
    opened.keyboard.type("status=done")
    assert len(column(opened, "run")) == 3
    opened.locator("tbody tr").first.focus()
    opened.keyboard.press("ArrowDown")
    opened.keyboard.press("Enter")
    opened.keyboard.press("ArrowUp")
    opened.keyboard.press(" ")
    assert chosen(opened) == column(opened, "run")[:2]
    opened.keyboard.press("Escape")
    assert chosen(opened) == []
    assert opened.locator("#details").is_hidden()


@pytest.mark.browser
@needs_browser
def test_hostile_strings_are_text(opened: "Page") -> None:
    """Shown as they are written; the fixture sees that nothing ran."""
    opened.fill("#filter", "onerror")
    opened.click("tbody tr")

    assert HOSTILE in opened.locator("#details").inner_text()
    assert opened.locator("img").count() == 0


@pytest.mark.browser
@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
def test_it_fits_phones_and_the_dark(opened: "Page", scheme: Any, width: int) -> None:
    """Nothing but the table scrolls sideways, and the text stands out from what is behind it."""
    opened.emulate_media(color_scheme=scheme)
    opened.set_viewport_size({"width": width, "height": 800})
    opened.click("tbody tr")
    back, text = opened.evaluate(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    )

    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    assert (brightness(back) > brightness(text)) == (scheme == "light")
    assert abs(brightness(back) - brightness(text)) > 500


def brightness(colour: str) -> int:
    """The sum of `rgb(20, 23, 26)`."""
    return sum(map(int, re.findall(r"\d+", colour)))
