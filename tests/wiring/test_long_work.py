"""What takes long says so in a line on standard error, in a job's log as on a terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.command_line import Command

_PERIOD = "--from 2003-04-01 --to 2003-06-30"


class AtOnce:
    """A timer whose time has come when it is started."""

    def __init__(self, _: float, function: Callable[[], None]) -> None:
        self.start = function

    def cancel(self) -> None:
        """Too late."""


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f"diff flow {_PERIOD} --triangle", "working the triangle out"),
        (f"estimate nowcast {_PERIOD}", "working the estimate out"),
        ("report run aetat-5", "counting 1 report …"),
    ],
)
def test_a_line_says_what_is_waited_for_and_none_where_nobody_waits(
    forlop: Command, monkeypatch: pytest.MonkeyPatch, line: str, told: str
) -> None:
    Path("events.csv").write_text(
        "source,event_id,participant,type,occurred_on,recorded_at,programme\n"
        "t,1,P1,enrolled,2003-04-01,2003-05-01T10:00:00Z,kvp\n"
    )
    forlop("append events.csv")
    soon = forlop(line)
    assert told not in soon.err
    monkeypatch.setattr("cli.waiting.Timer", AtOnce)
    waited = forlop(line)
    assert (waited.code, waited.out) == (soon.code, soon.out)
    first, _, rest = waited.err.partition("\n")
    assert first.startswith(told)
    assert rest == soon.err
