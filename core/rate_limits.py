"""Limits for addresses that hold a secret, such as sign-in links and invitations: nobody tries them out by the thousand.

allauth counts, in the cache all web processes share, and answers with imageai_web.errors.too_many_requests.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.core.internal import ratelimit
from django.http import HttpRequest, HttpResponse

View = Callable[..., HttpResponse]


def limit_guessing(view: View) -> View:
    """Counts visits too, which allauth's public function does not: some pages tell a good secret from a bad one on sight."""

    @wraps(view)
    def limited(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        refusal: HttpResponse | None = ratelimit.consume_or_429(
            request, app="allauth.account", action="secret_link", limit_get=True
        )
        return refusal or view(request, *args, **kwargs)

    return limited
