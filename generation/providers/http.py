"""What the clients of all providers share: keys, one client per loop, and what an answer's headers or its absence mean."""

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

#: Of a provider's words.
MOST_CHARACTERS = 1000
#: Raised before a request has left this machine.
NOT_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.UnsupportedProtocol,
    httpx2.LocalProtocolError,
)
#: What a refusal means, whoever sends it.
KINDS = {
    401: ErrorKind.AUTH,
    402: ErrorKind.QUOTA,
    403: ErrorKind.AUTH,
    429: ErrorKind.RATE_LIMIT,
}

Client = TypeVar("Client")


def checked_key(key: str) -> str:
    """The key, if it can be sent. Raises ProviderError."""
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ProviderError(ErrorKind.AUTH, "The key has characters that no key has. Copy it again.")
    return key


class OnePerLoop(Generic[Client]):
    """One client per account and running loop: a connection belongs to the loop it was opened in."""

    def __init__(self, make: Callable[[Account], Client]) -> None:
        self.make = make
        self.made: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Account, Client]] = WeakKeyDictionary()

    def __call__(self, account: Account) -> Client:
        clients = self.made.setdefault(asyncio.get_running_loop(), {})
        if account not in clients:
            clients[account] = self.make(account)
        return clients[account]


def unanswered(error: Exception, *, who: str, sending: bool) -> ProviderError:
    """A request that got no answer; `sending` is whether something is bought by it, which then nobody knows."""
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
    """The provider's words, and in ours what of all that was sent they mean; `what` is empty where that is not told."""
    sentence = words if words.endswith((".", "!", "?")) else f"{words}."
    if what and kind == ErrorKind.MODERATION:
        return f"{sentence} Flagged: {what}."
    if what and kind == ErrorKind.INVALID:
        return f"{sentence} It is about {what}."
    return words


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, from seconds or a date."""
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
    """How long the body will be; None where that is not told, or told of its encoded form."""
    length = headers.get("content-length", "")
    return int(length) if length.isdigit() and "content-encoding" not in headers else None
