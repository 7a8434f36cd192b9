"""A team whose owners require a second factor."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from projects.models import Project
from teams import access, members
from teams.models import Role, Team, User

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]


def require(client: Client, team: Team, value: str = "yes") -> int:
    status: int = client.post(reverse("team_second_factor", args=[team.pk]), {"required": value}).status_code
    team.refresh_from_db()
    return status


def test_an_owner_requires_it_and_no_longer_does(as_user: AsUser, team: Team, alice: User, secret: str):
    client = as_user(alice)
    page = client.get(reverse("team_second_factor", args=[team.pk])).content.decode()
    assert "Without one today: Bob, Vera." in page
    assert (require(client, team), team.requires_second_factor) == (302, True)
    assert (require(client, team), team.requires_second_factor) == (302, True)
    assert (require(client, team, "no"), team.requires_second_factor) == (302, False)


def test_an_owner_needs_one_of_their_own_first(as_user: AsUser, team: Team, alice: User):
    client = as_user(alice)
    response = client.post(reverse("team_second_factor", args=[team.pk]), {"required": "yes"})
    assert response.status_code == 422
    assert "Set up your own second factor first." in response.content.decode()
    team.refresh_from_db()
    assert not team.requires_second_factor


def test_only_owners_decide(as_user: AsUser, team: Team, bob: User, vera: User, mallory: User):
    TOTP.activate(bob, "JBSWY3DPEHPK3PXP")
    assert [require(as_user(person), team) for person in (bob, vera, mallory)] == [403, 403, 404]
    assert not team.requires_second_factor


def test_who_was_an_owner_when_the_page_was_opened_does_not_decide(team: Team, bob: User):
    TOTP.activate(bob, "JBSWY3DPEHPK3PXP")
    with pytest.raises(PermissionDenied):
        members.require_factor(team.pk, True, bob)
    team.refresh_from_db()
    assert not team.requires_second_factor


def test_a_member_without_one_is_told_what_to_do(as_user: AsUser, team: Team, project: Project, bob: User):
    Team.objects.update(requires_second_factor=True)
    client = as_user(bob)
    listed = client.get(reverse("project_list")).content.decode()
    assert "Night shift requires a second factor." in listed
    assert "Night shift requires a second factor." in client.get(reverse("account")).content.decode()
    inside = client.get(reverse("storyboard", args=[project.pk]), headers={"HX-Request": "true"})
    assert (inside.status_code, inside.content.decode()) == (
        403,
        "Night shift requires a second factor. Set one up on the page of your account.",
    )


def test_with_one_the_team_is_open(as_user: AsUser, team: Team, project: Project, bob: User):
    Team.objects.update(requires_second_factor=True)
    TOTP.activate(bob, "JBSWY3DPEHPK3PXP")
    client = as_user(bob)
    assert client.get(reverse("storyboard", args=[project.pk])).status_code == 200
    assert "The ferry" in client.get(reverse("project_list")).content.decode()


def test_other_teams_still_work(as_user: AsUser, team: Team, project: Project, bob: User):
    other = Team.objects.create(name="Day shift")
    other.add(bob, Role.EDITOR)
    Team.objects.filter(pk=team.pk).update(requires_second_factor=True)
    theirs = Project.objects.create(team=other, title="The bridge")
    client = as_user(bob)
    assert client.get(reverse("storyboard", args=[theirs.pk])).status_code == 200
    assert client.get(reverse("storyboard", args=[project.pk])).status_code == 403
    assert list(access.open_teams(bob)) == [other]
    assert list(access.locked_out_teams(bob)) == [team]
    assert access.editable_teams(bob) == {other.pk}


def test_an_outsider_does_not_learn_that_the_team_requires_one(as_user: AsUser, project: Project, mallory: User):
    Team.objects.update(requires_second_factor=True)
    assert as_user(mallory).get(reverse("storyboard", args=[project.pk])).status_code == 404
