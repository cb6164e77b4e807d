"""`forlop demo`: the published tables from the reconstructed registers."""

from __future__ import annotations

import typer


def add_to(app: typer.Typer) -> None:
    app.command()(demo)


def demo() -> None:
    """Put both registers into a fresh store and print every published table beside the counted."""
