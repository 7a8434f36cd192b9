"""Whether a team asks its members for a second factor: its owners decide."""

from __future__ import annotations

import logging

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from teams.access import load_team, signed_in
from teams.models import Role, Team

logger = logging.getLogger(__name__)


@require_http_methods(["GET", "POST"])
def team_second_factor(request: HttpRequest, pk: int) -> HttpResponse:
    team, _ = load_team(request, pk, at_least=Role.OWNER)
    if request.method == "GET":
        return render(request, "teams/second_factor.html", {"team": team})
    person, required = signed_in(request), request.POST.get("required") == "yes"
    if required and not person.has_second_factor:
        return render(request, "teams/second_factor.html", {"team": team, "own_first": True}, status=422)
    if Team.objects.filter(pk=pk).exclude(requires_second_factor=required).update(requires_second_factor=required):
        does = "requires a second factor now" if required else "no longer requires a second factor"
        logger.info("%s %s, says %s", team, does, person.email)
        messages.success(request, f"{team} {does}.")
    return redirect("team_second_factor", pk)
