"""Rate limits for URLs that contain a secret, such as sign-in links and invitations."""

from __future__ import annotations

from collections.abc import Callable

from allauth.decorators import rate_limit
from django.http import HttpResponse

View = Callable[..., HttpResponse]


def limit_guessing(view: View) -> View:
    """Answers 429 above ACCOUNT_RATE_LIMITS["secret_link"], counted over all web processes in the default cache.

    GET counts too (`limit_get`): some of these pages show whether a secret is valid.
    """
    limited: View = rate_limit(action="secret_link", limit_get=True)(view)
    return limited
