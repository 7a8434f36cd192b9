"""The doors to a team's members and invitations: 404 to outsiders, 403 to members whose role does not suffice."""

from __future__ import annotations

from django.http import HttpRequest

from teams import access
from teams.models import Invitation, Membership, Role


def load_member(request: HttpRequest, pk: int) -> Membership:
    """For an owner to change."""
    members = Membership.objects.select_related("user", "team")
    return access.load(members, access.current_user(request), pk, team="team", at_least=Role.OWNER)[0]


def load_invitation(request: HttpRequest, pk: int) -> Invitation:
    """For an owner to send again or withdraw."""
    invitations = Invitation.objects.select_related("team")
    return access.load(invitations, access.current_user(request), pk, team="team", at_least=Role.OWNER)[0]
