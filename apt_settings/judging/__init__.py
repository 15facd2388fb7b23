"""Whether values hold: each by its type and range, and together by the rules."""
