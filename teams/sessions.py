"""The sessions of a user: device, address, and when each was last active.

allauth creates a UserSession at sign-in. `last_seen_at` is updated at most every SEEN_EVERY_SECONDS, to spare a write per
request.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from teams.models import User

SEEN_EVERY_SECONDS = 300
#: Session key of the Unix time of the last update.
SEEN_AT = "seen_at"

#: The first match counts. The order matters: most browsers include the names of others in their user agent.
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
    # Such as “Firefox on Windows”; “Unknown browser” without a match.
    browser = next((name for name, pattern in BROWSERS.items() if re.search(pattern, user_agent)), "")
    system = next((name for name, pattern in SYSTEMS.items() if re.search(pattern, user_agent)), "")
    return " on ".join(name for name in (browser or "Unknown browser", system) if name)


@dataclass(frozen=True)
class SessionRow:
    pk: int
    device: str
    address: str
    last_seen_at: datetime
    is_current: bool


def list_sessions(user: User, session_key: str | None) -> list[SessionRow]:
    # The current session first, then the most recently active.
    rows = [
        SessionRow(row.pk, describe_device(row.user_agent), row.ip, row.last_seen_at, row.session_key == session_key)
        for row in UserSession.objects.purge_and_list(user)
    ]
    return sorted(rows, key=lambda row: (row.is_current, row.last_seen_at), reverse=True)


def end_session(request: HttpRequest, session: UserSession) -> None:
    # Signs the browser out. For the session of `request`, signs out the request too.
    is_current = session.session_key == request.session.session_key
    session.end()
    if is_current:
        logout(request)


def end_other_sessions(request: HttpRequest) -> None:
    for session in UserSession.objects.filter(user=request.user).exclude(session_key=request.session.session_key):
        session.end()


def mark_seen(request: HttpRequest, **kwargs: Any) -> None:
    # Receiver of user_logged_in: allauth has just created the UserSession.
    request.session[SEEN_AT] = int(time.time())


class LastSeenMiddleware(MiddlewareMixin):
    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if request.session.accessed and request.user.is_authenticated:
            now = int(time.time())
            if now - request.session.get(SEEN_AT, 0) >= SEEN_EVERY_SECONDS:
                request.session[SEEN_AT] = now
                UserSession.objects.create_from_request(request)
        return response
