"""Releases that a store remembers: what was published, so that the next one gives nothing away.

A release keeps what readers have. What was true then is counted again from the log, at the
position that it names: there is no second truth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import orjson
from sqlalchemy import BigInteger, Column, Engine, LargeBinary, MetaData, Table, Text, inspect

from adapters.answers import Asked, answer
from adapters.database import reading, writing
from adapters.disclosing import Control, controlled, nesting_of
from adapters.errors import WrongUseError
from adapters.ingest import current_time
from domain.calendar import Length, Period, parse_known_at, to_microseconds
from domain.codes import Profile
from projections.disclosure import Release
from projections.disclosure_audit import audit

_metadata = MetaData()
releases = Table(
    "releases",
    _metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("released_at", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("results", LargeBinary, nullable=False),
)


def remember(
    engine: Engine, name: str, results: Sequence[Mapping[str, Any]], released_at: int
) -> None:
    """Notes a release, unless the same numbers were released under this name already."""
    content = orjson.dumps(list(results), option=orjson.OPT_SORT_KEYS)
    with writing(engine) as connection:
        _metadata.create_all(connection)
        found = connection.execute(releases.select().order_by(releases.c.id)).all()
        if not any(row.name == name and bytes(row.results) == content for row in found):
            row = {"id": len(found) + 1, "released_at": released_at, "name": name}
            connection.execute(releases.insert().values(**row, results=content))


def release(
    engine: Engine,
    profile: Profile,
    name: str,
    results: Sequence[Mapping[str, Any]],
    control: Control,
    *,
    draft: bool = False,
) -> Sequence[Mapping[str, Any]]:
    """Results as readers may have them; the store remembers them, unless they are a draft."""
    done = released(engine, profile, results, control)
    if not draft:
        remember(engine, name, done, to_microseconds(current_time()))
    return done


def released(
    engine: Engine,
    profile: Profile,
    results: Sequence[Mapping[str, Any]],
    control: Control,
) -> Sequence[Mapping[str, Any]]:
    """Results as readers may have them, who have the earlier releases of this store.

    WrongUseError where disclosure control cannot be had, or where earlier releases and these tell
    too much together: what was rounded and what was suppressed are not made to fit, but tried.
    """
    earlier = earlier_releases(engine, profile, results)
    reckoned = [] if control.base is not None else [one for one in earlier if not _rounded(one)]
    done = controlled(results, control, profile, reckoned)
    if len(reckoned) < len(earlier):
        rule = control.rule
        shown = [one.published for one in earlier]
        if audit(done, rule, earlier=shown, nesting=nesting_of(profile)).leaks:
            raise WrongUseError(
                "together with an earlier release this would give small counts away: "
                "what was rounded once is to be rounded again, what was suppressed suppressed"
            )
    return done


def _rounded(release: Release) -> bool:
    return any("base" in one["meta"].get("disclosure", {}) for one in release.published)


def earlier_releases(
    engine: Engine, profile: Profile, now: Sequence[Mapping[str, Any]]
) -> list[Release]:
    """What releases have said of the figures that are about to be published, oldest first."""
    asked = {_scope(result["meta"]) for result in now}
    found: list[Release] = []
    seen: set[bytes] = set()
    for published in _stored(engine):
        linked = [
            one
            for one in published
            if _scope(one["meta"]) in asked and orjson.dumps(one) not in seen
        ]
        seen |= {orjson.dumps(one) for one in linked}
        if linked:
            found.append(Release([_true(engine, profile, one) for one in linked], linked))
    return found


def _stored(engine: Engine) -> list[list[dict[str, Any]]]:
    if not inspect(engine).has_table(releases.name):
        return []
    with reading(engine) as connection:
        rows = connection.execute(releases.select().order_by(releases.c.id)).all()
    return [orjson.loads(row.results) for row in rows]


def _scope(meta: Mapping[str, Any]) -> bytes:
    """What two releases must have in common for one to tell about the other."""
    names = ("figure", "of", "at", "from", "to", "every", "programme", "window", "ages", "profile")
    return orjson.dumps([meta.get(name) for name in names])


def _true(engine: Engine, profile: Profile, published: Mapping[str, Any]) -> dict[str, Any]:
    """A published figure as it was counted, in the same rows and columns."""
    found = answer(engine, profile, asked_from(published["meta"])).as_mapping()
    names = [*dict.fromkeys(name for row in published["rows"] for name in row)]
    keys = [name for name in names if name in _keys(published["meta"])]
    by_key = {tuple(row.get(name) for name in keys): row for row in found["rows"]}
    rows = []
    for row in published["rows"]:
        key = tuple(row.get(name) for name in keys)
        true = by_key.get(key, {})
        rows.append({name: row[name] if name in keys else true.get(name, 0) for name in row})
    total = published["total"]
    if total is not None:
        total = {name: found["total"][name] for name in total}
    return {"meta": found["meta"], "rows": rows, "total": total}


def _keys(meta: Mapping[str, Any]) -> tuple[str, ...]:
    own = ("date", "horizon", "months", "step", "state", "reason", "measure", "next_measure")
    return (*meta["by"], *own, "provider")


def asked_from(meta: Mapping[str, Any]) -> Asked:
    """The question that a result's `meta` answers, at its position and knowledge time."""
    more: dict[str, Any] = {
        name: meta[name] for name in ("of", "programme", "every", "curve") if name in meta
    }
    if "from" in meta:
        more["period"] = Period.closed(
            date.fromisoformat(meta["from"]), date.fromisoformat(meta["to"])
        )
    if "at" in meta:
        more["at"] = date.fromisoformat(meta["at"])
    if "window" in meta:
        more["window"] = Length.parse(meta["window"])
    if meta.get("horizons"):
        more["horizons"] = tuple(map(Length.parse, meta["horizons"]))
    for name in ("targets", "ages"):
        if meta.get(name):
            more[name] = tuple(meta[name])
    return Asked(
        meta["figure"],
        known_at=parse_known_at(meta["known_at"]),
        position=meta["position"],
        by=tuple(meta["by"]),
        where={name: tuple(values) for name, values in meta["where"].items()},
        **more,
    )
