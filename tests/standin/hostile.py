"""A server that answers every request with an attack, byte by byte where HTTP libraries would not."""

from __future__ import annotations

import json
import socketserver
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

#: A byte this often: less than any timeout of a single read.
DRIP_SECONDS = 0.05
BLANKS = b" " * 65536
JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CLIP_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n"


@cache
def _compress(start: bytes, megabytes: int) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    body = packer.compress(start) + b"".join(packer.compress(BLANKS) for _ in range(16 * megabytes))
    return body + packer.flush()


def bomb(start: bytes, head: bytes = JSON_HEAD, megabytes: int = 100) -> Iterator[bytes]:
    """A few hundred kilobytes that decode to `megabytes`."""
    body = _compress(start, megabytes)
    yield head + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def nested_bomb(start: bytes, head: bytes = JSON_HEAD) -> Iterator[bytes]:
    body = _compress(_compress(start, 100), 0)
    yield head + b"Content-Encoding: gzip, gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def endless(start: bytes, head: bytes = JSON_HEAD) -> Iterator[bytes]:
    yield head + b"\r\n" + start
    while True:
        yield BLANKS


def dripping_body(start: bytes, head: bytes = JSON_HEAD) -> Iterator[bytes]:
    yield head + b"Content-Length: 1000000\r\n\r\n" + start
    while True:
        time.sleep(DRIP_SECONDS)
        yield b" "


def dripping_headers(start: bytes, head: bytes = JSON_HEAD) -> Iterator[bytes]:
    yield head
    while True:
        time.sleep(DRIP_SECONDS)
        yield b"X-Padding: 1\r\n"[:1]


def empty_gzip(start: bytes, head: bytes = JSON_HEAD) -> Iterator[bytes]:
    """Compressed bytes that never decode to anything: the name of a gzip file without an end."""
    yield head + b"Content-Encoding: gzip\r\n\r\n" + b"\x1f\x8b\x08\x08\0\0\0\0\0\x03"
    while True:
        time.sleep(DRIP_SECONDS)
        yield b"n"


def cut_chunk(start: bytes, head: bytes = JSON_HEAD) -> Iterator[bytes]:
    yield head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\nffff\r\nshort" % (len(start), start)


def wrong_type(start: bytes, head: bytes = JSON_HEAD) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nConnection: close\r\n\r\n\x89PNG\r\n"


def redirect_inside(start: bytes, head: bytes = JSON_HEAD) -> Iterator[bytes]:
    yield b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest/meta-data\r\nContent-Length: 0\r\n\r\n"


Attack = Callable[..., Iterator[bytes]]
ATTACKS: dict[str, Attack] = {
    "gzip bomb": bomb,
    "gzip in gzip": nested_bomb,
    "endless body": endless,
    "a byte at a time": dripping_body,
    "headers a byte at a time": dripping_headers,
    "gzip without content": empty_gzip,
    "truncated chunk": cut_chunk,
    "wrong content type": wrong_type,
    "redirect inside": redirect_inside,
}


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        length = 0
        while line := self.rfile.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        self.rfile.read(length)  # a connection that is closed before loses what was answered
        try:
            for part in self.server.attack():  # type: ignore[attr-defined]  # set by hostile_server
                self.wfile.write(part)
        except OSError:
            pass  # the client has had enough


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


@contextmanager
def hostile_server(attack: Attack, answer: Any = None, **options: Any) -> Iterator[str]:
    """Yields the address. The attack begins with `answer` as JSON, without its last brace."""
    start = json.dumps(answer or {"id": "video_1"}).encode()[:-1]
    server = _Server(("127.0.0.1", 0), _Handler)
    if attack in (bomb, nested_bomb):
        next(attack(start, **options))  # packed before the clock of a test runs
    server.attack = lambda: attack(start, **options)  # type: ignore[attr-defined]  # read by the handler
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


#: What may stand in place of any field.
JSON_VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "zero": 0,
    "minus one": -1,
    "infinite": b"1e400",
    "endless number": b"9" * 5000,
    "empty text": "",
    "long text": "x" * 1_000_000,
    "NUL": "a\0b",
    "half a surrogate": b'"\\ud800"',
    "empty list": [],
    "empty object": {},
    "deeply nested": b"[" * 10_000 + b"]" * 10_000,
}


def every_change(answer: Any) -> Iterator[tuple[str, bytes]]:
    """The answer as JSON with each of its fields, and the whole, replaced by each of JSON_VALUES, and what was replaced."""
    for path in _paths(answer):
        for name, value in JSON_VALUES.items():
            text = json.dumps(_replace(answer, path, "@@" if isinstance(value, bytes) else value)).encode()
            yield (
                f"{'.'.join(map(str, path)) or 'all'}: {name}",
                text.replace(b'"@@"', value) if isinstance(value, bytes) else text,
            )


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _paths(inner, (*path, key))


def _replace(value: Any, path: tuple[Any, ...], replacement: Any) -> Any:
    if not path:
        return replacement
    copy = value.copy()
    copy[path[0]] = _replace(copy[path[0]], path[1:], replacement)
    return copy
