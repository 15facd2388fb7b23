"""The command `apt-settings`, and `python -m apt_settings`: the command line, or what to install for it."""

import signal
import sys


def main() -> int:
    """Run the command line and return its exit status."""
    if hasattr(signal, "SIGPIPE"):  # a reader that leaves early, as `head` does, ends this as it ends other tools
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        from .cli import main as command

        return command()
    except ModuleNotFoundError as error:
        if error.name not in ("click", "rich", "yaml", "tree_sitter", "tree_sitter_bash"):
            raise
        print(f"apt-settings: the command line needs {error.name}: pip install 'apt-settings[cli]'", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
