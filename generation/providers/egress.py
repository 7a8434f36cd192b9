"""The SSRF guard: the operator's accounts may connect anywhere, a team's only to public addresses.

A name can resolve to another address between the check and the connection (DNS rebinding), so the checked address itself is
connected to, by an httpx2 transport under the SDKs and downloads. TLS and the Host header keep the name. Nothing here follows
redirects. Above it lies the transport of bounds.py, which bounds the answers.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2

from generation.providers.addresses import is_public
from generation.providers.base import Account, ErrorKind, ProviderError
from generation.providers.bounds import AsyncBoundTransport, Bounds, BoundTransport

DEFAULT_PORTS = {"https": 443, "http": 80}


class PrivateAddressError(ProviderError):
    """The host resolves to an address that is not public."""


class RefusedAddress(httpx2.UnsupportedProtocol):
    """PrivateAddressError inside httpx2, whose callers expect errors of httpx2. Nothing has been sent."""


def parse_host(url: str) -> str:
    """The host in the form for DNS: lower case, IDNA-encoded, without a trailing dot. Raises ProviderError."""
    name = (_split(url).hostname or "").rstrip(".")
    try:
        return name.encode("idna").decode() if not name.isascii() else name
    except UnicodeError:
        return name


def parse_origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port. A key is valid for one origin only. Raises ProviderError."""
    parts = _split(url)
    return parts.scheme, parse_host(url), parts.port or DEFAULT_PORTS[parts.scheme]


def _split(url: str) -> SplitResult:
    """Raises ProviderError for anything but a complete http(s) URL."""
    try:
        parts = urlsplit(url)
        is_complete = parts.scheme in DEFAULT_PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:  # an invalid IPv6 address in brackets, or a port above 65535
        is_complete = False
    # Clients disagree on control characters, spaces and backslashes, so the checked host may not be the one they use.
    if not is_complete or any(character <= " " or character == "\\" for character in url):
        raise ProviderError(ErrorKind.PROVIDER, "Not a valid http(s) URL.")
    return parts


def matches_host(url: str, trusted: str) -> bool:
    """Whether the URL's host is `trusted`, which is a host (any port) or host:port."""
    _, host, port = parse_origin(url)
    return bool(trusted) and trusted in {host, f"{host}:{port}"}


def resolve_public(host: str, port: int) -> list[str]:
    """The host's IP addresses, in the order to try. Raises PrivateAddressError if any is not public, else ProviderError."""
    try:
        resolved = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ProviderError(ErrorKind.NETWORK, f"The host {host} was not found.") from error
    addresses = list(dict.fromkeys(str(address[0]) for *_, address in resolved))
    if not all(map(is_public, addresses)):
        raise PrivateAddressError(
            ErrorKind.PROVIDER, f"The address {host} is inside a private network and is not used."
        )
    return addresses


def require_public(url: str, trusted: str) -> None:
    """Raises ProviderError unless the URL's host is trusted, or every address it resolves to is public."""
    _, host, port = parse_origin(url)
    if not matches_host(url, trusted):
        resolve_public(host, port)


# -- Clients -------------------------------------------------------------------------------------------------


#: The SDKs' own limit, for polls: many takes are polled at once, over connections that are kept.
POLLS = httpx2.Limits(max_connections=1000, max_keepalive_connections=100)


@dataclass(frozen=True)
class Reach:
    """Which addresses a client may connect to: any, or (`public_only`) public ones and the `trusted` host."""

    public_only: bool
    trusted: str
    needs_https: bool = True

    def addresses(self, request: httpx2.Request) -> list[str]:
        """Those to try in turn; empty for the host's name. Raises RefusedAddress, httpx2.ConnectError."""
        if not self.public_only or matches_host(str(request.url), self.trusted):
            return []
        return _resolve(request, needs_https=self.needs_https)


def client_options(account: Account, bounds: Bounds) -> dict[str, Any]:
    """Arguments of an httpx2 client that bound its answers and, for a team's account, the addresses that it connects to."""
    transport = GuardedTransport(Reach(account.public_only, account.trusted))
    return {"transport": BoundTransport(bounds, transport)} | _redirects(account)


def async_client_options(account: Account, bounds: Bounds) -> dict[str, Any]:
    transport = AsyncGuardedTransport(Reach(account.public_only, account.trusted))
    return {"transport": AsyncBoundTransport(bounds, transport)} | _redirects(account)


def download_options(trusted: str, bounds: Bounds) -> dict[str, Any]:
    """Arguments of an httpx2 client for addresses in a provider's answer: public ones, and the `trusted` host."""
    transport = GuardedTransport(Reach(public_only=True, trusted=trusted, needs_https=False))
    return {"transport": BoundTransport(bounds, transport), "follow_redirects": False}


def _redirects(account: Account) -> dict[str, Any]:
    return {"follow_redirects": False} if account.public_only else {}


class GuardedTransport(httpx2.BaseTransport):
    """Connects to the addresses that it has checked, and to the next one if the first cannot be reached.

    Raises RefusedAddress for an address out of reach, and httpx2.ConnectError for a name that does not resolve. In both cases
    nothing has been sent.
    """

    def __init__(self, reach: Reach) -> None:
        self.reach = reach
        self.inner: dict[str | None, httpx2.HTTPTransport] = {}

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        proxy = _find_proxy(request.url)
        inner = self.inner.get(proxy) or self.inner.setdefault(proxy, httpx2.HTTPTransport(proxy=proxy))
        *others, last = (_pin(request, address) for address in self.reach.addresses(request) or [""])
        for pinned in others:
            with suppress(httpx2.ConnectError, httpx2.ConnectTimeout):
                return inner.handle_request(pinned)
        return inner.handle_request(last)

    def close(self) -> None:
        for inner in self.inner.values():
            inner.close()


class AsyncGuardedTransport(httpx2.AsyncBaseTransport):
    """GuardedTransport for asyncio. Names are resolved in a thread, because getaddrinfo blocks."""

    def __init__(self, reach: Reach) -> None:
        self.reach = reach
        self.inner: dict[str | None, httpx2.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        proxy = _find_proxy(request.url)
        inner = self.inner.get(proxy) or self.inner.setdefault(
            proxy, httpx2.AsyncHTTPTransport(proxy=proxy, limits=POLLS)
        )
        addresses = await asyncio.to_thread(self.reach.addresses, request) if self.reach.public_only else []
        *others, last = (_pin(request, address) for address in addresses or [""])
        for pinned in others:
            with suppress(httpx2.ConnectError, httpx2.ConnectTimeout):
                return await inner.handle_async_request(pinned)
        return await inner.handle_async_request(last)

    async def aclose(self) -> None:
        for inner in self.inner.values():
            await inner.aclose()


def _resolve(request: httpx2.Request, *, needs_https: bool) -> list[str]:
    host, scheme = request.url.raw_host.decode(), request.url.scheme
    if needs_https and scheme != "https":
        raise RefusedAddress(f"{host} must be reached over https.", request=request)
    try:
        return resolve_public(host, request.url.port or DEFAULT_PORTS[scheme])
    except PrivateAddressError as error:
        raise RefusedAddress(error.message, request=request) from error
    except ProviderError as error:
        raise httpx2.ConnectError(error.message, request=request) from error


def _pin(request: httpx2.Request, address: str) -> httpx2.Request:
    # The same request to this address, if any. The Host header, SNI and the certificate check keep the name.
    if not address:
        return request
    return httpx2.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.raw_host.decode()},
    )


def _find_proxy(url: httpx2.URL) -> str | None:
    # The operator's proxy. For a team's account it gets the checked address instead of the name.
    proxies = getproxies()
    proxy = "" if proxy_bypass(url.host) else proxies.get(url.scheme) or proxies.get("all") or ""
    return (proxy if "://" in proxy else f"http://{proxy}") if proxy else None
