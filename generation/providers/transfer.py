"""Streams a finished clip to a file, under a byte cap and a total deadline, telling how far it is."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx2
import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from generation.providers.base import ErrorKind, OnProgress, ProviderError

CHUNK_BYTES = 256 * 1024
MAX_BYTES = 2 * 1024**3
MAX_SECONDS = 30 * 60
CONNECT_SECONDS = 10
#: What the SDKs' streams raise when a connection breaks in the middle.
BROKEN = (httpx2.HTTPError, httpx2.StreamError)
#: A server that sends nothing for this long has gone.
SILENCE_SECONDS = 30


def save(
    chunks: Iterable[bytes], destination: Path, on_progress: OnProgress, expected_bytes: int | None = None
) -> None:
    """Write the chunks. Raises ProviderError for a clip that is too big, too slow or cut short."""
    began = time.monotonic()
    received = 0
    with destination.open("wb") as file:
        for chunk in chunks:
            received += len(chunk)
            if received > MAX_BYTES:
                raise ProviderError(ErrorKind.PROVIDER, f"The clip is larger than {MAX_BYTES // 1024**3} GB.")
            if time.monotonic() - began > MAX_SECONDS:
                raise ProviderError(ErrorKind.NETWORK, f"The download took longer than {MAX_SECONDS // 60} minutes.")
            file.write(chunk)
            on_progress(received / expected_bytes if expected_bytes else 0.5)
    if expected_bytes is not None and received < expected_bytes:
        raise ProviderError(ErrorKind.NETWORK, f"The download ended after {received} of {expected_bytes} bytes.")


def save_from_url(
    url: str,
    destination: Path,
    on_progress: OnProgress,
    headers: Mapping[str, str] | None = None,
    *,
    base_url: str = "",
) -> None:
    """Download a clip that stands at an address that an answer named.

    Such an address must be public, or on the host of `base_url`, which the operator has named. Where `headers` carry
    credentials, one redirect is followed, without them; else none is.
    """
    trusted = urlsplit(base_url).hostname or ""
    refuse_inside(url, trusted)
    try:
        with (
            _session(trusted) as session,
            session.get(
                url, headers=headers, stream=True, timeout=(CONNECT_SECONDS, SILENCE_SECONDS), allow_redirects=False
            ) as response,
        ):
            if headers and response.is_redirect:
                save_from_url(urljoin(url, response.headers["Location"]), destination, on_progress, base_url=base_url)
                return
            if response.headers.get("Content-Type", "").startswith(("text/", "application/json")) and response.ok:
                raise ProviderError(ErrorKind.PROVIDER, "The clip's address answered with something that is no clip.")
            if response.status_code != 200:
                kind = ErrorKind.NETWORK if response.status_code >= 500 else ErrorKind.PROVIDER
                raise ProviderError(kind, f"The clip's address answered {response.status_code}.")
            length = response.headers.get("Content-Length", "")
            expected = int(length) if length.isdigit() and "Content-Encoding" not in response.headers else None
            save(response.iter_content(CHUNK_BYTES), destination, on_progress, expected)
    except requests.RequestException as error:
        raise ProviderError(ErrorKind.NETWORK, f"The clip could not be downloaded: {type(error).__name__}.") from error


# -- Addresses that only this network can reach ------------------------------------------------------------------------


def refuse_inside(url: str, trusted: str) -> None:
    """Raises ProviderError for an address that is not public, whatever name stands for it."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ProviderError(ErrorKind.PROVIDER, "The clip's address is none of the web.")
    if parts.hostname == trusted:
        return
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ProviderError(ErrorKind.NETWORK, f"The clip's address {parts.hostname} is not known.") from error
    for *_, address in found:
        _refuse_unless_public(str(address[0]), parts.hostname)


def _session(trusted: str) -> requests.Session:
    """Looks at the address it has really connected to: the name may stand for another one by then.

    Behind a proxy, which the operator has set, it is the proxy that connects.
    """

    class Checked(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _checked(super()._new_conn(), self.host)

    class CheckedTls(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _checked(super()._new_conn(), self.host)

    def _checked(connected: socket.socket, host: str) -> socket.socket:
        try:
            if host != trusted:
                _refuse_unless_public(str(connected.getpeername()[0]), host)
        except ProviderError:
            connected.close()
            raise
        return connected

    session = requests.Session()
    for scheme, pool, connection in (
        ("http", HTTPConnectionPool, Checked),
        ("https", HTTPSConnectionPool, CheckedTls),
    ):
        adapter = HTTPAdapter()
        checked_pool = type("CheckedPool", (pool,), {"ConnectionCls": connection})
        adapter.poolmanager.pool_classes_by_scheme = {scheme: checked_pool}
        session.mount(f"{scheme}://", adapter)
    return session


def _refuse_unless_public(address: str, host: str) -> None:
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    if not (mapped or found).is_global:
        raise ProviderError(
            ErrorKind.PROVIDER, f"The clip's address {host} is inside a private network and is not used."
        )
