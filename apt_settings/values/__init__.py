"""Text to value and back, and what a setting takes in words; all of it is read off the setting's type."""

from .kinds import holds_secret, is_list, kind_of, kind_of_field
from .reading import TEXT_LIMIT, UNREADABLE, accepts, adapter_of, read_value, refused_as_default, wrong_with_line
from .templates import UnfitError, fill, literal, names_in, nearly_names_in
from .words import allowed, choices_of, likely, wrong_default
from .writing import as_jsonable, as_text, frozen, hide, says

__all__ = [
    "TEXT_LIMIT",
    "UNREADABLE",
    "UnfitError",
    "accepts",
    "adapter_of",
    "allowed",
    "as_jsonable",
    "as_text",
    "choices_of",
    "fill",
    "frozen",
    "hide",
    "holds_secret",
    "is_list",
    "kind_of",
    "kind_of_field",
    "likely",
    "literal",
    "names_in",
    "nearly_names_in",
    "read_value",
    "refused_as_default",
    "says",
    "wrong_default",
    "wrong_with_line",
]
