"""Try as many inputs as fit into a time, guided by coverage, on every surface; what gets out is a failure.

    python fuzz/run.py [SECONDS [SURFACE]]

Needs `pip install atheris`. Prints how many inputs were tried. An input that fails is kept in the working directory;
it belongs into tests/test_fuzz.py, with its mend.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent


def fuzz(surface: str, arguments: list[str]) -> None:
    """In this process, for ever or as the arguments of libFuzzer say."""
    import atheris

    with atheris.instrument_imports(include=["apt_settings", "dotenv"]):
        from surfaces import SURFACES
    atheris.Setup([sys.argv[0], *arguments], SURFACES[surface])
    atheris.Fuzz()


def campaign(surface: str, seconds: int) -> int:
    """How many inputs of a surface were tried in so many seconds. Raises SystemExit where one got out."""
    from seeds import SEEDS, tokens_of

    with tempfile.TemporaryDirectory() as folder:
        corpus, words = Path(folder, "corpus"), Path(folder, "words")
        corpus.mkdir()
        for number, seed in enumerate(SEEDS[surface]):
            (corpus / str(number)).write_bytes(seed)
        hexes = ("".join(f"\\x{byte:02x}" for byte in token) for token in tokens_of(surface))
        words.write_text("".join(f'"{each}"\n' for each in hexes))
        options = [f"-max_total_time={seconds}", "-max_len=8000", "-timeout=10", "-print_final_stats=1"]
        command = [sys.executable, __file__, "--here", surface, *options, f"-dict={words}", str(corpus)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if done.returncode:
        sys.exit(f"{surface}: an input got out, or the fuzzer failed:\n{done.stdout[-2000:]}{done.stderr[-6000:]}")
    return int(re.findall(r"number_of_executed_units: *([0-9]+)", done.stderr)[-1])


def main() -> None:
    sys.path.insert(0, str(HERE))
    if sys.argv[1:2] == ["--here"]:
        fuzz(sys.argv[2], sys.argv[3:])
        return
    from surfaces import SURFACES

    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    for surface in sys.argv[2:] or SURFACES:
        print(f"{surface:14}{campaign(surface, seconds):>12,} inputs in {seconds} s", flush=True)


if __name__ == "__main__":
    main()
