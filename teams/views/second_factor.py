"""Whether a team asks its members for a second factor: its owners decide."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from teams import activity
from teams.access import load_team, signed_in
from teams.models import Role, Team, User, Verb


@require_http_methods(["GET", "HEAD", "POST"])
def team_second_factor(request: HttpRequest, pk: int) -> HttpResponse:
    team, _ = load_team(request, pk, at_least=Role.OWNER)
    if request.method != "POST":
        return render(request, "teams/second_factor.html", {"team": team})
    person, required = signed_in(request), request.POST.get("required") == "yes"
    if required and not person.has_second_factor:
        return render(request, "teams/second_factor.html", {"team": team, "own_first": True}, status=422)
    if decide(team, required, person):
        does = "requires a second factor now" if required else "no longer requires a second factor"
        messages.success(request, f"{team} {does}.")
    return redirect(f"{reverse('team_page', args=[pk])}#team-second-factor")


@transaction.atomic
def decide(team: Team, required: bool, by: User) -> bool:
    """Whether that is anything new."""
    undecided = Team.objects.filter(pk=team.pk).exclude(requires_second_factor=required)
    is_new = bool(undecided.update(requires_second_factor=required))
    if is_new:
        verb = Verb.SECOND_FACTOR_REQUIRED if required else Verb.SECOND_FACTOR_NOT_REQUIRED
        activity.record(verb, by, team=team.pk, page=("team_page", team.pk))
    return is_new
