"""A class that was there already: how this trainer logs."""

from dataclasses import dataclass, field


@dataclass
class LogConfig:
    """Arguments of the logger."""

    log_dir: str = "logs"
    log_every: int = field(default=10, metadata={"help": "Steps between two lines."})

    def line(self, step: int, loss: float) -> str:
        """One line of the log."""
        return f"{self.log_dir}: step {step} loss {loss:.2f}"
