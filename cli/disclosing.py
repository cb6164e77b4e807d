"""The options of disclosure control, and what they ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

if TYPE_CHECKING:
    from adapters.disclosing import Control

_THRESHOLD = "4"
Suppress = Annotated[
    int | None,
    typer.Option(
        "--suppress",
        metavar="[THRESHOLD]",
        min=2,
        help="Hide counts below this (4), and what would give them away.",
    ),
]
SuppressZeros = Annotated[
    bool, typer.Option("--suppress-zeros", help="Hide zeros as small counts, too.")
]
Symbol = Annotated[str, typer.Option("--symbol", help="What stands in a hidden cell.")]
Round = Annotated[
    int | None,
    typer.Option("--round", metavar="BASE", min=2, help="Round counts to this base instead."),
]
Draft = Annotated[
    bool,
    typer.Option("--draft", help="Not for readers yet: the store does not remember it as told."),
]
OPTIONS: dict[str, tuple[Any, Any]] = {
    "suppress": (Suppress, None),
    "suppress_zeros": (SuppressZeros, False),
    "symbol": (Symbol, ":"),
    "round_": (Round, None),
    "draft": (Draft, False),
}


class Suppressing(TyperCommand):
    """A command whose `--suppress` may stand without a threshold."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        filled: list[str] = []
        for i, argument in enumerate(args):
            filled.append(argument)
            following = args[i + 1] if i + 1 < len(args) else ""
            if argument == "--suppress" and not following.isdecimal():
                filled.append(_THRESHOLD)
        return super().parse_args(ctx, filled)


def control(given: dict[str, Any], *, by_default: bool = False) -> Control | None:
    """What the options ask for; None where nothing is to be hidden or rounded."""
    wanted = given["suppress"] is not None or given["suppress_zeros"] or by_default
    if given["round_"] is None and not wanted:
        return None
    from adapters.disclosing import Control  # noqa: PLC0415
    from projections.disclosure import Rule  # noqa: PLC0415

    threshold = given["suppress"] or int(_THRESHOLD)
    rule = Rule(threshold, not given["suppress_zeros"], given["symbol"])
    return Control(rule, given["round_"])
