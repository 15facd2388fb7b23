"""One of two processes that train with accelerate or Lightning: what rank 0 saw of each step, and the last weights."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from lightning import LightningModule, Trainer
from torch import distributed
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

from apt_settings import load
from apt_settings.base import AptSettings
from apt_settings.integrations.accelerate import accelerator_arguments
from apt_settings.integrations.lightning import trainer_arguments
from apt_settings.integrations.torch import optimizer, scheduler
from apt_settings.plan import plan

JOB: dict[str, Any] = {
    "task": "sst2",
    "precision": "fp32",
    "batch_size": 48,
    "epochs": 6,
    "train_examples": 48,
    "warmup_steps": 2,
    "distill_epochs": None,
    "pruning_end_epoch": 1,
    "sparsity_warmup_epochs": 0,
}


def rows() -> Any:
    random = torch.Generator().manual_seed(1)
    return TensorDataset(torch.randn(48, 8, generator=random), torch.randint(0, 2, (48,), generator=random))


def with_accelerate(settings: AptSettings) -> dict[str, Any]:
    """The rates are prepared too, and told in every micro-batch, as accelerate's own examples do."""
    accelerator = Accelerator(**accelerator_arguments(settings), cpu=True)
    job, model = plan(settings, devices=accelerator.num_processes), torch.nn.Linear(8, 2)
    made = optimizer(settings, model.named_parameters())
    rates, seen = scheduler(settings, made, job.total_steps), []
    data = DataLoader(rows(), job.per_device_batch_size)
    model, made, data, rates = accelerator.prepare(model, made, data, rates)
    for inputs, labels in (batch for _ in range(settings.epochs) for batch in data):
        with accelerator.accumulate(model):
            accelerator.backward(cross_entropy(model(inputs), labels))
            if accelerator.sync_gradients:
                seen.append(made.param_groups[0]["lr"])
            made.step()
            rates.step()
            made.zero_grad()
    return {"rates": seen, "weights": [each.tolist() for each in model.parameters()]}


class Module(LightningModule):  # type: ignore[misc]
    def __init__(self, settings: AptSettings) -> None:
        super().__init__()
        self.settings, self.model = settings, torch.nn.Linear(8, 2)
        self.rates: list[float] = []

    def training_step(self, batch: Any, _index: int) -> Any:
        return cross_entropy(self.model(batch[0]), batch[1])

    def configure_optimizers(self) -> Any:
        made = optimizer(self.settings, self.named_parameters())
        rates = scheduler(self.settings, made, self.trainer.estimated_stepping_batches)
        return [made], [{"scheduler": rates, "interval": "step"}]

    def on_before_optimizer_step(self, made: Any) -> None:
        self.rates.append(made.param_groups[0]["lr"])


def with_lightning(settings: AptSettings, devices: int) -> dict[str, Any]:
    """As its documentation has it. Lightning shuffles what processes share, so a step has all rows."""
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "accelerator": "cpu"}
    trainer = Trainer(**trainer_arguments(settings, devices=devices), **quiet, enable_model_summary=False)
    module, size = Module(settings), plan(settings, devices=trainer.world_size).per_device_batch_size
    trainer.fit(module, DataLoader(rows(), size))
    return {"rates": module.rates, "weights": [each.tolist() for each in module.parameters()]}


def main() -> None:
    out, library = sys.argv[1:]
    settings = load({}, None, **JOB, per_device_batch_size=12)
    done = with_accelerate(settings) if library == "accelerate" else with_lightning(settings, 2)
    if os.environ["RANK"] == "0":
        Path(out).write_text(json.dumps(done))
    if distributed.is_initialized():  # else a thread of gloo may abort the process as it ends
        distributed.barrier()
        distributed.destroy_process_group()


if __name__ == "__main__":
    main()
