"""Trains nothing, and says what it would train with: start it with `apt-settings run`."""

from trainer.log import LogConfig
from trainer.settings import TrainerSettings

from apt_settings import part, settings


def main() -> None:
    """Take the settings here and not at the top of the module, so that tests can override them."""
    own, log = part(settings, TrainerSettings), part(settings, LogConfig)
    print(f"{settings.task}, sparsity {settings.target_sparsity}: every {own.eval_every} steps by {own.metric.value}")
    print(log.line(step=0, loss=own.loss.smoothing))


if __name__ == "__main__":
    main()
