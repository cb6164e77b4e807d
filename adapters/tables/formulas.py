"""Text that a spreadsheet would run as a formula, made harmless.

The signs are those of OWASP's page on CSV injection.
"""

from __future__ import annotations

_STARTS = ("=", "+", "-", "@", "\t", "\r")


def runs_as_formula(text: str) -> bool:
    """Whether a spreadsheet may take a text for a formula; one sign alone is none."""
    return len(text) > 1 and text.startswith(_STARTS)


def neutralised(text: str) -> str:
    """The text behind an apostrophe if a spreadsheet would run it, else as it is."""
    return f"'{text}" if runs_as_formula(text) else text
