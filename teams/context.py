"""The team switch in the top bar of every page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from teams.access import current_user, open_teams
from teams.current_team import SESSION_KEY
from teams.models import Team


@dataclass(frozen=True)
class Switch:
    teams: list[Team]
    #: None shows all teams.
    current: Team | None


def team_switch(request: HttpRequest) -> dict[str, Any]:
    # Context processor. Lazy: fragments without the top bar cost no query, pages cost one.
    return {"switch": SimpleLazyObject(lambda: _switch(request))}


def _switch(request: HttpRequest) -> Switch:
    teams = list(open_teams(current_user(request)))
    current_id = request.session.get(SESSION_KEY)
    return Switch(teams, next((team for team in teams if team.pk == current_id), None))
