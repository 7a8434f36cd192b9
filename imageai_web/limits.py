"""Limits for request bodies, applied before Django: it spools the whole body to disk before a view runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

#: ASGI types. Any, because Django's own annotations do not match these.
Message = Any
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[object]]

#: No page reads the body of these, and no event stream any body at all.
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
UNREAD_BYTES = 16 * 1024
#: A body may take this long, and a second more for each so many bytes: 64 MB take twenty minutes at most.
BODY_SECONDS, BYTES_PER_SECOND = 60.0, 56 * 1024


class _BodyRefused(Exception):
    """Carries the status of the answer."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class _Body:
    """Passes messages on until the body has ended, is too large or takes too long; the last two raise _BodyRefused."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self.receive, self.limit = receive, limit
        self.received, self.began, self.is_complete = 0, time.monotonic(), False

    async def next_message(self) -> Message:
        if self.is_complete:
            return await self.receive()  # waits for the disconnect, which may be hours away
        deadline = self.began + BODY_SECONDS + self.received / BYTES_PER_SECOND
        try:
            message = await asyncio.wait_for(self.receive(), max(deadline - time.monotonic(), 0))
        except TimeoutError:
            raise _BodyRefused(408) from None
        self.received += len(message.get("body", b""))
        if self.received > self.limit:
            raise _BodyRefused(413)
        self.is_complete = not message.get("more_body", False)
        return message


async def cap_body(app: App, scope: Message, receive: Receive, send: Send, *, reads_bodies: bool = True) -> None:
    """Answers 413 if the declared or the received body is too large, 408 if it arrives too slowly; else calls `app`.

    A body that is refused while it arrives looks like a disconnect to `app`, and its response is dropped. Without
    `reads_bodies`, as for GET, a few kilobytes are the limit.
    """
    headers = dict(scope["headers"])
    reads_bodies = reads_bodies and scope.get("method", "POST") not in SAFE_METHODS
    limit = settings.MAX_REQUEST_BYTES if reads_bodies else min(UNREAD_BYTES, settings.MAX_REQUEST_BYTES)
    declared = headers.get(b"content-length", b"0")
    body, refused = _Body(receive, limit), 0

    async def receive_capped() -> Message:
        nonlocal refused
        try:
            return await body.next_message()
        except _BodyRefused as refusal:
            refused = refusal.status
            return {"type": "http.disconnect"}

    async def send_unless_refused(message: Message) -> None:
        if not refused:
            await send(message)

    if declared.isdigit() and int(declared[:20]) <= limit:
        await app(scope, receive_capped, send_unless_refused)
    else:
        refused = 413
    if refused:
        await _refuse(send, refused, limit, is_htmx=b"hx-request" in headers)


async def _refuse(send: Send, status: int, limit: int, *, is_htmx: bool) -> None:
    title, explanation = "Upload too slow", "This upload took too long and was stopped. Nothing changed."
    if status == 413:
        size = f"{limit // 1024**2} MB" if limit >= 1024**2 else f"{limit // 1024} KB"
        title = "Upload too large"
        explanation = f"This upload is larger than {size}, the limit of this server. Nothing changed."
    content_type, body = "text/plain; charset=utf-8", explanation
    if not is_htmx:
        content_type = "text/html; charset=utf-8"
        body = render_to_string("bare_error.html", {"title": title, "explanation": explanation})
    headers = [
        (b"content-type", content_type.encode()),
        (b"connection", b"close"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body.encode()})
