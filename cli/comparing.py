"""`forlop disagreements` and `forlop overlaps`: sources beside the dates and each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import (
    DEFAULT_PROFILE,
    DEFAULT_STORE,
    As,
    At,
    Json,
    KnownAt,
    ProfileOption,
    Reason,
    Store,
    read_day,
    read_known_at,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Engine

    from adapters.precedence import Stay
    from adapters.said import Past


def add_to(app: typer.Typer, name: str) -> None:
    app.command(name)(disagreements if name == "disagreements" else overlaps)


def disagreements(
    store: Store = DEFAULT_STORE,
    at: At = None,
    known_at: KnownAt = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    user: As = None,
    reason: Reason = None,
    as_json: Json = False,
) -> None:
    """Where the status that a source gives is not what its dates say, and where sources differ.

    The access log keeps whose stays were shown. Example: forlop disagreements --at 2026-10-31
    """
    from datetime import datetime  # noqa: PLC0415

    from adapters.access_log import reader, record_access  # noqa: PLC0415
    from adapters.database import open_engine  # noqa: PLC0415
    from adapters.disagreements import disagreements as compare  # noqa: PLC0415
    from adapters.precedence import precedence  # noqa: PLC0415
    from adapters.profiles import open_profile  # noqa: PLC0415
    from domain.calendar import OSLO  # noqa: PLC0415

    engine = open_engine(store, make=False)
    day, known = read_day("--at", at) or datetime.now(OSLO).date(), read_known_at(known_at)
    stays, pasts, meta = _stays(engine, known)
    found = compare(stays, pasts, precedence(open_profile(profile).path), day, known)
    shown = [one.participant for one in found]
    record_access(engine, reader(user, reason), "disagreements", shown)
    rows = [one.as_json() for one in found]
    if as_json:
        _print({"meta": {"at": day.isoformat(), **meta}, "rows": rows})
        return
    for row in rows:
        typer.echo(f"{row['source']} {row['placement']}: {row['says']}, but {row['against']}")
    typer.echo(f"disagreements: {len(rows)}")


def overlaps(
    store: Store = DEFAULT_STORE,
    known_at: KnownAt = None,
    settle: Annotated[
        bool,
        typer.Option("--settle", help="Settle all anew: after the table of sources was changed."),
    ] = False,
    profile: ProfileOption = DEFAULT_PROFILE,
    user: As = None,
    reason: Reason = None,
    as_json: Json = False,
) -> None:
    """Stays that several sources tell of: which one holds, and whether the other is left out.

    Which holds is decided by the table of sources, sources.csv in the profile's folder.
    """
    from adapters.access_log import reader, record_access  # noqa: PLC0415
    from adapters.database import open_engine  # noqa: PLC0415
    from adapters.overlaps import report  # noqa: PLC0415
    from adapters.precedence import precedence  # noqa: PLC0415
    from adapters.profiles import open_profile  # noqa: PLC0415
    from adapters.settling import settle_all  # noqa: PLC0415

    engine, opened = open_engine(store, make=False), open_profile(profile)
    rules = precedence(opened.path)
    if settle:
        settle_all(engine, opened.profile, rules)
    known = read_known_at(known_at)
    stays, pasts, meta = _stays(engine, known)
    found = report(stays, pasts, rules, known)
    shown = [s.participant for one in found for s in (one.overlap.holds, one.overlap.left_out)]
    record_access(engine, reader(user, reason), "overlaps", shown)
    rows = [one.as_json() for one in found]
    if as_json:
        _print({"meta": meta, "rows": rows})
        return
    for row in rows:
        _show(row)
    typer.echo(f"overlaps: {len(rows)}, not settled: {sum(not row['settled'] for row in rows)}")


def _show(row: dict[str, Any]) -> None:
    told = [
        f"{s['source']} {s['placement']} [{s['start']}, {s['stop'] or '…'})"
        for s in (row["holds"], row["left_out"])
    ]
    how = "" if row["by_rule"] else " (no row of the table fits)"
    rest = "left out" if row["settled"] else "NOT left out"
    typer.echo(f"{row['measure']}: {told[0]} holds{how}; {told[1]} {rest}")


def _stays(
    engine: Engine, known_at: datetime | None
) -> tuple[list[Stay], Mapping[bytes, Past], dict[str, Any]]:
    from adapters.database import reading  # noqa: PLC0415
    from adapters.log import head_of  # noqa: PLC0415
    from adapters.overlaps import every_stay  # noqa: PLC0415
    from adapters.seals import Seals  # noqa: PLC0415
    from domain.calendar import show_instant  # noqa: PLC0415
    from domain.history import Cutoff  # noqa: PLC0415

    with reading(engine) as connection:
        stays, pasts = every_stay(connection, Seals(connection), Cutoff(known_at=known_at))
        position = head_of(connection).position
    shown = None if known_at is None else show_instant(known_at)
    return stays, pasts, {"known_at": shown, "position": position}


def _print(found: dict[str, Any]) -> None:
    import orjson  # noqa: PLC0415

    typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
