"""The arithmetic of a training: what a machine has, what is used of it, and torch's own switch for TF32."""

import os
from typing import Final, NamedTuple

from ..base import AptSettings, unusable
from ..sources.names import variable_of
from .extras import require, warn_caller

FLOAT32: Final = ("fp32", "tf32")
"""The precisions without half-precision arithmetic, which torch's switch for TF32 tells apart."""
_AMPERE: Final = (8, 0)
"""The compute capability of the first GPUs that have TF32."""


class Hardware(NamedTuple):
    """The arithmetic that a machine supports."""

    tf32: bool
    fp16: bool
    bf16: bool


def hardware_here(on_cpu: bool = False) -> Hardware:
    """What this machine supports according to torch; `on_cpu`: with its GPUs left alone."""
    with require("torch"):
        from torch import cuda

    on_cpu = on_cpu or os.environ.get("ACCELERATE_USE_CPU", "").lower() in ("1", "true", "yes", "on", "y", "t")
    if on_cpu or not cuda.is_available():
        return Hardware(tf32=False, fp16=False, bf16=on_cpu)
    return Hardware(tf32=cuda.get_device_capability() >= _AMPERE, fp16=True, bf16=cuda.is_bf16_supported())


def usable_precision(settings: AptSettings, hardware: Hardware | None) -> str:
    """The precision of the settings, or fp32 where the hardware lacks it; None supports every one."""
    precision = settings.precision
    lacks_it = precision != "fp32" and hardware is not None and not getattr(hardware, precision)
    return "fp32" if lacks_it else precision


def warn_of_hardware(settings: AptSettings, hardware: Hardware | None) -> None:
    """A SettingsWarning where another precision is used than the one that is set."""
    if (used := usable_precision(settings, hardware)) != settings.precision:
        wrong = f"this hardware has no {settings.precision}: precision {used} is used"
        warn_caller(wrong)


def mixed_precision(precision: str) -> str:
    """accelerate's word for a precision."""
    return "no" if precision in FLOAT32 else precision


def refuse_environment(settings: AptSettings, precision: str) -> None:
    """Raises SettingsError for a variable of another tool that brings another arithmetic in.

    ACCELERATE_MIXED_PRECISION comes from `accelerate launch --mixed_precision` or from accelerate's own file; the
    Trainer follows it where no half precision is asked for.
    """
    mixed = os.environ.get("ACCELERATE_MIXED_PRECISION") or "no"
    if precision in FLOAT32 and mixed.lower() != "no":
        wrong = f"is not what would be trained: ACCELERATE_MIXED_PRECISION is {mixed}"
        fix = "start with accelerate launch --mixed_precision no"
        fix += f", or write {variable_of('precision')}={mixed}" if mixed in ("fp16", "bf16") else ""
        raise unusable(settings, "precision", wrong, fix=fix)
    refuse_override(settings, precision)


def refuse_override(settings: AptSettings, precision: str) -> None:
    """Raises SettingsError where NVIDIA_TF32_OVERRIDE=0 switches off what is set."""
    if precision == "tf32" and os.environ.get("NVIDIA_TF32_OVERRIDE") == "0":
        wrong = "is not what would be trained: NVIDIA_TF32_OVERRIDE is 0"
        raise unusable(settings, "precision", wrong, fix=f"unset it, or write {variable_of('precision')}=fp32")


def set_here(settings: AptSettings) -> str:
    """The precision that this machine trains in, with torch's switch for TF32 set for it; a GPU's, where it has one.

    For trainers that compute in bfloat16 on a CPU too. A SettingsWarning tells where the hardware lacks what is set.
    """
    with require("torch"):
        from torch import cuda

    hardware = hardware_here(on_cpu=not cuda.is_available())
    warn_of_hardware(settings, hardware)
    precision = usable_precision(settings, hardware)
    refuse_override(settings, precision)
    if precision in FLOAT32:
        switch_tf32(precision == "tf32")
    return precision


def tf32_is_on() -> bool:
    """Whether torch multiplies float32 matrices in TF32, on a GPU that has it."""
    from torch.backends.cuda import matmul

    return bool(matmul.fp32_precision == "tf32" if hasattr(matmul, "fp32_precision") else matmul.allow_tf32)


def switch_tf32(on: bool) -> None:
    """Set torch's own switches for TF32, for this process: those of transformers remember what they were told first."""
    from torch.backends import cudnn
    from torch.backends.cuda import matmul

    if hasattr(matmul, "fp32_precision"):  # where these are, the older switches raise once they were used
        for each in (matmul, cudnn.conv, cudnn.rnn):
            each.fp32_precision = "tf32" if on else "ieee"
    else:
        matmul.allow_tf32 = cudnn.allow_tf32 = on
