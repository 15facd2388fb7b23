"""Which `APT_` names belong to other tools: those that are known, and those that APT_FOREIGN names."""

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import Final

from ..basics.origins import Origin
from ..errors import Problem

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
_ENTRY: Final = r"APT_\w+\*?"
_ENTRIES: Final = "names such as APT_MIRROR, or beginnings such as APT_COMPANY_*, joined by commas"


def is_foreign(variable: str) -> bool:
    """Whether an `APT_` name that is no setting is known to belong to another tool."""
    return variable in _NAMES or _pattern().fullmatch(variable) is not None


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile("|".join(_PATTERNS), re.ASCII)


def covers(entries: str, variable: str) -> bool:
    """Whether APT_FOREIGN names a variable: `APT_MIRROR,APT_COMPANY_*` covers APT_COMPANY_QUEUE."""
    names, beginnings = _parted(entries)
    return variable in names or variable.startswith(beginnings)


@lru_cache(maxsize=1)  # it is asked for every name of a large file
def _parted(entries: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """Whole names, and beginnings without their star."""
    words = entries.split(",")
    return frozenset(words), tuple(word[:-1] for word in words if word.endswith("*"))


def wrong_entries(origin: Origin, ours: Iterable[str]) -> Iterator[Problem]:
    """What APT_FOREIGN must not say: something that is no name, or one that covers a variable of ours."""
    for entry in str(origin.value).split(","):
        if not re.fullmatch(_ENTRY, entry, re.ASCII):
            yield Problem(origin, "is not allowed", _ENTRIES, value=origin.raw, kind="bad value", setting="foreign")
        elif covered := next((name for name in ours if covers(entry, name)), ""):
            yield Problem(origin, f"covers {covered}, which is read here", value=origin.raw, setting="foreign")
