"""A store as a program uses it: append, ask for figures, replay. Behind `import forlop`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from os import PathLike, fspath
from typing import Any, get_args

import orjson
from sqlalchemy import Engine

from adapters.access_log import reader
from adapters.answers import EngineName, answer
from adapters.arguments import Day, Values, read_asked, read_day, read_known_at
from adapters.database import open_engine
from adapters.disclosing import Control, Results
from adapters.errors import WrongUseError
from adapters.ingest import AfterChunk, Delivering, append_file, current_time, last_position
from adapters.journeys import replay_of
from adapters.many_answers import Answers
from adapters.notebook import Shown, shown
from adapters.precedence import precedence
from adapters.profiles import open_profile
from adapters.readers.files import RowFile, delivery
from adapters.readers.rows import RawRow, check_source, fill_source
from adapters.releases import release, released, remember
from adapters.reports.catalogue import find
from adapters.reports.running import run
from adapters.settling import settling_after
from adapters.summary import Summary
from domain.calendar import to_microseconds
from domain.codes import Language
from projections.disclosure import Rule
from projections.question import Figure, QuestionError
from projections.replay import as_json


class Store:
    """One event store. Figures take the arguments of the command line, days as dates or text."""

    def __init__(self, engine: Engine, profile: str | PathLike[str] = "default") -> None:
        self._engine = engine
        self._url = engine.url.render_as_string()
        self._folder = open_profile(profile)
        self._profile = self._folder.profile

    @property
    def position(self) -> int:
        """The last position in the log; 0 when it is empty."""
        return last_position(self._engine)

    def append_file(
        self, path: str | PathLike[str], *, source: str | None = None, dry_run: bool = False
    ) -> Summary:
        """Appends a file of events: CSV, JSON Lines or Parquet, gzipped or not."""
        with delivery(fspath(path)) as found:
            rows, after = RowFile(found, source), self._settling()
            return append_file(self._engine, rows, self._profile, dry_run=dry_run, after=after)

    def append(
        self, rows: Iterable[Mapping[str, Any]], *, source: str | None = None, name: str = "rows"
    ) -> Summary:
        """Appends rows, each a mapping from column to text, date, time or truth value."""
        after = self._settling()
        delivering = Delivering(self._engine, self._profile, name, "", current_time, after=after)
        summary = delivering.append(_raw(rows, check_source(source)))
        summary.position = summary.position or self.position
        return summary

    def _settling(self) -> AfterChunk:
        return settling_after(self._engine, self._profile, precedence(self._folder.path))

    def figure(
        self,
        figure: Figure,
        *,
        at: Day | None = None,
        start: Day | None = None,
        end: Day | None = None,
        known_at: datetime | Day | None = None,
        by: str | Sequence[str] = (),
        where: Mapping[str, Values] | None = None,
        window: str | None = None,
        horizons: str | Sequence[str] | None = None,
        engine: EngineName = "columnar",
        suppress: int | None = None,
        draft: bool = False,
        lang: Language = "en",
        **more: Any,
    ) -> Shown:
        """A figure by its name, as `forlop FIGURE` counts it; `start` and `end` are both included.

        `suppress` is the threshold below which counts are hidden, with what would give them away,
        together with what the store remembers as told already; it remembers this too, unless it
        is a `draft`. `lang` is the language of labels. `more` are `position`, `of`, `programme`,
        `every`, `targets`, `curve`, `ages`, `places` (a file, or the profile's). Each may be a
        value, or text as on the command line; an instant without an offset is Oslo's.
        Raises WrongUseError where the question cannot be meant.
        """
        given: dict[str, Any] = {"at": at, "known_at": known_at, "start": start, "end": end}
        given |= {"by": by, "where": where, **more}
        given |= {} if window is None else {"window": window}
        given |= {} if horizons is None else {"horizons": horizons}
        if engine not in get_args(EngineName):
            raise WrongUseError(f"there is no engine {engine!r}; columnar, reference or spark")
        try:
            asked = read_asked(figure, self._folder.places, given)
        except (ValueError, QuestionError) as error:
            raise WrongUseError(str(error)) from None
        found: Any = answer(self._engine, self._profile, asked, engine).as_mapping()
        if suppress is not None:
            control = Control(Rule(suppress))
            (found,) = release(
                self._engine, self._profile, f"forlop {figure}", [found], control, draft=draft
            )
        return shown(found, self._profile, lang)

    def report(
        self,
        name: str,
        *,
        suppress: int | None = None,
        draft: bool = False,
        lang: Language = "en",
    ) -> Shown:
        """A report by its name, as `forlop report run` counts it.

        `suppress` and `draft` are a figure's. Without `suppress` nothing is hidden.
        """
        (wanted,) = find([name], self._folder, self._url)
        answers = Answers(self._engine, self._profile)
        guard = None if suppress is None else partial(self._released, Control(Rule(suppress)))
        done = run([wanted], answers, self._profile, lang, guard)
        if suppress is not None and not draft:
            now = to_microseconds(current_time())
            remember(self._engine, wanted.name, done.figures, now)
        (ran,) = done.reports
        return shown(ran.result, replace(self._profile, lists=ran.labels), lang)

    def _released(self, control: Control, results: Results) -> Results:
        return released(self._engine, self._profile, results, control)

    def replay(
        self,
        participant: str,
        *,
        at: Day | None = None,
        known_at: datetime | Day | None = None,
        position: int | None = None,
        user: str | None = None,
        reason: str | None = None,
    ) -> dict[str, Any]:
        """One participant's history and state, as `forlop replay --json` prints it.

        The access log keeps `user`, by default whoever runs this, and `reason`.
        """
        found, meta, day = replay_of(
            self._engine,
            participant,
            at=read_day(at),
            known_at=read_known_at(known_at),
            position=position,
            by=reader(user, reason),
        )
        return {"meta": meta, **as_json(found, day, self._profile)}

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_store(
    url: str = "sqlite:///forlop.db",
    *,
    make: bool = False,
    profile: str | PathLike[str] = "default",
) -> Store:
    """The store at a SQLAlchemy URL; `make` makes one in a database that is empty.

    `profile` is the name of one that is shipped, or a folder.
    """
    return Store(open_engine(url, make=make), profile)


def _raw(rows: Iterable[Mapping[str, Any]], source: str | None) -> Iterable[RawRow]:
    for line, cells in enumerate(rows, start=1):
        raw = RawRow(line, orjson.dumps(dict(cells), default=str), dict(cells))
        fill_source(raw, source)
        yield raw
