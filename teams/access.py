"""The one way a view gets at a row: scoped to the signed-in person's teams.

A row of a team the person does not belong to does not exist for them (404). A member whose role does not suffice is told
so (403): they may know the row, not change it. A member without the second factor their team requires is told that (403),
and reaches nothing of the team.
"""

from __future__ import annotations

from typing import TypeVar

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, F, Model, Q, QuerySet
from django.http import Http404, HttpRequest

from teams.models import Membership, Role, Team, User, team_is_open, user_second_factors

ModelT = TypeVar("ModelT", bound=Model)


class SecondFactorRequired(PermissionDenied):
    """Its text is the name of the team that requires one."""


def current_user(request: HttpRequest) -> User:
    """The person behind a request that login_required has let through."""
    assert isinstance(request.user, User)
    return request.user


def parse_id(text: str) -> int | None:
    """The id that a field or query names; None for what cannot be one, such as more digits than a database counts."""
    return int(text) if text.isdecimal() and len(text) < 19 else None


def role_in(user: User, team_id: int) -> Role | None:
    mine = Membership.objects.annotate(is_open=team_is_open()).filter(
        user=user, team__in=Team.objects.filter(pk=team_id)
    )
    found = mine.values_list("role", "is_open", "team__name").first()
    if found is None:
        return None
    role, is_open, team_name = found
    if not is_open:
        raise SecondFactorRequired(team_name)
    return Role(role)


def load(
    queryset: QuerySet[ModelT], user: User, pk: int, *, team: str, at_least: Role = Role.VIEWER
) -> tuple[ModelT, Role]:
    """The row and the person's role over it. `team` is the lookup from the row to its team, such as "project__team"."""
    memberships = f"{team}__memberships"
    rows = queryset.filter(**{f"{memberships}__user": user}, pk=pk).annotate(
        member_role=F(f"{memberships}__role"),
        team_name=F(f"{team}__name"),
        team_is_open=Q(**{f"{team}__requires_second_factor": False}) | Q(Exists(user_second_factors(user.pk))),
    )
    row = rows.first()
    if row is None:
        raise Http404
    if not row.team_is_open:
        raise SecondFactorRequired(row.team_name)
    role = Role(row.member_role)
    require(role, at_least)
    return row, role


def require(role: Role, at_least: Role) -> None:
    if not role.includes(at_least):
        raise PermissionDenied(f"This needs the role of {at_least.label.lower()}; yours is {role.label.lower()}.")


def load_team(request: HttpRequest, pk: int, *, at_least: Role = Role.VIEWER) -> tuple[Team, Role]:
    """The team itself, to its members."""
    role = role_in(current_user(request), pk)
    if role is None:
        raise Http404
    require(role, at_least)
    return Team.objects.get(pk=pk), role


def open_teams(user: User) -> QuerySet[Team]:
    return Team.objects.filter(memberships__in=Membership.objects.open_for_user(user)).order_by("name", "pk")


def locked_out_teams(user: User) -> QuerySet[Team]:
    """Those that require a second factor the person does not have."""
    closed = Membership.objects.filter(user=user).exclude(team_is_open())
    return Team.objects.filter(memberships__in=closed).order_by("name", "pk")


def editable_teams(user: User) -> set[int]:
    """The ids of the teams in which the person may change things."""
    editing = Membership.objects.open_for_user(user).filter(role__in=[Role.EDITOR, Role.OWNER])
    return set(editing.values_list("team", flat=True))


def can_edit_somewhere(user: User) -> bool:
    return bool(editable_teams(user))


def editor_somewhere(user: User) -> None:
    """Raises PermissionDenied for a person who edits in no team."""
    if not can_edit_somewhere(user):
        raise PermissionDenied("This needs the role of editor in a team.")
