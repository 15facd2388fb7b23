"""Who gave a value, and where it stands."""

from typing import Any, Final, Literal, NamedTuple

from ..errors import label

Kind = Literal["argument", "environment", "env file", "record", "release", "class default"]


RELEASE_PLACE: Final = r"release (\S+\.(sh|py)(:[\d, -]+)?|transformers [\w. ]+)"
"""How the origin of a value of the release reads, as a pattern."""


class Origin(NamedTuple):
    """The giver of one value. `str()` is what a user sees: `environment APT_EPOCHS`, `.env:3`, `class default`."""

    kind: Kind
    place: str
    """`environment APT_EPOCHS`, `.env:3`, `argument epochs`, `--set epochs`, `run.json (.env:3)`,
    `release trainer_minus.py:355-356`, `class default`."""
    variable: str
    """The name as it is spelt there: `APT_EPOCHS`, `epochs`."""
    value: Any
    """What is given there: a text, or the object that an argument or a default is."""
    text: str
    """The value as the user spelt it, `${NAME}` not expanded."""
    shadows: tuple["Origin", ...] = ()
    """Who else gives this setting a value, and is overruled; the strongest first, the class default last."""
    empty: tuple[str, ...] = ()
    """Stronger places that name this setting and leave it empty, which counts as not set."""

    @property
    def label(self) -> str:
        """Place and variable: `environment APT_EPOCHS`, `.env:3 APT_EPOCHS`."""
        return label(self.place, self.variable)

    @property
    def is_override(self) -> bool:
        """Whether somebody set this, and neither the release nor the class decides."""
        return self.kind not in ("release", "class default")

    @property
    def is_empty(self) -> bool:
        """Whether this is a variable without a value, which counts as not set."""
        return self.is_override and isinstance(self.value, str) and not self.value

    def __str__(self) -> str:
        if not self.empty:
            return self.place
        return f"{self.place} ({' and '.join(self.empty)} {'is' if len(self.empty) == 1 else 'are'} empty)"
