"""Invitations: at most one open invitation per team and address; it works once, for that address, within a week.

A mailed link proves ownership of the address, like a password reset link: an invitee without an account creates one with
it. A link that the page showed to the inviter, because the server sends no mail, proves nothing (address_proof.py).
A user who is signed in with another address cannot use it. No page reveals whether an address has an account until an
account is requested with the link for that address.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from teams import activity
from teams.members import join, lock_team
from teams.models import Invitation, Membership, Role, SignInLink, Team, User, Verb

#: Open invitations of a team.
MAX_OPEN = 50
#: E-mails: by one inviter in an hour, and by one team to one address in a day.
MAX_PER_HOUR, MAX_PER_DAY = 30, 5

Ending = Invitation.Ending
CLOSED = {
    Ending.ACCEPTED: "This invitation has already been used.",
    Ending.REVOKED: "This invitation has been revoked.",
    Ending.REPLACED: "A newer invitation was sent. Only the newest link works.",
}
EXPIRED = f"This invitation has expired after {Invitation.VALID_FOR.days} days."
UNKNOWN = "Invitation not found. Check that you copied the whole link."


class InvitationClosed(Exception):
    """The invitation can't be accepted. The message says why."""


class HasAccount(Exception):
    """The address already has an account. Its owner has to sign in to accept."""


@dataclass(frozen=True)
class Issued:
    invitation: Invitation
    #: The secret in the link. Only its hash is stored.
    token: str


@transaction.atomic
def invite(team_id: int, email: str, role: Role, by: User) -> Issued:
    """Raises ValidationError for a member, an address with an open invitation, or a reached limit."""
    team = lock_team(team_id, by)
    email = email.lower()
    member = Membership.objects.filter(team=team, user__email=email).first()
    if member is not None:
        raise ValidationError(f"{email} is already a member, as {member.get_role_display().lower()}.")
    if Invitation.objects.open().filter(team=team, email=email).exists():
        raise ValidationError(f"{email} has already been invited. Resend or revoke that invitation.")
    if Invitation.objects.open().filter(team=team).count() >= MAX_OPEN:
        raise ValidationError(f"A team can have {MAX_OPEN} open invitations. Revoke one first.")
    Invitation.objects.filter(team=team, email=email, ending="").update(ending=Ending.REPLACED, ended_at=Now())
    issued = _issue(team, email, role, by)
    what = f"{email} as {role.label.lower()}"
    activity.record(Verb.INVITED, by, what, team=team.pk, page=("team_page", team.pk))
    return issued


@transaction.atomic
def invite_again(invitation: Invitation, by: User) -> Issued:
    """Replaces the link; the old one stops working. Raises ValidationError if it is closed or a limit is reached."""
    team = lock_team(invitation.team_id, by)
    if not invitation.end(Ending.REPLACED):
        raise ValidationError("This invitation is closed. No e-mail was sent.")
    issued = _issue(team, invitation.email, Role(invitation.role), by)
    activity.record(Verb.INVITED_AGAIN, by, invitation.email, team=team.pk, page=("team_page", team.pk))
    return issued


def mark_shown(invitation: Invitation) -> None:
    Invitation.objects.filter(pk=invitation.pk).update(was_shown=True)


@transaction.atomic
def revoke(invitation: Invitation, by: User) -> bool:
    """False if the invitation was already closed."""
    team = lock_team(invitation.team_id, by)
    revoked = invitation.end(Ending.REVOKED)
    if revoked:
        activity.record(Verb.INVITATION_REVOKED, by, invitation.email, team=team.pk, page=("team_page", team.pk))
    return revoked


def find_open_invitation(token: str) -> Invitation:
    """Changes nothing. Raises InvitationClosed."""
    invitation = Invitation.objects.for_link(token).select_related("team", "invited_by").first()
    if invitation is None:
        raise InvitationClosed(UNKNOWN)
    if not Invitation.objects.open().filter(pk=invitation.pk).exists():
        raise InvitationClosed(explain_closed(invitation))
    return invitation


def explain_closed(invitation: Invitation) -> str:
    return CLOSED[Ending(invitation.ending)] if invitation.ending else EXPIRED


@transaction.atomic
def accept(invitation: Invitation, user: User) -> bool:
    """False if the user was already a member, who keeps their role. Uses up the invitation. Raises InvitationClosed."""
    team = lock_team(invitation.team_id)
    if not invitation.is_for(user):
        raise PermissionDenied("This invitation is for another e-mail address.")
    _use_up(invitation)
    return join(team.pk, user, Role(invitation.role))


@transaction.atomic
def accept_as_new(invitation: Invitation, name: str, password: str) -> User:
    """Creates the account and the membership. Raises InvitationClosed or HasAccount, with nothing changed."""
    team = lock_team(invitation.team_id)
    _use_up(invitation)
    if User.objects.filter(email=invitation.email).exists():
        raise HasAccount
    try:
        with transaction.atomic():
            proven_at = None if invitation.was_shown else timezone.now()
            user = User.objects.create_user(invitation.email, password, name=name, address_proven_at=proven_at)
    except IntegrityError as error:  # created at the same moment through another team's invitation
        raise HasAccount from error
    join(team.pk, user, Role(invitation.role))
    return user


def _issue(team: Team, email: str, role: Role, by: User) -> Issued:
    sent = Invitation.objects.filter(created_at__gt=Now() - timedelta(hours=1), invited_by=by)
    if sent.count() >= MAX_PER_HOUR:
        raise ValidationError(f"You have sent {MAX_PER_HOUR} invitations in the last hour. Try again later.")
    sent = Invitation.objects.filter(created_at__gt=Now() - timedelta(days=1), team=team, email=email)
    if sent.count() >= MAX_PER_DAY:
        raise ValidationError(f"{email} was sent {MAX_PER_DAY} invitations in the last 24 hours. Try again tomorrow.")
    token = secrets.token_urlsafe(24)
    invitation = Invitation.objects.create(
        team=team, email=email, role=role, token_hash=SignInLink.digest(token), invited_by=by
    )
    return Issued(invitation, token)


def _use_up(invitation: Invitation) -> None:
    # Of two concurrent requests, one gets True: end() is a conditional UPDATE.
    if not invitation.end(Ending.ACCEPTED):
        invitation.refresh_from_db()
        raise InvitationClosed(explain_closed(invitation))
