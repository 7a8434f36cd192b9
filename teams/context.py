"""What the frame of every page shows of a person's teams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from teams.access import current_user, open_teams
from teams.current_team import CHOSEN
from teams.models import Team


@dataclass(frozen=True)
class Switch:
    """The person's teams, and the one they work in."""

    teams: list[Team]
    chosen: Team | None


def team_switch(request: HttpRequest) -> dict[str, Any]:
    """A context processor. One query, and none for fragments that do not show the top bar."""
    return {"switch": SimpleLazyObject(lambda: _switch(request))}


def _switch(request: HttpRequest) -> Switch:
    teams = list(open_teams(current_user(request)))
    chosen = request.session.get(CHOSEN)
    return Switch(teams, next((team for team in teams if team.pk == chosen), None))
