"""Loads members and invitations for an owner. Raises what teams.access.load raises."""

from __future__ import annotations

from django.http import HttpRequest

from teams import access
from teams.models import Invitation, Membership, Role


def load_member(request: HttpRequest, pk: int) -> Membership:
    members = Membership.objects.select_related("user", "team")
    return access.load(members, access.current_user(request), pk, team="team", at_least=Role.OWNER)[0]


def load_invitation(request: HttpRequest, pk: int) -> Invitation:
    invitations = Invitation.objects.select_related("team")
    return access.load(invitations, access.current_user(request), pk, team="team", at_least=Role.OWNER)[0]
