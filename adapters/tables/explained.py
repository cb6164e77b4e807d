"""An explanation for a terminal: the cell, then each person's events, or the rules in order."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import Any, Final

from adapters.explaining import Explanation

_MOST_ROWS: Final = 20


def as_text(found: Explanation, *, width: int, color: bool) -> str:
    """The explanation as people read it."""
    from rich.console import Console  # noqa: PLC0415 - slow to import

    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=color, highlight=False)
    if found.meta["participant"] is None:
        _show_cell(console, found)
    else:
        _show_trace(console, found)
    return out.getvalue()


def title(meta: Mapping[str, Any]) -> str:
    """What was asked, in a line."""
    said = [meta["figure"], *([f"of {meta['of']}"] if "of" in meta else [])]
    said += [f"at {meta['at']}"] if meta.get("at") else []
    said += [f"{meta['from']} to {meta['to']}"] if "from" in meta else []
    said += [meta["programme"]] if meta["programme"] else []
    said += [
        f"{name} {' or '.join(_plain(value) for value in values)}"
        for name, values in meta["where"].items()
    ]
    said += [f"{name} {_plain(value)}" for name, value in meta.get("row", {}).items()]
    said += [f"column {meta['column']}"] if meta.get("column") else []
    return ", ".join(said)


def known(meta: Mapping[str, Any]) -> str:
    return (
        f"known at {meta['known_at'][:19]}, position {meta['position']}, head {meta['head'][:16]}"
    )


def _plain(value: object) -> str:
    if value is None:
        return "unknown"
    return str(value).lower() if isinstance(value, bool) else str(value)


def pairs(row: Mapping[str, Any]) -> str:
    """A row in a line: `target_group long_term, persons 2415`."""
    return ", ".join(f"{name} {_number(value)}" for name, value in row.items())


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else _plain(value)


def _show_cell(console: Any, found: Explanation) -> None:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console.print(Text(title(found.meta), style="bold"))
    rows = found.found["rows"]
    for row in rows[:_MOST_ROWS]:
        console.print(Text(f"  {pairs(row)}"))
    if len(rows) > _MOST_ROWS:
        console.print(f"  … and {len(rows) - _MOST_ROWS} rows more")
    people = found.found["participants"]
    table = Table()
    for name in ("participant", "position", "occurred", "recorded", "source", "event", "why"):
        table.add_column(name, justify="right" if name == "position" else "left", overflow="fold")
    for one in people:
        keys = one.get("keys", [one["participant"]])
        table.add_row(Text(_named(keys), style="bold"), *_counted(one))
        for event in one["events"]:
            own = _named([event["participant"]]) if "participant" in event else ""
            table.add_row(own, *map(Text, _event(event)))
        table.add_section()
    count = found.found["persons"]
    said = f"{count} {'person' if count == 1 else 'persons'} in it"
    console.print(Text(said if count == len(people) else f"{said}, {len(people)} of them here"))
    if people:
        console.print(table)
    if len(people) < count:
        console.print(f"… and {count - len(people)} more: --limit 0 shows all")
    console.print(Text(known(found.meta), style="dim"))


def _named(keys: Iterable[str | None]) -> str:
    return " = ".join(key or "erased" for key in keys)


def _counted(one: Mapping[str, Any]) -> list[Any]:
    """What of a person is counted, under the column of events."""
    from rich.text import Text  # noqa: PLC0415

    said = "\n".join(_thing(thing) for thing in one["counted"])
    return ["", "", "", "", Text(said, style="italic"), ""]


def _thing(thing: Mapping[str, Any]) -> str:
    what = thing["what"]
    said = " ".join(part for part in (what["kind"], what.get("of")) if part)
    if "start" in what:
        said += f" from {what['start']}, " + (
            f"until {what['stop']}" if what["stop"] else "runs on"
        )
    elif "on" in what:
        said += f" on {what['on']}"
    return f"{said}: {pairs(thing['adds'])}"


def _event(event: Mapping[str, Any]) -> list[str]:
    fields = ", ".join(f"{name} {_plain(value)}" for name, value in event["fields"].items())
    return [
        str(event["position"]),
        event["occurred_on"],
        event["recorded_at"][:16].replace("T", " "),
        f"{event['source']} {event['event_id']}",
        f"{event['type']} {fields}".strip(),
        ", ".join(_why(event)),
    ]


def _why(event: Mapping[str, Any]) -> Iterable[str]:
    for role in event["roles"]:
        match role:
            case "set":
                yield "sets " + " and ".join(event["sets"])
            case "linked":
                yield "makes keys one person"
            case "apart":
                yield "keeps keys apart"
            case "place":
                yield "gives another its place"
            case "replaced":
                yield "replaced by a later one"
            case _:
                yield role
    if event["replaces"]:
        yield f"in place of {event['replaces']}"


def _show_trace(console: Any, found: Explanation) -> None:
    from rich.text import Text  # noqa: PLC0415

    meta, told = found.meta, found.found
    verdict = "is in it" if told["in_cell"] else "is not in it"
    console.print(Text(f"{meta['participant']}: {verdict}", style="bold"), end=" ")
    console.print(Text(f"({title(meta)})"))
    if "keys" in told:
        console.print(Text(f"  one person: {_named(told['keys'])}"))
    for link in told["links"]:
        sign = ("✓", "green") if link["holds"] else ("✗", "red")
        line = Text.assemble("  ", sign, f" {link['rule']}: ", link["says"])
        console.print(line, soft_wrap=True)
    if not told["things"]:
        console.print("  nothing of the kind that this figure counts")
    for thing in told["things"]:
        console.print()
        for rule in thing["rules"]:
            sign = ("✓", "green") if rule["holds"] else ("✗", "red")
            line = Text.assemble("  ", sign, f" {rule['rule']}: ", rule["says"])
            console.print(line, soft_wrap=True)
        adds = pairs(thing["adds"])
        last = f"counted{': ' + adds if adds else ''}" if thing["counted"] else "not counted"
        console.print(Text(f"  → {last}", style="bold"))
    if told["left_out"]:
        console.print("\nevents that do not count here")
        for one in told["left_out"]:
            console.print(Text(f"  {one['says']}"), soft_wrap=True)
    console.print(Text(known(meta), style="dim"))
