"""The commands by name, each loaded when it is first asked for: to run one takes no other."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from importlib import import_module
from re import Match
from re import compile as compile_
from typing import Any, Final

import typer
from typer.core import TyperGroup

from cli.given import as_given

# In which module each is, in the order in which the help lists them.
_MODULES: Final = {
    "append": "append",
    "stock": "figures",
    "flow": "figures",
    "series": "figures",
    "dwell": "figures",
    "exits": "figures",
    "outcomes": "figures",
    "returns": "figures",
    "funnel": "figures",
    "chains": "figures",
    "capacity": "figures",
    "duty": "figures",
    "replay": "replay",
    "audit": "audit",
    "export-columns": "columns",
    "erase": "erase",
    "verify": "verify",
    "head": "verify",
    "disagreements": "comparing",
    "overlaps": "comparing",
    "rerun": "rerun",
    "demo": "demo",
    "export": "export",
    "mapping": "mapping",
    "quarantine": "quarantine",
    "access": "access",
    "explain": "explain",
    "diff": "diff",
    "profile": "profile",
    "report": "report",
    "estimate": "estimate",
}
STOPPED: Final = "stopped; nothing of what was under way is stored"
_NOT_WHOLE: Final = compile_(
    r"Input should be a valid integer.*|Unable to parse input .* integer.*"
)
_TOO_MANY: Final = compile_(r"(unexpected extra argument(?:s|\(s\))? \()(.*)(\))")
_NO_SUCH: Final = compile_(r"(No such (?:command|option):? '?-*)([^' ]*\d[^' ]*)('?)")
# What is wrong with the use of a command, of whatever kind.
_UsageError: Final[Any] = typer.BadParameter.__mro__[1]


@contextmanager
def _plain_usage() -> Iterator[None]:
    """Usage errors repeat what was typed: without any person's key, or words of a library."""
    try:
        yield
    except _UsageError as error:
        from domain.record import without_natural_keys  # noqa: PLC0415

        said = _without_typed_keys(error.message.removeprefix("Value error, "))
        error.message = without_natural_keys(_NOT_WHOLE.sub("give a whole number", said))
        raise


def _without_typed_keys(said: str) -> str:
    """What stands where nothing should may be a key of any kind; a mistyped word has no digits."""
    from domain.record import masked  # noqa: PLC0415

    def mask(found: Match[str]) -> str:
        return f"{found[1]}{' '.join(map(masked, found[2].split(' ')))}{found[3]}"

    return _NO_SUCH.sub(mask, _TOO_MANY.sub(mask, said))


class Commands(TyperGroup):
    """A group that knows its commands by name alone until one is used, or all are listed."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _OnDemand()

    def invoke(self, ctx: Any) -> Any:
        """Runs a command; one that is interrupted (Ctrl-C) says so in a line."""
        try:
            with _plain_usage():
                return super().invoke(ctx)
        except KeyboardInterrupt as stopped:
            typer.echo(f"forlop: {stopped!s}" if stopped.args else f"forlop: {STOPPED}", err=True)
            raise typer.Exit(130) from None

    def make_context(self, *given: Any, **more: Any) -> Any:
        with _plain_usage():
            return super().make_context(*given, **more)

    def get_params(self, ctx: Any) -> list[Any]:
        return as_given(super().get_params(ctx))


class _OnDemand(MutableMapping[str, Any]):
    """The commands, each made from its module when it is looked up."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = _make(name, _MODULES[name])
        return self._made[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


def _make(name: str, module: str) -> Any:
    """A command as Typer makes it from what a module has: an `app` of its own, or `add_to`."""
    alone = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    found = import_module(f"cli.{module}")
    if hasattr(found, "app"):
        alone.add_typer(found.app, name=name)
    else:
        found.add_to(alone, name)
    return typer.main.get_group(alone).commands[name]
