"""Streams a finished clip to a file with progress, under a byte cap and a total deadline."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urljoin

import httpx2
import requests
import urllib3

from generation.providers import egress
from generation.providers.base import ErrorKind, OnProgress, ProviderError
from generation.providers.http import read_length

CHUNK_BYTES = 256 * 1024
MAX_BYTES = 2 * 1024**3
MAX_SECONDS = 30 * 60
CONNECT_SECONDS = 10
#: The longest pause between two reads.
READ_SECONDS = 30
#: What the SDKs' streams raise when a connection breaks while the clip arrives.
STREAM_ERRORS = (httpx2.HTTPError, httpx2.StreamError)


def save_chunks(
    chunks: Iterable[bytes], destination: Path, on_progress: OnProgress, expected: int | None = None
) -> None:
    """Raises ProviderError for a clip that is too large, too slow or incomplete. `expected` is its length, if known."""
    started = time.monotonic()
    received = 0
    with destination.open("wb") as file:
        for chunk in chunks:
            received += len(chunk)
            if received > MAX_BYTES:
                raise ProviderError(ErrorKind.PROVIDER, f"The clip is larger than {MAX_BYTES // 1024**3} GB.")
            if time.monotonic() - started > MAX_SECONDS:
                raise ProviderError(ErrorKind.NETWORK, f"The download took longer than {MAX_SECONDS // 60} minutes.")
            file.write(chunk)
            on_progress(received / expected if expected else 0.5)
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
    # The answer is untrusted input. The session checks again, on the address that it connects to.
    egress.require_public(url, trusted)
    try:
        with (
            egress.download_session(trusted) as session,
            session.get(
                url, headers=headers, stream=True, timeout=(CONNECT_SECONDS, READ_SECONDS), allow_redirects=False
            ) as response,
        ):
            if headers and response.is_redirect:
                save_from_url(urljoin(url, response.headers["Location"]), destination, on_progress, trusted=trusted)
                return
            if response.headers.get("Content-Type", "").startswith(("text/", "application/json")) and response.ok:
                raise ProviderError(ErrorKind.PROVIDER, "The clip's URL returned something other than a video.")
            if response.status_code != 200:
                kind = ErrorKind.NETWORK if response.status_code >= 500 else ErrorKind.PROVIDER
                raise ProviderError(kind, f"The clip's URL returned {response.status_code}.")
            save_chunks(_iter_available(response), destination, on_progress, read_length(response.headers))
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:  # ValueError: bad Location
        raise ProviderError(ErrorKind.NETWORK, f"The clip could not be downloaded: {type(error).__name__}.") from error


def _iter_available(response: requests.Response) -> Iterator[bytes]:
    # Yields each read as it arrives. `iter_content` waits for whole chunks, so a slow drip would escape the deadline.
    while chunk := response.raw.read1(CHUNK_BYTES, decode_content=True):
        yield chunk
