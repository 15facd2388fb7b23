"""Make docs/images/runs.png: the page of forty runs in Chromium. It needs the extra `browser` and Debian's chromium."""

import json
import os
import shutil
import tempfile
from contextlib import chdir
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import sync_playwright

from apt_settings import load
from apt_settings.cli import main
from apt_settings.runs.store import record_of, write
from apt_settings.sources.record import Run

ROOT = Path(__file__).parent.parent
BEGIN = datetime(2024, 5, 1, 10, tzinfo=UTC)


def forty_runs() -> None:
    """Four sparsities with ten seeds each, half of them with more epochs; some fail."""
    for number in range(40):
        sparsity, seed = (0.3, 0.4, 0.5, 0.6)[number // 10], number % 10 + 1
        environ = {"APT_TASK": "squad", "APT_TARGET_SPARSITY": str(sparsity), "APT_SEED": str(seed)}
        environ |= {"APT_EPOCHS": "60"} if number % 2 else {}
        begin, status = BEGIN + timedelta(hours=number), int(number in (13, 37))
        run = Run(
            command=("python", "train.py"),
            start=begin.isoformat(),
            end=(begin + timedelta(minutes=50 + seed)).isoformat(),
            seconds=60.0 * (50 + seed),
            exit_status=status,
            host="node7",
            scheduler={},
            git=None,
            versions={},
        )
        folder = Path("runs", str(number))
        folder.mkdir(parents=True)
        write(folder, record_of(load(environ, None)).model_copy(update={"runs": (run,)}))
        if not status:
            score = round(88.4 - 9 * sparsity**2 + number % 2 * 0.6 + seed % 4 * 0.07, 2)
            (folder / "metrics.json").write_text(json.dumps({"eval_f1": score}))


def take(path: Path) -> None:
    """The best run of each of two sparsities, compared."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 640})
        page.goto(Path("runs.html").absolute().as_uri())
        page.click("tbody tr:nth-child(1)")
        page.click("tbody tr:nth-child(12)")
        page.screenshot(path=path)
        browser.close()


if __name__ == "__main__":
    os.environ["TZ"] = "UTC"
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        forty_runs()
        main(["runs", "--html", "runs.html", "--sort", "-eval_f1"])
        take(ROOT / "docs" / "images" / "runs.png")
