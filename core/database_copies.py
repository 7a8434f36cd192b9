"""Copies of the whole database as one file, taken while it is in use, and put into an empty one."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection


class CopyFailed(Exception):
    """The message is a sentence for people."""


def file_name() -> str:
    return "database.sqlite3" if connection.vendor == "sqlite" else "database.dump"


def is_empty() -> bool:
    return not connection.introspection.table_names()


def dump(path: Path) -> None:
    """Write a consistent copy of the database to a new file. Raises CopyFailed."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        with contextlib.closing(sqlite3.connect(path)) as copy:
            # Copying the file itself would lose what is still in the write-ahead log.
            connection.connection.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
    else:
        _run_tool("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={path}", "--dbname", _name())


def load(path: Path) -> None:
    """Fill the empty database from a copy. Raises CopyFailed; the database is then still empty."""
    if connection.vendor == "sqlite":
        with contextlib.closing(sqlite3.connect(path)) as copy:
            try:
                (state,) = copy.execute("PRAGMA integrity_check").fetchone()
            except sqlite3.DatabaseError as error:
                raise CopyFailed(f"{path.name} is damaged: {error}.") from error
            if state != "ok":
                raise CopyFailed(f"{path.name} is damaged: {state}.")
            connection.ensure_connection()
            copy.backup(connection.connection)
        connection.close()
    else:
        connection.close()
        options = ("--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error")
        _run_tool("pg_restore", *options, "--dbname", _name(), str(path))


def _name() -> str:
    return str(connection.settings_dict["NAME"])


def _run_tool(name: str, *arguments: str) -> None:
    # Run one of PostgreSQL's own commands. The password goes by the environment: other users can read arguments.
    tool = shutil.which(name)
    if tool is None:
        raise CopyFailed(f"{name} was not found. Install PostgreSQL's client commands (Debian: postgresql-client).")
    values: dict[str, Any] = connection.settings_dict
    names = {"HOST": "PGHOST", "PORT": "PGPORT", "USER": "PGUSER", "PASSWORD": "PGPASSWORD"}
    environment = os.environ | {variable: str(values[key]) for key, variable in names.items() if values.get(key)}
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own command, with no argument from a request
        [tool, *arguments], env=environment, capture_output=True, text=True, cwd=settings.DATA_DIR, check=False
    )
    if done.returncode:
        raise CopyFailed(f"{name} failed: {done.stderr.strip()[:1000]}")
