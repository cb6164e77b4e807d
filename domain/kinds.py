"""The kinds of spells. Apart from the events that make them: a question names a kind, no event."""

from __future__ import annotations

from typing import Final, Literal

Kind = Literal["enrolment", "measure", "sanction", "duty", "exemption", "benefit"]
KINDS: Final[tuple[Kind, ...]] = (
    "enrolment",
    "measure",
    "sanction",
    "duty",
    "exemption",
    "benefit",
)
