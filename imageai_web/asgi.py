"""The ASGI application: Django's, with care for responses that stay open for as long as somebody watches."""

from __future__ import annotations

import asyncio
import os
import signal
import warnings
from collections.abc import Callable
from types import FrameType
from typing import Any

import django
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.db import connections

from imageai_web import limits

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imageai_web.settings")

# WhiteNoise hands out static files, all of them small, with a synchronous iterator.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")


class Application(ASGIHandler):
    """Django keeps a thread, and the database connection opened in it, for as long as a response lasts.

    A thousand open pages would hold a thousand of each, so event streams share one thread, and nobody holds a connection
    while a stream or a download is being sent.
    """

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self.live(receive, send)
        elif scope["type"] == "http" and scope["path"].endswith("/stream"):
            await self.handle(scope, receive, send)
        elif scope["type"] == "http":
            await limits.cap_body(super().__call__, scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def live(self, receive: Any, send: Any) -> None:
        """The server's start and end; it handles signals by the time it says that it starts."""
        while True:
            event = (await receive())["type"]
            if event == "lifespan.startup":
                end_streams_first(asyncio.get_running_loop())
            await send({"type": f"{event}.complete"})
            if event == "lifespan.shutdown":
                return

    async def send_response(self, response: Any, send: Any) -> None:
        if response.streaming:
            await sync_to_async(connections.close_all)()
        await super().send_response(response, send)


def end_streams_first(loop: asyncio.AbstractEventLoop) -> None:
    """On a signal to stop, end the open event streams before the server begins to wait for them."""
    from storyboard import live  # the models it needs are there only after django.setup()

    def before(server_stops: Callable[[int, FrameType | None], object]) -> Callable[[int, FrameType | None], None]:
        def stop(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(live.feed_for(loop).close)
            server_stops(number, frame)

        return stop

    for number in (signal.SIGINT, signal.SIGTERM):
        server_stops = signal.getsignal(number)
        if callable(server_stops):
            signal.signal(number, before(server_stops))


django.setup(set_prefix=False)
application = Application()
