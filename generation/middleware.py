"""Every page reads a team's connections once."""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from generation import connections


@sync_and_async_middleware
def remember_connections(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    async def answer_later(request: HttpRequest) -> HttpResponseBase:
        with connections.remembered():
            response: HttpResponseBase = await get_response(request)
            return response

    def answer(request: HttpRequest) -> HttpResponseBase:
        with connections.remembered():
            response: HttpResponseBase = get_response(request)
            return response

    later: Callable[[HttpRequest], Awaitable[HttpResponseBase]] = answer_later
    return later if iscoroutinefunction(get_response) else answer
