"""The command `apt-settings`, and `python -m apt_settings`: the command line, or what to install for it."""

import sys
from signal import SIG_DFL, SIGPIPE, signal


def main() -> int:
    """Run the command line and return its exit status."""
    signal(SIGPIPE, SIG_DFL)  # a reader that leaves early, as `head` does, ends this as it ends other tools
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
