"""Completion in bash and zsh where a word has `=` in it: `--set epo` becomes `--set epochs=`, and no space follows."""

import os
from typing import Any, Final

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    split_arg_string,
)

_OPEN: Final = "open"
"""The type of an item that no space follows. click's own scripts do not know it, hence those below."""

_BASH: Final = """\
%(complete_func)s() {
    local type value
    COMPREPLY=()
    while IFS=, read -r type value; do
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            open) compopt -o nospace; COMPREPLY+=("$value") ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done < <(env COMP_LINE="${COMP_LINE:0:COMP_POINT}" COMP_WORD="$2" %(complete_var)s=bash_complete "$1")
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""

_ZSH: Final = """\
#compdef %(prog_name)s

%(complete_func)s() {
    local -a described open plain response
    local type key help
    (( ! $+commands[%(prog_name)s] )) && return 1
    response=("${(@f)$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) \
%(complete_var)s=zsh_complete %(prog_name)s)}")
    for type key help in ${response}; do
        case $type in
            dir) _path_files -/ ;;
            file) _path_files -f ;;
            open) open+=("$key") ;;
            plain) [[ $help == _ ]] && plain+=("$key") || described+=("$key:$help") ;;
        esac
    done
    [[ -n $described ]] && _describe -V unsorted described -U
    [[ -n $open ]] && compadd -U -S '' -V unsorted -a open
    [[ -n $plain ]] && compadd -U -V unsorted -a plain
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""


class _WholeWords(ShellComplete):
    """Completes the whole word, with the option in front of its `=`: `--set=epo` becomes `--set=epochs=`."""

    # Its type is quoted: what older versions of click have takes no [Any].
    def get_completions(self, args: list[str], incomplete: str) -> "list[CompletionItem[Any]]":
        """As click's, which leaves out the option."""
        option, equals, _ = incomplete.partition("=")
        lead = f"{option}=" if equals and option.startswith("-") else ""
        items = super().get_completions(args, incomplete)
        if not incomplete.isprintable():  # the shell, which completes files, knows how to write it
            return [CompletionItem("_", item.type) for item in items if item.type in ("file", "dir")]
        return [CompletionItem(f"{lead}{item.value}", _type(item), item.help) for item in items]


def _type(item: "CompletionItem[Any]") -> str:
    return _OPEN if item.type == "plain" and item.value.endswith("=") else item.type


class Bash(_WholeWords, BashComplete):
    """bash, which breaks words at `=` and `:` and completes the last part."""

    source_template = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the cursor, and the one that it is in; from the line, as bash breaks them in parts."""
        line = os.environ["COMP_LINE"]
        words = split_arg_string(line)[1:]
        incomplete = words.pop() if words and not line[-1:].isspace() else ""
        self.in_line = len(incomplete) - len(os.environ["COMP_WORD"])
        return words, incomplete

    def format_completion(self, item: "CompletionItem[Any]") -> str:
        """As click's, without the parts of the word that bash leaves as they are."""
        return f"{item.type},{item.value[self.in_line :]}"


class Zsh(_WholeWords, ZshComplete):
    """zsh, which completes whole words."""

    source_template = _ZSH


def register() -> None:
    """Let click use these."""
    for each in (Bash, Zsh):
        add_completion_class(each)
