"""From the log's columns to rectangles.

An event's subject (a programme, a placement, a benefit, sanctions, the duty) is sound or not by
itself. A subject whose events became known in the order in which they count, with nothing
replaced, is regular: plain set operations pair its starts and stops. The few others are folded by
the domain at each knowledge time at which something of them changed (`irregular`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from projections.columnar import irregular
from projections.columnar.tables import (
    ATTRIBUTES,
    FAMILY_COLUMNS,
    FOREVER,
    NEVER_REPLACED,
    RECTANGLE,
    SPELL,
    SUBJECTS,
    Runner,
    Subject,
    literal,
    with_facts,
)

# By topic of a sign, the family whose events it is of.
_SIGNS: Final = {
    "referred": "referral",
    "met": "sign",
    "assessed": "sign",
    "outcome_observed": "sign",
}
_PLACED: Final = "(m.office IS NOT NULL OR m.municipality IS NOT NULL)"
# By table of attributes, the families that set them, and which of their events do.
_SETS: Final = {
    "background": {
        "registration": (
            "(m.born IS NOT NULL OR m.sex IS NOT NULL OR m.origin IS NOT NULL "
            "OR m.single_parent IS NOT NULL OR m.refugee_background IS NOT NULL)"
        )
    },
    "whereabouts": {
        "registration": _PLACED,
        "referral": _PLACED,
        "enrolment": f"m.topic <> 'exited' AND {_PLACED}",
    },
    "statuses": {"status": "TRUE"},
}


def build(runner: Runner) -> None:
    """Adds the rows of everybody in `log`, and in its families' tables, to every derived table.

    There must be none of theirs yet. Joins on a position are on the participant too, which keeps
    the work beside the participant's other rows.
    """
    runner.make("event", "SELECT position, pid, family, day, recorded, replaces_position FROM log")
    _follow_replacements(runner)
    _make_facts(runner)
    for subject in SUBJECTS:
        _make_steps(runner, subject)
    irregular.fold_spells(runner)
    for subject in SUBJECTS:
        _add_spells(runner, subject)
    runner.drop("folded")
    _attributes(runner)
    _signs(runner)
    irregular.add_attributes(runner)
    for subject in SUBJECTS:
        runner.drop(f"step_{subject.family}")
        runner.drop(f"odd_{subject.family}")
    for table in ("event", "chain", "fact", "odd_person"):
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
        "FROM event r JOIN event t ON t.pid = r.pid AND t.position = r.replaces_position "
        "WHERE r.replaces_position IS NOT NULL AND t.replaces_position IS NULL",
    )
    depth = 1
    while runner.rows(f"SELECT 1 FROM chain WHERE depth = {depth} LIMIT 1"):
        runner.add(
            "chain",
            "SELECT r.pid, r.position, r.replaces_position, "
            "greatest(r.recorded, c.known_from), c.place_recorded, c.place_position, "
            f"{depth + 1} FROM event r JOIN chain c "
            f"ON c.pid = r.pid AND c.position = r.replaces_position AND c.depth = {depth}",
        )
        depth += 1


def _make_facts(runner: Runner) -> None:
    """Table `fact`: the events that were ever believed, when, and their place in the history.

    Numbers alone, so that the sorting moves little; annulments are among them, for they do no harm.
    """
    runner.make(
        "fact",
        "SELECT * FROM ("
        "SELECT l.position, l.pid, l.family, l.replaces_position IS NOT NULL AS replaces, "
        "coalesce(c.known_from, l.recorded) AS known_from, "
        f"coalesce(s.known_from, {NEVER_REPLACED}) AS known_to, "
        "CAST(row_number() OVER (PARTITION BY l.pid ORDER BY l.day, "
        "coalesce(c.place_recorded, l.recorded), coalesce(c.place_position, l.position), "
        "l.position) AS INTEGER) AS ord "
        "FROM event l LEFT JOIN chain c ON c.pid = l.pid AND c.position = l.position "
        "LEFT JOIN (SELECT pid, replaces_position, min(known_from) AS known_from FROM chain "
        "GROUP BY pid, replaces_position) s "
        "ON s.pid = l.pid AND s.replaces_position = l.position) f WHERE known_from < known_to",
    )
    # Whose birth may come after an event known before it: the rule of birth is not a subject's.
    runner.make(
        "odd_person",
        "SELECT DISTINCT e.pid FROM log_registration m JOIN event e ON e.pid = m.pid "
        "WHERE e.day < m.born",
    )


def _make_steps(runner: Runner, subject: Subject) -> None:
    """Each event of a family's subjects beside the next one; and which subjects are odd.

    Tables `step_<family>` and `odd_<family>`.
    """
    more = "" if subject.more is None else f"m.{subject.more}, "
    told = "" if subject.closing is None else f", lead(m.{subject.closing}) OVER w AS next_told"
    which = "" if subject.key is None else f", m.{subject.key}"
    window = f"PARTITION BY m.pid{which} ORDER BY f.ord"
    runner.make(
        f"step_{subject.family}",
        f"SELECT m.pid, {subject.own_key} AS subject_key, f.ord, m.position, m.topic, m.day, "
        f"f.known_from, f.known_to, f.replaces, {more}lag(f.known_from) OVER w AS known_before, "
        "lead(m.day) OVER w AS next_day, lead(f.known_from) OVER w AS next_known, "
        f"lead(m.position) OVER w AS next_position, lead(f.ord) OVER w AS next_ord{told} "
        f"FROM {with_facts(subject.family)} WINDOW w AS ({window})",
    )
    runner.make(
        f"odd_{subject.family}",
        f"SELECT DISTINCT pid, subject_key FROM step_{subject.family} "
        f"WHERE known_to < {NEVER_REPLACED} OR replaces OR known_from < known_before "
        "OR topic = 'sanction_lifted'",
    )


def _add_spells(runner: Runner, subject: Subject) -> None:
    """Each opening event and the next one of its subject, which closes it; two rectangles a pair.

    Until the closing is known the spell runs on; from then on it has its stop.
    """
    family = subject.family
    regular = (
        f"LEFT JOIN odd_{family} o ON o.pid = e.pid AND o.subject_key = e.subject_key "
        "WHERE o.pid IS NULL"
    )
    steps = f"step_{family}"
    if family == "duty":
        _pair_duties(runner, f"FROM {steps} e {regular}")
        steps, regular = "duty_pair", "WHERE TRUE"
    for kind, topics in subject.opens.items():
        opening = ", ".join(map(literal, topics))
        pairs = (
            f"SELECT e.*, {', '.join(_opening(family))} FROM {steps} e JOIN log_{family} m "
            f"ON m.pid = e.pid AND m.position = e.position {regular} AND e.topic IN ({opening})"
        )
        drawn = _sanctions(pairs) if kind == "sanction" else _rectangles(pairs, subject)
        runner.add(kind, f"{drawn} UNION ALL {_folded(kind, subject)}")
    if family == "duty":
        runner.drop("duty_pair")


def _pair_duties(runner: Runner, regular: str) -> None:
    """Table `duty_pair`: duties and exemptions; one that repeats what runs changes nothing."""
    runner.make(
        "duty_pair",
        "SELECT pid, topic, day, position, ord, known_from, lead(day) OVER w AS next_day, "
        "lead(known_from) OVER w AS next_known, lead(position) OVER w AS next_position, "
        "lead(ord) OVER w AS next_ord "
        "FROM (SELECT *, lag(state) OVER (PARTITION BY pid ORDER BY ord) AS state_before "
        "FROM (SELECT e.*, CASE e.topic WHEN 'duty_imposed' THEN 'duty' "
        "WHEN 'duty_exempted' THEN concat('exempt ', e.reason) ELSE 'ended' END AS state "
        f"{regular}) s) t WHERE state_before IS NULL OR state <> state_before "
        "WINDOW w AS (PARTITION BY pid ORDER BY ord)",
    )


def _rectangles(pairs: str, subject: Subject) -> str:
    """The rectangles of pairs: as long as a spell's closing was not known, and since."""
    drawn = {
        "start": "p.day",
        "stop": f"CASE WHEN v.closed THEN p.next_day ELSE {FOREVER} END",
        "opened": "p.position",
        "opened_ord": "p.ord",
        "closed": "CASE WHEN v.closed THEN p.next_position END",
        "closed_ord": "CASE WHEN v.closed THEN p.next_ord END",
        "known_from": "CASE WHEN v.closed THEN p.next_known ELSE p.known_from END",
        "known_to": f"CASE WHEN v.closed THEN {NEVER_REPLACED} "
        f"ELSE coalesce(p.next_known, {NEVER_REPLACED}) END",
    }
    if subject.closing is not None:
        drawn[_TOLD_BY_CLOSING[subject.closing]] = "CASE WHEN v.closed THEN p.next_told END"
    return (
        f"SELECT {_as_spell('p', drawn)} FROM ({pairs}) p "
        "CROSS JOIN (SELECT TRUE AS closed UNION ALL SELECT FALSE AS closed) v "
        "WHERE (v.closed AND p.next_known IS NOT NULL) "
        "OR (NOT v.closed AND (p.next_known IS NULL OR p.known_from < p.next_known))"
    )


def _sanctions(pairs: str) -> str:
    """The rectangles of sanctions, of which none is lifted: each ends by itself, if at all."""
    drawn = {
        "start": "p.day",
        "stop": f"coalesce(p.until, {FOREVER})",
        "opened": "p.position",
        "opened_ord": "p.ord",
        "closed": "NULL",
        "closed_ord": "NULL",
        "known_to": str(NEVER_REPLACED),
    }
    return f"SELECT {_as_spell('p', drawn)} FROM ({pairs}) p"


# What a closing event tells of its spell: its column, and the spell's.
_TOLD_BY_CLOSING: Final = {"destination": "destination", "reason": "stop_reason"}
_BY_CLOSING: Final = tuple(_TOLD_BY_CLOSING.values())


def _opening(family: str) -> Iterator[str]:
    """What an opening event `m` tells of its spell, by the names that it has there."""
    for name, type_ in SPELL.items():
        if name not in RECTANGLE:
            is_told = name in FAMILY_COLUMNS[family] and name not in _BY_CLOSING
            yield f"m.{name} AS told_{name}" if is_told else f"CAST(NULL AS {type_}) AS told_{name}"


def _as_spell(row: str, drawn: Mapping[str, str]) -> str:
    """The columns of a spell: as they were drawn, else the rectangle's own, or what was told."""
    own = {name: f"{row}.{name}" for name in RECTANGLE}
    values = {**{name: f"{row}.told_{name}" for name in SPELL}, **own, **drawn}
    return ", ".join(f"CAST({values[name]} AS {type_}) AS {name}" for name, type_ in SPELL.items())


def _folded(kind: str, subject: Subject) -> str:
    """The rectangles of a kind that were folded, with what their events tell of the spell."""
    family = subject.family
    told, closing = "", ""
    drawn = {}
    if subject.closing is not None:
        told = f", n.{subject.closing} AS next_told"
        closing = f"LEFT JOIN log_{family} n ON n.pid = d.pid AND n.position = d.closed"
        drawn = {_TOLD_BY_CLOSING[subject.closing]: "p.next_told"}
    return (
        f"SELECT {_as_spell('p', drawn)} FROM (SELECT d.*, {', '.join(_opening(family))}{told} "
        f"FROM folded d JOIN log_{family} m ON m.pid = d.pid AND m.position = d.opened {closing} "
        f"WHERE d.kind = {literal(kind)}) p"
    )


def _attributes(runner: Runner) -> None:
    """Tables of what held of a person from a day, as known from an instant.

    A regular set of facts, each known after the one before: the i-th holds until the day of the
    next, and beyond it until the next is known. A cell left empty leaves the earlier value.
    """
    for table, columns in ATTRIBUTES.items():
        names = ", ".join(f"f.{name}" for name in columns)
        told = ", ".join(f"m.{name}" for name in columns)
        facts = " UNION ALL ".join(
            f"SELECT m.pid, m.day, f.ord, f.known_from, f.known_to, f.replaces, {told} "
            f"FROM {with_facts(family)} WHERE {condition}"
            for family, condition in _SETS[table].items()
        )
        filled = ", ".join(
            f"last_value({name} IGNORE NULLS) OVER (PARTITION BY pid ORDER BY ord "
            f"ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS {name}"
            for name in columns
        )
        runner.make(
            "attribute",
            "SELECT pid, day, known_from, known_to, replaces, "
            "lag(known_from) OVER (PARTITION BY pid ORDER BY ord) AS known_before, "
            "lead(day) OVER (PARTITION BY pid ORDER BY ord) AS next_day, "
            f"lead(known_from) OVER (PARTITION BY pid ORDER BY ord) AS next_known, {filled} "
            f"FROM ({facts}) s",
        )
        _find_odd_attributes(runner, table)
        regular = f"attribute f LEFT JOIN odd_{table} o ON o.pid = f.pid WHERE o.pid IS NULL"
        runner.add(
            table,
            f"SELECT f.pid, f.day, coalesce(f.next_day, {FOREVER}), {names}, "
            f"f.known_from, {NEVER_REPLACED} FROM {regular} "
            "AND (f.next_day IS NULL OR f.day < f.next_day) "
            f"UNION ALL SELECT f.pid, f.next_day, {FOREVER}, {names}, f.known_from, f.next_known "
            f"FROM {regular} AND f.next_day IS NOT NULL AND f.known_from < f.next_known",
        )
        runner.drop("attribute")


def _find_odd_attributes(runner: Runner, table: str) -> None:
    """Table `odd_<table>`: whose facts need the fold, because of their own order or their place."""
    others = ""
    if table in ("background", "whereabouts"):
        others += " UNION SELECT pid FROM odd_person"
    if table == "whereabouts":
        others += (
            " UNION SELECT m.pid FROM log_enrolment m "
            "JOIN odd_enrolment o ON o.pid = m.pid AND o.subject_key = m.programme "
            f"WHERE {_PLACED}"
        )
    runner.make(
        f"odd_{table}",
        f"SELECT DISTINCT pid FROM attribute WHERE known_to < {NEVER_REPLACED} "
        f"OR replaces OR known_from < known_before{others}",
    )


def _signs(runner: Runner) -> None:
    """One topic after the other: whoever looks for one passes over the blocks of the others."""
    for topic, family in _SIGNS.items():
        columns = FAMILY_COLUMNS[family]
        told = ", ".join(
            f"m.{name}" if name in columns else "NULL"
            for name in ("programme", "kind", "attended", "outcome")
        )
        runner.add(
            "sign",
            f"SELECT m.pid, m.topic, m.day, f.ord, m.position, {told}, f.known_from, f.known_to "
            f"FROM {with_facts(family)} WHERE m.topic = {literal(topic)}",
        )
    runner.add(
        "link",
        f"SELECT DISTINCT m.pid, m.same_as FROM {with_facts('other')} "
        "WHERE m.topic IN ('linked', 'unlinked')",
    )
