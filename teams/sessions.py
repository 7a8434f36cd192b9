"""Where a person is signed in: browsers and devices in words, and when each was last seen.

allauth notes a session when it begins. When it was last seen is written every few minutes, not with every request.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.usersessions.models import UserSession
from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from teams.models import User

SEEN_EVERY_SECONDS = 300
#: Where a session keeps when it was noted last.
SEEN_AT = "seen_at"

#: The first that is found counts: most browsers claim to be others as well.
BROWSERS = {
    "Edge": r"Edg",
    "Opera": r"OPR/|Opera",
    "Samsung Internet": r"SamsungBrowser",
    "Firefox": r"Firefox|FxiOS",
    "Chrome": r"Chrome|Chromium|CriOS",
    "Safari": r"Safari",
}
SYSTEMS = {
    "iPhone": r"iPhone",
    "iPad": r"iPad",
    "Android": r"Android",
    "ChromeOS": r"CrOS",
    "Windows": r"Windows",
    "macOS": r"Macintosh|Mac OS X",
    "Linux": r"Linux",
}


def describe_device(user_agent: str) -> str:
    """A browser and its system in words, such as "Firefox on Windows"."""
    browser = next((name for name, sign in BROWSERS.items() if re.search(sign, user_agent)), "")
    system = next((name for name, sign in SYSTEMS.items() if re.search(sign, user_agent)), "")
    return " on ".join(word for word in (browser or "A browser", system) if word)


@dataclass(frozen=True)
class SignedIn:
    """One browser in which a person is signed in."""

    pk: int
    device: str
    address: str
    last_seen_at: datetime
    is_this: bool


def list_sessions(user: User, session_key: str | None) -> list[SignedIn]:
    """This browser first, then the one seen last."""
    rows = [
        SignedIn(row.pk, describe_device(row.user_agent), row.ip, row.last_seen_at, row.session_key == session_key)
        for row in UserSession.objects.purge_and_list(user)
    ]
    return sorted(rows, key=lambda row: (row.is_this, row.last_seen_at), reverse=True)


def mark_new(request: HttpRequest, **kwargs: Any) -> None:
    """On signing in, when allauth notes the session."""
    request.session[SEEN_AT] = int(time.time())


class LastSeenMiddleware(MiddlewareMixin):
    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if request.session.accessed and request.user.is_authenticated:
            now = int(time.time())
            if now - request.session.get(SEEN_AT, 0) >= SEEN_EVERY_SECONDS:
                request.session[SEEN_AT] = now
                UserSession.objects.create_from_request(request)
        return response
