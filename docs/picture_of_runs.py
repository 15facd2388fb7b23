"""Make docs/images/runs.png: the page of forty runs in Chromium. It needs the extra `browser` and Debian's chromium."""

import os
import shutil
import sys
import tempfile
from contextlib import chdir
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import sync_playwright

from apt_settings.cli import main

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "tests"))

from past_runs import BEGIN, done, keep  # noqa: E402  which the line above finds


def forty_runs() -> None:
    """Four sparsities with ten seeds each, half of them with more epochs; some fail."""
    for number in range(40):
        sparsity, seed = (0.3, 0.4, 0.5, 0.6)[number // 10], number % 10 + 1
        values: dict[str, float] = {"target_sparsity": sparsity, "seed": seed, **({"epochs": 60} if number % 2 else {})}
        status = int(number in (13, 37))
        run = done(BEGIN + timedelta(hours=number), minutes=50 + seed, exit_status=status)
        score = round(88.4 - 9 * sparsity**2 + number % 2 * 0.6 + seed % 4 * 0.07, 2)
        keep(number, run, metrics={} if status else {"eval_f1": score}, **values)


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
