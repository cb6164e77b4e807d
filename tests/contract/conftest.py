"""Stores on both databases, each empty."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from adapters.database import open_engine
from tests.guard.conftest import postgres, url

__all__ = ["postgres", "url"]


@pytest.fixture
def engine(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """An empty store, and where its copy will be: beside no other's, with a blank in its name."""
    monkeypatch.setenv("FORLOP_COPY", str(tmp_path / "of this.columns"))
    made = open_engine(url, make=True)
    yield made
    made.dispose()
