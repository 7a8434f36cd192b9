"""Changes to a team and its members. A team always keeps an active owner.

Each change locks the team's row first and then checks the acting user's role again. Without the second check two owners
who demote each other at the same moment would leave the team without an owner.
"""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models.functions import Now

from teams import activity
from teams.access import find_role, require_role
from teams.models import Invitation, Membership, Role, Team, User, Verb


@transaction.atomic
def create_team(name: str, owner: User) -> Team:
    team = Team.objects.create(name=name)
    team.add(owner, Role.OWNER)
    activity.record(Verb.TEAM_CREATED, owner, name, team=team.pk, page=("team_page", team.pk))
    return team


@transaction.atomic
def rename(team_id: int, name: str, by: User) -> None:
    team = lock_team(team_id, by)
    if team.name != name:
        Team.objects.filter(pk=team_id).update(name=name)
        activity.record(Verb.TEAM_RENAMED, by, f"{team.name} → {name}", team=team_id, page=("team_page", team_id))


@transaction.atomic
def require_second_factor(team_id: int, required: bool, by: User) -> bool:
    """False if nothing changed. Raises ValidationError for an owner without one, who would lock themselves out."""
    team = lock_team(team_id, by)
    if required and not by.has_second_factor:
        raise ValidationError("Set up your own second factor first.")
    if team.requires_second_factor == required:
        return False
    Team.objects.filter(pk=team_id).update(requires_second_factor=required)
    verb = Verb.SECOND_FACTOR_REQUIRED if required else Verb.SECOND_FACTOR_NOT_REQUIRED
    activity.record(verb, by, team=team_id, page=("team_page", team_id))
    return True


@transaction.atomic
def join(team_id: int, user: User, role: Role) -> bool:
    """False if the user was already a member, who keeps their role."""
    _, is_new = Membership.objects.get_or_create(team_id=team_id, user=user, defaults={"role": role})
    if is_new:
        activity.record(Verb.JOINED, user, f"as {role.label.lower()}", team=team_id, page=("team_page", team_id))
    return is_new


@transaction.atomic
def change_role(member: Membership, role: Role, by: User | None) -> None:
    """`by` is None for a management command. Raises ValidationError for the last owner, or if the member has left."""
    team = lock_team(member.team_id, by)
    before = Membership.objects.filter(pk=member.pk).values_list("role", flat=True).first()
    if before is None:
        raise ValidationError(f"{member.user} is no longer a member. Nothing changed.")
    if before == role:
        return
    if before == Role.OWNER:
        _check_other_owner(team, member)
        _revoke_invitations(member)
    Membership.objects.filter(pk=member.pk).update(role=role)
    what = f"{member.user}: {Role(before).label} → {role.label}"
    activity.record(Verb.ROLE_CHANGED, by, what, team=team.pk, page=("team_page", team.pk))


@transaction.atomic
def remove(member: Membership, by: User) -> None:
    """What the member created stays. Raises ValidationError for the last owner."""
    _end_membership(lock_team(member.team_id, by), member, by)


@transaction.atomic
def leave(team_id: int, user: User) -> None:
    """Raises ValidationError for the last owner."""
    team = lock_team(team_id)
    member = Membership.objects.filter(team=team, user=user).select_related("user").first()
    if member is not None:
        _end_membership(team, member, user)


def lock_team(team_id: int, owner: User | None = None) -> Team:
    """Serialises changes to the team's members until the transaction ends.

    Raises PermissionDenied if `owner` is given and is not an owner at this moment, and SecondFactorRequired.
    """
    # no_key: inserts that refer to the team, such as an activity, are not blocked on PostgreSQL.
    team = Team.objects.select_for_update(no_key=True).get(pk=team_id)
    if owner is not None:
        role = find_role(owner, team_id)
        if role is None:
            raise PermissionDenied(f"You are no longer a member of {team}.")
        require_role(role, Role.OWNER)
    return team


def _end_membership(team: Team, member: Membership, by: User) -> None:
    current = Membership.objects.filter(pk=member.pk).values_list("role", flat=True).first()
    if current is None:
        return
    if current == Role.OWNER:
        _check_other_owner(team, member)
        _revoke_invitations(member)
    Membership.objects.filter(pk=member.pk).delete()
    if member.user_id == by.pk:
        activity.record(Verb.LEFT, by, team=team.pk)
    else:
        activity.record(Verb.REMOVED, by, str(member.user), team=team.pk, page=("team_page", team.pk))


def _check_other_owner(team: Team, member: Membership) -> None:
    owners = Membership.objects.filter(team=team, role=Role.OWNER, user__is_active=True)
    if not owners.exclude(pk=member.pk).exists():
        raise ValidationError(f"{member.user} is the only owner of {team}. Make another member an owner first.")


def _revoke_invitations(member: Membership) -> None:
    # Revokes the member's open invitations, which could otherwise be used to come back.
    sent = Invitation.objects.filter(team_id=member.team_id, invited_by_id=member.user_id, ending="")
    sent.update(ending=Invitation.Ending.REVOKED, ended_at=Now())
