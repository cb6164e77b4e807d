"""`forlop export-columns`: the log's coded columns as Parquet, for a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.options import DEFAULT_STORE, Store


def add_to(app: typer.Typer, name: str) -> None:
    app.command(name)(export_columns)


def export_columns(
    folder: Annotated[
        str | None,
        typer.Argument(
            metavar="[FOLDER]",
            envvar="FORLOP_SPARK_COLUMNS",
            help="A new folder, or one of an earlier export; by default beside the copy.",
        ),
    ] = None,
    store: Store = DEFAULT_STORE,
    buckets: Annotated[
        int | None,
        typer.Option(
            min=1, help="Parts by participant; by default one for each 250,000 events, at least 4."
        ),
    ] = None,
) -> None:
    """Write the log's coded columns as Parquet, partitioned by participant, for Apache Spark.

    A later run adds only the events that are new. Another number of buckets writes all anew.

    Example: forlop export-columns /shared/forlop --store sqlite:///forlop.db
    """
    from adapters.database import open_engine, reading  # noqa: PLC0415
    from adapters.exported_log import default_folder, export  # noqa: PLC0415
    from adapters.log import head_of  # noqa: PLC0415
    from cli.waiting import bring_up_to_date  # noqa: PLC0415

    if folder is not None and "://" in folder:
        raise typer.BadParameter("write to a folder, then copy it there", param_hint="FOLDER")
    engine = open_engine(store, make=False)
    chosen = Path(folder) if folder else default_folder(engine)
    with reading(engine) as connection:
        position = head_of(connection).position
        manifest = export(
            engine, connection, chosen, position, buckets=buckets, watch=bring_up_to_date
        )
    typer.echo(f"{chosen}: {manifest.position} events in {manifest.buckets} buckets")
