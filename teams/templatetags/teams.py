from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import template

from teams.access import signed_in, teams_of
from teams.current_team import CHOSEN
from teams.models import Team

register = template.Library()


@dataclass(frozen=True)
class Switch:
    teams: list[Team]
    chosen: Team | None


@register.simple_tag(takes_context=True)
def team_switch(context: dict[str, Any]) -> Switch:
    """The person's teams and the one they work in, for the top bar of every page; one query."""
    request = context["request"]
    teams = list(teams_of(signed_in(request)))
    chosen = request.session.get(CHOSEN)
    return Switch(teams, next((team for team in teams if team.pk == chosen), None))
