"""Where a provider may be reached: everywhere for what the operator named, at public addresses only for what a team named.

A name can stand for another address by the time it is used. So either the address that was checked is the one that is
connected to (`transport`, for the SDKs), or the one that was connected to is checked before anything is sent (`session`, for
downloads). Nothing here follows a redirect.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2
import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from generation.providers.base import Account, ErrorKind, ProviderError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: IPv6 addresses that hold the IPv4 address which is really reached in their last 32 bits.
TRANSLATED = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "::/96")))
#: Translated in a way that only the network itself knows.
LOCALLY_TRANSLATED = ipaddress.IPv6Network("64:ff9b:1::/48")


class Inside(ProviderError):
    """The address is one that only this network can reach."""


class Refused(httpx2.UnsupportedProtocol):
    """The same, as a client of httpx2 raises it: nothing has been sent."""


def is_public(text: str) -> bool:
    """Of an IP address; false where an IPv4 address that is not public is wrapped in it."""
    return all(_is_public(address) for address in _unwrapped(ipaddress.ip_address(text.partition("%")[0])))


def _is_public(address: Address) -> bool:
    is_local = isinstance(address, ipaddress.IPv6Address) and (address.is_site_local or address in LOCALLY_TRANSLATED)
    return address.is_global and not (address.is_multicast or address.is_reserved or is_local)


def _unwrapped(address: Address) -> Iterator[Address]:
    if isinstance(address, ipaddress.IPv4Address):
        yield address
        return
    inner: list[Address | None] = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if any(address in network for network in TRANSLATED):
        inner.append(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
    wrapped = [one for one in inner if one is not None]
    yield from wrapped or [address]


def host_of(url: str) -> str:
    """In lower case, as it is asked for: names of other alphabets in their ASCII form, without a dot at the end."""
    name = (_split(url).hostname or "").rstrip(".")
    try:
        return name.encode("idna").decode() if not name.isascii() else name
    except UnicodeError:
        return name


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port: what a key was meant for."""
    parts = _split(url)
    default = {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, host_of(url), parts.port or default


def _split(url: str) -> SplitResult:
    """Raises ProviderError for what is no address of the web."""
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that are no IPv6 address, or a port beyond 65535
        is_address = False
    if not is_address or any(character <= " " or character == "\\" for character in url):
        raise ProviderError(ErrorKind.PROVIDER, "The address is none of the web.")
    return parts


def is_named(url: str, trusted: str) -> bool:
    """Whether the host is the `trusted` one; where that names a port, at that port."""
    _, host, port = origin_of(url)
    return bool(trusted) and trusted in {host, f"{host}:{port}"}


def public_addresses(host: str, port: int) -> list[str]:
    """What the name stands for now. Raises Inside where any of it is not public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ProviderError(ErrorKind.NETWORK, f"The address {host} is not known.") from error
    addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
    for address in addresses:
        _refuse_unless_public(address, host)
    return addresses


def refuse_inside(url: str, trusted: str) -> None:
    """Raises ProviderError for an address that is not public, whatever name stands for it, unless its host is trusted."""
    _, host, port = origin_of(url)
    if not is_named(url, trusted):
        public_addresses(host, port or 443)


def _refuse_unless_public(address: str, host: str) -> None:
    if not is_public(address):
        raise Inside(ErrorKind.PROVIDER, f"The address {host} is inside a private network and is not used.")


# -- For the SDKs ------------------------------------------------------------------------------------------------------


def client_options(account: Account) -> dict[str, Any]:
    """What a client of httpx2 needs besides for this account; nothing for one of the operator."""
    if not account.public_only:
        return {}
    return {"transport": Guarded(account), "follow_redirects": False}


def async_client_options(account: Account) -> dict[str, Any]:
    if not account.public_only:
        return {}
    return {"transport": AsyncGuarded(account), "follow_redirects": False}


class Guarded(httpx2.BaseTransport):
    """Connects to an address it has checked, and shows the server and its certificate the name all the same."""

    def __init__(self, account: Account) -> None:
        self.trusted = account.trusted
        self.inner = httpx2.HTTPTransport(proxy=_proxy_of(account))

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if is_named(str(request.url), self.trusted):
            return self.inner.handle_request(request)
        return self.inner.handle_request(_at(_checked_address(request), request))

    def close(self) -> None:
        self.inner.close()


class AsyncGuarded(httpx2.AsyncBaseTransport):
    def __init__(self, account: Account) -> None:
        self.trusted = account.trusted
        self.inner = httpx2.AsyncHTTPTransport(proxy=_proxy_of(account))

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if is_named(str(request.url), self.trusted):
            return await self.inner.handle_async_request(request)
        address = await asyncio.to_thread(_checked_address, request)
        return await self.inner.handle_async_request(_at(address, request))

    async def aclose(self) -> None:
        await self.inner.aclose()


def _checked_address(request: httpx2.Request) -> str:
    """Raises Refused, and ConnectError for a name that is not known."""
    host = request.url.raw_host.decode()
    if request.url.scheme != "https":
        raise Refused(f"{host} is only asked over https.", request=request)
    try:
        return public_addresses(host, request.url.port or 443)[0]
    except Inside as error:
        raise Refused(error.message, request=request) from error
    except ProviderError as error:
        raise httpx2.ConnectError(error.message, request=request) from error


def _at(address: str, request: httpx2.Request) -> httpx2.Request:
    """The same request, sent to this address; its Host header and the name on the certificate stay."""
    return httpx2.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.raw_host.decode()},
    )


def _proxy_of(account: Account) -> str | None:
    """The operator's own, by which everything leaves; it is told the checked address instead of the name."""
    host = host_of(account.base_url) if account.base_url else ""
    return None if proxy_bypass(host) else getproxies().get("https")


# -- For downloads -----------------------------------------------------------------------------------------------------


def session(trusted: str) -> requests.Session:
    """Looks at the address it has really connected to, before anything is sent.

    Behind a proxy, which the operator has set, it is the proxy that connects.
    """

    class Checked(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _checked(super()._new_conn(), self, "http")

    class CheckedTls(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _checked(super()._new_conn(), self, "https")

    def _checked(connected: socket.socket, connection: HTTPConnection, scheme: str) -> socket.socket:
        bracketed = f"[{connection.host}]" if ":" in connection.host else connection.host
        try:
            if not is_named(f"{scheme}://{bracketed}:{connection.port}", trusted):
                _refuse_unless_public(str(connected.getpeername()[0]), connection.host)
        except ProviderError:
            connected.close()
            raise
        return connected

    made = requests.Session()
    for scheme, pool, connection in (
        ("http", HTTPConnectionPool, Checked),
        ("https", HTTPSConnectionPool, CheckedTls),
    ):
        adapter = HTTPAdapter()
        checked_pool = type("CheckedPool", (pool,), {"ConnectionCls": connection})
        adapter.poolmanager.pool_classes_by_scheme = {scheme: checked_pool}
        made.mount(f"{scheme}://", adapter)
    return made
