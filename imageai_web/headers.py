"""Headers of every answer that no setting of Django or django-csp writes: nothing of ours is for other sites."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.decorators import sync_and_async_middleware

HEADERS = {
    # Other sites embed nothing of this one, and its pages load nothing of theirs.
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Permissions-Policy": "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
    "magnetometer=(), microphone=(), midi=(), payment=(), usb=(), xr-spatial-tracking=()",
}

Answer = Callable[[HttpRequest], HttpResponseBase]
AsyncAnswer = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@sync_and_async_middleware
def isolation(get_response: Answer | AsyncAnswer) -> Answer | AsyncAnswer:
    if iscoroutinefunction(get_response):

        async def answer_later(request: HttpRequest) -> HttpResponseBase:
            return isolated(request, await cast(AsyncAnswer, get_response)(request))

        return answer_later

    def answer(request: HttpRequest) -> HttpResponseBase:
        return isolated(request, cast(Answer, get_response)(request))

    return answer


def isolated(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if response.headers.get("Content-Type", "").startswith("text/html"):
        # Pages are somebody's own and change with every act; the back button must not show what has been signed out of.
        response.headers.setdefault("Cache-Control", "no-store")
    if request.method == "POST" and request.path == reverse("account_logout"):
        response.headers["Clear-Site-Data"] = '"cache", "storage"'  # pictures and clips the browser has kept
    return response
