"""Downloads from addresses that an answer names: never into the private network, never with credentials elsewhere."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from generation.providers import download, egress
from generation.providers.base import ErrorKind, ProviderError
from tests.generation.providers.conftest import refusal_of


class Inside(BaseHTTPRequestHandler):
    headers_seen: list[dict[str, str]] = []

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.headers_seen.append(dict(self.headers))
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "video/mp4")
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"secret")


@pytest.fixture
def inside() -> Iterator[str]:
    Inside.headers_seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Inside)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def fetch(url: str, path: Path, base_url: str = "", **headers: str) -> None:
    trusted = egress.host_of(base_url) if base_url else ""
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
def test_addresses_inside_are_refused_however_they_are_written(tmp_path: Path, host: str):
    error = refusal_of(fetch, f"http://{host}:9/clip.mp4", tmp_path / "clip.mp4", "https://provider.example/v1")
    assert error.kind == ErrorKind.PROVIDER
    assert "is inside a private network and is not used." in error.message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.com/clip.mp4", "//example.com", "clip.mp4"])
def test_only_the_web_is_asked(tmp_path: Path, url: str):
    assert refusal_of(fetch, url, tmp_path / "clip.mp4").message == "The address is none of the web."


def test_the_host_that_the_operator_named_may_be_inside(inside: str, tmp_path: Path):
    fetch(f"{inside}/clip.mp4", tmp_path / "clip.mp4", base_url=f"{inside}/v1")
    assert (tmp_path / "clip.mp4").read_bytes() == b"secret"


def test_a_name_that_changes_its_address_in_between_is_refused(inside: str, tmp_path: Path, monkeypatch):
    """The name is public when it is looked up, and inside when it is connected to."""
    real, asked = socket.getaddrinfo, []

    def rebinding(host, port, *args, **kwargs):
        asked.append(host)
        address = "93.184.215.14" if len(asked) == 1 else "127.0.0.1"
        return real(address, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    port = inside.rpartition(":")[2]
    error = refusal_of(fetch, f"http://clips.example:{port}/clip.mp4", tmp_path / "clip.mp4")
    assert "is inside a private network" in error.message
    assert list(tmp_path.iterdir()) == []


def test_a_redirect_inside_is_not_followed(inside: str, tmp_path: Path, monkeypatch):
    base = inside.replace("127.0.0.1", "localhost")
    with pytest.raises(ProviderError, match="is inside a private network"):
        fetch(f"{inside}/to/{base}/clip.mp4", tmp_path / "clip.mp4", base_url=inside, Authorization="Bearer key")
    assert len(Inside.headers_seen) == 1


def test_without_credentials_no_redirect_is_followed(inside: str, tmp_path: Path):
    error = refusal_of(fetch, f"{inside}/to/{inside}/clip.mp4", tmp_path / "clip.mp4", inside)
    assert error.message == "The clip's address answered 302."


def test_credentials_do_not_follow_a_redirect(inside: str, tmp_path: Path):
    fetch(f"{inside}/to/{inside}/clip.mp4", tmp_path / "clip.mp4", base_url=inside, Authorization="Bearer key")
    assert ["Authorization" in seen for seen in Inside.headers_seen] == [True, False]


def test_a_clip_that_is_too_big_or_too_slow_is_cut_off(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(download, "MAX_BYTES", 10)
    error = refusal_of(download.save, [b"x" * 6] * 2, tmp_path / "clip.mp4", lambda fraction: None)
    assert error.message == "The clip is larger than 0 GB."
    monkeypatch.setattr(download, "MAX_SECONDS", -1)
    assert (
        "The download took longer" in refusal_of(download.save, [b"x"], tmp_path / "b", lambda fraction: None).message
    )
