"""Inviting people, and the page behind an invitation link."""

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
from teams.mail import can_send_mail, send_invitation
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
            issued = invitations.invite(pk, form.cleaned_data["email"], form.selected_role, current_user(request))
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
        resend_error = {"invitation": invitation, "message": " ".join(error.messages)}
        return show(request, invitation.team, Role.OWNER, resend_error=resend_error, status=422)
    return _show_link(request, invitation.team, issued)


@require_POST
def invitation_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = load_invitation(request, pk)
    if invitations.revoke(invitation, current_user(request)):
        messages.success(request, f"Invitation for {invitation.email} revoked. Its link no longer works.")
    else:
        messages.info(request, "This invitation was already closed.")
    return redirect("team_page", invitation.team_id)


def _show_link(request: HttpRequest, team: Team, issued: Issued) -> HttpResponse:
    # Mails the link. Only a server that cannot send mail shows it, in this response alone: it must not be stored.
    link = request.build_absolute_uri(reverse("invitation", args=[issued.token]))
    was_sent = send_invitation(issued.invitation, link)
    sent = {"invitation": issued.invitation, "was_sent": was_sent}
    if not can_send_mail():
        invitations.mark_shown(issued.invitation)
        sent["link"] = link
    return show(request, team, Role.OWNER, sent_invitation=sent)


# -- For invitees ------------------------------------------------------------------------------------------------------


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@limit_guessing
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    # The page behind the link. Only POST uses the link up: previews of mail and chat programs send GET.
    try:
        invitation = invitations.find_open_invitation(token)
        if not request.user.is_authenticated:
            return _invite_anonymous(request, invitation)
        user = current_user(request)
        if request.method == "POST" and invitation.is_for(user):
            return _show_accepted(request, invitation, is_new=invitations.accept(invitation, user))
    except InvitationClosed as error:
        return render(request, "teams/invitation.html", {"closed_reason": error}, status=410)
    context = {"invitation": invitation, "is_other_user": not invitation.is_for(user)}
    return render(request, "teams/invitation.html", context, status=403 if context["is_other_user"] else 200)


def _invite_anonymous(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """The same page whether or not the address has an account, so that it reveals neither. Raises InvitationClosed."""
    form = NewAccountForm(request.POST or None, email=invitation.email)
    has_account = False
    if form.is_valid():
        try:
            user = invitations.accept_as_new(invitation, form.cleaned_data["name"], form.cleaned_data["password"])
            login(request, user, backend="allauth.account.auth_backends.AuthenticationBackend")
            return _show_accepted(request, invitation, is_new=True)
        except HasAccount:
            has_account = True
    context = {"invitation": invitation, "form": form, "has_account": has_account}
    status = 409 if has_account else 422 if form.is_bound else 200
    return render(request, "teams/invitation.html", context, status=status)


def _show_accepted(request: HttpRequest, invitation: Invitation, *, is_new: bool) -> HttpResponse:
    team = invitation.team
    if not is_new:
        member = team.memberships.get(user=current_user(request))
        context = {"invitation": invitation, "membership": member}
        return render(request, "teams/invitation.html", context, status=409)
    set_current_team(request, team)
    messages.success(request, f"Welcome to {team}.")
    return redirect("project_list")
