"""Bounds on the answers of servers: how many decoded bytes, and how long from the first byte sent to the last one received.

A client's own timeouts restart with every read, so a server that sends a byte a second would never end, and a few kilobytes
of gzip decode to gigabytes. `BoundTransport` and `AsyncBoundTransport` lie under every SDK: an answer is decoded there, piece
by piece, and cut where it exceeds a bound.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import httpx2

MEGABYTE = 1024 * 1024
#: Far above any answer in JSON: the longest is a list of a hundred clips with their prompts.
ANSWER_BYTES = 8 * MEGABYTE
#: An answer that may contain a clip as base64: two minutes of 4K.
INLINE_CLIP_BYTES = 256 * MEGABYTE


#: A body that is streamed brings this much in so many seconds, or is cut off: it holds a worker while it lasts.
PACE_BYTES, PACE_SECONDS = 64 * 1024, 30.0


@dataclass(frozen=True)
class Bounds:
    """Of one answer. With `body_seconds` the caller reads the body of a success itself, within them and at PACE_BYTES."""

    seconds: float
    decoded_bytes: int = ANSWER_BYTES
    body_seconds: float = 0

    def buffered_bytes(self, response: httpx2.Response) -> int:
        return self.decoded_bytes if response.is_success else min(self.decoded_bytes, ANSWER_BYTES)


class AnswerTooLarge(httpx2.RemoteProtocolError):
    pass


class AnswerTooSlow(httpx2.ReadTimeout):
    pass


@dataclass
class Answer:
    """What arrived in answer to one request. `status` is 0 if nothing did.

    `failure` says why the body ended early; what arrived of it by then is kept, because it may name a clip that is paid for.
    """

    status: int = 0
    headers: httpx2.Headers = field(default_factory=httpx2.Headers)
    body: bytearray = field(default_factory=bytearray, repr=False)
    failure: Exception | None = None

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


_recorded: ContextVar[Answer | None] = ContextVar("recorded", default=None)


@contextmanager
def record() -> Iterator[Answer]:
    """Within the block, the last answer of this thread or task is kept in the yielded value.

    Errors that the block raises are dropped once there is an answer: the SDK is there to send, and the answer is read here.
    """
    answer = Answer()
    token = _recorded.set(answer)
    try:
        yield answer
    # Whatever the SDK raises: see above.
    except Exception:
        if not answer.status:
            raise
    finally:
        _recorded.reset(token)


def _start_recording() -> Answer:
    # Empty again: a second request without an answer must not look like the first, answered one.
    answer = _recorded.get() or Answer()
    answer.status, answer.headers, answer.failure = 0, httpx2.Headers(), None
    answer.body.clear()
    return answer


def _hand_over(response: httpx2.Response, answer: Answer) -> httpx2.Response:
    # What the SDK gets. It sees nothing of a recorded answer but its status: it would parse nesting and numbers without end.
    if _recorded.get() is not None:
        return httpx2.Response(response.status_code, json={}, extensions=response.extensions)
    return _rebuild(response, content=bytes(answer.body))


class _Counter:
    def __init__(self, limit: int) -> None:
        self.limit, self.received = limit, 0

    def add(self, chunk: bytes) -> bytes:
        self.received += len(chunk)
        if self.received > self.limit:
            raise AnswerTooLarge(f"The answer is larger than {self.limit // MEGABYTE} MB.")
        return chunk


def _rebuild(response: httpx2.Response, **body: Any) -> httpx2.Response:
    # The response with a body that is decoded already.
    decoded = {"content-encoding", "content-length"} if "content-encoding" in response.headers else set()
    headers = [(name, value) for name, value in response.headers.multi_items() if name.lower() not in decoded]
    return httpx2.Response(response.status_code, headers=headers, extensions=response.extensions, **body)


# -- Synchronous -------------------------------------------------------------------------------------------------------


class _Deadline:
    """Breaks the connection when the time is up, whatever it waits for then."""

    def __init__(self, seconds: float) -> None:
        self.has_passed = False
        self.stream: Any = None
        self._start(seconds)

    def _start(self, seconds: float) -> None:
        self.seconds, self.timer = seconds, threading.Timer(seconds, self.expire)
        self.timer.daemon = True
        self.timer.start()

    def restart(self, seconds: float) -> None:
        self.cancel()
        self._start(seconds)

    def note_connection(self, event: str, info: dict[str, Any]) -> None:
        # httpcore2 calls this at every event of the request. TLS replaces the socket.
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self.stream = info["return_value"]
            if self.has_passed:
                self.expire()

    def expire(self) -> None:
        self.has_passed = True
        connection = self.stream.get_extra_info("socket") if self.stream else None
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Raises AnswerTooSlow for what happens in the block after the deadline. A broken connection can look like an end."""
        error: Exception | None = None
        try:
            yield
        except httpx2.HTTPError as caught:
            error = caught
        if self.has_passed:
            raise AnswerTooSlow(f"No complete answer within {self.seconds:g} s.") from error
        if error:
            raise error

    def cancel(self) -> None:
        self.timer.cancel()


class _PacedStream(httpx2.SyncByteStream):
    # Of the bytes on the wire: some that are compressed decode to nothing.
    def __init__(self, inner: httpx2.SyncByteStream) -> None:
        self.inner = inner

    def __iter__(self) -> Iterator[bytes]:
        began, received = time.monotonic(), 0
        for chunk in self.inner:
            received += len(chunk)
            if received >= PACE_BYTES:
                began, received = time.monotonic(), 0
            elif time.monotonic() - began > PACE_SECONDS:
                raise AnswerTooSlow(f"It was slower than {PACE_BYTES // 1024} KB in {PACE_SECONDS:g} s.")
            yield chunk

    def close(self) -> None:
        self.inner.close()


class _BoundStream(httpx2.SyncByteStream):
    def __init__(self, response: httpx2.Response, deadline: _Deadline, limit: int) -> None:
        self.response, self.deadline, self.limit = response, deadline, limit

    def __iter__(self) -> Iterator[bytes]:
        counter, chunks = _Counter(self.limit), self.response.iter_bytes()
        while True:
            with self.deadline.watching():
                chunk = next(chunks, None)
            if chunk is None:
                return
            yield counter.add(chunk)

    def close(self) -> None:
        self.deadline.cancel()
        self.response.close()


class BoundTransport(httpx2.BaseTransport):
    """Bounds what `inner` answers. Each request has a connection of its own, which the deadline can break."""

    def __init__(self, bounds: Bounds, inner: httpx2.BaseTransport) -> None:
        self.bounds, self.inner = bounds, inner

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer, deadline = _start_recording(), _Deadline(self.bounds.seconds)
        request.headers["Connection"] = "close"
        request.extensions = {**request.extensions, "trace": deadline.note_connection}
        try:
            with deadline.watching():
                response = self.inner.handle_request(request)
        except BaseException:
            deadline.cancel()
            raise
        if self.bounds.body_seconds and response.is_success:
            deadline.restart(self.bounds.body_seconds)
            assert isinstance(response.stream, httpx2.SyncByteStream)
            response.stream = _PacedStream(response.stream)
            return _rebuild(response, stream=_BoundStream(response, deadline, self.bounds.decoded_bytes))
        stream = _BoundStream(response, deadline, self.bounds.buffered_bytes(response))
        answer.status, answer.headers = response.status_code, response.headers
        try:
            for chunk in stream:
                answer.body += chunk
        except httpx2.HTTPError as error:
            answer.failure = error
            raise
        finally:
            stream.close()
        return _hand_over(response, answer)

    def close(self) -> None:
        self.inner.close()


# -- asyncio -----------------------------------------------------------------------------------------------------------


class AsyncBoundTransport(httpx2.AsyncBaseTransport):
    def __init__(self, bounds: Bounds, inner: httpx2.AsyncBaseTransport) -> None:
        self.bounds, self.inner = bounds, inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = _start_recording()
        try:
            async with asyncio.timeout(self.bounds.seconds):
                return await self._read(await self.inner.handle_async_request(request), answer)
        except TimeoutError as error:
            raise AnswerTooSlow(f"No complete answer within {self.bounds.seconds:g} s.") from error

    async def _read(self, response: httpx2.Response, answer: Answer) -> httpx2.Response:
        counter = _Counter(self.bounds.buffered_bytes(response))
        answer.status, answer.headers = response.status_code, response.headers
        try:
            async for chunk in response.aiter_bytes():
                answer.body += counter.add(chunk)
        except (httpx2.HTTPError, asyncio.CancelledError) as error:
            answer.failure = error if isinstance(error, httpx2.HTTPError) else AnswerTooSlow("No complete answer.")
            raise
        finally:
            await response.aclose()
        return _hand_over(response, answer)

    async def aclose(self) -> None:
        await self.inner.aclose()
