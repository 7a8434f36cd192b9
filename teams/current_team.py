"""Which of their teams a person works in now: kept in the session, and believed only while they belong to it."""

from __future__ import annotations

from django.http import HttpRequest

from teams.access import current_user, open_teams
from teams.models import Team

CHOSEN = "team"


def current_team(request: HttpRequest) -> Team | None:
    """None stands for all teams."""
    pk = request.session.get(CHOSEN)
    return open_teams(current_user(request)).filter(pk=pk).first() if pk else None


def set_current_team(request: HttpRequest, team: Team | None) -> None:
    request.session.pop(CHOSEN, None)
    if team is not None:
        request.session[CHOSEN] = team.pk
