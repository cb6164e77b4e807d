"""The store that both engines are asked about: the demo's registers and random histories."""

from __future__ import annotations

import random
from pathlib import Path

from sqlalchemy import Engine

from adapters.database import open_engine
from adapters.demo import put_registers
from adapters.profiles import default_profile
from adapters.store import Store
from tests.spark.histories import histories


def filled(folder: Path, rng: random.Random, participants: int) -> Engine:
    """A new store in a folder, with the registers and so many random participants."""
    engine = open_engine(f"sqlite:///{folder / 'store.db'}", make=True)
    put_registers(engine, default_profile())
    Store(engine).append(histories(rng, participants))
    return engine
