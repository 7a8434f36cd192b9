"""The SSRF guard: the operator's accounts may connect anywhere, a team's only to public addresses.

A name can resolve to another address between the check and the connection (DNS rebinding), so the checked address itself is
connected to: by an httpx2 transport under the SDKs, and by a requests adapter for downloads. TLS and the Host header keep the
name. Nothing here follows redirects.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any
from urllib.parse import SplitResult, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

import httpx2
import requests
from requests.adapters import HTTPAdapter

from generation.providers.addresses import is_public
from generation.providers.base import Account, ErrorKind, ProviderError

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


# -- The SDKs' clients -------------------------------------------------------------------------------------------------


def client_options(account: Account) -> dict[str, Any]:
    """Arguments that guard an httpx2 client of this account; empty for an account of the operator."""
    if not account.public_only:
        return {}
    return {"transport": PinnedTransport(account), "follow_redirects": False}


def async_client_options(account: Account) -> dict[str, Any]:
    if not account.public_only:
        return {}
    return {"transport": AsyncPinnedTransport(account), "follow_redirects": False}


class PinnedTransport(httpx2.BaseTransport):
    """Connects to the address it has checked, except for the account's trusted host.

    Raises RefusedAddress for http and for private addresses, and httpx2.ConnectError for a name that does not resolve. In
    both cases nothing has been sent.
    """

    def __init__(self, account: Account) -> None:
        self.trusted = account.trusted
        self.inner = httpx2.HTTPTransport(proxy=_proxy_for(account))

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if matches_host(str(request.url), self.trusted):
            return self.inner.handle_request(request)
        return self.inner.handle_request(_pin(request, _resolve(request)))

    def close(self) -> None:
        self.inner.close()


class AsyncPinnedTransport(httpx2.AsyncBaseTransport):
    """PinnedTransport for asyncio. Names are resolved in a thread, because getaddrinfo blocks."""

    def __init__(self, account: Account) -> None:
        self.trusted = account.trusted
        self.inner = httpx2.AsyncHTTPTransport(proxy=_proxy_for(account))

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if matches_host(str(request.url), self.trusted):
            return await self.inner.handle_async_request(request)
        address = await asyncio.to_thread(_resolve, request)
        return await self.inner.handle_async_request(_pin(request, address))

    async def aclose(self) -> None:
        await self.inner.aclose()


def _resolve(request: httpx2.Request) -> str:
    """Raises RefusedAddress, httpx2.ConnectError."""
    host = request.url.raw_host.decode()
    if request.url.scheme != "https":
        raise RefusedAddress(f"{host} must be reached over https.", request=request)
    try:
        return resolve_public(host, request.url.port or DEFAULT_PORTS["https"])[0]
    except PrivateAddressError as error:
        raise RefusedAddress(error.message, request=request) from error
    except ProviderError as error:
        raise httpx2.ConnectError(error.message, request=request) from error


def _pin(request: httpx2.Request, address: str) -> httpx2.Request:
    # The same request to this address. The Host header, SNI and the certificate check keep the name.
    return httpx2.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.raw_host.decode()},
    )


def _proxy_for(account: Account) -> str | None:
    # The operator's proxy, which gets the checked address instead of the name.
    host = parse_host(account.base_url) if account.base_url else ""
    return None if proxy_bypass(host) else getproxies().get("https")


# -- Downloads ---------------------------------------------------------------------------------------------------------


def download_session(trusted: str) -> requests.Session:
    """A session for public addresses and the `trusted` host; requests to others raise ProviderError."""
    session = requests.Session()
    for scheme in DEFAULT_PORTS:
        session.mount(f"{scheme}://", PinnedAdapter(trusted))
    return session


class PinnedAdapter(HTTPAdapter):
    """Connects to the addresses it has checked, except for the trusted host. Its requests must be safe to repeat.

    The operator's proxy gets the checked address instead of the name.
    """

    def __init__(self, trusted: str) -> None:
        self.trusted = trusted
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Tries each address of the host in turn. Raises ProviderError for a host that is not public."""
        _, host, port = parse_origin(request.url or "")
        if matches_host(request.url or "", self.trusted):
            return super().send(request, *args, **kwargs)
        *others, last = (_pin_prepared(request, address) for address in resolve_public(host, port))
        for pinned in others:
            with suppress(requests.ConnectionError):
                return super().send(pinned, *args, **kwargs)
        return super().send(last, *args, **kwargs)

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: bool | str, cert: str | tuple[str, str] | None = None
    ) -> tuple[Any, Any]:
        """Uses the name in the Host header, which only a pinned request has, for SNI and the certificate check."""
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        if host["scheme"] != "https" or "Host" not in request.headers:
            return host, pool
        return host, {**pool, "server_hostname": urlsplit(f"//{request.headers['Host']}").hostname}


def _pin_prepared(request: requests.PreparedRequest, address: str) -> requests.PreparedRequest:
    # A copy of the request to this address, with the Host header of the name.
    scheme, host, port = parse_origin(request.url or "")
    named, numeric = (f"[{name}]" if ":" in name else name for name in (host, address))
    pinned = request.copy()
    pinned.headers["Host"] = named if port == DEFAULT_PORTS[scheme] else f"{named}:{port}"
    pinned.url = urlunsplit(urlsplit(request.url or "")._replace(netloc=f"{numeric}:{port}"))
    return pinned
