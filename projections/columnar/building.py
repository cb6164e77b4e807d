"""From the log's columns to rectangles, for the participants named in the table `touched`.

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
    DERIVED,
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


def build(runner: Runner) -> None:
    """Works out every derived table anew for the participants in `touched`."""
    for table in DERIVED:
        runner.run(f"DELETE FROM {table} WHERE pid IN (SELECT pid FROM touched)")
    _follow_replacements(runner)
    _make_facts(runner)
    _make_subjects(runner)
    _regular_spells(runner)
    _attributes(runner)
    _signs(runner)
    irregular.add_spells(runner)
    irregular.add_attributes(runner)
    for table in _TEMPORARY:
        runner.run(f"DROP TABLE {table}")


def _follow_replacements(runner: Runner) -> None:
    """Table `chain`: each replacing event's knowledge time, and the place of the first replaced.

    A replacing event is known no earlier than what it replaces, which may be one itself.
    """
    runner.run(
        "CREATE TEMPORARY TABLE chain AS SELECT r.position, r.replaces_position, "
        "greatest(r.recorded, t.recorded) AS known_from, t.recorded AS place_recorded, "
        "t.position AS place_position, 1 AS depth "
        "FROM log r JOIN touched USING (pid) JOIN log t ON t.position = r.replaces_position "
        "WHERE r.replaces_position IS NOT NULL AND t.replaces_position IS NULL"
    )
    depth = 1
    while runner.rows(f"SELECT 1 FROM chain WHERE depth = {depth} LIMIT 1"):
        runner.run(
            "INSERT INTO chain SELECT r.position, r.replaces_position, "
            "greatest(r.recorded, c.known_from), c.place_recorded, c.place_position, "
            f"{depth + 1} FROM log r JOIN touched USING (pid) "
            f"JOIN chain c ON c.position = r.replaces_position AND c.depth = {depth}"
        )
        depth += 1


def _make_facts(runner: Runner) -> None:
    """Table `fact`: the events that were ever believed, when, and their place in the history."""
    columns = ", ".join(f"l.{name}" for name in LOG if name not in ("recorded", "position"))
    runner.run(
        "CREATE TEMPORARY TABLE fact AS SELECT * FROM ("
        f"SELECT l.position, {columns}, coalesce(c.known_from, l.recorded) AS known_from, "
        f"coalesce(s.known_from, {NEVER_REPLACED}) AS known_to, "
        "CAST(row_number() OVER (PARTITION BY l.pid ORDER BY l.day, "
        "coalesce(c.place_recorded, l.recorded), coalesce(c.place_position, l.position), "
        "l.position) AS INTEGER) AS ord "
        "FROM log l JOIN touched USING (pid) LEFT JOIN chain c ON c.position = l.position "
        "LEFT JOIN (SELECT replaces_position, min(known_from) AS known_from FROM chain "
        "GROUP BY replaces_position) s ON s.replaces_position = l.position) f "
        "WHERE known_from < known_to AND topic NOT IN ('voided', 'withdrawn')"
    )
    # Whose birth may come after an event known before it: the rule of birth is not a subject's.
    runner.run(
        "CREATE TEMPORARY TABLE odd_person AS SELECT pid FROM fact GROUP BY pid "
        "HAVING max(born) > min(day)"
    )


def _make_subjects(runner: Runner) -> None:
    runner.run(
        "CREATE TEMPORARY TABLE subject_event AS SELECT *, "
        "lag(known_from) OVER (PARTITION BY pid, subject, subject_key ORDER BY ord) "
        "AS known_before "
        f"FROM (SELECT *, {_SUBJECT} AS subject, {_KEY} AS subject_key FROM fact) f "
        "WHERE subject IS NOT NULL"
    )
    runner.run(
        "CREATE TEMPORARY TABLE odd_subject AS SELECT DISTINCT pid, subject, subject_key "
        f"FROM subject_event WHERE known_to < {NEVER_REPLACED} OR replaces_position IS NOT NULL "
        "OR known_from < known_before OR topic = 'sanction_lifted'"
    )


def _regular_spells(runner: Runner) -> None:
    """Each opening event and the next one of its subject, which closes it; two rectangles a pair.

    Until the closing is known the spell runs on; from then on it has its stop.
    """
    runner.run(
        "CREATE TEMPORARY TABLE pair AS SELECT *, "
        "lead(day) OVER w AS next_day, lead(known_from) OVER w AS next_known, "
        "lead(position) OVER w AS next_position, lead(ord) OVER w AS next_ord, "
        "lead(reason) OVER w AS next_reason, lead(destination) OVER w AS next_destination "
        "FROM (SELECT *, lag(state) OVER (PARTITION BY pid, subject, subject_key ORDER BY ord) "
        "AS state_before FROM (SELECT e.*, CASE e.topic WHEN 'duty_imposed' THEN 'duty' "
        "WHEN 'duty_exempted' THEN concat('exempt ', e.reason) "
        "WHEN 'duty_ended' THEN 'ended' ELSE CAST(e.position AS VARCHAR) END AS state "
        "FROM subject_event e LEFT JOIN odd_subject o ON o.pid = e.pid "
        "AND o.subject = e.subject AND o.subject_key = e.subject_key WHERE o.pid IS NULL) s) t "
        "WHERE state_before IS NULL OR state <> state_before "
        "WINDOW w AS (PARTITION BY pid, subject, subject_key ORDER BY ord)"
    )
    for kind, topics in _OPENING.items():
        closed = kind != "sanction"
        stop = "next_day" if closed else f"coalesce(until, {FOREVER})"
        if closed:
            _insert_pairs(runner, kind, topics, stop, "next_known", NEVER_REPLACED)
            until = f"coalesce(next_known, {NEVER_REPLACED})"
            _insert_pairs(runner, kind, topics, str(FOREVER), "known_from", until)
        else:
            _insert_pairs(runner, kind, topics, stop, "known_from", NEVER_REPLACED)
    runner.run("DROP TABLE pair")


_OPENING: Final = {
    "enrolment": "('enrolled', 'reentered')",
    "measure": "('measure_started')",
    "benefit": "('benefit_started')",
    "sanction": "('sanctioned')",
    "duty": "('duty_imposed')",
    "exemption": "('duty_exempted')",
}


def _insert_pairs(
    runner: Runner, kind: str, topics: str, stop: str, known_from: str, known_to: int | str
) -> None:
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
        f"CAST({values.get(name, name)} AS {type_})" for name, type_ in SPELL.items()
    )
    runner.run(
        f"INSERT INTO {kind} SELECT {chosen} FROM pair WHERE topic IN {topics} "
        f"AND {known_from} < {known_to}"
    )


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
        runner.run(
            "CREATE TEMPORARY TABLE held AS SELECT pid, day, known_from, "
            "lead(day) OVER (PARTITION BY pid ORDER BY ord) AS next_day, "
            f"lead(known_from) OVER (PARTITION BY pid ORDER BY ord) AS next_known, {filled} "
            f"FROM (SELECT f.* FROM fact f LEFT JOIN odd_{table} o ON o.pid = f.pid "
            f"WHERE o.pid IS NULL AND {_SETS[table]}) s"
        )
        names = ", ".join(columns)
        runner.run(
            f"INSERT INTO {table} SELECT pid, day, coalesce(next_day, {FOREVER}), {names}, "
            f"known_from, {NEVER_REPLACED} FROM held WHERE next_day IS NULL OR day < next_day"
        )
        runner.run(
            f"INSERT INTO {table} SELECT pid, next_day, {FOREVER}, {names}, known_from, next_known "
            "FROM held WHERE next_day IS NOT NULL AND known_from < next_known"
        )
        runner.run("DROP TABLE held")


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
    runner.run(
        f"CREATE TEMPORARY TABLE odd_{table} AS SELECT pid FROM (SELECT pid, known_from, known_to, "
        "replaces_position, lag(known_from) OVER (PARTITION BY pid ORDER BY ord) AS known_before "
        f"FROM fact WHERE {_SETS[table]}) s WHERE known_to < {NEVER_REPLACED} "
        f"OR replaces_position IS NOT NULL OR known_from < known_before{others}"
    )


def _signs(runner: Runner) -> None:
    runner.run(
        "INSERT INTO sign SELECT pid, topic, day, ord, position, programme, kind, attended, "
        f"outcome, known_from, known_to FROM fact WHERE topic IN {_SIGNS}"
    )
    runner.run(
        "INSERT INTO link SELECT DISTINCT pid, same_as FROM fact "
        "WHERE topic IN ('linked', 'unlinked')"
    )
