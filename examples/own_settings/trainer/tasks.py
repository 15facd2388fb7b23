"""A task of this trainer's own, beside those of apt-settings."""

from typing import Annotated

from pydantic import Field

from apt_settings import AlpacaSettings


class Gsm8kSettings(AlpacaSettings):
    """Grade-school mathematics, on small language models."""

    datasets = ("gsm8k",)
    architectures = ("Qwen/Qwen2.5-0.5B", "meta-llama/Llama-3.2-1B")

    task: str = "gsm8k"
    dataset: str = "gsm8k"
    train_examples: int | None = 7_473
    architecture: str = "Qwen/Qwen2.5-0.5B"
    epochs: int = 10

    answer_tokens: Annotated[int, Field(ge=1, description="Tokens of an answer, at most.")] = 256
