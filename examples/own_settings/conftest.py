"""The tests of this trainer begin with the defaults, whatever variables and `.env` there are."""

import os

pytest_plugins = ["apt_settings.testing"]


def pytest_configure() -> None:
    """What has no default, for all tests, before their modules take the settings."""
    os.environ["APT_EXTEND"] = "trainer.settings:TrainerSettings,trainer.log:LogConfig"
    os.environ["APT_METRIC"] = "f1"
