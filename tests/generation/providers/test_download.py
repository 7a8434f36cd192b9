"""Downloads from URLs in a provider's answer: never from a private network, never with credentials for another host."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from generation.providers import download, egress
from generation.providers.base import ErrorKind, ProviderError
from tests.generation.providers.conftest import catch_error


class PrivateServer(BaseHTTPRequestHandler):
    headers_seen: list[dict[str, str]] = []
    tunnels: list[str] = []

    def log_message(self, *_: object) -> None:
        pass

    def do_CONNECT(self) -> None:
        self.tunnels.append(self.path)
        self.send_error(502)

    def do_GET(self) -> None:
        self.headers_seen.append(dict(self.headers))
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", unquote(self.path.removeprefix("/to/")))
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "video/mp4")
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"secret")


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Yields the port of a local server."""
    PrivateServer.headers_seen, PrivateServer.tunnels = [], []
    server = ThreadingHTTPServer(("127.0.0.1", 0), PrivateServer)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture
def inside() -> Iterator[str]:
    with serving() as port:
        yield f"http://127.0.0.1:{port}"


def fetch(url: str, path: Path, base_url: str = "", **headers: str) -> None:
    trusted = egress.parse_host(base_url) if base_url else ""
    download.save_from_url(url, path, lambda fraction: None, headers or None, trusted=trusted)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "10.1.2.3",
        "192.168.0.9",
        "169.254.169.254",
        "0.0.0.0",
        "[fe80::1]",
        "2130706433",
        "0x7f.1",
    ],
)
def test_a_private_address_is_refused_in_every_notation(tmp_path: Path, host: str):
    error = catch_error(fetch, f"http://{host}:9/clip.mp4", tmp_path / "clip.mp4", "https://provider.example/v1")
    assert error.kind == ErrorKind.PROVIDER
    assert "is inside a private network and is not used." in error.message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.com/clip.mp4", "//example.com", "clip.mp4"])
def test_only_http_urls_are_downloaded(tmp_path: Path, url: str):
    assert catch_error(fetch, url, tmp_path / "clip.mp4").message == "Not a valid http(s) URL."


def test_the_trusted_host_may_be_private(inside: str, tmp_path: Path):
    fetch(f"{inside}/clip.mp4", tmp_path / "clip.mp4", base_url=f"{inside}/v1")
    assert (tmp_path / "clip.mp4").read_bytes() == b"secret"


def test_a_rebinding_name_is_refused(inside: str, tmp_path: Path, monkeypatch):
    """The name resolves to a public address when it is checked and to a private one from then on."""
    real, lookups = socket.getaddrinfo, []

    def rebind(host, port, *args, **kwargs):
        lookups.append(host)
        address = "93.184.215.14" if len(lookups) == 1 else "127.0.0.1"
        return real(address, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", rebind)
    port = inside.rpartition(":")[2]
    error = catch_error(fetch, f"http://clips.example:{port}/clip.mp4", tmp_path / "clip.mp4")
    assert "is inside a private network" in error.message
    assert list(tmp_path.iterdir()) == []


def test_a_redirect_to_a_private_address_is_refused(inside: str, tmp_path: Path, monkeypatch):
    base = inside.replace("127.0.0.1", "localhost")
    with pytest.raises(ProviderError, match="is inside a private network"):
        fetch(f"{inside}/to/{base}/clip.mp4", tmp_path / "clip.mp4", base_url=inside, Authorization="Bearer key")
    assert len(PrivateServer.headers_seen) == 1


@pytest.mark.parametrize("location", ["http://[", "http://[::1", "//"])
def test_a_redirect_to_an_invalid_url_fails_as_a_download(inside: str, tmp_path: Path, location: str):
    error = catch_error(partial(fetch, Authorization="Bearer key"), f"{inside}/to/{location}", tmp_path / "x", inside)
    assert error.kind in (ErrorKind.NETWORK, ErrorKind.PROVIDER)
    assert list(tmp_path.iterdir()) == []


def test_without_credentials_no_redirect_is_followed(inside: str, tmp_path: Path):
    error = catch_error(fetch, f"{inside}/to/{inside}/clip.mp4", tmp_path / "clip.mp4", inside)
    assert error.message == "The clip's URL returned 302."


def test_credentials_do_not_follow_a_redirect(inside: str, tmp_path: Path):
    fetch(f"{inside}/to/{inside}/clip.mp4", tmp_path / "clip.mp4", base_url=inside, Authorization="Bearer key")
    assert ["Authorization" in seen for seen in PrivateServer.headers_seen] == [True, False]


def test_a_clip_that_is_too_large_is_aborted(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(download, "MAX_BYTES", 10)
    error = catch_error(download.save_chunks, [b"x" * 6] * 2, tmp_path / "clip.mp4", lambda fraction: None)
    assert error.message == "The clip is larger than 0 GB."


# -- TLS with a pinned address --------------------------------------------------------------------------------------------


class Internet:
    """A resolver with one answer per look-up (the last one repeats), whose public addresses all reach the local server."""

    FIRST, SECOND = "93.184.215.14", "93.184.215.15"

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: list[list[str]] = [[self.FIRST]]
        self.unreachable: list[str] = []
        self.connected_to: list[str] = []
        self.server_names: list[str | None] = []
        resolve, connect = socket.getaddrinfo, socket.socket.connect

        def getaddrinfo(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
            if host != "clips.example":
                return resolve(host, port, *args, **kwargs)
            addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            return [answer for address in addresses for answer in resolve(address, port, *args, **kwargs)]

        def connect_to_server(connection: socket.socket, address: tuple[str, int]) -> None:
            self.connected_to.append(address[0])
            if address[0] in self.unreachable:
                raise ConnectionRefusedError
            connect(connection, ("127.0.0.1", address[1]))

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        monkeypatch.setattr(socket.socket, "connect", connect_to_server)


@pytest.fixture
def internet(monkeypatch: pytest.MonkeyPatch) -> Internet:
    return Internet(monkeypatch)


@pytest.fixture
def serving_as(internet: Internet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], Any]:
    """A local server with a trusted certificate for this name."""

    def serving_as(name: str) -> Any:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Tests")])
        names: list[x509.GeneralName] = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        certificate = (
            x509.CertificateBuilder(subject, subject, key.public_key(), 1)
            .not_valid_before(datetime.now(UTC) - timedelta(days=1))
            .not_valid_after(datetime.now(UTC) + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(key, hashes.SHA256())
        )
        bundle = tmp_path.with_suffix(".pem")
        pem = certificate.public_bytes(Encoding.PEM)
        bundle.write_bytes(pem + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(bundle)
        tls.sni_callback = lambda connection, name, context: internet.server_names.append(name)
        return serving(tls)

    return serving_as


def test_the_checked_address_is_used_with_the_hosts_name_for_tls(internet: Internet, serving_as, tmp_path: Path):
    """The name is looked up once before the request and once for it. Later answers are never used."""
    internet.answers = [[internet.FIRST], [internet.SECOND], ["127.0.0.1"]]
    with serving_as("clips.example") as port:
        fetch(f"https://clips.example:{port}/clip.mp4?signed=a%2Fb", tmp_path / "clip.mp4", Authorization="Bearer key")
    assert (tmp_path / "clip.mp4").read_bytes() == b"secret"
    assert (internet.connected_to, internet.server_names) == ([internet.SECOND], ["clips.example"])
    (seen,) = PrivateServer.headers_seen
    assert (seen["Host"], seen["Authorization"]) == (f"clips.example:{port}", "Bearer key")


def test_a_certificate_for_another_name_is_refused_before_anything_is_sent(
    internet: Internet, serving_as, tmp_path: Path
):
    with serving_as("other.example") as port:
        error = catch_error(fetch, f"https://clips.example:{port}/clip.mp4", tmp_path / "clip.mp4")
    assert (error.kind, error.message) == (ErrorKind.NETWORK, "The download could not be reached (ConnectError).")
    assert (internet.server_names, PrivateServer.headers_seen) == (["clips.example"], [])


def test_the_next_address_is_tried_when_one_is_unreachable(internet: Internet, serving_as, tmp_path: Path):
    internet.answers, internet.unreachable = [[internet.FIRST, internet.SECOND]], [internet.FIRST]
    with serving_as("clips.example") as port:
        fetch(f"https://clips.example:{port}/clip.mp4", tmp_path / "clip.mp4")
    assert internet.connected_to == [internet.FIRST, internet.SECOND]


def test_a_redirect_is_checked_and_pinned_again(internet: Internet, serving_as, tmp_path: Path):
    internet.answers = [[internet.FIRST], [internet.FIRST], [internet.SECOND]]
    with serving_as("clips.example") as port:
        origin = f"https://clips.example:{port}"
        fetch(f"{origin}/to/{origin}/clip.mp4", tmp_path / "clip.mp4", Authorization="Bearer key")
    assert internet.connected_to == [internet.FIRST, internet.SECOND]
    assert ["Authorization" in seen for seen in PrivateServer.headers_seen] == [True, False]


def test_the_operators_proxy_gets_the_checked_address(internet: Internet, inside: str, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("https_proxy", inside)
    error = catch_error(fetch, "https://clips.example/clip.mp4", tmp_path / "clip.mp4")
    assert (error.kind, PrivateServer.tunnels) == (ErrorKind.NETWORK, [f"{internet.FIRST}:443"])
