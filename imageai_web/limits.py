"""A request whose body is too large is answered before it fills a disk: Django reads a body whole before any view sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

#: Of ASGI; Django's own types for them are narrower in some places and wider in others.
Message = Any
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


async def cap_body(app: App, scope: Message, receive: Receive, send: Send) -> None:
    """Hand the request on; 413 where it says that it is too large, or turns out to be while it arrives."""
    headers = dict(scope["headers"])
    declared = headers.get(b"content-length", b"0")
    received = 0
    is_refused = False

    async def capped() -> Message:
        nonlocal received, is_refused
        message = await receive()
        received += len(message.get("body", b""))
        if received > settings.MAX_REQUEST_BYTES:
            is_refused = True
            return {"type": "http.disconnect"}
        return message

    async def answer(message: Message) -> None:
        if not is_refused:
            await send(message)

    if declared.isdigit() and int(declared) <= settings.MAX_REQUEST_BYTES:
        await app(scope, capped, answer)
    else:
        is_refused = True
    if is_refused:
        await _refuse(send, in_page=b"hx-request" in headers)


async def _refuse(send: Send, *, in_page: bool) -> None:
    explanation = (
        f"That is more than {settings.MAX_REQUEST_BYTES // 1024**2} MB, which is more than this server takes at once. "
        "Nothing was changed."
    )
    content_type, body = "text/plain; charset=utf-8", explanation
    if not in_page:
        content_type = "text/html; charset=utf-8"
        body = render_to_string("bare_error.html", {"title": "Too much at once", "explanation": explanation})
    headers = [
        (b"content-type", content_type.encode()),
        (b"connection", b"close"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body.encode()})
