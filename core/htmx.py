"""The request that a view gets: HtmxMiddleware tells it what htmx says of itself."""

from __future__ import annotations

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class HtmxHttpRequest(HttpRequest):
    """`htmx` is true where the answer goes into the page that is open."""

    htmx: HtmxDetails
