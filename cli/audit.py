"""`forlop audit`: an attack on what is published, as a reader could make it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import DEFAULT_PROFILE, Json, ProfileOption

if TYPE_CHECKING:
    from projections.disclosure import Rule

_Paths = Annotated[
    list[Path],
    typer.Argument(metavar="FOLDER|FILE…", help="A publication's folder, or figures as JSON."),
]


def add_to(app: typer.Typer, name: str) -> None:
    app.command(name)(audit)


def audit(
    paths: _Paths,
    earlier: Annotated[
        list[Path] | None, typer.Option(help="An earlier publication that readers have too.")
    ] = None,
    threshold: Annotated[
        int | None, typer.Option(min=2, help="Counts below it are small; as published, if not set.")
    ] = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    as_json: Json = False,
) -> None:
    """Whether a published set gives a small count away: what margins and differences tell.

    Several files are one publication. Exit code 1: something leaks.

    Example: forlop audit published --earlier published-in-january
    """
    import orjson  # noqa: PLC0415

    from adapters.disclosing import nesting_of  # noqa: PLC0415
    from adapters.errors import WrongUseError  # noqa: PLC0415
    from adapters.profiles import open_profile  # noqa: PLC0415
    from projections.disclosure_audit import audit as attack  # noqa: PLC0415
    from projections.disclosure_links import bare, stocks_in_series  # noqa: PLC0415

    results = [one for path in paths for one in _read(path)]
    before = [_read(path) for path in earlier or ()]
    rules = open_profile(profile).profile
    try:
        found = attack(
            [*results, *(bare(stock) for _, stock in stocks_in_series(results))],
            _rule(results, threshold),
            earlier=before,
            nesting=nesting_of(rules),
        )
    except ModuleNotFoundError as error:
        raise WrongUseError(f"an audit needs {error.name}: pip install 'forlop[publish]'") from None
    except ValueError as error:
        raise WrongUseError(f"no audit: {error}") from None
    except (KeyError, TypeError, AttributeError) as error:
        what = f"a figure does not read ({type(error).__name__}: {error})"
        raise WrongUseError(f"no audit: {what}; give it as it was published") from error
    leaks = [
        {"cell": str(one.cell), "low": one.low, "high": one.high, "kind": one.kind}
        for one in found.leaks
    ]
    if as_json:
        typer.echo(orjson.dumps({"unsure": len(found.intervals), "leaks": leaks}).decode())
    else:
        for leak in leaks:
            typer.echo(f"{leak['kind']:<7}{leak['cell']}: {leak['low']:g} to {leak['high']:g}")
        typer.echo(f"{len(found.intervals)} cells in doubt, {len(leaks)} leaks")
    if leaks:
        raise typer.Exit(1)


def _read(path: Path) -> list[dict[str, Any]]:
    """The figures of a publication's folder, or of a file as `--format json` writes it."""
    import orjson  # noqa: PLC0415

    from adapters.errors import WrongUseError  # noqa: PLC0415
    from adapters.reports.publication import PUBLISHED  # noqa: PLC0415

    file = path / PUBLISHED if path.is_dir() else path
    try:
        read = orjson.loads(file.read_bytes())
    except FileNotFoundError:
        raise WrongUseError(f"there is no file {file}; give a publication's folder") from None
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise WrongUseError(f"{file} cannot be read: {said}") from None
    found: list[dict[str, Any]] = read if isinstance(read, list) else [read]
    if not all(isinstance(one, dict) and {"meta", "rows"} <= set(one) for one in found):
        raise WrongUseError(f"{file} holds no figures; give a publication, or --format json")
    return found


def _rule(results: list[dict[str, Any]], threshold: int | None) -> Rule:
    """The rule that the figures say they were published under; the strictest of several."""
    from projections.disclosure import Rule  # noqa: PLC0415

    done = [one["meta"].get("disclosure", {}) for one in results]
    least = max((one["threshold"] for one in done if "threshold" in one), default=4)
    return Rule(threshold or least, all(one.get("zeros_shown", True) for one in done))
