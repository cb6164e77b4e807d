"""Forløp: what happened to the people in a programme, at any cutoff, as known at any time.

import forlop

with forlop.open_store("sqlite:///forlop.db") as store:
    store.append_file("events.csv.gz")
    stock = store.figure("stock", at="2003-12-31", by="target_group")
    stock.rows        # dicts, in the contract's columns
    stock.to_pandas() # a frame, where pandas is installed
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from adapters.errors import ForlopError, NotAStoreError, UnknownParticipantError, WrongUseError

if TYPE_CHECKING:
    from adapters.notebook import Chart
    from adapters.notebook import Shown as Result
    from adapters.store import Store, open_store
    from adapters.summary import Summary

__all__ = [
    "Chart",
    "ForlopError",
    "NotAStoreError",
    "Result",
    "Store",
    "Summary",
    "UnknownParticipantError",
    "WrongUseError",
    "open_store",
]
# Loaded when they are first used: a program that imports this may never open a store.
_LATER = {
    "Chart": ("adapters.notebook", "Chart"),
    "Result": ("adapters.notebook", "Shown"),
    "Store": ("adapters.store", "Store"),
    "Summary": ("adapters.summary", "Summary"),
    "open_store": ("adapters.store", "open_store"),
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'forlop' has no attribute {name!r}")
    module, theirs = _LATER[name]
    found = globals()[name] = getattr(import_module(module), theirs)
    return found


def __dir__() -> list[str]:
    return __all__
