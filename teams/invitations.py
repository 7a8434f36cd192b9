"""Inviting people and letting them in: one open invitation per address, good for one person, once, within a week.

Whoever holds the link for an address is taken for its owner, as with a link for a forgotten password: without an account
they make it there. Nobody else can use the link, and no page says whether an address has an account before the link for
that very address is used.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from teams import activity
from teams.members import join, locked
from teams.models import Invitation, Membership, Role, SignInLink, Team, User, Verb

MOST_OPEN = 50
#: Each sends an e-mail: of one person within an hour, and of one team to one address within a day.
MOST_AN_HOUR, MOST_A_DAY = 30, 5

Ending = Invitation.Ending
OVER = {
    Ending.ACCEPTED: "This invitation has been used. It works once.",
    Ending.REVOKED: "This invitation has been withdrawn.",
    Ending.REPLACED: "This invitation has been sent again since; only the newest link works.",
}
EXPIRED = f"This invitation has expired: it worked for {Invitation.VALID_FOR.days} days."
UNKNOWN = "There is no such invitation. The link may be incomplete: copy it again as a whole."


class InvitationClosed(Exception):
    """The invitation can no longer be accepted; the message says why."""


class HasAccount(Exception):
    """The address has an account already: it has to sign in."""


@dataclass(frozen=True)
class Issued:
    invitation: Invitation
    #: The secret of its link, which is stored nowhere.
    token: str


@transaction.atomic
def invite(team_id: int, email: str, role: Role, by: User) -> Issued:
    """Raises ValidationError with a sentence about the address, or about a limit."""
    team = locked(team_id, by)
    email = email.lower()
    member = Membership.objects.filter(team=team, user__email=email).first()
    if member is not None:
        raise ValidationError(f"{email} is a member already, as {member.get_role_display().lower()}.")
    if Invitation.objects.open().filter(team=team, email=email).exists():
        raise ValidationError(f"{email} has been invited already. Send that invitation again, or withdraw it first.")
    if Invitation.objects.open().filter(team=team).count() >= MOST_OPEN:
        raise ValidationError(f"A team has at most {MOST_OPEN} open invitations. Withdraw one first.")
    Invitation.objects.filter(team=team, email=email, ending="").update(ending=Ending.REPLACED, ended_at=Now())
    issued = _issue(team, email, role, by)
    what = f"{email} as {role.label.lower()}"
    activity.record(Verb.INVITED, by, what, team=team.pk, page=("team_page", team.pk))
    return issued


@transaction.atomic
def invite_again(invitation: Invitation, by: User) -> Issued:
    """A new link in place of the old one. Raises ValidationError."""
    team = locked(invitation.team_id, by)
    if not invitation.end(Ending.REPLACED):
        raise ValidationError("This invitation is over. Nothing was sent.")
    issued = _issue(team, invitation.email, Role(invitation.role), by)
    activity.record(Verb.INVITED_AGAIN, by, invitation.email, team=team.pk, page=("team_page", team.pk))
    return issued


@transaction.atomic
def revoke(invitation: Invitation, by: User) -> bool:
    """Whether there was anything left to withdraw."""
    team = locked(invitation.team_id, by)
    revoked = invitation.end(Ending.REVOKED)
    if revoked:
        activity.record(Verb.INVITATION_REVOKED, by, invitation.email, team=team.pk, page=("team_page", team.pk))
    return revoked


def find_open_invitation(token: str) -> Invitation:
    """The invitation of a link; changes nothing. Raises Over."""
    invitation = Invitation.objects.of_link(token).select_related("team", "invited_by").first()
    if invitation is None:
        raise InvitationClosed(UNKNOWN)
    if not Invitation.objects.open().filter(pk=invitation.pk).exists():
        raise InvitationClosed(explain_closed(invitation))
    return invitation


def explain_closed(invitation: Invitation) -> str:
    return OVER[Ending(invitation.ending)] if invitation.ending else EXPIRED


@transaction.atomic
def accept(invitation: Invitation, user: User) -> bool:
    """Whether the person is a member since now; one who was before keeps their role. Raises Over."""
    team = locked(invitation.team_id)
    if not invitation.is_for(user):
        raise PermissionDenied("This invitation is for somebody else.")
    _use_up(invitation)
    return join(team.pk, user, Role(invitation.role))


@transaction.atomic
def accept_as_new(invitation: Invitation, name: str, password: str) -> User:
    """Make the account of a person who has none. Raises Over, HasAccount; then nothing is changed."""
    team = locked(invitation.team_id)
    _use_up(invitation)
    if User.objects.filter(email=invitation.email).exists():
        raise HasAccount
    try:
        with transaction.atomic():
            user = User.objects.create_user(invitation.email, password, name=name)
    except IntegrityError as error:  # by an invitation into another team, at the same moment
        raise HasAccount from error
    join(team.pk, user, Role(invitation.role))
    return user


def _issue(team: Team, email: str, role: Role, by: User) -> Issued:
    sent = Invitation.objects.filter(created_at__gt=Now() - timedelta(hours=1), invited_by=by)
    if sent.count() >= MOST_AN_HOUR:
        raise ValidationError(f"You have sent {MOST_AN_HOUR} invitations within an hour. Wait a while, then go on.")
    sent = Invitation.objects.filter(created_at__gt=Now() - timedelta(days=1), team=team, email=email)
    if sent.count() >= MOST_A_DAY:
        raise ValidationError(f"{email} has been sent {MOST_A_DAY} invitations within a day. Try again tomorrow.")
    token = secrets.token_urlsafe(24)
    invitation = Invitation.objects.create(
        team=team, email=email, role=role, token_hash=SignInLink.digest(token), invited_by=by
    )
    return Issued(invitation, token)


def _use_up(invitation: Invitation) -> None:
    """Of two clicks at once one gets through."""
    if not invitation.end(Ending.ACCEPTED):
        invitation.refresh_from_db()
        raise InvitationClosed(explain_closed(invitation))
