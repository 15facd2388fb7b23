"""Which names are ours: every setting and control by its name and its variable."""

from collections.abc import Callable, Collection, Mapping
from typing import Final, NamedTuple

from ..basics.origins import Origin
from ..basics.suggestions import did_you_mean, nearest
from .controls import CONTROLS

PREFIX: Final = "APT_"
_FILE: Final = "_FILE"


class Names(NamedTuple):
    """The names that a reader of sources must know."""

    settings: tuple[str, ...]
    """In the order of their declaration."""
    variables: Mapping[str, str]
    """Variable -> setting or control."""
    arguments: Mapping[str, str]
    """What an argument may be called -> setting, or control that takes a word."""
    secrets: frozenset[str] = frozenset()
    """The settings whose values are never shown."""
    meant: Mapping[str, str] = {}
    """Name that others have for a setting -> the setting: `num_train_epochs` -> `epochs`."""
    hints: Mapping[str, str] = {}
    """Any other name that is no setting -> what to do instead."""
    defaults: Mapping[str, Origin] = {}
    """Setting -> the default that a project gives it."""

    def is_secret(self, variable: str) -> bool:
        """Whether a variable is that of a secret, or names the file of one."""
        return self.variables.get(variable) in self.secrets

    def is_file_of_secret(self, variable: str) -> bool:
        """Whether a variable names the file of a secret: `APT_HUB_TOKEN_FILE`."""
        return variable.endswith(_FILE) and self.is_secret(variable)

    def guess(self, word: str) -> str:
        """`did you mean epochs?`, `that is learning_rate`; empty where there is no guess."""
        return self.hint(word, str) or did_you_mean(nearest(word, self._all))

    def guess_variable(self, variable: str) -> str:
        """`did you mean APT_EPOCHS?`; empty where there is no guess."""
        word = variable[len(PREFIX) :]
        return self.hint(word, variable_of) or did_you_mean(map(variable_of, nearest(word, self._all)))

    def hint(self, word: str, spell: Callable[[str], str]) -> str:
        """What to do in place of a name that is no setting, where that is known; `spell` spells a setting."""
        name = word.lower().replace("__", ".")
        return f"that is {spell(self.meant[name])}" if name in self.meant else self.hints.get(name, "")

    @property
    def _all(self) -> tuple[str, ...]:
        return (*self.settings, *CONTROLS)


def names_of(settings: Collection[str], secrets: Collection[str] = ()) -> Names:
    """The names of these settings and of all controls."""
    words = {name: name for name in (*settings, *(name for name, control in CONTROLS.items() if control.is_argument))}
    variables = {variable_of(name): name for name in (*settings, *CONTROLS)}
    files = {variable_of(name) + _FILE: name for name in secrets}
    return Names(tuple(settings), variables | files, words, frozenset(secrets))


def variable_of(name: str) -> str:
    """The variable of a setting or control: `epochs` -> `APT_EPOCHS`, `net.lin1_size` -> `APT_NET__LIN1_SIZE`."""
    return PREFIX + name.upper().replace(".", "__")


def is_ours(variable: str) -> bool:
    """Whether a variable claims to be a setting: by our prefix, in any case, `APT-` and `APT.` included."""
    return variable[: len(PREFIX)].upper().replace("-", "_").replace(".", "_") == PREFIX
