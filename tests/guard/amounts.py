"""How much is tried: little in the suite, more where FORLOP_FUZZ says how many times as much."""

from __future__ import annotations

import os


def examples(count: int) -> int:
    """How many inputs a test of hostile input tries."""
    return count * int(os.environ.get("FORLOP_FUZZ", "1"))
