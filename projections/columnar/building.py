"""From the log's columns to rectangles, for everybody or the participants in the table `touched`.

An event's subject (a programme, a placement, a benefit, sanctions, the duty) is sound or not by
itself. A subject whose events became known in the order in which they count, with nothing
replaced, is regular: plain set operations pair its starts and stops. The few others are folded by
the domain at each knowledge time at which something of them changed (`irregular`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from projections.columnar import irregular
from projections.columnar.tables import (
    ATTRIBUTES,
    FOREVER,
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
_SIGNS: Final = ("referred", "met", "assessed", "outcome_observed")
_SETS: Final = {
    "background": (
        "m.topic = 'registered' AND (m.born IS NOT NULL OR m.sex IS NOT NULL "
        "OR m.origin IS NOT NULL OR m.single_parent IS NOT NULL "
        "OR m.refugee_background IS NOT NULL)"
    ),
    "whereabouts": (
        "m.topic IN ('registered', 'referred', 'enrolled', 'reentered') "
        "AND (m.office IS NOT NULL OR m.municipality IS NOT NULL)"
    ),
    "statuses": "m.topic = 'status_changed'",
}
_TEMPORARY: Final = ("mine", "chain", "fact", "subject_event", "odd_subject", "odd_person")


def build(runner: Runner, *, everybody: bool = False) -> None:
    """Adds the rows of the participants in `touched`, or of everybody, to every derived table.

    There must be none of theirs yet. Joins on a position are on the participant too, which keeps
    the work beside the participant's other rows.
    """
    among = "" if everybody else " JOIN touched t ON t.pid = l.pid"
    runner.make("mine", f"SELECT l.* FROM log l{among}")
    _follow_replacements(runner)
    _make_facts(runner)
    _make_subjects(runner)
    _regular_spells(runner)
    _attributes(runner)
    _signs(runner)
    irregular.add_spells(runner)
    irregular.add_attributes(runner)
    for table in _TEMPORARY:
        runner.drop(table)


def _follow_replacements(runner: Runner) -> None:
    """Table `chain`: each replacing event's knowledge time, and the place of the first replaced.

    A replacing event is known no earlier than what it replaces, which may be one itself. Both are
    of one participant.
    """
    runner.make(
        "chain",
        "SELECT r.pid, r.position, r.replaces_position, "
        "greatest(r.recorded, t.recorded) AS known_from, t.recorded AS place_recorded, "
        "t.position AS place_position, 1 AS depth "
        "FROM mine r JOIN mine t ON t.pid = r.pid AND t.position = r.replaces_position "
        "WHERE r.replaces_position IS NOT NULL AND t.replaces_position IS NULL",
    )
    depth = 1
    while runner.rows(f"SELECT 1 FROM chain WHERE depth = {depth} LIMIT 1"):
        runner.add(
            "chain",
            "SELECT r.pid, r.position, r.replaces_position, "
            "greatest(r.recorded, c.known_from), c.place_recorded, c.place_position, "
            f"{depth + 1} FROM mine r JOIN chain c "
            f"ON c.pid = r.pid AND c.position = r.replaces_position AND c.depth = {depth}",
        )
        depth += 1


def _make_facts(runner: Runner) -> None:
    """Table `fact`: the events that were ever believed, when, and their place in the history.

    Only what orders and pairs events goes through the sorting; their other columns are looked up
    in `mine` by position afterwards, which takes half the time.
    """
    runner.make(
        "fact",
        "SELECT * FROM ("
        "SELECT l.position, l.pid, l.topic, l.day, l.replaces_position, "
        f"{_SUBJECT} AS subject, {_KEY} AS subject_key, "
        "coalesce(c.known_from, l.recorded) AS known_from, "
        f"coalesce(s.known_from, {NEVER_REPLACED}) AS known_to, "
        "CAST(row_number() OVER (PARTITION BY l.pid ORDER BY l.day, "
        "coalesce(c.place_recorded, l.recorded), coalesce(c.place_position, l.position), "
        "l.position) AS INTEGER) AS ord "
        "FROM mine l LEFT JOIN chain c ON c.pid = l.pid AND c.position = l.position "
        "LEFT JOIN (SELECT pid, replaces_position, min(known_from) AS known_from FROM chain "
        "GROUP BY pid, replaces_position) s "
        "ON s.pid = l.pid AND s.replaces_position = l.position) f "
        "WHERE known_from < known_to AND topic NOT IN ('voided', 'withdrawn')",
    )
    # Whose birth may come after an event known before it: the rule of birth is not a subject's.
    runner.make("odd_person", "SELECT pid FROM mine GROUP BY pid HAVING max(born) > min(day)")


def _make_subjects(runner: Runner) -> None:
    """Table `subject_event`: each event of a subject beside the one before it and the next."""
    runner.make(
        "subject_event",
        "SELECT *, lag(known_from) OVER w AS known_before, "
        "lead(day) OVER w AS next_day, lead(known_from) OVER w AS next_known, "
        "lead(position) OVER w AS next_position, lead(ord) OVER w AS next_ord "
        "FROM fact WHERE subject IS NOT NULL "
        "WINDOW w AS (PARTITION BY pid, subject, subject_key ORDER BY ord)",
    )
    runner.make(
        "odd_subject",
        "SELECT DISTINCT pid, subject, subject_key "
        f"FROM subject_event WHERE known_to < {NEVER_REPLACED} OR replaces_position IS NOT NULL "
        "OR known_from < known_before OR topic = 'sanction_lifted'",
    )


_PAIR: Final = (
    "pid, topic, day, position, ord, known_from, next_day, next_known, next_position, next_ord"
)
_REGULAR: Final = (
    "FROM subject_event e LEFT JOIN odd_subject o ON o.pid = e.pid "
    "AND o.subject = e.subject AND o.subject_key = e.subject_key WHERE o.pid IS NULL"
)


def _regular_spells(runner: Runner) -> None:
    """Each opening event and the next one of its subject, which closes it; two rectangles a pair.

    Until the closing is known the spell runs on; from then on it has its stop.
    """
    chosen = ", ".join(f"e.{name}" for name in _PAIR.split(", "))
    runner.make("pair", f"SELECT {chosen} {_REGULAR} AND e.topic IN ({_topics(_OPENING)})")
    _pair_duties(runner)
    for kind in _OPENING:
        runner.add(kind, _rectangles(kind, "pair"))
    for kind in _OPENING_DUTY:
        runner.add(kind, _rectangles(kind, "duty_pair"))
    runner.drop("pair")
    runner.drop("duty_pair")


def _pair_duties(runner: Runner) -> None:
    """Table `duty_pair`: duties and exemptions; one that repeats what runs changes nothing."""
    looked_up = " JOIN mine m ON m.pid = e.pid AND m.position = e.position LEFT JOIN"
    runner.make(
        "duty_pair",
        "SELECT pid, topic, day, position, ord, known_from, lead(day) OVER w AS next_day, "
        "lead(known_from) OVER w AS next_known, lead(position) OVER w AS next_position, "
        "lead(ord) OVER w AS next_ord "
        "FROM (SELECT *, lag(state) OVER (PARTITION BY pid ORDER BY ord) AS state_before "
        "FROM (SELECT e.*, CASE e.topic WHEN 'duty_imposed' THEN 'duty' "
        "WHEN 'duty_exempted' THEN concat('exempt ', m.reason) ELSE 'ended' END AS state "
        f"{_REGULAR.replace(' LEFT JOIN', looked_up, 1)} "
        "AND e.subject = 'duty') s) t WHERE state_before IS NULL OR state <> state_before "
        "WINDOW w AS (PARTITION BY pid ORDER BY ord)",
    )


_OPENING: Final = {
    "enrolment": ("enrolled", "reentered"),
    "measure": ("measure_started",),
    "benefit": ("benefit_started",),
    "sanction": ("sanctioned",),
}
_OPENING_DUTY: Final = {
    "duty": ("duty_imposed",),
    "exemption": ("duty_exempted",),
}


def _topics(kinds: Iterable[str]) -> str:
    """The topics that open spells of some kinds, as SQL."""
    opening = _OPENING | _OPENING_DUTY
    return ", ".join(f"'{topic}'" for kind in kinds for topic in opening[kind])


def _rectangles(kind: str, pairs: str) -> str:
    """The rectangles of a kind: as long as a spell's closing was not known, and since."""
    values = {
        "stop": f"CASE WHEN v.closed THEN p.next_day ELSE {FOREVER} END",
        "start": "p.day",
        "opened": "p.position",
        "opened_ord": "p.ord",
        "closed": "CASE WHEN v.closed THEN p.next_position END",
        "closed_ord": "CASE WHEN v.closed THEN p.next_ord END",
        "stop_reason": "CASE WHEN v.closed THEN n.reason END" if kind == "measure" else "NULL",
        "destination": "CASE WHEN v.closed THEN n.destination END",
        "known_from": "CASE WHEN v.closed THEN p.next_known ELSE p.known_from END",
        "known_to": (
            f"CASE WHEN v.closed THEN {NEVER_REPLACED} "
            f"ELSE coalesce(p.next_known, {NEVER_REPLACED}) END"
        ),
    }
    ends = "LEFT JOIN mine n ON n.pid = p.pid AND n.position = p.next_position"
    if kind == "sanction":  # none of the regular ones is lifted; it ends by itself
        never = {"stop": f"coalesce(m.until, {FOREVER})", "known_to": str(NEVER_REPLACED)}
        values |= never | dict.fromkeys(("closed", "closed_ord", "destination"), "NULL")
        ends = ""
    elif kind not in ("measure", "enrolment"):
        values["destination"], ends = "NULL", ""
    chosen = ", ".join(
        f"CAST({values.get(name, f'm.{name}')} AS {type_}) AS {name}"
        for name, type_ in SPELL.items()
        if name != "pid"
    )
    believed = "p.next_known IS NOT NULL" if kind != "sanction" else "FALSE"
    open_ = (
        "(p.next_known IS NULL OR p.known_from < p.next_known)" if kind != "sanction" else "TRUE"
    )
    return (
        f"SELECT p.pid, {chosen} FROM {pairs} p "
        f"JOIN mine m ON m.pid = p.pid AND m.position = p.position {ends} "
        "CROSS JOIN (SELECT TRUE AS closed UNION ALL SELECT FALSE AS closed) v "
        f"WHERE p.topic IN ({_topics((kind,))}) "
        f"AND ((v.closed AND {believed}) OR (NOT v.closed AND {open_}))"
    )


def _attributes(runner: Runner) -> None:
    """Tables of what held of a person from a day, as known from an instant.

    A regular set of facts, each known after the one before: the i-th holds until the day of the
    next, and beyond it until the next is known. A cell left empty leaves the earlier value.
    """
    for table, columns in ATTRIBUTES.items():
        names = ", ".join(columns)
        runner.make(
            "attribute",
            "SELECT f.pid, f.day, f.ord, f.known_from, "
            f"f.known_to, f.replaces_position, {', '.join(f'm.{name}' for name in columns)} "
            "FROM fact f JOIN mine m ON m.pid = f.pid AND m.position = f.position "
            f"WHERE {_SETS[table]}",
        )
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
            f"FROM (SELECT f.* FROM attribute f LEFT JOIN odd_{table} o ON o.pid = f.pid "
            "WHERE o.pid IS NULL) s",
        )
        runner.add(
            table,
            f"SELECT pid, day, coalesce(next_day, {FOREVER}), {names}, "
            f"known_from, {NEVER_REPLACED} FROM held WHERE next_day IS NULL OR day < next_day "
            f"UNION ALL SELECT pid, next_day, {FOREVER}, {names}, known_from, next_known "
            "FROM held WHERE next_day IS NOT NULL AND known_from < next_known",
        )
        runner.drop("held")
        runner.drop("attribute")


def _find_odd_attributes(runner: Runner, table: str) -> None:
    """Table `odd_<table>`: whose facts need the fold, because of their own order or their place."""
    others = ""
    if table in ("background", "whereabouts"):
        others += " UNION SELECT pid FROM odd_person"
    if table == "whereabouts":
        others += (
            " UNION SELECT e.pid FROM subject_event e JOIN odd_subject o ON o.pid = e.pid "
            "AND o.subject = e.subject AND o.subject_key = e.subject_key "
            "JOIN mine m ON m.pid = e.pid AND m.position = e.position "
            "WHERE e.subject = 'enrolment' "
            "AND (m.office IS NOT NULL OR m.municipality IS NOT NULL)"
        )
    runner.make(
        f"odd_{table}",
        "SELECT pid FROM (SELECT pid, known_from, known_to, "
        "replaces_position, lag(known_from) OVER (PARTITION BY pid ORDER BY ord) AS known_before "
        f"FROM attribute) s WHERE known_to < {NEVER_REPLACED} "
        f"OR replaces_position IS NOT NULL OR known_from < known_before{others}",
    )


def _signs(runner: Runner) -> None:
    """One topic after the other: whoever looks for one passes over the blocks of the others."""
    for topic in _SIGNS:
        runner.add(
            "sign",
            "SELECT f.pid, f.topic, f.day, f.ord, f.position, m.programme, "
            "m.kind, m.attended, m.outcome, f.known_from, f.known_to FROM fact f "
            "JOIN mine m ON m.pid = f.pid AND m.position = f.position "
            f"WHERE f.topic = '{topic}'",
        )
    runner.add(
        "link",
        "SELECT DISTINCT m.pid, m.same_as FROM fact f "
        "JOIN mine m ON m.pid = f.pid AND m.position = f.position "
        "WHERE f.topic IN ('linked', 'unlinked')",
    )
