"""`forlop mapping`: a mapping file tried on a sample, before anything is appended."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.options import DEFAULT_PROFILE, Json, ProfileOption

app = typer.Typer(
    help="Mapping files: how a list of your own becomes events.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def main() -> None:
    """A group of its own, with room for more than one command."""


@app.command()
def check(
    mapping: Annotated[str, typer.Argument(metavar="FILE.toml", help="The mapping file.")],
    sample: Annotated[
        str, typer.Argument(metavar="SAMPLE", help="Some rows of the list, as CSV or .xlsx.")
    ],
    profile: ProfileOption = DEFAULT_PROFILE,
    as_json: Json = False,
) -> None:
    """Show what each row of a sample becomes, and what is wrong with it; nothing is stored.

    Exit code 3 where a row has a problem. Example: forlop mapping check list.toml sample.csv
    """
    import orjson  # noqa: PLC0415

    from adapters.errors import WrongUseError  # noqa: PLC0415
    from adapters.mapping_files import check_sample, mapping_at  # noqa: PLC0415
    from adapters.profiles import open_profile  # noqa: PLC0415
    from adapters.readers.files import content_of, delivery  # noqa: PLC0415

    file, labels = mapping_at(mapping), open_profile(profile).profile
    with delivery(sample) as found:
        try:
            rows = check_sample(content_of(found), file, labels)
        except WrongUseError as error:
            raise WrongUseError(f"{found.name}: {error}") from None
    if as_json:
        typer.echo(orjson.dumps([row.as_json() for row in rows]).decode())
    else:
        for row in rows:
            _show(row.as_json())
    if not all(row.is_right for row in rows):
        raise typer.Exit(3)


def _show(row: dict[str, list[str] | list[dict[str, str]]]) -> None:
    where = f"{row['sheet']}, row" if row["sheet"] else "line"
    typer.echo(f"{where} {row['line']}" + (": left out" if row["left_out"] else ""))
    hidden = {"source", "event_id", "participant", "recorded_at", "type", "occurred_on"}
    for event in row["events"]:
        assert isinstance(event, dict)
        rest = ", ".join(f"{k}={v}" for k, v in event.items() if k not in hidden)
        typer.echo(f"  {event['occurred_on']} {event['type']:<18} {rest}")
    for kind in ("warnings", "problems", "refused"):
        for told in row[kind]:
            typer.echo(f"  {kind.removesuffix('s')}: {told}")
