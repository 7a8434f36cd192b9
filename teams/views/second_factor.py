"""Whether a team asks its members for a second factor: its owners decide."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from teams import members
from teams.access import current_user, load_team
from teams.models import Role


@require_http_methods(["GET", "HEAD", "POST"])
def team_second_factor(request: HttpRequest, pk: int) -> HttpResponse:
    team, _ = load_team(request, pk, at_least=Role.OWNER)
    if request.method != "POST":
        return render(request, "teams/second_factor.html", {"team": team})
    required = request.POST.get("required") == "yes"
    try:
        if members.require_factor(pk, required, current_user(request)):
            does = "requires a second factor now" if required else "no longer requires a second factor"
            messages.success(request, f"{team} {does}.")
    except ValidationError:
        return render(request, "teams/second_factor.html", {"team": team, "own_first": True}, status=422)
    return redirect(f"{reverse('team_page', args=[pk])}#team-second-factor")
