"""What is shown while something takes long, on standard error: bars, on a terminal, or a line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from adapters.watching import Progress, Watch

_LONG: Final = 200_000  # events to read, or spells to work out: from some seconds on
_SOON: Final = 3.0  # seconds after which somebody wonders


def watching(what: str) -> Watch:
    """A bar for something whose amount is known, where there is enough to wait for."""

    @contextmanager
    def watch(amount: int) -> Iterator[Progress]:
        if not sys.stderr.isatty() or amount < _LONG:
            yield lambda _: None
            return
        from rich.progress import BarColumn, TaskProgressColumn  # noqa: PLC0415

        with _shown(BarColumn(), TaskProgressColumn(), transient=True) as bar:
            task = bar.add_task(what, total=amount)
            yield lambda count: bar.advance(task, count)

    return watch


bring_up_to_date: Final = watching("bringing the columnar copy up to date")


@contextmanager
def telling(what: str) -> Iterator[None]:
    """A line about something that is asked for in many questions, if it is not done soon.

    For logs of jobs too: how long it takes depends on the log, and nothing says how far it is.
    """

    def tell() -> None:
        sys.stderr.write(f"{what} …\n")
        sys.stderr.flush()

    timer = Timer(_SOON, tell)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def counting(
    what: str,
    *,
    is_long: bool,
    of: int | None = None,
    done_of: Callable[[], int | None] = lambda: None,
) -> Iterator[Progress | None]:
    """A count of something, where it is long enough to wait for.

    With a bar, where there are `of` of them or, if that cannot be known, where `done_of` tells how
    many of `of` bytes have been read.
    """
    if not sys.stderr.isatty() or not is_long:
        yield None
        return
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        SpinnerColumn,
        TaskProgressColumn,
        TextColumn,
    )

    way = (SpinnerColumn(),) if of is None else (BarColumn(), TaskProgressColumn())
    with _shown(*way, TextColumn("{task.fields[counted]}")) as bar:
        task = bar.add_task(what, total=of, counted=0)
        counted = 0

        def done(count: int) -> None:
            nonlocal counted
            counted += count
            read = done_of()
            bar.update(task, completed=counted if read is None else read, counted=counted)

        yield done


@contextmanager
def _shown(*columns: Any, transient: bool = False) -> Iterator[Any]:
    """A bar; it is taken off again, too, where Ctrl-C comes while it is being put there."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    bar = Progress(
        TextColumn("{task.description}"),
        *columns,
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=transient,
    )
    try:
        bar.start()
        yield bar
    finally:
        bar.stop()
