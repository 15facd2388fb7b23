"""A job with ten settings of its own: `own_settings.py named` names them, without it their module is only imported."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "own_settings"))

import trainer.settings

import apt_settings

if sys.argv[1:] == ["named"]:
    os.environ["APT_METRIC"] = "f1"
    apt_settings.extend(trainer.settings.TrainerSettings)

if __name__ == "__main__":
    from apt_settings import settings  # noqa: F401  what a job does
