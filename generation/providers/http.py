"""Shared by all clients: keys, clients per event loop, and the meaning of refusals, headers and broken connections."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

import httpx2

from generation.providers import answers, egress
from generation.providers.base import Account, ErrorKind, ProviderError
from generation.providers.bounds import AnswerTooLarge, AnswerTooSlow

#: Longer messages of providers are cut off.
MAX_CHARACTERS = 1000
#: Raised only before a request has left this machine, so the provider cannot have accepted anything.
NOT_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.UnsupportedProtocol,
    httpx2.LocalProtocolError,
)
#: HTTP statuses with the same meaning at every provider.
KIND_BY_STATUS = {
    401: ErrorKind.AUTH,
    402: ErrorKind.QUOTA,
    403: ErrorKind.AUTH,
    429: ErrorKind.RATE_LIMIT,
}

#: The headers that say when to come back, with their units in seconds. LiteLLM passes a server's own on under a prefix.
RETRY_AFTER = {
    f"{prefix}{name}": unit
    for prefix in ("", "llm_provider-")
    for name, unit in (("retry-after", 1.0), ("retry-after-ms", 0.001))
}
#: On every request: LiteLLM otherwise repeats a create whose answer was lost, and each repetition is charged.
NO_RETRIES = {"x-litellm-num-retries": "0"}

Client = TypeVar("Client")


def validate_key(key: str) -> str:
    """Returns the key. Raises ProviderError if it cannot be sent in a header."""
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ProviderError(ErrorKind.AUTH, "The key contains invalid characters. Copy it again.")
    return key


class PerLoopClients(Generic[Client]):
    """One client per account and running event loop, because a connection works only in the loop that opened it.

    Clients live as long as their loop: a worker has one loop, and few accounts.
    """

    def __init__(self, build: Callable[[Account], Client]) -> None:
        self.build = build
        self.by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Account, Client]] = WeakKeyDictionary()

    def __call__(self, account: Account) -> Client:
        clients = self.by_loop.setdefault(asyncio.get_running_loop(), {})
        if account not in clients:
            clients[account] = self.build(account)
        return clients[account]


def connection_error(error: Exception, *, service: str, sending: bool) -> ProviderError:
    """The error for a request without an answer: UNKNOWN if it buys something (`sending`) and may have been accepted."""
    name = type(error).__name__
    if isinstance(error, egress.RefusedAddress):
        return ProviderError(ErrorKind.INVALID, str(error))
    if isinstance(error, AnswerTooLarge | AnswerTooSlow):
        kind = ErrorKind.PROVIDER if isinstance(error, AnswerTooLarge) else ErrorKind.NETWORK
        return ProviderError(ErrorKind.UNKNOWN if sending else kind, f"{service} was cut off. {error}")
    if isinstance(error, NOT_SENT):
        return ProviderError(ErrorKind.NETWORK, f"{service} could not be reached ({name}).")
    kind = ErrorKind.UNKNOWN if sending else ErrorKind.NETWORK
    return ProviderError(kind, f"The connection broke before an answer arrived ({name}).")


def one_line(text: str) -> str:
    return " ".join(text.split())[:MAX_CHARACTERS]


def name_input(message: str, kind: ErrorKind, input_name: str) -> str:
    """The provider's message, with the input that it concerns. An unknown input (empty name) adds nothing."""
    sentence = message if message.endswith((".", "!", "?")) else f"{message}."
    if input_name and kind == ErrorKind.MODERATION:
        return f"{sentence} Flagged: {input_name}."
    if input_name and kind == ErrorKind.INVALID:
        return f"{sentence} Affected input: {input_name}."
    return message


def read_retry_after(headers: Mapping[str, str], error: object = None) -> float | None:
    """Seconds to wait, the longest that the headers or the `error` of a body ask for; None if nothing valid does."""
    sources = [headers, *map(_read_inner_headers, (error, error.get("metadata") if isinstance(error, dict) else None))]
    asked = [_read_seconds(source.get(name, ""), unit) for source in sources for name, unit in RETRY_AFTER.items()]
    return max((seconds for seconds in asked if seconds is not None), default=None)


def _read_inner_headers(error: object) -> dict[str, str]:
    # Gateways answer with headers of their own and put those of the server behind them into the body.
    inner = error.get("headers") if isinstance(error, dict) else None
    return {name.lower(): answers.as_text(value) for name, value in inner.items()} if isinstance(inner, dict) else {}


def _read_seconds(text: str, unit: float) -> float | None:
    # A number of units, or a date.
    try:
        seconds = float(text) * unit
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def read_length(headers: Mapping[str, str]) -> int | None:
    """The length of the decoded body in bytes; None if the headers do not have it, as for a compressed body."""
    length = headers.get("content-length", "")
    return int(length) if length.isdigit() and "content-encoding" not in headers else None
