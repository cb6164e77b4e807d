"""The figures as somebody fluent would write them in DuckDB's SQL, over the same tables.

No arguments beyond those asked for here, no layout, no lineage: what the engine has to beat.
`{known}` stands for the knowledge time in microseconds, other names for days since 1970.
"""

from __future__ import annotations

from typing import Final

_BELIEVED: Final = "{a}.known_from <= {{known}} AND {{known}} < {a}.known_to"
_S: Final = _BELIEVED.format(a="s")
_DAY: Final = "DATE '1970-01-01' + {{{name}}}"

STOCK: Final = f"""
    SELECT count(DISTINCT pid), count(*) FROM enrolment s
    WHERE {_S} AND start <= {{at}} AND {{at}} < stop"""

STOCK_BY_GROUP: Final = f"""
    WITH aged AS (
        SELECT s.pid, b.single_parent, date_part('year', age(DATE '1970-01-01' + {{at}},
            DATE '1970-01-01' + b.born)) AS age
        FROM enrolment s LEFT JOIN background b ON b.pid = s.pid
            AND {_BELIEVED.format(a="b")} AND b.valid_from <= {{at}} AND {{at}} < b.valid_to
        WHERE {_S} AND start <= {{at}} AND {{at}} < stop)
    SELECT CASE WHEN age BETWEEN 20 AND 24 THEN 'youth_20_24'
        WHEN single_parent THEN 'single_parent' ELSE 'long_term' END AS target_group,
        count(DISTINCT pid), count(*)
    FROM aged GROUP BY ROLLUP (target_group) ORDER BY target_group NULLS LAST"""

FLOW: Final = f"""
    SELECT measure,
        count(DISTINCT CASE WHEN inside THEN pid END), count(*) FILTER (inside),
        count(*) FILTER (start BETWEEN {{first}} AND {{last}}),
        count(*) FILTER (stop BETWEEN {{first}} AND {{last}})
    FROM (SELECT *, stop > {{first}} OR start = stop AS inside FROM measure s
        WHERE {_S} AND start <= {{last}} AND stop >= {{first}}) t
    GROUP BY ROLLUP (measure) ORDER BY measure NULLS LAST"""

DWELL: Final = f"""
    WITH spell AS (
        SELECT measure, least(stop, {{at}}) - start AS days, stop <= {{at}} AS over
        FROM measure s WHERE {_S} AND start <= {{at}}),
    day AS (
        SELECT measure, days, count(*) FILTER (over) AS ended, count(*) AS n
        FROM spell GROUP BY measure, days),
    risk AS (
        SELECT *, sum(n) OVER (PARTITION BY measure ORDER BY days DESC) AS at_risk FROM day),
    survival AS (
        SELECT measure, days, exp(sum(CASE WHEN ended < at_risk THEN ln(1 - ended / at_risk)
            ELSE -1e9 END) OVER (PARTITION BY measure ORDER BY days)) AS s FROM risk),
    median AS (SELECT measure, min(days) AS km FROM survival WHERE s <= 0.5 GROUP BY measure)
    SELECT t.*, m.km FROM (
        SELECT measure, count(*) AS spells, count(*) FILTER (over) AS ended,
            avg(days) FILTER (over), median(days) FILTER (over), avg(days)
        FROM spell GROUP BY measure) t
    LEFT JOIN median m ON m.measure = t.measure ORDER BY t.measure"""

EXITS: Final = f"""
    WITH exit AS (
        SELECT pid, closed, closed_ord, destination AS told, stop,
            (DATE '1970-01-01' + stop + INTERVAL 3 MONTH)::DATE - DATE '1970-01-01' AS last
        FROM enrolment s WHERE {_S} AND closed IS NOT NULL
            AND stop BETWEEN {{first}} AND {{last}} AND stop <= {{at}}),
    back AS (
        SELECT DISTINCT closed FROM exit e JOIN (
            SELECT pid, start, opened_ord FROM enrolment s WHERE {_S} UNION ALL
            SELECT pid, start, opened_ord FROM measure s WHERE {_S}) s
        ON s.pid = e.pid AND s.opened_ord > e.closed_ord AND s.start <= least(e.last, {{at}})),
    seen AS (
        SELECT closed, max_by(outcome, ord) AS outcome FROM exit e JOIN sign s ON s.pid = e.pid
        AND s.topic = 'outcome_observed' AND s.ord > e.closed_ord
        AND s.day <= least(e.last, {{at}}) AND {_S} WHERE told = 'unknown' GROUP BY closed)
    SELECT coalesce(outcome, told) AS destination, count(*),
        count(*) FILTER (b.closed IS NULL AND last <= {{at}}), count(b.closed),
        count(*) FILTER (b.closed IS NULL AND last > {{at}})
    FROM exit e LEFT JOIN back b ON b.closed = e.closed LEFT JOIN seen o ON o.closed = e.closed
    GROUP BY ROLLUP (destination) ORDER BY destination NULLS LAST"""

SERIES: Final = f"""
    WITH month AS (
        SELECT m::DATE - DATE '1970-01-01' AS first, last_day(m) - DATE '1970-01-01' AS last
        FROM generate_series({_DAY.format(name="first")}, {_DAY.format(name="last")},
            INTERVAL 1 MONTH) t(m)),
    spell AS MATERIALIZED (
        SELECT pid, start, stop FROM enrolment s
        WHERE {_S} AND start <= {{last}} AND stop >= {{first}})
    SELECT last, count(DISTINCT CASE WHEN stop > last THEN pid END),
        count(*) FILTER (stop > last), count(*) FILTER (start >= first),
        count(*) FILTER (stop BETWEEN first AND last),
        count(DISTINCT CASE WHEN stop > first OR start = stop THEN pid END)
    FROM month JOIN spell ON start <= last AND stop >= first GROUP BY last ORDER BY last"""

_ALL_EXITS: Final = f"""
        SELECT pid, closed, closed_ord, programme, stop,
            DATE '1970-01-01' + stop AS left_on
        FROM enrolment s WHERE {_S} AND closed IS NOT NULL AND stop <= {{at}}"""

OUTCOMES: Final = f"""
    WITH exit AS ({_ALL_EXITS}),
    back AS (
        SELECT DISTINCT closed FROM exit e JOIN (
            SELECT pid, start, opened_ord FROM enrolment s WHERE {_S} UNION ALL
            SELECT pid, start, opened_ord FROM measure s WHERE {_S}) s
        ON s.pid = e.pid AND s.opened_ord > e.closed_ord
        AND DATE '1970-01-01' + s.start <= left_on + INTERVAL 3 MONTH),
    final AS (
        SELECT * FROM exit e ANTI JOIN back b ON b.closed = e.closed
        WHERE left_on + INTERVAL 3 MONTH <= {_DAY.format(name="at")}),
    reached AS (
        SELECT e.*, y FROM final e CROSS JOIN (VALUES (1), (3), (5)) v(y)
        WHERE left_on + to_months(12 * y) <= {_DAY.format(name="at")}),
    latest AS (
        SELECT e.closed, y, max_by(outcome, ord) AS outcome FROM reached e
        JOIN sign s ON s.pid = e.pid AND s.topic = 'outcome_observed' AND s.ord > e.closed_ord
        AND DATE '1970-01-01' + s.day <= left_on + to_months(12 * y) AND {_S} GROUP BY ALL)
    SELECT e.y, count(*), count(*) FILTER (outcome IN ({{positive}}))
    FROM reached e LEFT JOIN latest l ON l.closed = e.closed AND l.y = e.y
    GROUP BY e.y ORDER BY e.y"""

RETURNS: Final = f"""
    WITH exit AS ({_ALL_EXITS}),
    again AS (
        SELECT e.closed, min(s.start) AS start FROM exit e JOIN enrolment s ON s.pid = e.pid
        AND s.programme = e.programme AND s.opened_ord > e.closed_ord AND {_S} GROUP BY e.closed)
    SELECT m, count(*),
        count(*) FILTER (DATE '1970-01-01' + start <= left_on + to_months(m))
    FROM exit e LEFT JOIN again a ON a.closed = e.closed
    CROSS JOIN (VALUES (3), (6), (12), (24)) v(m)
    WHERE left_on + to_months(m) <= {_DAY.format(name="at")} GROUP BY m ORDER BY m"""

CHAINS: Final = f"""
    WITH next AS (
        SELECT measure, start, stop, lead(measure) OVER w AS next_measure,
            lead(start) OVER w AS next_start
        FROM measure s WHERE {_S} AND start <= {{at}}
        WINDOW w AS (PARTITION BY pid ORDER BY opened_ord))
    SELECT measure, next_measure, count(*), median(next_start - start),
        median(next_start - stop) FILTER (stop <= {{at}})
    FROM next WHERE next_measure IS NOT NULL GROUP BY ALL ORDER BY ALL"""


def _signed(more: str) -> str:
    return _step("sign", "day", "ord", more)


def _opened(table: str) -> str:
    return _step(table, "start", "opened_ord", "")


def _step(table: str, day: str, order: str, more: str) -> str:
    return (
        f"SELECT r.pid, min(s.{day}) AS day FROM referral r JOIN {table} s ON s.pid = r.pid "
        f"AND {_S} AND s.{order} > r.ord AND s.{day} <= {{at}} {more} GROUP BY r.pid"
    )


FUNNEL: Final = f"""
    WITH referral AS (
        SELECT pid, min(ord) AS ord, min(day) AS referred FROM sign s
        WHERE topic = 'referred' AND {_S} AND day <= {{at}} GROUP BY pid
        HAVING min(day) BETWEEN {{first}} AND {{last}}),
    met AS ({_signed("AND topic = 'met' AND attended")}),
    assessed AS ({_signed("AND topic = 'assessed'")}),
    enrolled AS ({_opened("enrolment")}),
    placed AS ({_opened("measure")}),
    exit AS (
        SELECT r.pid, s.closed, s.closed_ord, s.destination AS told, s.stop,
            (DATE '1970-01-01' + stop + INTERVAL 3 MONTH)::DATE - DATE '1970-01-01' AS last
        FROM referral r JOIN enrolment s ON s.pid = r.pid
        WHERE {_S} AND closed IS NOT NULL AND closed_ord > r.ord AND stop <= {{at}}),
    seen AS (
        SELECT closed, max_by(outcome, ord) AS outcome FROM exit e JOIN sign s ON s.pid = e.pid
        AND s.topic = 'outcome_observed' AND s.ord > e.closed_ord
        AND s.day <= least(e.last, {{at}}) AND {_S} WHERE told = 'unknown' GROUP BY closed),
    positive AS (
        SELECT pid, min(stop) AS day FROM exit e LEFT JOIN seen o ON o.closed = e.closed
        WHERE coalesce(outcome, told) IN ({{positive}}) GROUP BY pid),
    reached AS (
        SELECT 0 AS step, pid, referred AS day FROM referral
        UNION ALL SELECT 1, * FROM met UNION ALL SELECT 2, * FROM assessed
        UNION ALL SELECT 3, * FROM enrolled UNION ALL SELECT 4, * FROM placed
        UNION ALL SELECT 5, * FROM positive)
    SELECT step, count(*), median(x.day - referred)
    FROM reached x JOIN referral r ON r.pid = x.pid GROUP BY step ORDER BY step"""
