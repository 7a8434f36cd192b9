"""Inviting people, and what the link of an invitation answers."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from core.rate_limits import limit_guessing
from teams import invitations
from teams.access import current_user, load_team
from teams.current_team import set_current_team
from teams.forms import InviteForm, NewAccountForm
from teams.invitations import HasAccount, InvitationClosed, Issued
from teams.loaders import load_invitation
from teams.mail import send_invitation, sends_mail
from teams.models import Invitation, Role, Team
from teams.views.team import show

# -- For owners --------------------------------------------------------------------------------------------------------


@require_POST
@never_cache
def invite(request: HttpRequest, pk: int) -> HttpResponse:
    team, role = load_team(request, pk, at_least=Role.OWNER)
    form = InviteForm(request.POST)
    if form.is_valid():
        try:
            issued = invitations.invite(pk, form.cleaned_data["email"], form.chosen, current_user(request))
            return _show_link(request, team, issued)
        except ValidationError as error:
            form.add_error("email", error)
    return show(request, team, role, invite_form=form, status=422)


@require_POST
@never_cache
def invitation_resend(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = load_invitation(request, pk)
    try:
        issued = invitations.invite_again(invitation, current_user(request))
    except ValidationError as error:
        refused = {"invitation": invitation, "words": " ".join(error.messages)}
        return show(request, invitation.team, Role.OWNER, refused_invitation=refused, status=422)
    return _show_link(request, invitation.team, issued)


@require_POST
def invitation_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = load_invitation(request, pk)
    if invitations.revoke(invitation, current_user(request)):
        messages.success(request, f"The invitation of {invitation.email} is withdrawn; its link works no more.")
    else:
        messages.info(request, "This invitation was over already.")
    return redirect("team_page", invitation.team_id)


def _show_link(request: HttpRequest, team: Team, issued: Issued) -> HttpResponse:
    """This answer is the only place where the link stands: it is kept in no session and no message."""
    link = request.build_absolute_uri(reverse("invitation", args=[issued.token]))
    was_sent = send_invitation(issued.invitation, link)
    made = {"invitation": issued.invitation, "link": link, "was_sent": was_sent, "by_mail": sends_mail()}
    return show(request, team, Role.OWNER, made=made)


# -- For those who are invited -----------------------------------------------------------------------------------------


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@limit_guessing
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the link. Opening it changes nothing, so a preview cannot use it up."""
    try:
        found = invitations.find_open_invitation(token)
        if not request.user.is_authenticated:
            return _as_stranger(request, found)
        user = current_user(request)
        if request.method == "POST" and found.is_for(user):
            return _accepted(request, found, is_new=invitations.accept(found, user))
    except InvitationClosed as over:
        return render(request, "teams/invitation.html", {"over": over}, status=410)
    context = {"invitation": found, "for_another": not found.is_for(user)}
    return render(request, "teams/invitation.html", context, status=403 if context["for_another"] else 200)


def _as_stranger(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """The same page whether the address has an account or not. Raises Over."""
    form = NewAccountForm(request.POST or None, email=invitation.email)
    has_account = False
    if form.is_valid():
        try:
            user = invitations.accept_as_new(invitation, form.cleaned_data["name"], form.cleaned_data["password"])
            login(request, user, backend="allauth.account.auth_backends.AuthenticationBackend")
            return _accepted(request, invitation, is_new=True)
        except HasAccount:
            has_account = True
    context = {"invitation": invitation, "form": form, "has_account": has_account}
    status = 409 if has_account else 422 if form.is_bound else 200
    return render(request, "teams/invitation.html", context, status=status)


def _accepted(request: HttpRequest, invitation: Invitation, *, is_new: bool) -> HttpResponse:
    team = invitation.team
    if not is_new:
        member = team.memberships.get(user=current_user(request))
        context = {"invitation": invitation, "already": member}
        return render(request, "teams/invitation.html", context, status=409)
    set_current_team(request, team)
    messages.success(request, f"Welcome to {team}.")
    return redirect("project_list")
