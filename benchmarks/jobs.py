"""What is compared: one job in the way of each library, and what it is started with."""

from pathlib import Path

from processes import HERE, Process

LIBRARIES = HERE / "libraries"
OURS, BARE, OWN = "apt-settings", "pydantic-settings", "apt-settings, ten settings of one's own"
JOBS = {
    OURS: "apt_job",
    BARE: "pydantic_job",
    "hydra-core": "hydra_job",
    "dynaconf": "dynaconf_job",
    "typed-settings": "typed_job",
    "tyro": "tyro_job",
}
"""Distribution -> the module in libraries/ that has the settings in its way."""

ENVIRONMENT = {"APT_TARGET_SPARSITY": "0.4", "APT_SEED": "3", "APT_OUTPUT_DIR": "out"}
ENV_FILE = "".join(f"OTHER_TOOL_{number}=value-{number}\n" for number in range(27))
ENV_FILE += "APT_LEARNING_RATE=1e-4\nAPT_BATCH_SIZE=64\nAPT_WARMUP_RATIO=0.1\n"

_EXAMPLE = HERE.parent / "examples" / "own_settings"
_NAMED = {"APT_EXTEND": "trainer.settings:TrainerSettings", "APT_METRIC": "f1"}
_TAKE = "from apt_settings import settings"
STEPS = {
    "Python": "pass",
    "and `import pydantic_settings`": "import pydantic_settings",
    "and `import apt_settings`": "import apt_settings",
    "and the settings": _TAKE,
}
"""What a cold start has behind it -> code that goes so far."""


def process(code: str, path: Path = LIBRARIES, **more: str) -> Process:
    """Python with some code, in the job's environment."""
    return Process(("-c", code), {**ENVIRONMENT, "PYTHONPATH": str(path), **more})


def starts() -> dict[str, Process]:
    """A cold start of each library: the settings are a module's, and are taken."""
    others = {name: process(f"from {job} import resolve; settings = resolve()") for name, job in JOBS.items()}
    return {**others, OURS: process(_TAKE), OWN: process(_TAKE, _EXAMPLE, **_NAMED)}


def commands() -> dict[str, Process]:
    """Commands, and what they do beyond taking the settings."""
    forms = ("show --format json", "show", "check")
    return {
        "settings, no command": process(_TAKE),
        **{each: Process(("-m", "apt_settings", *each.split()), ENVIRONMENT) for each in forms},
    }


def steps() -> dict[str, Process]:
    """How far a cold start is when."""
    return {name: process(code) for name, code in STEPS.items()}
