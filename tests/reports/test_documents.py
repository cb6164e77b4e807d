"""The documents' files, commands and examples do what they say."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app

DOCS = Path(__file__).parents[2] / "docs"
_RUN = re.compile(r"^\$ forlop (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
_FENCE = re.compile(r"(?:^`([^`\n]+)`:\n\n)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_tutorial_makes_a_profile_and_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = 0
    for name, kind, text in _FENCE.findall((DOCS / "tutorial-profile.md").read_text("utf-8")):
        if kind == "console":
            for command, expected in _RUN.findall(text):
                done = CliRunner(env={"COLUMNS": "200"}).invoke(app, shlex.split(command))
                assert done.stdout == expected, (command, done.output, done.exception)
                ran += 1
        else:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_text(text, "utf-8")
    assert ran == 7


def test_the_notebook_examples_give_what_they_show(store: str) -> None:
    found = doctest.testfile(
        str(DOCS / "notebook.md"), module_relative=False, globs={"url": store}, encoding="utf-8"
    )
    assert found.attempted > 15
    assert found.failed == 0
