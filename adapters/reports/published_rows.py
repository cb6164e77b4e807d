"""The demo's data files, as rows."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from importlib.resources import files
from typing import Final

DATA: Final = files("adapters") / "data" / "demo"


def rows_of(name: str) -> Iterable[dict[str, str]]:
    """The rows of one of the demo's data files."""
    return csv.DictReader((DATA / name).read_text("utf-8").splitlines())
