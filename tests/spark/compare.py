"""Random histories and questions, asked of Spark and of the embedded engine, for some minutes.

    python -m tests.spark.compare --minutes 30 --seed 7

Exit code 1 where any answer differs. Needs Java; takes a new store every five minutes.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import Engine

from adapters.answers import Asked, answer
from adapters.errors import WrongUseError
from adapters.profiles import default_profile
from adapters.store import Store
from tests.spark.questions import random_question
from tests.spark.stores import filled

_STORE_SECONDS = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--participants", type=int, default=1000)
    given = parser.parse_args()
    end = time.monotonic() + 60 * given.minutes
    asked, differing, seed = 0, 0, given.seed
    while time.monotonic() < end:
        with tempfile.TemporaryDirectory() as folder:
            rng = random.Random(seed)
            engine = filled(Path(folder), rng, given.participants)
            until = min(end, time.monotonic() + _STORE_SECONDS)
            some, bad = _ask(engine, rng, until)
            engine.dispose()
        say(f"seed {seed}: {some} questions, {bad} differ")
        asked, differing, seed = asked + some, differing + bad, seed + 1
    say(f"{asked} questions, {differing} differ")
    sys.exit(1 if differing else 0)


def _ask(engine: Engine, rng: random.Random, until: float) -> tuple[int, int]:
    """How many questions were asked of a store, and how many answers differ."""
    asked = differing = 0
    # Each position has rectangles of its own: the log's end, and one in its middle.
    positions = (None, None, None, rng.randint(1, Store(engine).position))
    while time.monotonic() < until:
        question = random_question(rng, rng.choice(positions))
        told = difference(engine, question)
        asked += 1
        if told:
            differing += 1
            say(f"{question}\n{told}")
    return asked, differing


def difference(engine: Engine, asked: Asked) -> str:
    """What the two engines answer, where that is not the same bytes; empty where it is."""
    try:
        expected = answer(engine, default_profile(), asked, "columnar").as_json()
    except WrongUseError as error:
        return f"the embedded engine refuses it: {error}"
    found = answer(engine, default_profile(), asked, "spark").as_json()
    if found == expected:
        return ""
    lines, wanted = found.decode().splitlines(), expected.decode().splitlines()
    apart = [pair for pair in zip(lines, wanted, strict=False) if pair[0] != pair[1]]
    return f"{len(lines)} lines of {len(wanted)}; on Spark, embedded: {apart[:5]}"


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
