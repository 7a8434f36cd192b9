"""Who belongs to a team, as what, and what is asked of them. Every team has an owner, whoever acts at once.

Each write locks the team's row first and then looks again at who acts: two owners who take each other's role away at once
get their way one after the other, and the second is no owner by then.
"""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models.functions import Now

from teams import activity
from teams.access import require, role_in
from teams.models import Invitation, Membership, Role, Team, User, Verb


@transaction.atomic
def create_team(name: str, owner: User) -> Team:
    team = Team.objects.create(name=name)
    team.add(owner, Role.OWNER)
    activity.record(Verb.TEAM_MADE, owner, name, team=team.pk, page=("team_page", team.pk))
    return team


@transaction.atomic
def rename(team_id: int, name: str, by: User) -> None:
    team = locked(team_id, by)
    if team.name != name:
        Team.objects.filter(pk=team_id).update(name=name)
        activity.record(Verb.TEAM_RENAMED, by, f"{team.name} → {name}", team=team_id, page=("team_page", team_id))


@transaction.atomic
def require_factor(team_id: int, required: bool, by: User) -> bool:
    """Whether that is anything new. Raises ValidationError for an owner who would not get in any more."""
    team = locked(team_id, by)
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
    """Whether the person is a member since now; one who was before keeps their role."""
    _, is_new = Membership.objects.get_or_create(team_id=team_id, user=user, defaults={"role": role})
    if is_new:
        activity.record(Verb.JOINED, user, f"as {role.label.lower()}", team=team_id, page=("team_page", team_id))
    return is_new


@transaction.atomic
def change_role(member: Membership, role: Role, by: User | None) -> None:
    """`by` is None at the server's terminal. Raises ValidationError for the last owner."""
    team = locked(member.team_id, by)
    before = Membership.objects.filter(pk=member.pk).values_list("role", flat=True).first()
    if before is None:
        raise ValidationError(f"{member.user} is no longer a member. Nothing was changed.")
    if before == role:
        return
    if before == Role.OWNER:
        _keep_an_owner(team, member)
        _end_invitations_of(member)
    Membership.objects.filter(pk=member.pk).update(role=role)
    what = f"{member.user}: {Role(before).label} → {role.label}"
    activity.record(Verb.ROLE_CHANGED, by, what, team=team.pk, page=("team_page", team.pk))


@transaction.atomic
def remove(member: Membership, by: User) -> None:
    """What the person made stays. Raises ValidationError for the last owner."""
    _part(locked(member.team_id, by), member, by)


@transaction.atomic
def leave(team_id: int, user: User) -> None:
    """Raises ValidationError for the last owner."""
    team = locked(team_id)
    member = Membership.objects.filter(team=team, user=user).select_related("user").first()
    if member is not None:
        _part(team, member, user)


def locked(team_id: int, owner: User | None = None) -> Team:
    """The team, whose members nobody else changes until the transaction ends. Raises PermissionDenied for no owner of it."""
    team = Team.objects.select_for_update(no_key=True).get(pk=team_id)
    if owner is not None:
        role = role_in(owner, team_id)
        if role is None:
            raise PermissionDenied(f"You are no longer a member of {team}.")
        require(role, Role.OWNER)
    return team


def _part(team: Team, member: Membership, by: User) -> None:
    current = Membership.objects.filter(pk=member.pk).values_list("role", flat=True).first()
    if current is None:
        return
    if current == Role.OWNER:
        _keep_an_owner(team, member)
        _end_invitations_of(member)
    Membership.objects.filter(pk=member.pk).delete()
    if member.user_id == by.pk:
        activity.record(Verb.LEFT, by, team=team.pk)
    else:
        activity.record(Verb.REMOVED, by, str(member.user), team=team.pk, page=("team_page", team.pk))


def _keep_an_owner(team: Team, member: Membership) -> None:
    owners = Membership.objects.filter(team=team, role=Role.OWNER, user__is_active=True)
    if not owners.exclude(pk=member.pk).exists():
        raise ValidationError(f"{member.user} is the last owner of {team}. Make somebody else an owner first.")


def _end_invitations_of(member: Membership) -> None:
    """Who no longer decides about members has no key to the team left in a drawer."""
    sent = Invitation.objects.filter(team_id=member.team_id, invited_by_id=member.user_id, ending="")
    sent.update(ending=Invitation.Ending.REVOKED, ended_at=Now())
