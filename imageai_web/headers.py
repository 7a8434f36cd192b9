"""Response headers that no setting of Django or django-csp covers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.decorators import sync_and_async_middleware

HEADERS = {
    # Other sites can't embed our responses; our pages can't load theirs.
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Permissions-Policy": "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
    "magnetometer=(), microphone=(), midi=(), payment=(), usb=(), xr-spatial-tracking=()",
}

Handler = Callable[[HttpRequest], HttpResponseBase]
AsyncHandler = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@sync_and_async_middleware
def isolation(get_response: Handler | AsyncHandler) -> Handler | AsyncHandler:
    if iscoroutinefunction(get_response):

        async def handle_async(request: HttpRequest) -> HttpResponseBase:
            return add_headers(request, await cast(AsyncHandler, get_response)(request))

        return handle_async

    def handle(request: HttpRequest) -> HttpResponseBase:
        return add_headers(request, cast(Handler, get_response)(request))

    return handle


def add_headers(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if response.headers.get("Content-Type", "").startswith("text/html"):
        # Without no-store, the back button would show pages after sign-out.
        response.headers.setdefault("Cache-Control", "no-store")
    if request.method == "POST" and request.path == reverse("account_logout"):
        response.headers["Clear-Site-Data"] = '"cache", "storage"'  # cached images and clips
    return response
