"""A trace as JSON values."""

from __future__ import annotations

from typing import Any

from domain.history import Fact
from projections.explaining.steps import Step
from projections.explaining.trace import Reasons, Trace
from projections.explaining.words import fact_json


def trace_json(found: Trace) -> dict[str, Any]:
    """The verdict, the rules thing by thing, what does not count, and every event named."""
    steps = [step for one in found.reasons for step in one.steps]
    steps += [*found.links, *found.left_out]
    facts: dict[int, Fact] = {fact.position: fact for step in steps for fact in step.facts}
    return {
        "in_cell": found.counted,
        "links": [_step_json(step) for step in found.links],
        "things": [_reasons_json(one) for one in found.reasons],
        "left_out": [_step_json(step) for step in found.left_out],
        "events": [fact_json(facts[position]) for position in sorted(facts)],
    }


def _reasons_json(one: Reasons) -> dict[str, Any]:
    return {
        "counted": one.counted,
        "adds": dict(one.adds),
        "rules": [_step_json(step) for step in one.steps],
    }


def _step_json(step: Step) -> dict[str, Any]:
    return {
        "rule": step.rule,
        "holds": step.holds,
        "says": step.says,
        "positions": [fact.position for fact in step.facts],
    }
