"""`forlop append`: events into the store."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import DEFAULT_PROFILE, DEFAULT_STORE, Json, ProfileOption, Store

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from adapters.ingest import Progress
    from adapters.readers.files import Delivery
    from adapters.summary import Summary

_MOST_TROUBLES = 20
_LONG = 1_000_000  # bytes of a file, packed or not


def add_to(app: typer.Typer, name: str) -> None:
    app.command(name)(append)


def append(
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE…", help="CSV, JSON Lines or Parquet; - is stdin."),
    ] = None,
    store: Store = DEFAULT_STORE,
    source: Annotated[
        str | None, typer.Option(help="The source of every row, where the file has none.")
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="NAME", help="Files of this case system, as it sends them."),
    ] = None,
    mapping: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.toml", help="A list of your own, CSV or .xlsx, by this mapping file."
        ),
    ] = None,
    participant: Annotated[
        str | None, typer.Option(help="Whom a file is about that does not say so (digisos).")
    ] = None,
    follow: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Stay on, and take files as they land in a folder."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would become of the rows; store nothing.")
    ] = False,
    profile: ProfileOption = DEFAULT_PROFILE,
    as_json: Json = False,
) -> None:
    """Read events; print how many were read, appended, duplicates, held and rejected.

    Example: forlop append events.csv.gz --store sqlite:///forlop.db

    With --from NAME they are what a case system sends, and become the events that explain what is
    new. Example: forlop append --from komet snapshots.jsonl

    With --follow FOLDER it stays on. Example: forlop append --follow inbox --from komet
    """
    import orjson  # noqa: PLC0415

    from adapters.database import open_engine  # noqa: PLC0415
    from adapters.readers.files import delivery  # noqa: PLC0415

    reading = Reading(from_, mapping, source, participant, profile)
    if follow is not None:
        if files or dry_run or as_json:
            raise typer.BadParameter("--follow takes no files, --dry-run or --json")
        _follow(store, follow, reading)
        return
    if not files:
        raise typer.BadParameter("give files, or --follow FOLDER")
    total = reading.nothing_yet()
    with ExitStack() as stack:
        found = [stack.enter_context(delivery(name, sys.stdin.buffer)) for name in files]
        prepared = [reading.prepare(one) for one in found]
        engine = open_engine(store, make=not dry_run)
        for file, one in zip(found, prepared, strict=True):
            with _stoppable(file, dry_run=dry_run) as stored, _shown(file, one) as shown:
                total.add(one(engine, dry_run, _both(stored, shown)))
    if as_json:
        typer.echo(orjson.dumps(total.as_json()).decode())
    else:
        _show(total, dry_run=dry_run)
    if total.counts.held or total.counts.rejected:
        raise typer.Exit(3)


def _shown(file: Delivery, one: Prepared) -> AbstractContextManager[Progress | None]:
    from cli.waiting import counting  # noqa: PLC0415

    size = None if one.bytes_read() is None else file.size
    is_long = file.size >= _LONG
    return counting(f"{file.name}, rows", is_long=is_long, of=size, done_of=one.bytes_read)


@contextmanager
def _stoppable(file: Delivery, *, dry_run: bool) -> Iterator[Progress]:
    """Counts the rows that are stored, and says on Ctrl-C how many they are.

    At least, for a chunk may be stored and not counted yet.
    """
    stored = 0

    def done(count: int) -> None:
        nonlocal stored
        stored += count

    try:
        yield done
    except KeyboardInterrupt:
        told = f"at least {stored} rows of {file.name} are stored; hand it in again for the rest"
        told = "nothing was stored" if dry_run else told
        raise KeyboardInterrupt(f"stopped: {told}") from None


def _both(first: Progress, second: Progress | None) -> Progress:
    def done(count: int) -> None:
        first(count)
        if second is not None:
            second(count)

    return done


@dataclass(frozen=True)
class Prepared:
    """A file that can be appended: what does it, and how many of its bytes have been read."""

    take: Callable[[Engine, bool, Progress | None], Summary]
    bytes_read: Callable[[], int | None] = lambda: None

    def __call__(self, engine: Engine, dry_run: bool, done: Progress | None) -> Summary:
        return self.take(engine, dry_run, done)


def _follow(store: str, folder: str, reading: Reading) -> None:
    """Stays on until it is told to stop by SIGTERM or SIGINT."""
    import signal  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415
    from threading import Event  # noqa: PLC0415

    from adapters.follow import Follower, Log, Take  # noqa: PLC0415

    stop = Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())

    def prepare(file: Delivery) -> Take:
        take = reading.prepare(file)
        return lambda engine: take(engine, False, None)

    Follower(store, Path(folder), reading.name, prepare, Log(), stop).run()


class Reading:
    """How files are to be read: as rows of the contract, or as what a case system sends."""

    def __init__(
        self,
        from_: str | None,
        mapping: str | None = None,
        source: str | None = None,
        participant: str | None = None,
        profile: str = DEFAULT_PROFILE,
    ) -> None:
        from adapters.case_deliveries import system_named, system_of  # noqa: PLC0415
        from adapters.errors import WrongUseError  # noqa: PLC0415
        from adapters.mapping_files import mapping_at  # noqa: PLC0415

        if sum(given is not None for given in (from_, mapping, source)) > 1:
            raise WrongUseError("give one of --from, --mapping and --source: each names the source")
        self._system = None if from_ is None else system_named(from_)
        if mapping is not None:
            self._system = system_of(mapping_at(mapping))
        if participant is not None and self._system is None:
            raise WrongUseError("--participant goes with --from: a row says itself whose it is")
        self._source, self._participant, self._profile = source, participant, profile

    @property
    def name(self) -> str:
        """What reads the files, as it is noted with those that were taken."""
        return "events" if self._system is None else self._system.name

    def nothing_yet(self) -> Summary:
        from adapters.case_deliveries import SourceSummary  # noqa: PLC0415
        from adapters.summary import Summary  # noqa: PLC0415

        return Summary() if self._system is None else SourceSummary()

    def prepare(self, file: Delivery) -> Prepared:
        """What appends a file; WrongUseError, before anything is stored, where it cannot be."""
        from adapters.case_deliveries import append_delivery  # noqa: PLC0415
        from adapters.ingest import append_file  # noqa: PLC0415
        from adapters.precedence import precedence  # noqa: PLC0415
        from adapters.profiles import open_profile  # noqa: PLC0415
        from adapters.readers.files import RowFile  # noqa: PLC0415
        from adapters.settling import settling_after  # noqa: PLC0415

        opened, system = open_profile(self._profile), self._system
        profile, rules = opened.profile, precedence(opened.path)
        if system is None:
            rows = RowFile(file, self._source)

            def append(engine: Engine, dry_run: bool, done: Progress | None) -> Summary:
                after = settling_after(engine, profile, rules)
                return append_file(engine, rows, profile, dry_run=dry_run, done=done, after=after)

            return Prepared(append, rows.bytes_read)
        whom = self._participant
        return Prepared(
            lambda engine, dry_run, done: append_delivery(
                engine, file, system, profile, rules, participant=whom, dry_run=dry_run, done=done
            )
        )


def _show_source(summary: Summary) -> None:
    """What a case system's files held beside events, and what in them is not known."""
    from adapters.case_deliveries import SourceSummary  # noqa: PLC0415

    if not isinstance(summary, SourceSummary):
        return
    counted = {"records": summary.records, "unchanged": summary.unchanged}
    counted |= {"passed by": summary.passed_by, "used in part": len(summary.in_part)}
    counted |= {"settled": summary.settled}
    for name, count in counted.items():
        typer.echo(f"{name:<13}{count:>7}")
    for warned, count in summary.warnings.most_common(_MOST_TROUBLES):
        found = f" {warned.found!r}" if warned.found else ""
        typer.echo(f"warning, {count} times: {warned.column}{found}: {warned.why}", err=True)
    for trouble in summary.in_part[:_MOST_TROUBLES]:
        typer.echo(str(trouble), err=True)
    if len(summary.in_part) > _MOST_TROUBLES:
        typer.echo(f"… and {len(summary.in_part) - _MOST_TROUBLES} more, used in part", err=True)


def _show(summary: Summary, *, dry_run: bool) -> None:
    counts = summary.counts
    for name in ("read", "appended", "duplicates", "held", "rejected", "resolved"):
        typer.echo(f"{name:<11}{getattr(counts, name):>9}")
    _show_source(summary)
    troubles = list(summary.troubles.values())
    for trouble in troubles[:_MOST_TROUBLES]:
        typer.echo(str(trouble), err=True)
    if len(troubles) > _MOST_TROUBLES:
        typer.echo(f"… and {len(troubles) - _MOST_TROUBLES} more", err=True)
    if dry_run:
        typer.echo("nothing was stored: this was a dry run")
    elif troubles:
        typer.echo(
            "held rows wait until they fit; mend rejected ones: "
            "`forlop quarantine list`, `forlop quarantine export --out mend.csv`",
            err=True,
        )
