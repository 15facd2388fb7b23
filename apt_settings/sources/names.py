"""Which names are ours: every setting and control by its name and its variable, and whose an `APT_` variable is."""

import re
from collections.abc import Collection, Mapping
from functools import cache
from typing import Final, NamedTuple

from ..basics.origins import Origin
from ..basics.suggestions import did_you_mean, nearest
from .controls import CONTROLS

PREFIX: Final = "APT_"
_FILE: Final = "_FILE"

_NAMES: Final = frozenset(
    {
        # Debian's apt
        "APT_CONFIG",
        "APT_NO_COLOR",
        "APT_PAGER",
        "APT_EDSP_DUMP_FILENAME",
        "APT_HOOK_INFO_FD",
        "APT_HOOK_SOCKET",
        "APT_SEQUOIA_CRYPTO_POLICY",
        "APT_KEY_NO_LEGACY_KEYRING",
        "APT_KEY_DONT_WARN_ON_DANGEROUS_USAGE",
        # its satellites
        "APT_LISTCHANGES_FRONTEND",
        "APT_LISTCHANGES_USER",
        "APT_LISTCHANGES_DEBCONF_DEBUG",
        "APT_LISTBUGS_FRONTEND",
        "APT_ROOT_DIR",
        "APT_OPTIONS",
        "APT_FORKTRACER_OVERRIDE_DISTRIBUTOR_ID",
        "APT_SOLVER",
        "APT_TEST_JOBS",
        # seen in image builds
        "APT_SOURCE",
        "APT_INSTALL",
        "APT_PKGS",
        "APT_PACKAGES",
        "APT_CACHE_DIR",
        "APT_DEPS_IMAGE",
        "APT_SOURCE_FILE",
        "APT_GET",
        "APT_OPTS",
        "APT_UPDATED",
        "APT_CACHE",
        "APT_MIRROR",
        "APT_PROXY",
        "APT_HTTP_PROXY",
        "APT_USE_PROXY",
        "APT_PROXY_SSL",
        "APT_CACHER_NG_VERSION",
        "APT_REPO_URL",
        "APT_REPO_KEY_URL",
    }
)
_PATTERNS: Final = (
    # apt's own tests
    r"APT_(INTEGRATION_TESTS|TESTS)_\w+",
    # Kubernetes service links, where a Service is named `apt` or `apt-x`
    r"APT_(\w+_)?SERVICE_(HOST|PORT(_\w+)?)",
    r"APT_(\w+_)?PORT(_\d+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO))?)?",
)


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
    hints: Mapping[str, str] = {}
    """Name that is no setting -> what to do instead: `num_train_epochs` -> `that is APT_EPOCHS`."""
    defaults: Mapping[str, Origin] = {}
    """Setting -> the default that a project gives it."""

    def is_file_of_secret(self, variable: str) -> bool:
        """Whether a variable names the file of a secret: `APT_HUB_TOKEN_FILE`."""
        return variable.endswith(_FILE) and self.variables.get(variable) in self.secrets

    def guess(self, word: str) -> str:
        """`did you mean epochs?`; empty where there is no guess."""
        return self._hint(word) or did_you_mean(nearest(word, self._all))

    def guess_variable(self, variable: str) -> str:
        """`did you mean APT_EPOCHS?`; empty where there is no guess."""
        word = variable[len(PREFIX) :]
        return self._hint(word) or did_you_mean(map(variable_of, nearest(word, self._all)))

    def _hint(self, word: str) -> str:
        return self.hints.get(word.lower().replace("__", "."), "")

    @property
    def _all(self) -> tuple[str, ...]:
        return (*self.settings, *CONTROLS)


def names_of(settings: Collection[str], secrets: Collection[str] = ()) -> Names:
    """The names of these settings and of all controls."""
    words = {name: name for name in (*settings, *(name for name, control in CONTROLS.items() if control.words))}
    variables = {variable_of(name): name for name in (*settings, *CONTROLS)}
    files = {variable_of(name) + _FILE: name for name in secrets}
    return Names(tuple(settings), variables | files, words, frozenset(secrets))


def variable_of(name: str) -> str:
    """The variable of a setting or control: `epochs` -> `APT_EPOCHS`, `net.lin1_size` -> `APT_NET__LIN1_SIZE`."""
    return PREFIX + name.upper().replace(".", "__")


def is_ours(variable: str) -> bool:
    """Whether a variable claims to be a setting: by our prefix, in any case, `APT-` and `APT.` included."""
    return variable[: len(PREFIX)].upper().replace("-", "_").replace(".", "_") == PREFIX


def is_foreign(variable: str) -> bool:
    """Whether an `APT_` name that is no setting is known to belong to another tool."""
    return variable in _NAMES or _pattern().fullmatch(variable) is not None


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile("|".join(_PATTERNS), re.ASCII)
