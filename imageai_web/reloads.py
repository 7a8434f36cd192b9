"""Leads from addresses that have no page to one that has: for a reload, a bookmark or a slash at the end.

A form that is refused is shown again at the address it was posted to, which only takes posts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import PurePosixPath
from typing import cast

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils.decorators import sync_and_async_middleware

Handler = Callable[[HttpRequest], HttpResponseBase]
AsyncHandler = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@sync_and_async_middleware
def to_page(get_response: Handler | AsyncHandler) -> Handler | AsyncHandler:
    if iscoroutinefunction(get_response):

        async def handle_async(request: HttpRequest) -> HttpResponseBase:
            return answer(request, await cast(AsyncHandler, get_response)(request))

        return handle_async

    def handle(request: HttpRequest) -> HttpResponseBase:
        return answer(request, cast(Handler, get_response)(request))

    return handle


def answer(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    # Only for a browser that opens a page: programs and htmx get the plain 405 or 404.
    is_htmx = "HX-Request" in request.headers
    is_page = request.method == "GET" and "text/html" in request.headers.get("Accept", "") and not is_htmx
    if is_page and response.status_code == 405 and request.resolver_match:
        return redirect(find_page_above(request.path, request.resolver_match))
    bare = request.path.rstrip("/")
    if is_page and response.status_code == 404 and bare != request.path and find_match(bare):
        query = request.META["QUERY_STRING"]
        return redirect(bare + (f"?{query}" if query else ""))
    return response


def find_page_above(path: str, match: ResolverMatch) -> str:
    # The nearest address above with the same object, such as /teams/3 for /teams/3/invite; else the first page.
    for parent in map(str, PurePosixPath(path).parents):
        above = find_match(parent)
        if above and above.kwargs.items() <= match.kwargs.items():
            return parent
    return "/"


def find_match(path: str) -> ResolverMatch | None:
    try:
        return resolve(path) if path else None
    except Resolver404:
        return None
