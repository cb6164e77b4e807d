"""`rerun`: a published output made again from its `meta`, and what differs where it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, Literal

import orjson
from sqlalchemy import Engine, select

from adapters.access_log import Reader
from adapters.answers import answer, fingerprint
from adapters.asking_again import (
    AnyMeta,
    DiffMeta,
    EstimateMeta,
    ExplainMeta,
    FigureMeta,
    ReportMeta,
    TriangleMeta,
    UnreadableMetaError,
    read_meta,
)
from adapters.database import reading
from adapters.disclosing import Results, controlled
from adapters.errors import WrongUseError
from adapters.estimating import again as estimate
from adapters.explaining import explain
from adapters.log import NO_HASH, head_of
from adapters.many_answers import Answers
from adapters.provenance import Form, form_of, provenance_of
from adapters.releases import earlier_releases
from adapters.reports.catalogue import shipped
from adapters.reports.counting import Guard
from adapters.reports.recipe import Report
from adapters.reports.running import run
from adapters.revising import diff, grow
from adapters.schema import events
from adapters.tables import html, json, parquet, xlsx
from adapters.watching import Watch, unwatched
from domain.codes import Profile
from projections.question import DEFINITIONS

Verdict = Literal["same", "rewritten", "differs"]
# Told in words.
_REASONS: Final = (".definitions", ".profile", ".profile_hash", ".head", ".report_hash")


@dataclass(frozen=True, slots=True)
class Rerun:
    """What came of it: the bytes made now (none where nothing could be), and what is to be said.

    `same`: the same bytes. `rewritten`: the same values, in a file that was written otherwise.
    `differs`: `says` tells what, the most basic reason first.
    """

    verdict: Verdict
    says: list[str]
    made: bytes | None


def profile_of(published: bytes) -> str:
    """The name of the profile that an output was made with; WrongUseError where it has none."""
    form = form_of(published)
    if form is not None:
        meta = provenance_of(published, form).meta
    else:
        is_parquet = published.startswith(parquet.MAGIC)
        meta = (parquet.about(published) if is_parquet else _read(published))["meta"]
    return str(meta.get("profile") or meta.get("before", {}).get("profile") or "")


def rerun(
    engine: Engine,
    profile: Profile,
    published: bytes,
    by: Reader | None = None,
    reports: Mapping[str, Report] | None = None,
    watch: Watch = unwatched,
) -> Rerun:
    """Makes an output again; WrongUseError where it is none of this program's, or says too little.

    It is JSON, Parquet, or the page or the workbook of one figure.

    What tells of persons is recorded as the first time, under `by`. `reports` are those that there
    are, by name; by default, those that are shipped. `watch` is called where the columnar copy must
    be refreshed first.
    """
    if published.startswith(parquet.MAGIC):
        return _of_parquet(engine, profile, published, watch)
    form = form_of(published)
    if form is not None:
        return _of_table(engine, profile, published, form, watch)
    found = _read(published)
    try:
        meta = read_meta(found["meta"])
    except UnreadableMetaError as error:
        raise WrongUseError(f"this is no output that can be asked again: {error}") from None
    recipe = _recipe(meta, shipped() if reports is None else reports)
    asked = _asked(meta)
    reasons = dict.fromkeys(
        said
        for one in asked
        for said in (*_definition_reasons(one, profile), *_log_reasons(engine, one))
    )
    if any(one.position > _length(engine) for one in asked):
        return Rerun("differs", list(reasons), None)
    if isinstance(meta, ReportMeta) and recipe is not None:
        if recipe.fingerprint != meta.report_hash:
            reasons[f"the report {meta.report} is another one than when it was published"] = None
        made = _report(engine, profile, meta, recipe, watch)
    else:
        made = _make(engine, profile, meta, by, watch)
    if made == published and not reasons:
        return Rerun("same", [], made)
    difference = _first_difference(found, orjson.loads(made))
    if difference is None and not reasons:
        return Rerun("rewritten", [_written_otherwise(published, made)], made)
    last = difference or "the numbers come out as published all the same"
    return Rerun("differs", [*reasons, last], made)


def _read(published: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(published)
    except orjson.JSONDecodeError as error:
        raise WrongUseError(f"not JSON: {error}; publish with --json to rerun") from None
    if not isinstance(found, dict) or not isinstance(found.get("meta"), dict):
        raise WrongUseError("no figure of this program: it has no meta")
    return found


def _definition_reasons(meta: FigureMeta | ReportMeta, profile: Profile) -> Iterator[str]:
    if meta.definitions != DEFINITIONS:
        yield f"the definitions are version {DEFINITIONS}; it was published with {meta.definitions}"
    if meta.profile != profile.name:
        yield f"the profile is {profile.name}; it was published with {meta.profile}"
    elif meta.profile_hash != fingerprint(profile):
        yield f"the profile {profile.name} has other rules or codes than when it was published"


def _log_reasons(engine: Engine, meta: FigureMeta | ReportMeta) -> Iterator[str]:
    position, length = meta.position, _length(engine)
    if position > length:
        yield f"the log ends at position {length}, before {position}: it was cut off, or is another"
        return
    now = _hash_at(engine, position).hex()
    if now != meta.head:
        yield (
            f"the log was altered at or before position {position}, or is another: "
            f"its head hash there was {meta.head} when published and is {now} now"
        )


def _length(engine: Engine) -> int:
    with reading(engine) as connection:
        return head_of(connection).position


def _hash_at(engine: Engine, position: int) -> bytes:
    if position == 0:
        return NO_HASH
    with reading(engine) as connection:
        query = select(events.c.hash).where(events.c.id == position)
        return bytes(connection.execute(query).scalar_one_or_none() or b"")


def _recipe(meta: AnyMeta, reports: Mapping[str, Report]) -> Report | None:
    if not isinstance(meta, ReportMeta):
        return None
    if meta.report not in reports:
        raise WrongUseError(f"there is no report {meta.report!r} any more")
    return reports[meta.report]


def _report(
    engine: Engine, profile: Profile, meta: ReportMeta, recipe: Report, watch: Watch
) -> bytes:
    """A report by itself: what was published since, or suppressed together with it, may tell."""
    guard: Guard | None = None
    if meta.disclosure is not None:
        control = meta.disclosure.control()

        def hide(results: Results) -> Results:
            told = earlier_releases(engine, profile, results)
            return controlled(results, control, profile, told)

        guard = hide
    answers = Answers(engine, profile, meta.position, watch=watch)
    (ran,) = run([recipe], answers, profile, meta.language, guard).reports
    return json.write(ran.result, {}, "en")


def _of_parquet(engine: Engine, profile: Profile, published: bytes, watch: Watch) -> Rerun:
    """A figure's Parquet, by the figure that its metadata holds as JSON."""
    about = parquet.about(published)
    found = rerun(engine, profile, json.write({"rows": [], **about}, {}, "en"), watch=watch)
    if found.made is None:
        return found
    result = orjson.loads(found.made)
    made = parquet.write(result, {}, "en")
    if made == published:
        return Rerun("same", [], made)
    reasons = [said for said in found.says if not said.startswith("rows")]
    says = reasons or ["the meta is the same, the rows or the way they are written are not"]
    return Rerun("differs", says, made)


def _of_table(
    engine: Engine, profile: Profile, published: bytes, form: Form, watch: Watch
) -> Rerun:
    """A figure's page or workbook, by the figure that its provenance tells of."""
    about = provenance_of(published, form)
    if about.meta.get("figure") == "report":
        raise WrongUseError(f"a report's {form}: to rerun it, publish it with --format json")
    bare = json.write({"meta": about.meta, "rows": [], "total": None}, {}, "en")
    found = rerun(engine, profile, bare, watch=watch)
    if found.made is None:
        return found
    write = html.write if form == "html" else xlsx.write
    try:
        made = write(orjson.loads(found.made), profile.lists, about.language)
    except ModuleNotFoundError as error:
        raise WrongUseError(f"{form} needs {error.name}: pip install 'forlop[publish]'") from None
    if made == published:
        return Rerun("same", [], made)
    reasons = [said for said in found.says if not said.startswith(("rows", "total"))]
    says = reasons or ["the provenance is the same, what is told or how it is written is not"]
    return Rerun("differs", says, made)


def _asked(meta: AnyMeta) -> list[FigureMeta | ReportMeta]:
    """The figures that an output is made of, or the report that it is."""
    match meta:
        case DiffMeta():
            return [meta.before, meta.after]
        case EstimateMeta():
            return [meta.asked]
    return [meta]


def _make(
    engine: Engine, profile: Profile, meta: AnyMeta, by: Reader | None, watch: Watch
) -> bytes:
    match meta:
        case DiffMeta():
            asked, later = meta.before.asked(), meta.after.asked()
            changed = diff(engine, profile, asked, later, limit=meta.limit, by=by, watch=watch)
            return changed.as_json()
        case TriangleMeta():
            every, since = meta.triangle, meta.known_from
            return grow(engine, profile, meta.asked(), every, since, watch=watch).as_json()
        case ExplainMeta():
            return explain(
                engine,
                profile,
                meta.asked(),
                meta.row,
                meta.column,
                participant=meta.participant,
                limit=meta.limit,
                by=by,
                watch=watch,
            ).as_json()
        case EstimateMeta():
            answers = Answers(engine, profile, meta.asked.position, watch=watch)
            again = estimate(answers, meta.figure, meta.asked.asked(), meta.counted)
            return json.write(again, {}, "en")
    assert isinstance(meta, FigureMeta)
    found: Mapping[str, Any] = answer(engine, profile, meta.asked(), watch=watch).as_mapping()
    if meta.disclosure is not None:
        (found,) = controlled([found], meta.disclosure.control(), profile)
    return json.write(found, {}, "en")


def _written_otherwise(published: bytes, made: bytes) -> str:
    return (
        f"the same values, but the file was written otherwise: "
        f"{len(published)} bytes, {len(made)} made now"
    )


def _first_difference(published: dict[str, Any], now: dict[str, Any]) -> str | None:
    """The first number that differs; else the first argument; not what is a reason by itself."""
    was, is_ = ({name: one[name] for name in one if name != "meta"} for one in (published, now))
    numbers = _differences(was, is_, "")
    arguments = (
        one
        for one in _differences(published["meta"], now["meta"], "meta")
        if not one.partition(":")[0].endswith(_REASONS)
    )
    return next(chain(numbers, arguments), None)


def _differences(published: object, now: object, path: str) -> Iterator[str]:
    """Where two JSON values differ, in reading order: the path, what was published, what is now."""
    if isinstance(published, dict) and isinstance(now, dict):
        for name in dict.fromkeys((*published, *now)):
            where = f"{path}.{name}" if path else name
            if name not in now:
                yield f"{where}: published {_short(published[name])}, now not there"
            elif name not in published:
                yield f"{where}: not published, now {_short(now[name])}"
            else:
                yield from _differences(published[name], now[name], where)
    elif isinstance(published, list) and isinstance(now, list):
        for index, (one, other) in enumerate(zip(published, now, strict=False)):
            yield from _differences(one, other, f"{path}[{index}]")
        if len(published) != len(now):
            yield f"{path}: published {len(published)} of them, now {len(now)}"
    elif type(published) is not type(now) or published != now:
        yield f"{path}: published {_short(published)}, now {_short(now)}"


def _short(value: object) -> str:
    text = orjson.dumps(value).decode()
    return text if len(text) <= 80 else f"{text[:80]}…"
