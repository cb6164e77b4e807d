"""How much a publication hides beside what it must at least: `python -m benchmarks.suppression`.

The shipped reports over the demo's registers: Aetat's office tables, and all reports together. Each
is hidden as it is published, sparing large margins, and attacked; then the fewest cells that any
protected pattern has are sought with all cells alike, whose bound is proven by the solver.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from adapters.database import open_engine
from adapters.demo import put_registers
from adapters.disclosing import nesting_of
from adapters.many_answers import Answers
from adapters.profiles import default_profile
from adapters.reports.catalogue import shipped
from adapters.reports.running import run
from domain.codes import Profile
from projections.disclosure import Rule, suppress
from projections.disclosure_audit import audit

_OFFICE_TABLES: Final = {f"aetat-{n}" for n in (*range(11, 28), 29, 30)}
_MARGIN: Final = 100  # as adapters.disclosing spares them


def main() -> None:
    profile = default_profile()
    with tempfile.TemporaryDirectory(prefix="forlop-suppression-") as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'demo.db'}", make=True)
        put_registers(engine, profile)
        answers = Answers(engine, profile)
        for title, names in (("office tables", _OFFICE_TABLES), ("all reports", set(shipped()))):
            reports = [one for name, one in shipped().items() if name in names]
            figures = run(reports, answers, profile, "en").figures
            sys.stdout.write(f"{title}: {_compared(figures, profile)}\n")
            sys.stdout.flush()
        engine.dispose()


def _compared(figures: Sequence[Mapping[str, Any]], profile: Profile) -> str:
    nesting = nesting_of(profile)
    published = suppress(figures, nesting=nesting, keep=_MARGIN)
    fewest = suppress(figures, nesting=nesting)
    leaks = len(audit(published.results, Rule(), nesting=nesting).leaks)
    hidden = len(published.primary | published.secondary)
    found = len(fewest.primary | fewest.secondary)
    return (
        f"{len(published.primary)} small cells, {hidden} hidden as published, {leaks} leaks; "
        f"at least {fewest.at_least} by proof, {found} found: {hidden / fewest.at_least:.2f} times"
    )


if __name__ == "__main__":
    main()
