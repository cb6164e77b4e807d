"""The program as a person runs it: a line of arguments, what it prints, and its exit code."""

from __future__ import annotations

import gc
import io
import shlex
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from unittest.mock import patch

from cli.main import run


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def counts(self) -> dict[str, int]:
        """The counts that `append` prints: read, appended and so on."""
        lines = (line.split() for line in self.out.splitlines())
        return {line[0]: int(line[1]) for line in lines if len(line) == 2 and line[1].isdigit()}

    @property
    def troubles(self) -> list[str]:
        """The lines of `append` about rows that were held or rejected."""
        return [line for line in self.err.splitlines() if ", line " in line]


Command = Callable[..., Said]


def command(line: str, standard_input: bytes = b"") -> Said:
    """Runs `forlop` with the arguments of a line, in this process."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    stdin = io.TextIOWrapper(io.BytesIO(standard_input), "utf-8")
    argv = ["forlop", *shlex.split(line)]
    code: object = 0
    with (
        _letting_go(),
        patch.object(sys, "argv", argv),
        patch.object(sys, "stdin", stdin),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            run()
        except SystemExit as exit_:
            code = exit_.code
    assert code is None or isinstance(code, int)
    return Said(code or 0, _text(out), _text(err))


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode()


@contextmanager
def _letting_go() -> Iterator[None]:
    """A command leaves its connections to the end of its process; here they end with it.

    Only what has been made since is looked through: all that the tests have loaded is much more.
    """
    gc.freeze()
    try:
        yield
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
        gc.unfreeze()
