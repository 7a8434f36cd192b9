"""Access control: every view loads rows through these functions.

- Not a member of the row's team: Http404, as if the row did not exist.
- A member without the required role: PermissionDenied. The row may be seen, not changed.
- A member without the second factor that the team requires: SecondFactorRequired for everything of the team.
"""

from __future__ import annotations

from typing import TypeVar

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, F, Model, Q, QuerySet
from django.http import Http404, HttpRequest

from teams.models import Membership, Role, Team, User, team_is_open, user_second_factors

ModelT = TypeVar("ModelT", bound=Model)


class SecondFactorRequired(PermissionDenied):
    """The message is the name of the team."""


def current_user(request: HttpRequest) -> User:
    # The signed-in user. LoginRequiredMiddleware rejects anonymous requests before they reach a view.
    assert isinstance(request.user, User)
    return request.user


def parse_id(text: str) -> int | None:
    """The id in a form field or query. None if it is not one, or has too many digits for a database integer."""
    return int(text) if text.isdecimal() and len(text) < 19 else None


def find_role(user: User, team_id: int) -> Role | None:
    """None for a user who is not a member. Raises SecondFactorRequired."""
    memberships = Membership.objects.annotate(is_open=team_is_open()).filter(
        user=user, team__in=Team.objects.filter(pk=team_id)
    )
    row = memberships.values_list("role", "is_open", "team__name").first()
    if row is None:
        return None
    role, is_open, team_name = row
    if not is_open:
        raise SecondFactorRequired(team_name)
    return Role(role)


def load(
    queryset: QuerySet[ModelT], user: User, pk: int, *, team: str, at_least: Role = Role.VIEWER
) -> tuple[ModelT, Role]:
    """The row and the user's role in its team. `team` is the lookup from the row to the team, such as "project__team".

    Raises Http404, SecondFactorRequired, PermissionDenied.
    """
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
    require_role(role, at_least)
    return row, role


def require_role(role: Role, at_least: Role) -> None:
    """Raises PermissionDenied for a lower role."""
    if not role.includes(at_least):
        raise PermissionDenied(f"This requires the {at_least.label.lower()} role. Your role is {role.label.lower()}.")


def load_team(request: HttpRequest, pk: int, *, at_least: Role = Role.VIEWER) -> tuple[Team, Role]:
    """Raises Http404, SecondFactorRequired, PermissionDenied."""
    role = find_role(current_user(request), pk)
    if role is None:
        raise Http404
    require_role(role, at_least)
    return Team.objects.get(pk=pk), role


def open_teams(user: User) -> QuerySet[Team]:
    """The user's teams, without those that require a second factor the user does not have."""
    return Team.objects.filter(memberships__in=Membership.objects.open_for_user(user)).order_by("name", "pk")


def locked_out_teams(user: User) -> QuerySet[Team]:
    """The user's teams that require a second factor the user does not have."""
    closed = Membership.objects.filter(user=user).exclude(team_is_open())
    return Team.objects.filter(memberships__in=closed).order_by("name", "pk")


def editable_teams(user: User) -> set[int]:
    """The ids of the open teams in which the user is editor or owner."""
    editing = Membership.objects.open_for_user(user).filter(role__in=[Role.EDITOR, Role.OWNER])
    return set(editing.values_list("team", flat=True))


def can_edit_somewhere(user: User) -> bool:
    return bool(editable_teams(user))


def founding_memberships(user: User) -> QuerySet[Membership]:
    """Those that let the user create teams."""
    # A new team can spend through the server's connections, so by default the owners of the first team decide.
    memberships = Membership.objects.open_for_user(user)
    if settings.TEAM_FOUNDERS == "editors":
        return memberships.filter(role__in=[Role.EDITOR, Role.OWNER])
    first = Team.objects.order_by("pk").values("pk")[:1]
    return memberships.filter(team__in=first, role=Role.OWNER)


def can_create_teams(user: User) -> bool:
    return founding_memberships(user).exists()


def require_editor_somewhere(user: User) -> None:
    """Raises PermissionDenied for a user who is not an editor or owner of any team."""
    if not can_edit_somewhere(user):
        raise PermissionDenied("This requires the editor role in a team.")
