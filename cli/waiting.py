"""What a terminal shows while the columnar copy is brought up to date."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adapters.columnar_copy import Progress

_LONG = 200_000  # half of it events: from some seconds on


@contextmanager
def bring_up_to_date(amount: int) -> Iterator[Progress]:
    """A bar on standard error, where that is a terminal and there is enough to wait for."""
    if not sys.stderr.isatty() or amount < _LONG:
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    console = Console(stderr=True)
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("bringing the columnar copy up to date", total=amount)
        yield lambda count: bar.advance(task, count)
