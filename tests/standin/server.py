"""The stand-in's server: `with standing_in() as stand_in:` or `python -m tests.standin`."""

from __future__ import annotations

import asyncio
import importlib
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from tests.standin.state import Arrived, State

PROTOCOLS = ("sora", "omni", "veo", "openai_images", "openrouter")

#: Does the work of one operation and returns the answer. The request's fields are read already.
Handler = Callable[[Request, dict[str, Any]], Response]


class StandIn:
    """A running server. A protocol's base URL is `url` and its prefix, such as /openai/v1."""

    def __init__(self, state: State, url: str) -> None:
        self.state = state
        self.url = url


async def read_fields(request: Request) -> dict[str, Any]:
    """JSON or form fields; a repeated form field is a list, a file is (name, bytes, content type)."""
    content_type = request.headers.get("content-type", "")
    if content_type.startswith("multipart/form-data"):
        fields: dict[str, Any] = {}
        async with request.form() as form:
            for name, value in form.multi_items():
                item: Any = value
                if isinstance(value, UploadFile):
                    item = (value.filename, await value.read(), value.content_type)
                if name in fields:
                    before = fields[name]
                    fields[name] = [*(before if isinstance(before, list) else [before]), item]
                else:
                    fields[name] = item
        return fields
    body = await request.body()
    if not body:
        return {}
    data = await request.json()
    return data if isinstance(data, dict) else {"": data}


def operation(state: State, name: str, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of one operation: records the request, then applies a fault if one is set, else does the work."""

    async def endpoint(request: Request) -> Response:
        fields = await read_fields(request)
        port = request.client.port if request.client else 0
        variant = request.query_params.get("variant", "video")
        full_name = name if variant == "video" else f"{name}.{variant}"
        state.note(Arrived(full_name, request.method, str(request.url.path), dict(request.headers), fields, port))
        if state.latency:
            await asyncio.sleep(state.latency)
        fault = state.next_fault(full_name)
        if fault is None:
            return handler(request, fields)
        if fault.wait:
            await asyncio.sleep(fault.wait)
        if fault.refuse:
            return HangUp()
        if fault.status:
            return JSONResponse(fault.body, fault.status, headers=fault.headers)
        if fault.garbage:
            return Response("<html>Welcome to nginx!</html>", media_type="text/html")
        answer = handler(request, fields)
        if fault.drop and state.flavour.get("sora") == "litellm":
            # LiteLLM sees the dropped answer itself and repeats the request, unless it is told not to.
            for _ in range(int(request.headers.get("x-litellm-num-retries", 2))):
                handler(request, fields)
        if fault.late:
            await asyncio.sleep(fault.late)
        if fault.drop:
            return HangUp()
        if fault.html:
            return Response("<html>Sign in</html>", media_type="text/html")
        if fault.empty:
            return Response(b"", media_type="video/mp4")
        if fault.truncate:
            return BrokenDownload(bytes(answer.body), stop_after=len(answer.body) // 2)
        if fault.drip:
            return BrokenDownload(bytes(answer.body), drip=True)
        return answer

    return endpoint


class HangUp(Response):
    """Closes the connection without an answer."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope["abort"]()
        await asyncio.sleep(0.01)


class BrokenDownload(Response):
    """Announces the whole body, then sends half of it, or one byte at a time."""

    def __init__(self, body: bytes, *, stop_after: int = 0, drip: bool = False) -> None:
        super().__init__()
        self.whole, self.stop_after, self.drip = body, stop_after, drip

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-length", str(len(self.whole)).encode()), (b"content-type", b"video/mp4")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if self.drip:
            for index in range(len(self.whole)):
                await send({"type": "http.response.body", "body": self.whole[index : index + 1], "more_body": True})
                await asyncio.sleep(0.2)
        await send({"type": "http.response.body", "body": self.whole[: self.stop_after], "more_body": True})
        await asyncio.sleep(0.05)
        scope["abort"]()
        await asyncio.sleep(0.01)


def build_app(state: State) -> Callable[..., Awaitable[None]]:
    routes: list[BaseRoute] = []
    for protocol in PROTOCOLS:
        try:
            module = importlib.import_module(f"tests.standin.{protocol}")
        except ModuleNotFoundError:
            continue
        routes += module.routes(state)
    starlette = Starlette(routes=routes)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        # `send` is a method of uvicorn's request cycle, which has the transport that a fault aborts to hang up.
        await starlette({**scope, "abort": send.__self__.transport.abort}, receive, send)

    return app


def route(state: State, path: str, method: str, name: str, handler: Handler) -> Route:
    return Route(path, operation(state, name, handler), methods=[method], name=name)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """Runs every stand-in of this process, because a server in a thread of its own needs 0.2 s to stop."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop


def _on_loop(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run_coroutine_threadsafe(work, _loop()).result(5)


async def _stop(server: uvicorn.Server) -> None:
    """Clients that still wait see their connection close."""
    for listening in server.servers:
        listening.close()
    for connection in list(server.server_state.connections):
        connection.transport.abort()
    for task in list(server.server_state.tasks):
        task.cancel()


@contextmanager
def standing_in(state: State | None = None, port: int = 0) -> Iterator[StandIn]:
    state = state or State()
    config = uvicorn.Config(build_app(state), port=port, log_level="critical", lifespan="off")
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    _on_loop(server.startup())
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield StandIn(state, f"http://127.0.0.1:{port}")
    finally:
        _on_loop(_stop(server))
