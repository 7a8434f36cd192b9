"""The team switch in the top bar of every page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from teams.access import current_user, founding_memberships, open_teams
from teams.current_team import SESSION_KEY
from teams.models import Team


@dataclass(frozen=True)
class Switch:
    teams: Sequence[Team]
    #: None shows all teams.
    current: Team | None
    can_create_teams: bool


def team_switch(request: HttpRequest) -> dict[str, Any]:
    # Context processor. Lazy: fragments without the top bar cost no query, pages cost one.
    return {"switch": SimpleLazyObject(lambda: _switch(request))}


def _switch(request: HttpRequest) -> Switch:
    user = current_user(request)
    founding = founding_memberships(user).filter(team=OuterRef("pk"))
    teams = list(open_teams(user).annotate(may_found=Exists(founding)))
    current_id = request.session.get(SESSION_KEY)
    current = next((team for team in teams if team.pk == current_id), None)
    return Switch(teams, current, can_create_teams=any(team.may_found for team in teams))
