"""Calls that a page waits for: a test of a connection, a look at a provider's list.

A slow server holds the request that asks it. Each web process lets a team, and all of them together, hold only a few.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from generation.providers.base import ErrorKind, ProviderError

AT_ONCE_PER_TEAM = 2
AT_ONCE = 6
RETRY_AFTER_SECONDS = 30

_held: Counter[int | None] = Counter()
_lock = threading.Lock()


class NoPlace(ProviderError):
    """`status` is the HTTP status of the refusal: 429 because of this team's calls, 503 because of all."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(ErrorKind.RATE_LIMIT, message, retry_after=RETRY_AFTER_SECONDS)
        self.status = status


@contextmanager
def hold_place(team_id: int | None) -> Iterator[None]:
    """Raises NoPlace. Without a team, for the server's own connections."""
    with _lock:
        if _held[team_id] >= AT_ONCE_PER_TEAM:
            raise NoPlace(
                429, f"{AT_ONCE_PER_TEAM} slow requests to providers are running. Try again when one has ended."
            )
        if _held.total() >= AT_ONCE:
            raise NoPlace(503, "The server is waiting for too many providers. Try again in half a minute.")
        _held[team_id] += 1
    try:
        yield
    finally:
        with _lock:
            _held[team_id] -= 1
            if not _held[team_id]:
                del _held[team_id]
