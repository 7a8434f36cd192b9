"""The team a user works in, stored in the session.

The stored id is a preference, not a permission: it is looked up among the user's open teams every time.
"""

from __future__ import annotations

from django.http import HttpRequest

from teams.access import current_user, open_teams
from teams.models import Team

SESSION_KEY = "team"


def current_team(request: HttpRequest) -> Team | None:
    """None for all teams."""
    pk = request.session.get(SESSION_KEY)
    return open_teams(current_user(request)).filter(pk=pk).first() if pk else None


def set_current_team(request: HttpRequest, team: Team | None) -> None:
    request.session.pop(SESSION_KEY, None)
    if team is not None:
        request.session[SESSION_KEY] = team.pk
