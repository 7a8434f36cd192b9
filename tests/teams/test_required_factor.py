"""Teams that require a second factor."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from projects.models import Project
from teams import access, members
from teams.models import Role, Team, User
from tests.teams.conftest import add_app

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]


def require(client: Client, team: Team, value: str = "yes") -> int:
    status: int = client.post(reverse("team_second_factor", args=[team.pk]), {"required": value}).status_code
    team.refresh_from_db()
    return status


def test_an_owner_can_require_a_second_factor_and_stop(as_user: AsUser, team: Team, alice: User, secret: str):
    client = as_user(alice)
    page = client.get(reverse("team_second_factor", args=[team.pk])).content.decode()
    assert "2 members without a second factor: Bob, Vera." in page
    assert (require(client, team), team.requires_second_factor) == (302, True)
    assert (require(client, team), team.requires_second_factor) == (302, True)
    assert (require(client, team, "no"), team.requires_second_factor) == (302, False)


def test_an_owner_without_a_second_factor_cannot_require_one_422(as_user: AsUser, team: Team, alice: User):
    client = as_user(alice)
    response = client.post(reverse("team_second_factor", args=[team.pk]), {"required": "yes"})
    assert response.status_code == 422
    assert "Set up your own second factor first." in response.content.decode()
    team.refresh_from_db()
    assert not team.requires_second_factor


def test_only_owners_can_require_a_second_factor(as_user: AsUser, team: Team, bob: User, vera: User, mallory: User):
    add_app(bob)
    assert [require(as_user(person), team) for person in (bob, vera, mallory)] == [403, 403, 404]
    assert not team.requires_second_factor


def test_a_member_who_is_not_an_owner_cannot_require_a_second_factor(team: Team, bob: User):
    add_app(bob)
    with pytest.raises(PermissionDenied):
        members.require_second_factor(team.pk, True, bob)
    team.refresh_from_db()
    assert not team.requires_second_factor


def test_a_member_without_a_second_factor_sees_how_to_regain_access(
    as_user: AsUser, team: Team, project: Project, bob: User
):
    Team.objects.update(requires_second_factor=True)
    client = as_user(bob)
    listed = client.get(reverse("project_list")).content.decode()
    assert "Night shift requires a second factor." in listed
    assert "Night shift requires a second factor." in client.get(reverse("account")).content.decode()
    inside = client.get(reverse("storyboard", args=[project.pk]), headers={"HX-Request": "true"})
    assert (inside.status_code, inside.content.decode()) == (
        403,
        "Night shift requires a second factor. Set one up on your account page.",
    )


def test_a_member_with_a_second_factor_has_access(as_user: AsUser, team: Team, project: Project, bob: User):
    Team.objects.update(requires_second_factor=True)
    add_app(bob)
    client = as_user(bob)
    assert client.get(reverse("storyboard", args=[project.pk])).status_code == 200
    assert "The ferry" in client.get(reverse("project_list")).content.decode()


def test_other_teams_stay_accessible(as_user: AsUser, team: Team, project: Project, bob: User):
    other = Team.objects.create(name="Day shift")
    other.add(bob, Role.EDITOR)
    Team.objects.filter(pk=team.pk).update(requires_second_factor=True)
    accessible = Project.objects.create(team=other, title="The bridge")
    client = as_user(bob)
    assert client.get(reverse("storyboard", args=[accessible.pk])).status_code == 200
    assert client.get(reverse("storyboard", args=[project.pk])).status_code == 403
    assert list(access.open_teams(bob)) == [other]
    assert list(access.locked_out_teams(bob)) == [team]
    assert access.editable_teams(bob) == {other.pk}


def test_an_outsider_does_not_learn_that_a_team_requires_a_second_factor_404(
    as_user: AsUser, project: Project, mallory: User
):
    Team.objects.update(requires_second_factor=True)
    assert as_user(mallory).get(reverse("storyboard", args=[project.pk])).status_code == 404
