"""Lets owners require a second factor of every member."""

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
        if members.require_second_factor(pk, required, current_user(request)):
            now = "now" if required else "no longer"
            messages.success(request, f"{team} {now} requires a second factor.")
    except ValidationError:
        return render(request, "teams/second_factor.html", {"team": team, "needs_own_factor": True}, status=422)
    return redirect(f"{reverse('team_page', args=[pk])}#team-second-factor")
