"""From the log's columns to rectangles, for everybody or the participants in the table `touched`.

An event's subject (a programme, a placement, a benefit, sanctions, the duty) is sound or not by
itself. A subject whose events became known in the order in which they count, with nothing
replaced, is regular: plain set operations pair its starts and stops. The few others are folded by
the domain at each knowledge time at which something of them changed (`irregular`).
"""

from __future__ import annotations

from typing import Final

from projections.columnar import irregular
from projections.columnar.tables import (
    ATTRIBUTES,
    FOREVER,
    LOG,
    NEVER_REPLACED,
    SPELL,
    Runner,
)

# What each topic is about: the kind of subject, and which of that kind.
_SUBJECT: Final = """
    CASE WHEN topic IN ('enrolled', 'reentered', 'exited') THEN 'enrolment'
         WHEN topic IN ('measure_started', 'measure_stopped') THEN 'measure'
         WHEN topic IN ('benefit_started', 'benefit_stopped') THEN 'benefit'
         WHEN topic IN ('sanctioned', 'sanction_lifted') THEN 'sanction'
         WHEN topic IN ('duty_imposed', 'duty_exempted', 'duty_ended') THEN 'duty' END"""
_KEY: Final = """
    CASE WHEN topic IN ('enrolled', 'reentered', 'exited') THEN programme
         WHEN topic IN ('measure_started', 'measure_stopped') THEN placement
         WHEN topic IN ('benefit_started', 'benefit_stopped') THEN benefit
         ELSE '' END"""
_SIGNS: Final = "('referred', 'met', 'assessed', 'outcome_observed')"
_SETS: Final = {
    "background": (
        "topic = 'registered' AND (born IS NOT NULL OR sex IS NOT NULL OR origin IS NOT NULL "
        "OR single_parent IS NOT NULL OR refugee_background IS NOT NULL)"
    ),
    "whereabouts": (
        "topic IN ('registered', 'referred', 'enrolled', 'reentered') "
        "AND (office IS NOT NULL OR municipality IS NOT NULL)"
    ),
    "statuses": "topic = 'status_changed'",
}
_TEMPORARY: Final = ("chain", "fact", "subject_event", "odd_subject", "odd_person")


def build(runner: Runner, *, everybody: bool = False) -> None:
    """Adds the rows of the participants in `touched`, or of everybody, to every derived table.

    There must be none of theirs yet.
    """
    among = "" if everybody else "JOIN touched USING (pid)"
    _follow_replacements(runner, among)
    _make_facts(runner, among)
    _make_subjects(runner)
    _regular_spells(runner)
    _attributes(runner)
    _signs(runner)
    irregular.add_spells(runner)
    irregular.add_attributes(runner)
    for table in _TEMPORARY:
        runner.drop(table)


def _follow_replacements(runner: Runner, among: str) -> None:
    """Table `chain`: each replacing event's knowledge time, and the place of the first replaced.

    A replacing event is known no earlier than what it replaces, which may be one itself. Both are
    of one participant: joining on that too keeps the work beside the participant's other rows.
    """
    runner.make(
        "chain",
        "SELECT r.pid, r.position, r.replaces_position, "
        "greatest(r.recorded, t.recorded) AS known_from, t.recorded AS place_recorded, "
        f"t.position AS place_position, 1 AS depth FROM log r {among} "
        "JOIN log t ON t.pid = r.pid AND t.position = r.replaces_position "
        "WHERE r.replaces_position IS NOT NULL AND t.replaces_position IS NULL",
    )
    depth = 1
    while runner.rows(f"SELECT 1 FROM chain WHERE depth = {depth} LIMIT 1"):
        runner.add(
            "chain",
            "SELECT r.pid, r.position, r.replaces_position, "
            "greatest(r.recorded, c.known_from), c.place_recorded, c.place_position, "
            f"{depth + 1} FROM log r {among} "
            "JOIN chain c ON c.pid = r.pid AND c.position = r.replaces_position "
            f"AND c.depth = {depth}",
        )
        depth += 1


def _make_facts(runner: Runner, among: str) -> None:
    """Table `fact`: the events that were ever believed, when, and their place in the history."""
    columns = ", ".join(f"l.{name}" for name in LOG if name not in ("recorded", "position"))
    runner.make(
        "fact",
        "SELECT * FROM ("
        f"SELECT l.position, {columns}, coalesce(c.known_from, l.recorded) AS known_from, "
        f"coalesce(s.known_from, {NEVER_REPLACED}) AS known_to, "
        "CAST(row_number() OVER (PARTITION BY l.pid ORDER BY l.day, "
        "coalesce(c.place_recorded, l.recorded), coalesce(c.place_position, l.position), "
        f"l.position) AS INTEGER) AS ord FROM log l {among} "
        "LEFT JOIN chain c ON c.pid = l.pid AND c.position = l.position "
        "LEFT JOIN chain s ON s.pid = l.pid AND s.replaces_position = l.position) f "
        "WHERE known_from < known_to AND topic <> 'voided'",
    )
    # Whose birth may come after an event known before it: the rule of birth is not a subject's.
    runner.make("odd_person", "SELECT pid FROM fact GROUP BY pid HAVING max(born) > min(day)")


def _make_subjects(runner: Runner) -> None:
    runner.make(
        "subject_event",
        "SELECT *, lag(known_from) OVER (PARTITION BY pid, subject, subject_key ORDER BY ord) "
        "AS known_before "
        f"FROM (SELECT *, {_SUBJECT} AS subject, {_KEY} AS subject_key FROM fact) f "
        "WHERE subject IS NOT NULL",
    )
    runner.make(
        "odd_subject",
        "SELECT DISTINCT pid, subject, subject_key "
        f"FROM subject_event WHERE known_to < {NEVER_REPLACED} OR replaces_position IS NOT NULL "
        "OR known_from < known_before OR topic = 'sanction_lifted'",
    )


def _regular_spells(runner: Runner) -> None:
    """Each opening event and the next one of its subject, which closes it; two rectangles a pair.

    Until the closing is known the spell runs on; from then on it has its stop.
    """
    runner.make(
        "pair",
        "SELECT *, lead(day) OVER w AS next_day, lead(known_from) OVER w AS next_known, "
        "lead(position) OVER w AS next_position, lead(ord) OVER w AS next_ord, "
        "lead(reason) OVER w AS next_reason, lead(destination) OVER w AS next_destination "
        "FROM (SELECT *, lag(state) OVER (PARTITION BY pid, subject, subject_key ORDER BY ord) "
        "AS state_before FROM (SELECT e.*, CASE e.topic WHEN 'duty_imposed' THEN 'duty' "
        "WHEN 'duty_exempted' THEN concat('exempt ', e.reason) "
        "WHEN 'duty_ended' THEN 'ended' ELSE CAST(e.position AS VARCHAR) END AS state "
        "FROM subject_event e LEFT JOIN odd_subject o ON o.pid = e.pid "
        "AND o.subject = e.subject AND o.subject_key = e.subject_key WHERE o.pid IS NULL) s) t "
        "WHERE state_before IS NULL OR state <> state_before "
        "WINDOW w AS (PARTITION BY pid, subject, subject_key ORDER BY ord)",
    )
    for kind, topics in _OPENING.items():
        if kind == "sanction":  # one with a sanction lifted is odd; an end set is its own
            stop = f"coalesce(until, {FOREVER})"
            runner.add(kind, _pairs(kind, topics, stop, "known_from", NEVER_REPLACED))
            continue
        until = f"coalesce(next_known, {NEVER_REPLACED})"
        closed = _pairs(kind, topics, "next_day", "next_known", NEVER_REPLACED)
        ongoing = _pairs(kind, topics, str(FOREVER), "known_from", until)
        runner.add(kind, f"{closed} UNION ALL {ongoing}")
    runner.drop("pair")


_OPENING: Final = {
    "enrolment": "('enrolled', 'reentered')",
    "measure": "('measure_started')",
    "benefit": "('benefit_started')",
    "sanction": "('sanctioned')",
    "duty": "('duty_imposed')",
    "exemption": "('duty_exempted')",
}


def _pairs(kind: str, topics: str, stop: str, known_from: str, known_to: int | str) -> str:
    closed = known_from == "next_known"
    values = {
        "stop": stop,
        "start": "day",
        "opened": "position",
        "opened_ord": "ord",
        "closed": "next_position" if closed else "NULL",
        "closed_ord": "next_ord" if closed else "NULL",
        "stop_reason": "next_reason" if closed and kind == "measure" else "NULL",
        "destination": "next_destination" if closed else "NULL",
        "known_from": known_from,
        "known_to": str(known_to),
    }
    chosen = ", ".join(
        f"CAST({values.get(name, name)} AS {type_}) AS {name}" for name, type_ in SPELL.items()
    )
    return f"SELECT {chosen} FROM pair WHERE topic IN {topics} AND {known_from} < {known_to}"


def _attributes(runner: Runner) -> None:
    """Tables of what held of a person from a day, as known from an instant.

    A regular set of facts, each known after the one before: the i-th holds until the day of the
    next, and beyond it until the next is known. A cell left empty leaves the earlier value.
    """
    for table, columns in ATTRIBUTES.items():
        _find_odd_attributes(runner, table)
        filled = ", ".join(
            f"last_value({name} IGNORE NULLS) OVER (PARTITION BY pid ORDER BY ord "
            f"ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS {name}"
            for name in columns
        )
        runner.make(
            "held",
            "SELECT pid, day, known_from, "
            "lead(day) OVER (PARTITION BY pid ORDER BY ord) AS next_day, "
            f"lead(known_from) OVER (PARTITION BY pid ORDER BY ord) AS next_known, {filled} "
            f"FROM (SELECT f.* FROM fact f LEFT JOIN odd_{table} o ON o.pid = f.pid "
            f"WHERE o.pid IS NULL AND {_SETS[table]}) s",
        )
        names = ", ".join(columns)
        runner.add(
            table,
            f"SELECT pid, day, coalesce(next_day, {FOREVER}), {names}, "
            f"known_from, {NEVER_REPLACED} FROM held WHERE next_day IS NULL OR day < next_day "
            f"UNION ALL SELECT pid, next_day, {FOREVER}, {names}, known_from, next_known "
            "FROM held WHERE next_day IS NOT NULL AND known_from < next_known",
        )
        runner.drop("held")


def _find_odd_attributes(runner: Runner, table: str) -> None:
    """Table `odd_<table>`: whose facts need the fold, because of their own order or their place."""
    others = ""
    if table in ("background", "whereabouts"):
        others += " UNION SELECT pid FROM odd_person"
    if table == "whereabouts":
        others += (
            " UNION SELECT e.pid FROM subject_event e JOIN odd_subject o ON o.pid = e.pid "
            "AND o.subject = e.subject AND o.subject_key = e.subject_key "
            "WHERE e.subject = 'enrolment' AND (e.office IS NOT NULL OR e.municipality IS NOT NULL)"
        )
    runner.make(
        f"odd_{table}",
        "SELECT pid FROM (SELECT pid, known_from, known_to, replaces_position, "
        "lag(known_from) OVER (PARTITION BY pid ORDER BY ord) AS known_before "
        f"FROM fact WHERE {_SETS[table]}) s WHERE known_to < {NEVER_REPLACED} "
        f"OR replaces_position IS NOT NULL OR known_from < known_before{others}",
    )


def _signs(runner: Runner) -> None:
    runner.add(
        "sign",
        "SELECT pid, topic, day, ord, position, programme, kind, attended, outcome, "
        f"known_from, known_to FROM fact WHERE topic IN {_SIGNS}",
    )
