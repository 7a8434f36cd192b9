"""Django's ASGI application, adapted to event streams that stay open for hours."""

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

# WhiteNoise serves static files, all of them small, with a synchronous iterator.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")


class Application(ASGIHandler):
    """Keeps open responses from holding threads and database connections.

    Django holds a thread, and the connection opened in it, until a response ends: a thousand open pages would hold a
    thousand of each. Event streams therefore share one thread, and connections are closed before a stream or download
    is sent.
    """

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self.handle_lifespan(receive, send)
        elif scope["type"] == "http" and scope["path"].endswith("/stream"):
            await limits.cap_body(self.handle, scope, receive, send, reads_bodies=False)
        elif scope["type"] == "http":
            await limits.cap_body(super().__call__, scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def handle_lifespan(self, receive: Any, send: Any) -> None:
        # Installs our signal handlers at startup: the server has installed its own by then, and ours wrap them.
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
    # On SIGINT and SIGTERM, closes open event streams before the server starts to wait for them.
    from storyboard import live  # needs models, which are loaded by django.setup() below

    def wrap(server_stops: Callable[[int, FrameType | None], object]) -> Callable[[int, FrameType | None], None]:
        def stop(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(live.feed_for(loop).close)
            server_stops(number, frame)

        return stop

    for number in (signal.SIGINT, signal.SIGTERM):
        server_stops = signal.getsignal(number)
        if callable(server_stops):
            signal.signal(number, wrap(server_stops))


django.setup(set_prefix=False)
application = Application()
