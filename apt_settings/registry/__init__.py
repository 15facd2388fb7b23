"""Which settings there are: those that every task has, and those that a project names beside them."""

from .fields import fields_of
from .register import Registry, extend_process, in_force, narrowed, passed_over, registry
from .setting import Setting, Unset, model_of, ours, task_of

__all__ = [
    "Registry",
    "Setting",
    "Unset",
    "extend_process",
    "fields_of",
    "in_force",
    "model_of",
    "narrowed",
    "ours",
    "passed_over",
    "registry",
    "task_of",
]
