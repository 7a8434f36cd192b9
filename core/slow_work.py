"""Slow work in a request: it must not keep the database connection, which web requests share, nor hold a transaction."""

from __future__ import annotations

from django.db import connection


def release_connection() -> None:
    """Call it before anything that takes time: decoding, hashing, waiting for another server. The next query connects anew.

    Raises RuntimeError inside a transaction, whose locks would outlast the wait.
    """
    blocks = [block for block in connection.atomic_blocks if not getattr(block, "_from_testcase", False)]
    if blocks:
        raise RuntimeError("Slow work inside a transaction.")
    if not connection.in_atomic_block:
        connection.close()
