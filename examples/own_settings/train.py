"""Trains nothing, and says what it would train with: start it with `apt-settings run`."""

from trainer.log import LogConfig
from trainer.settings import TrainerSettings

from apt_settings import part, settings

own = part(settings, TrainerSettings)
log = part(settings, LogConfig)

print(f"{settings.task}, sparsity {settings.target_sparsity}: every {own.eval_every} steps by {own.metric.value}")
print(log.line(step=0, loss=own.loss.smoothing))
