"""Forløp: what happened to the people in a programme, at any cutoff, as known at any time.

import forlop

with forlop.open_store("sqlite:///forlop.db") as store:
    store.append_file("events.csv.gz")
    stock = store.figure("stock", at="2003-12-31", by="target_group")
    stock.rows        # dicts, in the contract's columns
    stock.to_pandas() # a frame, where pandas is installed
"""

from adapters.errors import ForlopError, NotAStoreError, UnknownParticipantError, WrongUseError
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
