"""What must hold between two settings; each rule belongs to the setting named first."""

import operator
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

_RELATIONS: Final = {
    "<=": (operator.le, "at most"),
    "<": (operator.lt, "less than"),
    ">=": (operator.ge, "at least"),
    "|": (lambda part, whole: whole % part == 0, "a divisor of"),
}


class Rule(NamedTuple):
    """`setting` stands in `relation` to `other`, where neither is none."""

    setting: str
    relation: Literal["<=", "<", ">=", "|"]
    other: str

    def holds(self, value: Any, others: Mapping[str, Any]) -> bool:
        """Whether a value fits what the other settings say; an unknown or absent other binds nothing."""
        bound = others.get(self.other)
        if value is None or bound is None:
            return True
        compare, _ = _RELATIONS[self.relation]
        return bool(compare(value, bound))

    def allowed(self, others: Mapping[str, Any]) -> str:
        """`at most epochs, which is 40`"""
        _, words = _RELATIONS[self.relation]
        return f"{words} {self.other}, which is {others[self.other]}"

    def nearest(self, others: Mapping[str, Any]) -> Any:
        """The value closest to breaking the rule that keeps it."""
        bound = others[self.other]
        return bound - 1 if self.relation == "<" else bound


RULES: Final = {
    rule.setting: rule
    for rule in (
        Rule("distill_epochs", "<=", "epochs"),
        Rule("pruning_end_epoch", "<=", "epochs"),
        Rule("sparsity_warmup_epochs", "<", "pruning_end_epoch"),
        Rule("initial_sparsity", "<=", "target_sparsity"),
        Rule("max_rank", ">=", "initial_rank"),
        Rule("per_device_batch_size", "|", "batch_size"),
    )
}
"""By the setting that each belongs to. A rule may look only at a setting that its groups declare before it."""
