"""A limit for request bodies, applied before Django: it spools the whole body to disk before a view runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

#: ASGI types. Any, because Django's own annotations do not match these.
Message = Any
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


async def cap_body(app: App, scope: Message, receive: Receive, send: Send) -> None:
    """Answers 413 if the declared or the received body exceeds MAX_REQUEST_BYTES; otherwise calls `app`.

    A body that grows too large while it arrives looks like a disconnect to `app`, and its response is dropped.
    """
    headers = dict(scope["headers"])
    declared = headers.get(b"content-length", b"0")
    received = 0
    is_refused = False

    async def receive_capped() -> Message:
        nonlocal received, is_refused
        message = await receive()
        received += len(message.get("body", b""))
        if received > settings.MAX_REQUEST_BYTES:
            is_refused = True
            return {"type": "http.disconnect"}
        return message

    async def send_unless_refused(message: Message) -> None:
        if not is_refused:
            await send(message)

    if declared.isdigit() and int(declared) <= settings.MAX_REQUEST_BYTES:
        await app(scope, receive_capped, send_unless_refused)
    else:
        is_refused = True
    if is_refused:
        await _refuse(send, is_htmx=b"hx-request" in headers)


async def _refuse(send: Send, *, is_htmx: bool) -> None:
    limit = settings.MAX_REQUEST_BYTES // 1024**2
    explanation = f"This upload is larger than {limit} MB, the limit of this server. Nothing changed."
    content_type, body = "text/plain; charset=utf-8", explanation
    if not is_htmx:
        content_type = "text/html; charset=utf-8"
        body = render_to_string("bare_error.html", {"title": "Upload too large", "explanation": explanation})
    headers = [
        (b"content-type", content_type.encode()),
        (b"connection", b"close"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body.encode()})
