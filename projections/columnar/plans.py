"""How each figure is counted over the rectangles: the reference engine's conditions, in SQL."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final, TypeAlias

from domain.calendar import ONE_DAY, Length, Period
from domain.codes import Profile
from projections.columnar.dimensions import Dimensions, touches
from projections.columnar.parts import Adds, Part, Told, on, put_moments
from projections.columnar.steps import FLOW, STOCK, fits, step_parts
from projections.columnar.tables import SPELL, Runner, as_day, day_number, literal
from projections.question import KVP, RETURN_MONTHS, SOCIAL_ASSISTANCE, Question
from projections.tally import Extra

Plan: TypeAlias = Callable[[Question, Dimensions, Runner], Iterable[Part]]
_SPELL: Final = ", ".join(f"s.{name}" for name in SPELL if name not in ("known_from", "known_to"))
_SHORT: Final = 800  # days
_DAY: Final = "k.day, k.day_year, k.day_month_day, k.month, k.quarter, k.year"


def parts_of(question: Question, profile: Profile, runner: Runner) -> Iterable[Part]:
    """The queries whose sums together are a question's."""
    plan = _PLANS["mean_stock" if question.is_mean else question.figure]
    return plan(question, Dimensions(question, profile), runner)


def _spells(question: Question, dimensions: Dimensions, kind: str, when: str) -> str:
    """The spells of a kind that were believed, of the programme where one is asked for."""
    wanted = ""
    if question.programme is not None:
        wanted = f"AND s.programme = {literal(question.programme)}"
    return f"FROM {kind} s {{joined}} WHERE {dimensions.known('s')} {wanted} AND {when}"


def _stock(question: Question, dimensions: Dimensions, _: Runner) -> Iterator[Part]:
    day = day_number(question.at)
    found = _spells(question, dimensions, question.of, f"s.start <= {day} AND {day} < s.stop")
    c = f"SELECT {_SPELL}, s.opened AS item, {on(question.at)} {found.format(joined='')}"
    yield Part([("c", c)], {"spells": "TRUE"}, persons="TRUE")


def _mean_stock(question: Question, dimensions: Dimensions, runner: Runner) -> Iterator[Part]:
    assert question.period is not None
    days = [question.period.start + timedelta(days=n) for n in range(question.period.days)]
    if fits(question):
        one_day = [Period(day, day + ONE_DAY) for day in days]
        for part in step_parts(question, dimensions, runner, one_day, STOCK[:1]):
            yield replace(part, spread=_days_in_all)
        return
    put_moments(runner, "moments", days)
    found = _spells(question, dimensions, question.of, "TRUE")
    joined = "JOIN moments k ON s.start <= k.day AND k.day < s.stop"
    c = f"SELECT {_SPELL}, s.opened AS item, {_DAY} {found.format(joined=joined)}"

    def read(_: tuple[Any, ...], adds: Adds) -> tuple[Extra, Adds]:
        return (), [("days", adds[0][1])]

    yield Part([("c", c)], {}, persons="TRUE", keys=("day",), reader=read)


def _days_in_all(numbers: tuple[Any, ...]) -> Iterable[tuple[Extra, Adds]]:
    return [((), [("days", sum(number or 0 for number in numbers))])]


def _flow(question: Question, dimensions: Dimensions, _: Runner) -> Iterator[Part]:
    assert question.period is not None
    period = question.period
    first, after = day_number(period.start), day_number(period.stop)
    starts = f"(s.start >= {first} AND s.start < {after})"
    stops = f"(s.stop >= {first} AND s.stop < {after})"
    inside = touches("s", period)
    found = _spells(question, dimensions, question.of, f"(({inside}) OR {starts} OR {stops})")
    c = (
        f"SELECT {_SPELL}, s.opened AS item, {on(period.last)}, ({inside}) AS inside, "
        f"{starts} AS starts, {stops} AS stops {found.format(joined='')}"
    )
    yield Part([("c", c)], _FLOW_COUNTS, persons="c.inside", period=period)


_FLOW_COUNTS: Final[Mapping[str, str]] = {
    "spells": "c.inside",
    "inflow": "c.starts",
    "outflow": "c.stops",
}


def _series(question: Question, dimensions: Dimensions, runner: Runner) -> Iterator[Part]:
    """The stock at the end of each step, then the flow in each."""
    assert question.period is not None
    steps = list(question.period.steps(question.every))
    if fits(question):
        yield from step_parts(question, dimensions, runner, steps, (*STOCK, *FLOW))
        return
    put_moments(runner, "moments", [step.last for step in steps])
    found = _spells(question, dimensions, question.of, "TRUE")
    joined = "JOIN moments k ON s.start <= k.day AND k.day < s.stop"
    c = f"SELECT {_SPELL}, s.opened AS item, {_DAY} {found.format(joined=joined)}"

    def stock(keys: tuple[Any, ...], adds: Adds) -> tuple[Extra, Adds]:
        return (as_day(keys[0]), "stock"), adds

    yield Part([("c", c)], {"spells": "TRUE"}, persons="TRUE", keys=("day",), reader=stock)
    yield from _flows(question, dimensions, runner)


def _flows(question: Question, dimensions: Dimensions, runner: Runner) -> Iterator[Part]:
    """The flow of every step: together where no spell of another kind must touch the step."""
    assert question.period is not None
    steps = list(question.period.steps(question.every))
    apart = bool(dimensions.families(question.dimensions))
    for some in [[step] for step in steps] if apart else [steps]:
        first = {step.last: day_number(step.start) for step in some}
        after = {step.last: day_number(step.stop) for step in some}
        table = f"steps_{after[some[0].last]}" if apart else "steps"
        put_moments(
            runner,
            table,
            [step.last for step in some],
            {"first": first.get, "after": after.get},  # type: ignore[dict-item]
        )
        inside = (
            "(s.start < k.after AND (s.stop > k.first OR (s.stop = s.start AND s.start = k.first)))"
        )
        starts = "(s.start >= k.first AND s.start < k.after)"
        stops = "(s.stop >= k.first AND s.stop < k.after)"
        found = _spells(question, dimensions, question.of, "TRUE")
        # Whatever touches, starts in or stops in a step begins before its end and ends no earlier.
        joined = f"JOIN {table} k ON s.start < k.after AND s.stop >= k.first"
        c = (
            f"SELECT {_SPELL}, s.opened AS item, {_DAY}, {inside} AS inside, {starts} AS starts, "
            f"{stops} AS stops {found.format(joined=joined)}"
        )
        yield Part(
            [("c", c)],
            _FLOW_COUNTS,
            persons="c.inside",
            keys=("day",),
            period=some[0] if apart else None,
            reader=_flow_extra,
        )


def _flow_extra(keys: tuple[Any, ...], adds: Adds) -> tuple[Extra, Adds]:
    return (as_day(keys[0]), "flow"), adds


def _dwell(question: Question, dimensions: Dimensions, _: Runner) -> Iterator[Part]:
    day = day_number(question.at)
    when = f"s.start <= {day}"
    if question.period is not None:
        first, after = day_number(question.period.start), day_number(question.period.stop)
        when += f" AND s.start >= {first} AND s.start < {after}"
    found = _spells(question, dimensions, question.of, when)
    c = (
        f"SELECT {_SPELL}, s.opened AS item, {on(question.at)}, "
        f"least(s.stop, {day}) - s.start AS days, s.stop <= {day} AS completed "
        f"{found.format(joined='')}"
    )

    counts = {"completed": "c.completed", "ongoing": "NOT c.completed"}
    yield Part([("c", c)], counts, keys=("days",), pour=_lengths)


def _lengths(rows: Iterable[tuple[int, int, int]]) -> Told:
    """How many spells lasted how long, from how many ended after how many days and how many not."""
    found = list(rows)
    told: dict[Hashable, int] = {(days, True): ended for days, ended, _ in found if ended}
    told.update({(days, False): ongoing for days, _, ongoing in found if ongoing})
    return {(): told}


def _capacity(question: Question, dimensions: Dimensions, runner: Runner) -> Iterator[Part]:
    assert question.period is not None
    days = [question.period.start + timedelta(days=n) for n in range(question.period.days)]
    put_moments(runner, "moments", days)
    found = _spells(question, dimensions, "measure", "TRUE")
    joined = "JOIN moments k ON s.start <= k.day AND k.day < s.stop"
    c = f"SELECT {_SPELL}, s.opened AS item, {_DAY} {found.format(joined=joined)}"

    def read(keys: tuple[Any, ...], adds: Adds) -> tuple[Extra, Adds]:
        measure, provider, number = keys
        used, day = adds[0][1], as_day(number)
        changes = [(("change", day), used), (("change", day + ONE_DAY), -used)]
        return (measure, provider), [("days", used), *changes]

    keys = ("measure", "provider", "day")
    yield Part([("c", c)], {"n": "TRUE"}, keys=keys, reader=read)


def _exit_ctes(
    question: Question, dimensions: Dimensions, runner: Runner, more: Mapping[str, Length]
) -> list[tuple[str, str]]:
    """Exits by the cutoff, with the last day of the window and of further lengths after each."""
    at = day_number(question.at)
    when = f"s.closed IS NOT NULL AND s.stop <= {at}"
    if question.period is not None:
        first, after = day_number(question.period.start), day_number(question.period.stop)
        when += f" AND s.stop >= {first} AND s.stop < {after}"
    found = _spells(question, dimensions, "enrolment", when)
    lengths = {"window_last": question.window, **more}
    put_moments(
        runner,
        "exit_days",
        _exit_days(question, runner, found.format(joined="")),
        {name: _last_day(length) for name, length in lengths.items()},
    )
    lasts = ", ".join(f"k.{name}" for name in lengths)
    exit_ = (
        "SELECT s.pid, s.closed AS item, s.closed_ord AS ord, s.programme, "
        f"s.destination AS told, {_DAY}, {lasts} "
        f"{found.format(joined='JOIN exit_days k ON k.day = s.stop')}"
    )
    known = dimensions.known("s")
    back = (
        "SELECT DISTINCT e.item FROM exit e JOIN ("
        f"SELECT s.pid, s.opened_ord, s.start FROM enrolment s WHERE {known} UNION ALL "
        f"SELECT s.pid, s.opened_ord, s.start FROM measure s WHERE {known}) r "
        f"ON r.pid = e.pid AND r.opened_ord > e.ord AND r.start <= least(e.window_last, {at})"
    )
    return [("exit", exit_), ("back", back)]


def _exit_days(question: Question, runner: Runner, found: str) -> list[date]:
    """Every day on which somebody may have left; of a short period all, without asking."""
    period = question.period
    if period is not None and period.days <= _SHORT:
        return [
            day
            for n in range(period.days)
            if (day := period.start + timedelta(days=n)) <= question.at
        ]
    return [as_day(day) for (day,) in runner.rows(f"SELECT DISTINCT s.stop {found}")]


def _last_day(length: Length) -> Callable[[date], int]:
    return lambda day: day_number(length.after(day))


def _outcome(dimensions: Dimensions, last: str, condition: str) -> str:
    """For exits under a condition, the latest observation after each, up to a day."""
    return (
        "SELECT e.item, max_by(o.outcome, o.ord) AS outcome FROM exit e "
        "JOIN sign o ON o.topic = 'outcome_observed' AND o.pid = e.pid AND o.ord > e.ord "
        f"AND o.day <= {last} AND {dimensions.known('o')} WHERE {condition} GROUP BY e.item"
    )


def _destined(question: Question, dimensions: Dimensions) -> tuple[str, str]:
    """CTE `seen`: what was observed within the window of exits that came without a destination."""
    last = f"least(e.window_last, {day_number(question.at)})"
    return "seen", _outcome(dimensions, last, "e.told = 'unknown'")


def _exit(*, returned: bool = True, destined: bool = True) -> str:
    """A query of the exits, with whether the person came back, and with where they led."""
    back = ("b.item IS NOT NULL AS returned", "LEFT JOIN back b ON b.item = e.item")
    seen = (
        "coalesce(seen.outcome, e.told) AS destination",
        "LEFT JOIN seen ON seen.item = e.item",
    )
    wanted = [*[back] * returned, *[seen] * destined]
    columns = ", ".join(["e.*", *(column for column, _ in wanted)])
    return f"SELECT {columns} FROM exit e {' '.join(join for _, join in wanted)}"


def _asks_where(question: Question) -> bool:
    """Whether it matters where an exit led."""
    return "destination" in question.dimensions


def _exits(question: Question, dimensions: Dimensions, runner: Runner) -> Iterator[Part]:
    ctes = _exit_ctes(question, dimensions, runner, {})
    ctes += [_destined(question, dimensions), ("c", _exit(destined=_asks_where(question)))]
    over = f"c.window_last <= {day_number(question.at)}"
    counts = {
        "exits": "TRUE",
        "returned": "c.returned",
        "final": f"NOT c.returned AND {over}",
        "pending": f"NOT c.returned AND NOT ({over})",
    }
    yield Part(ctes, counts)


def _outcomes(question: Question, dimensions: Dimensions, runner: Runner) -> Iterator[Part]:
    at = day_number(question.at)
    horizons = {f"horizon_{n}": horizon for n, horizon in enumerate(question.horizons)}
    shared = _exit_ctes(question, dimensions, runner, horizons)
    shared.append(_destined(question, dimensions))
    codes = dimensions.profile.lists["destination"]
    positive = ", ".join(literal(code) for code in codes if dimensions.profile.is_positive(code))
    final = (
        f"SELECT e.* FROM ({_exit(destined=_asks_where(question))}) e "
        f"WHERE NOT e.returned AND e.window_last <= {at}"
    )
    reached = " UNION ALL ".join(
        f"SELECT e.*, {index} AS horizon, e.{name} AS horizon_last FROM final e "
        f"WHERE e.{name} <= {at}"
        for index, name in enumerate(horizons)
    )
    later = (
        "SELECT e.item, e.horizon, max_by(o.outcome, o.ord) AS outcome FROM reached e "
        "JOIN sign o ON o.topic = 'outcome_observed' AND o.pid = e.pid AND o.ord > e.ord "
        f"AND o.day <= e.horizon_last AND {dimensions.known('o')} GROUP BY e.item, e.horizon"
    )
    c = (
        f"SELECT e.*, l.outcome IN ({positive}) AS good FROM reached e "
        "LEFT JOIN later l ON l.item = e.item AND l.horizon = e.horizon"
    )
    ctes = [*shared, ("final", final), ("reached", reached), ("later", later), ("c", c)]
    yield Part(ctes, {"reached": "TRUE", "in_work_or_education": "c.good"}, keys=("horizon",))


def _returns(question: Question, dimensions: Dimensions, runner: Runner) -> Iterator[Part]:
    at = day_number(question.at)
    ages = {f"after_{months}": Length(months=months) for months in RETURN_MONTHS}
    again = (
        "SELECT e.item, min(s.start) AS again_on FROM exit e JOIN enrolment s ON s.pid = e.pid "
        f"AND {dimensions.known('s')} AND s.programme = e.programme "
        "AND s.opened_ord > e.ord GROUP BY e.item"
    )
    c = (
        f"SELECT e.*, a.again_on FROM ({_exit(returned=False, destined=_asks_where(question))}) e "
        "LEFT JOIN again a ON a.item = e.item"
    )
    ctes = _exit_ctes(question, dimensions, runner, ages)
    ctes += [_destined(question, dimensions), ("again", again), ("c", c)]
    counts = {f"exits {months}": f"c.after_{months} <= {at}" for months in RETURN_MONTHS} | {
        f"returned {months}": f"c.after_{months} <= {at} AND c.again_on <= c.after_{months}"
        for months in RETURN_MONTHS
    }

    def spread(numbers: tuple[Any, ...]) -> Iterator[tuple[Extra, Adds]]:
        for name, number in zip(counts, numbers, strict=True):
            what, months = name.split()
            yield (int(months),), [(what, number)]

    yield Part(ctes, counts, spread=spread)


def _funnel(question: Question, dimensions: Dimensions, runner: Runner) -> Iterator[Part]:
    assert question.period is not None
    at = day_number(question.at)
    first, after = day_number(question.period.start), day_number(question.period.stop)
    wanted = f"AND {{}}.programme = {literal(question.programme)}" if question.programme else ""
    referral = (
        "SELECT * FROM (SELECT g.pid, min(g.ord) AS ord, min(g.day) AS referred_on FROM sign g "
        f"WHERE g.topic = 'referred' AND {dimensions.known('g')} AND g.day <= {at} "
        f"{wanted.format('g')} GROUP BY g.pid) r "
        f"WHERE r.referred_on >= {first} AND r.referred_on < {after}"
    )
    sign = (
        "SELECT r.pid, min(g.day) AS day_reached FROM referral r JOIN sign g ON g.pid = r.pid "
        f"AND {dimensions.known('g')} AND g.ord > r.ord AND g.day <= {at} AND {{}} GROUP BY r.pid"
    )
    spell = (
        "SELECT r.pid, min(s.start) AS day_reached FROM referral r JOIN {} s ON s.pid = r.pid "
        f"AND {dimensions.known('s')} AND s.opened_ord > r.ord AND s.start <= {at} "
        f"{wanted.format('s')} GROUP BY r.pid"
    )
    steps = {
        "referred": "SELECT pid, referred_on AS day_reached FROM referral",
        "met": sign.format("g.topic = 'met' AND g.attended"),
        "assessed": sign.format("g.topic = 'assessed'"),
        "enrolled": spell.format("enrolment"),
        "in_measure": spell.format("measure"),
    }
    unbounded = Question(**{**question.__dict__, "period": None, "figure": "exits"})
    exits = _exit_ctes(unbounded, dimensions, runner, {})
    codes = dimensions.profile.lists["destination"]
    positive = ", ".join(literal(code) for code in codes if dimensions.profile.is_positive(code))
    steps["exited_positive"] = (
        "SELECT r.pid, min(e.day) AS day_reached FROM referral r "
        f"JOIN ({_exit(returned=False)}) e "
        f"ON e.pid = r.pid AND e.ord > r.ord AND e.destination IN ({positive}) GROUP BY r.pid"
    )
    reached = " UNION ALL ".join(
        f"SELECT {literal(step)} AS step, x.pid, x.day_reached FROM ({sql}) x"
        for step, sql in steps.items()
    )
    c = (
        f"SELECT r.pid, r.pid AS item, {on(question.at)}, x.step, "
        "x.day_reached - r.referred_on AS days FROM referral r JOIN reached x ON x.pid = r.pid"
    )

    def read(keys: tuple[Any, ...], adds: Adds) -> tuple[Extra, Adds]:
        step, days = keys
        persons = adds[0][1]
        return (step,), [("persons", persons), (("days", days), persons)]

    ctes = [("referral", referral), *exits, _destined(question, dimensions)]
    ctes += [("reached", reached), ("c", c)]
    yield Part(ctes, {"persons": "TRUE"}, keys=("step", "days"), reader=read)


def _chains(question: Question, dimensions: Dimensions, _: Runner) -> Iterator[Part]:
    at = day_number(question.at)
    found = _spells(question, dimensions, "measure", f"s.start <= {at}")
    link = (
        f"SELECT *, {on(question.at)}, next_start - start AS start_days, "
        f"CASE WHEN stop <= {at} THEN next_start - stop END AS stop_days FROM ("
        f"SELECT {_SPELL}, s.opened AS item, "
        "lead(s.measure) OVER w AS next_measure, lead(s.start) OVER w AS next_start "
        f"{found.format(joined='')} WINDOW w AS (PARTITION BY s.pid ORDER BY s.opened_ord)) t "
        "WHERE next_measure IS NOT NULL"
    )

    # Apart, for the lengths of both kinds together are nearly as many as there are links.
    c = (
        "SELECT *, 'start' AS since, start_days AS days FROM link UNION ALL "
        "SELECT *, 'stop' AS since, stop_days AS days FROM link WHERE stop_days IS NOT NULL"
    )

    keys = ("measure", "next_measure", "since", "days")
    yield Part([("link", link), ("c", c)], {"n": "TRUE"}, keys=keys, pour=_links)


def _links(rows: Iterable[tuple[str, str, str, int, int]]) -> Told:
    """How many links there are, and of each length, by the two measures."""
    told: dict[Extra, dict[Hashable, int]] = {}
    for measure, following, since, days, count in rows:
        counts = told.get((measure, following))
        if counts is None:
            counts = told[measure, following] = {}
        counts[since, days] = count
        if since == "start":
            counts["count"] = counts.get("count", 0) + count
    return told


def _duty(question: Question, dimensions: Dimensions, _: Runner) -> Iterator[Part]:
    assert question.period is not None
    period = question.period
    some = "s.pid, s.start, s.stop, s.opened_ord, s.reason"
    held = (
        f"SELECT pid, max_by(state, opened_ord) AS state, max_by(why, opened_ord) AS why, "
        "max_by(start, opened_ord) AS start FROM ("
        f"SELECT {some}, 'duty' AS state, '' AS why FROM duty s "
        f"WHERE {dimensions.known('s')} AND {touches('s', period)} UNION ALL "
        f"SELECT {some}, 'exempt' AS state, s.reason AS why FROM exemption s "
        f"WHERE {dimensions.known('s')} AND {touches('s', period)}) u GROUP BY pid"
    )
    recipient = (
        f"SELECT DISTINCT s.pid FROM benefit s WHERE {dimensions.known('s')} "
        f"AND s.benefit = {literal(SOCIAL_ASSISTANCE)} AND {touches('s', period)}"
    )
    kvp = (
        "SELECT DISTINCT h.pid FROM held h JOIN sign g ON g.pid = h.pid "
        f"AND {dimensions.known('g')} AND g.topic = 'assessed' AND g.kind = {literal(KVP)} "
        "AND g.day <= h.start"
    )
    everybody = (
        f"SELECT r.pid, r.pid AS item, {on(period.last)}, coalesce(h.state, 'neither') AS state, "
        "h.why, k.pid IS NOT NULL AS kvp FROM recipient r LEFT JOIN held h ON h.pid = r.pid "
        "LEFT JOIN kvp k ON k.pid = r.pid"
    )
    ctes = [("held", held), ("recipient", recipient), ("kvp", kvp)]
    ctes += [
        ("c", everybody if question.ages is None else _of_age(question, dimensions, everybody))
    ]

    def read(keys: tuple[Any, ...], adds: Adds) -> tuple[Extra, Adds]:
        state, why = keys
        return (state, why if state == "exempt" else None), adds

    counts = {"kvp_assessed_first": "c.kvp"}
    yield Part(ctes, counts, persons="TRUE", keys=("state", "why"), period=period, reader=read)


def _of_age(question: Question, dimensions: Dimensions, everybody: str) -> str:
    assert question.ages is not None
    lowest, highest = question.ages
    upper = "" if highest is None else f"AND {dimensions.age} <= {highest}"
    joins = dimensions.joins(["age_band"])
    return (
        f"SELECT c.* FROM ({everybody}) c {joins} "
        f"WHERE b.born IS NOT NULL AND {dimensions.age} >= {lowest} {upper}"
    )


_PLANS: Final[Mapping[str, Plan]] = {
    "stock": _stock,
    "mean_stock": _mean_stock,
    "flow": _flow,
    "series": _series,
    "dwell": _dwell,
    "capacity": _capacity,
    "exits": _exits,
    "outcomes": _outcomes,
    "returns": _returns,
    "funnel": _funnel,
    "chains": _chains,
    "duty": _duty,
}
