"""Whose a variable is: what begins with `APT_` is ours, but for names that are known to belong to others."""

import re
from functools import cache
from typing import Final

PREFIX: Final = "APT_"

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
    }
)
_PATTERNS: Final = (
    # apt's own tests
    r"APT_(INTEGRATION_TESTS|TESTS)_\w+",
    # Kubernetes service links, where a Service is named `apt` or `apt-x`
    r"APT_(\w+_)?SERVICE_(HOST|PORT(_\w+)?)",
    r"APT_(\w+_)?PORT(_\d+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO))?)?",
)


def is_ours(variable: str) -> bool:
    """Whether a variable claims to be a setting: by our prefix, in any case, `APT-` and `APT.` included."""
    return variable[: len(PREFIX)].upper().replace("-", "_").replace(".", "_") == PREFIX


def is_foreign(variable: str) -> bool:
    """Whether an `APT_` name that is no setting is known to belong to another tool."""
    return variable in _NAMES or _pattern().fullmatch(variable) is not None


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile("|".join(_PATTERNS), re.ASCII)
