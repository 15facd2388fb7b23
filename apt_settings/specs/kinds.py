"""The kinds of files: how each is known and read, and what is a comment in it. What is not read has a row too."""

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Final, NamedTuple


class Kind(NamedTuple):
    """One kind of file."""

    title: str
    names: str
    """Matches the whole of a file's name, in lower case and without the ending of a template."""
    reader: str = ""
    """What reads it; empty: its `APT_` names are looked for, and its values are not judged."""
    what: str = "names alone"
    """What is read in it."""
    contents: str = ""
    """Found in a file of this kind whose name says nothing."""
    comments: tuple[str, ...] = ("#",)
    """What begins a comment."""
    is_spec: bool = True
    """False for code and prose: they name variables, and set none. In a folder they are counted."""


_TEMPLATE: Final = r"\.(j2|jinja2?|tmpl|tpl|gotmpl|in|template|example|sample|dist)$"
_NO_NAME: Final = r"(?!)"
_HASH, _SLASHES = ("#",), ("//", "/*")

KINDS: Final = (
    Kind("`.env`", r"(.*\.)?env|\.env\..+", "env", "every line, as a job reads it"),
    Kind("csh and fish scripts", r".+\.(csh|tcsh|fish)|\.(t?cshrc|login)", contents=r"\A#!.*\b(t?csh|fish)\b(?!\.)"),
    Kind(
        "bash scripts, for sbatch, PBS, LSF and SGE too",
        r".+\.(sh|bash|zsh|ksh|sbatch|slurm|job|pbs|qsub|lsf|bsub|sge)|\.envrc|\.?(bash|zsh)rc|\.?(bash_|z)?profile",
        "script",
        "`export`, assignments before a command, what launchers hand on, `#SBATCH`, here-documents, `bash -c`",
        r"\A#!.*sh\b|(?m:^(#SBATCH|#PBS|#BSUB|#\$ +-)\b)",
    ),
    Kind(
        "YAML",
        r".+\.ya?ml",
        "manifest",
        "`APT_X: 1`, `{name: APT_X, value: 1}` and `APT_X=1` wherever they stand; scripts; ConfigMaps",
        r"(?m)^(apiVersion|kind):",
    ),
    Kind("JSON", r".+\.(json|jsonc|json5|code-workspace)", "json", "as YAML", comments=_SLASHES),
    Kind("TOML", r".+\.toml|pipfile", "toml", "as YAML"),
    Kind(
        "Dockerfiles",
        r"(.+[.-])?(dockerfile|containerfile)([.-].+)?",
        "dockerfile",
        "`ENV`, `ARG`, and `RUN`, `CMD` and `ENTRYPOINT` as scripts, of each stage",
        r"(?mi)^from[ \t]+\S+",
    ),
    Kind("Makefiles", r"(gnu)?makefile(\..+)?|.+\.(mk|mak)", "makefile", "variables; recipes as scripts"),
    Kind("justfiles", r"\.?justfile|.+\.just", "justfile", "variables; recipes as scripts"),
    Kind("HCL, Terraform, Nomad", r".+\.(hcl|tf|tfvars|nomad)", comments=(*_HASH, *_SLASHES)),
    Kind("HTCondor", r".+\.(sub|submit|condor)"),
    Kind("systemd units", r".+\.(service|timer|socket|target)", comments=("#", ";")),
    Kind("ini and properties", r".+\.(ini|cfg|conf|properties)|\.flaskenv", comments=("#", ";")),
    Kind("Jenkins, Groovy, Nextflow", r"jenkinsfile(\..+)?|.+\.(groovy|nf|config)", comments=_SLASHES),
    Kind("PowerShell, cmd", r".+\.(ps1|bat|cmd)", comments=("#", "::", "REM ", "rem ")),
    Kind(
        "code and prose",
        r".+\.(py|pyi|ipynb|md|rst|txt|html?|css|js|ts|tsx|c|h|cc|cpp|cu|go|rs|java|rb|pl|r|lua|jl|tex|csv|tsv|log|lock"
        r"|po|svg|xml|diff|patch|sql)|readme|changelog|license|\.git.*|snakefile",
        what="counted in a folder; names alone if you name the file",
        contents=r"\A#!.*(python|perl|ruby|node|Rscript)",
        is_spec=False,
    ),
    Kind(
        "bash scripts",
        _NO_NAME,
        "script",
        contents=r"(?m)^[ \t]*(export[ \t]|srun[ \t]|module[ \t])|^\w+[ \t]*\(\)[ \t]*\{",
    ),
    Kind("`.env`", _NO_NAME, "env", contents=r"[ \t]*(#|(export[ \t]+)?\w+=|$)"),
)
"""In the order in which they are asked: first all names, then all contents."""

OTHER: Final = Kind("anything else", "", what="counted in a folder; names alone if you name the file", is_spec=False)
_SCRIPT: Final = next(kind for kind in KINDS if kind.reader == "script")
_NO_ENV: Final = (
    r"(?m)\A#!.*sh\b"
    r"|^[ \t]*(function[ \t]|[\w-]+[ \t]*\(\)|(if|for|while|case)[ \t].*|fi|done|esac|\}|source[ \t].*)[ \t]*\{?$"
)
"""Lines of bash that no `.env` can have."""


def is_template(name: str) -> bool:
    """Whether a file's name says that others make theirs of it: `.env.example`."""
    return re.search(_TEMPLATE, PurePath(name).name.lower()) is not None


def kind_of(name: str, text: str) -> Kind:
    """The kind of a file: by its name, else by its content."""
    kind = kind_by_name(name) or next((each for each in KINDS if each.contents and _holds(each, text)), OTHER)
    base = PurePath(name).name.lower()
    is_library = kind.reader == "env" and not base.startswith(".env") and re.search(_NO_ENV, text)
    return _SCRIPT if is_library else kind


def kind_by_name(name: str) -> Kind | None:
    """The kind that a file's name says; None if it says nothing."""
    base = re.sub(_TEMPLATE, "", PurePath(name).name.lower())
    return next((kind for kind in KINDS if re.fullmatch(kind.names, base)), None)


def _holds(kind: Kind, text: str) -> bool:
    if kind.reader == "env":  # line by line: the pattern would take quadratic time over the whole text
        return bool(text.strip()) and all(re.match(kind.contents, line) for line in text.splitlines())
    return re.search(kind.contents, text) is not None


def pattern() -> str:
    """The paths of files whose names say that they are specs, as a pattern for the hook of pre-commit."""
    names = "|".join(kind.names for kind in KINDS if kind.is_spec and kind.names != _NO_NAME)
    return f"(?i)(^|/)({names})({_TEMPLATE.removesuffix('$')})?$"


def table() -> Iterator[tuple[str, str]]:
    """A row for each kind of file, for the docs: what it is, and what is read in it."""
    for kind in (*KINDS, OTHER):
        if kind.names != _NO_NAME:
            yield kind.title, kind.what
