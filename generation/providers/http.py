"""Shared by all clients: keys, clients per event loop, and what refusals, headers and missing answers mean."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

import httpx2

from generation.providers import egress
from generation.providers.base import Account, ErrorKind, ProviderError

#: The longest message that is kept.
MOST_CHARACTERS = 1000
#: Raised only before a request has left this machine, so nothing can have been accepted.
NOT_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.UnsupportedProtocol,
    httpx2.LocalProtocolError,
)
#: HTTP statuses that mean the same at every provider.
KINDS = {
    401: ErrorKind.AUTH,
    402: ErrorKind.QUOTA,
    403: ErrorKind.AUTH,
    429: ErrorKind.RATE_LIMIT,
}

Client = TypeVar("Client")


def checked_key(key: str) -> str:
    """The key itself. Raises ProviderError if it cannot be sent in a header."""
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ProviderError(ErrorKind.AUTH, "The key has characters that no key has. Copy it again.")
    return key


class OnePerLoop(Generic[Client]):
    """A client per account and running loop: a connection belongs to the loop it was opened in."""

    def __init__(self, make: Callable[[Account], Client]) -> None:
        self.make = make
        self.made: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Account, Client]] = WeakKeyDictionary()

    def __call__(self, account: Account) -> Client:
        clients = self.made.setdefault(asyncio.get_running_loop(), {})
        if account not in clients:
            clients[account] = self.make(account)
        return clients[account]


def no_answer(error: Exception, *, who: str, sending: bool) -> ProviderError:
    """The error for a request without an answer: UNKNOWN if it buys something (`sending`) and may have been accepted."""
    name = type(error).__name__
    if isinstance(error, egress.RefusedAddress):
        return ProviderError(ErrorKind.INVALID, str(error))
    if isinstance(error, NOT_SENT):
        return ProviderError(ErrorKind.NETWORK, f"{who} could not be reached ({name}).")
    kind = ErrorKind.UNKNOWN if sending else ErrorKind.NETWORK
    return ProviderError(kind, f"The connection broke before the answer came ({name}).")


def plain(words: str) -> str:
    return " ".join(words.split())[:MOST_CHARACTERS]


def about(words: str, kind: ErrorKind, what: str) -> str:
    """The provider's words and, if it is known, which input they are about (`what`, else empty)."""
    sentence = words if words.endswith((".", "!", "?")) else f"{words}."
    if what and kind == ErrorKind.MODERATION:
        return f"{sentence} Flagged: {what}."
    if what and kind == ErrorKind.INVALID:
        return f"{sentence} It is about {what}."
    return words


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, from a header that holds seconds or a date."""
    text = headers.get("retry-after", "")
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def expected_bytes(headers: Mapping[str, str]) -> int | None:
    """The length of the decoded body; None if the headers do not say it."""
    length = headers.get("content-length", "")
    return int(length) if length.isdigit() and "content-encoding" not in headers else None
