"""The team page: members, roles, open invitations and the name. Members see it, owners change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Case, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.once import create_once
from teams import members
from teams.access import can_create_teams, current_user, load_team, open_teams, parse_id
from teams.current_team import set_current_team
from teams.forms import InviteForm, RoleForm, TeamForm
from teams.loaders import load_member
from teams.models import Invitation, Membership, Role, Team

#: What members can do, and the lowest role that can. docs/teams.md has the same table; a test compares them.
PERMISSIONS = [
    ("See projects, takes, costs and the activity log; play and download clips", Role.VIEWER),
    ("Leave the team", Role.VIEWER),
    ("Create and edit projects, scenes, frames and prompt templates", Role.EDITOR),
    ("Generate, cancel, select and delete takes; spend money within the caps", Role.EDITOR),
    ("Resolve takes that need review", Role.EDITOR),
    ("Test connections and see the costs of each", Role.EDITOR),
    ("Set caps for projects, connections and the team", Role.OWNER),
    ("Add, edit and remove connections and their keys", Role.OWNER),
    ("Invite and remove people, change roles, rename the team, require a second factor", Role.OWNER),
]


@dataclass(frozen=True)
class MemberRow:
    member: Membership
    is_me: bool
    #: Why the requested change was rejected, or empty.
    error: str


def show(
    request: HttpRequest,
    team: Team,
    role: Role,
    *,
    errors: Mapping[int, str] = {},
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    # Renders the page. `errors` has messages by membership id; `more` overrides the context.
    me = current_user(request)
    memberships = team.memberships.select_related("user").order_by(_owners_first(), "user__name", "user__email")
    context = {
        "team": team,
        "role": role,
        "is_owner": role == Role.OWNER,
        "rows": [MemberRow(member, member.user_id == me.pk, errors.get(member.pk, "")) for member in memberships],
        "roles": Role,
        "matrix": [(action, [role.includes(lowest) for role in Role]) for action, lowest in PERMISSIONS],
        "rename_form": TeamForm(instance=team, auto_id="team_%s"),
        "invite_form": InviteForm(initial={"role": Role.EDITOR}),
        "invitations": list_pending(team) if role == Role.OWNER else [],
    }
    return render(request, "teams/team.html", context | more, status=status)


def _owners_first() -> Case:
    return Case(*(When(role=role, then=Value(-place)) for place, role in enumerate(Role)))


def list_pending(team: Team) -> QuerySet[Invitation]:
    # Invitations to resend or revoke, each with `has_expired`.
    still_open = Invitation.objects.open().filter(team=team).values("pk")
    has_expired = Case(When(pk__in=still_open, then=Value(False)), default=Value(True))
    return team.invitations.filter(ending="").select_related("invited_by").annotate(has_expired=has_expired)


@require_safe
def team_page(request: HttpRequest, pk: int) -> HttpResponse:
    return show(request, *load_team(request, pk))


@require_http_methods(["GET", "HEAD", "POST"])
@create_once
def team_create(request: HttpRequest) -> HttpResponse:
    user = current_user(request)
    if not can_create_teams(user):
        return render(request, "teams/team_form.html", {"is_forbidden": True}, status=403)
    form = TeamForm(request.POST or None)
    if form.is_valid():
        team = members.create_team(form.cleaned_data["name"], user)
        set_current_team(request, team)
        messages.success(request, f"{team} created. You are its owner; invite other people below.")
        return redirect("team_page", team.pk)
    return render(request, "teams/team_form.html", {"form": form}, status=422 if form.is_bound else 200)


@require_POST
def team_rename(request: HttpRequest, pk: int) -> HttpResponse:
    team, role = load_team(request, pk, at_least=Role.OWNER)
    form = TeamForm(request.POST, instance=Team(pk=pk), auto_id="team_%s")
    if not form.is_valid():
        return show(request, team, role, rename_form=form, status=422)
    members.rename(pk, form.cleaned_data["name"], current_user(request))
    messages.success(request, f"Team renamed to {form.cleaned_data['name']}.")
    return redirect("team_page", pk)


@require_POST
def team_choose(request: HttpRequest) -> HttpResponse:
    # Switches to one of the user's teams. Any other value shows all teams.
    pk = parse_id(request.POST.get("team", ""))
    set_current_team(request, open_teams(current_user(request)).filter(pk=pk).first() if pk else None)
    return redirect("project_list")


@require_POST
def team_leave(request: HttpRequest, pk: int) -> HttpResponse:
    team, role = load_team(request, pk)
    me = current_user(request)
    try:
        members.leave(pk, me)
    except ValidationError as error:
        membership = team.memberships.get(user=me)
        return show(request, team, role, errors={membership.pk: " ".join(error.messages)}, status=422)
    messages.success(request, f"You left {team}. Everything you created there stays.")
    return redirect("project_list")


@require_POST
def member_role(request: HttpRequest, pk: int) -> HttpResponse:
    member = load_member(request, pk)
    form = RoleForm(request.POST)
    try:
        if not form.is_valid():
            raise ValidationError("Choose a role.")
        members.change_role(member, form.selected_role, current_user(request))
    except ValidationError as error:
        return _show_error(request, member, error)
    messages.success(request, f"{member.user} is now {form.selected_role.label.lower()} of {member.team}.")
    return redirect("team_page", member.team_id)


@require_POST
def member_remove(request: HttpRequest, pk: int) -> HttpResponse:
    member = load_member(request, pk)
    try:
        members.remove(member, current_user(request))
    except ValidationError as error:
        return _show_error(request, member, error)
    if member.user_id == current_user(request).pk:
        return redirect("project_list")
    messages.success(request, f"{member.user} removed. Everything they created stays.")
    return redirect("team_page", member.team_id)


def _show_error(request: HttpRequest, member: Membership, error: ValidationError) -> HttpResponse:
    return show(request, member.team, Role.OWNER, errors={member.pk: " ".join(error.messages)}, status=422)
