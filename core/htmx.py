"""The type of a request after django-htmx's middleware."""

from __future__ import annotations

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class HtmxHttpRequest(HttpRequest):
    """`htmx` is truthy if the response replaces part of an open page."""

    htmx: HtmxDetails
