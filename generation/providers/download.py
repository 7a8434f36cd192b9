"""Streams a finished clip to a file with progress, under a byte cap, a least pace and a total deadline."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from urllib.parse import urljoin

import httpx2

from generation.providers import egress
from generation.providers.base import ErrorKind, OnProgress, ProviderError
from generation.providers.bounds import Bounds
from generation.providers.http import connection_error, read_length

MAX_BYTES = 2 * 1024**3
MAX_SECONDS = 30 * 60
CONNECT_SECONDS = 10
#: The longest pause between two reads.
READ_SECONDS = 30
TIMEOUT = httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
#: No video begins with these, a page or JSON does.
STARTS_OF_TEXT = (b"<", b"{", b"[")
#: White space and a byte order mark, which may stand before them.
BLANK = b" \t\r\n\xef\xbb\xbf"
#: What the SDKs' streams raise when a connection breaks while the clip arrives.
STREAM_ERRORS = (httpx2.HTTPError, httpx2.StreamError)


def bounds() -> Bounds:
    return Bounds(READ_SECONDS + CONNECT_SECONDS, MAX_BYTES, body_seconds=MAX_SECONDS)


def save_from_first(*downloads: Callable[[], None]) -> None:
    """Run the downloads of one clip until one succeeds. If none does, raises the ProviderError of the first."""
    failures: list[ProviderError] = []
    for attempt in downloads:
        try:
            return attempt()
        except ProviderError as error:
            failures.append(error)
    raise failures[0] if failures else ProviderError(ErrorKind.PROVIDER, "The provider names no address of the clip.")


def save_chunks(
    chunks: Iterable[bytes], destination: Path, on_progress: OnProgress, expected: int | None = None
) -> None:
    """Raises ProviderError for a clip that is empty, a text, too large or incomplete. `expected` is its length, if known.

    Servers label clips with any content type, and error pages as video: only the content counts.
    """
    received, first = 0, b""
    with destination.open("wb") as file:
        for chunk in chunks:
            first = first or chunk.lstrip(BLANK)[:1]
            if first in STARTS_OF_TEXT:
                raise ProviderError(ErrorKind.PROVIDER, "The download is a text instead of a video.")
            received += len(chunk)
            if received > MAX_BYTES:
                raise ProviderError(ErrorKind.PROVIDER, f"The clip is larger than {MAX_BYTES // 1024**3} GB.")
            file.write(chunk)
            on_progress(received / expected if expected else 0.5)
    if not received and not expected:
        raise ProviderError(ErrorKind.PROVIDER, "The download is empty.")
    if expected is not None and received < expected:
        raise ProviderError(ErrorKind.NETWORK, f"The download ended after {received} of {expected} bytes.")


def save_from_url(
    url: str,
    destination: Path,
    on_progress: OnProgress,
    headers: Mapping[str, str] | None = None,
    *,
    trusted: str = "",
) -> None:
    """Download a clip from a URL in a provider's answer. Raises ProviderError.

    The URL must be public, or on the `trusted` host, which the operator configured or allowed. `headers` carry credentials
    for this URL only: with them one redirect is followed, without the headers; without them none is.
    """
    # The answer is untrusted input. The client checks again, on the address that it connects to.
    egress.require_public(url, trusted)
    sent = {"Accept-Encoding": "identity"} | dict(headers or {})
    try:
        with (
            httpx2.Client(**egress.download_options(trusted, bounds())) as client,
            client.stream("GET", url, headers=sent, timeout=TIMEOUT) as response,
        ):
            if headers and response.has_redirect_location:
                save_from_url(urljoin(url, response.headers["Location"]), destination, on_progress, trusted=trusted)
                return
            if response.status_code != 200:
                kind = ErrorKind.NETWORK if response.status_code >= 500 else ErrorKind.PROVIDER
                raise ProviderError(kind, f"The clip's URL returned {response.status_code}.")
            save_chunks(response.iter_bytes(), destination, on_progress, read_length(response.headers))
    except egress.RefusedAddress as error:
        raise ProviderError(ErrorKind.PROVIDER, str(error)) from error
    except STREAM_ERRORS as error:
        raise connection_error(error, service="The download", sending=False) from error
    except (httpx2.InvalidURL, ValueError) as error:  # ValueError: bad Location
        raise ProviderError(ErrorKind.NETWORK, f"The clip could not be downloaded: {type(error).__name__}.") from error
