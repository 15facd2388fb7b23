"""Runs as one page that opens from a file: it asks no other machine for anything, and shows strangers' data as text."""

import json
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from shlex import join
from typing import Any, Final

from ..runs.conditions import TITLES
from ..runs.history import PastRun, PastSetting
from .runs import Choice, Context, about, finite, parted, summary, table, trace

_HERE: Final = Path(__file__).parent
_COLUMNS: Final = {fact: title for title, fact in TITLES.items()}


def as_page(runs: Sequence[PastRun], choice: Choice, context: Context, *, full: bool) -> str:
    """The page as HTML. With `full` it has the hosts, the commands and the logs, too.

    Its Content-Security-Policy allows its own script and style, by their hashes, and nothing else.
    """
    script, style = ((_HERE / f"page.{kind}").read_text(encoding="utf-8") for kind in ("js", "css"))
    own = f"script-src {_hash(script)}; style-src {_hash(style)}"
    policy = f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'"
    sort = choice.sort or "start"
    data = {**_about_all(runs, choice, context), "sort": _COLUMNS.get(sort, sort), "descending": choice.descending}
    rows = _rows(runs, context, full=full)
    parts = {"policy": policy, "style": style, "data": _as_inert(data | rows), "script": script}
    first, *pieces = (_HERE / "page.html").read_text(encoding="utf-8").split("{")
    named = (piece.partition("}") for piece in pieces)
    return first + "".join(parts[name] + rest for name, _, rest in named)


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _as_inert(data: object) -> str:
    """JSON that ends no element and begins none, wherever in a page it stands."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _about_all(runs: Sequence[PastRun], choice: Choice, context: Context) -> dict[str, Any]:
    content = table(runs, choice, context) if runs else None
    shared = ", ".join(f"{name} {text}" for name, text in content.shared) if content else ""
    unlike = f"; not the same: {', '.join(content.unlike)}" if content and content.unlike else ""
    return {
        "summary": summary(runs, len(runs)),
        "shared": shared + unlike,
        "causes": parted(runs, everything=False)[0],
        "differing": parted(runs, everything=True)[0],
        "metrics": list(choice.metrics or dict.fromkeys(name for run in runs for name in run.metrics)),
        "commits": len({run.commit for run in runs}) > 1,
    }


def _rows(runs: Sequence[PastRun], context: Context, *, full: bool) -> dict[str, Any]:
    """Each run with a number for each setting: where value and origin stand in a pool, as most runs share them."""
    names = list(dict.fromkeys(name for run in runs for name in run.settings))
    pool: dict[tuple[str, str, int], int] = {}

    def index_of(given: PastSetting | None) -> int:
        return -1 if given is None else pool.setdefault((given.text, given.origin, int(given.is_set)), len(pool))

    rows = [
        {
            **dict(zip(("short", "started", "took", "ended"), about(run, context), strict=True)),
            "fingerprint": run.fingerprint,
            "folder": str(run.folder),
            "status": run.status,
            "seconds": run.seconds,
            "commit": run.commit,
            "trace": trace(run, log=full),
            "metrics": {name: finite(each) for name, each in run.metrics.items()},
            "settings": [index_of(run.settings.get(name)) for name in names],
            **({"host": run.run.host, "command": join(run.run.command)} if full and run.run else {}),
        }
        for run in runs
    ]
    return {"names": names, "pool": list(pool), "runs": rows}
