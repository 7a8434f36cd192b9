"""Roles, removing, leaving; and that a team always has an owner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from projects.models import Project
from teams import invitations, members
from teams.models import Activity, Invitation, Membership, Role, Team, User, Verb

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]


def of(user: User) -> Membership:
    return Membership.objects.select_related("user", "team").get(user=user)


def roles(team: Team) -> dict[str, str]:
    return dict(team.memberships.values_list("user__name", "role"))


def test_an_owner_changes_a_role(as_user: AsUser, team: Team, alice: User, vera: User):
    client, url = as_user(alice), reverse("member_role", args=[of(vera).pk])
    for _ in range(2):
        response = client.post(url, {"role": "editor", "user": alice.pk, "team": "9"})
        assert response.headers["Location"] == reverse("team_page", args=[team.pk])
    assert roles(team) == {"Alice": "owner", "Bob": "editor", "Vera": "editor"}
    assert list(Activity.objects.values_list("verb", "what", "actor")) == [
        (Verb.ROLE_CHANGED, "Vera: Viewer → Editor", alice.pk)
    ]


@pytest.mark.parametrize("role", ["", "superuser", "Owner"])
def test_a_role_that_is_none_is_refused(as_user: AsUser, team: Team, alice: User, vera: User, role: str):
    response = as_user(alice).post(reverse("member_role", args=[of(vera).pk]), {"role": role})
    assert (response.status_code, "Choose one of the roles." in response.content.decode()) == (422, True)
    assert of(vera).role == Role.VIEWER


def test_the_last_owner_stays_one(as_user: AsUser, team: Team, alice: User):
    client, pk = as_user(alice), of(alice).pk
    for url, posted in (
        (reverse("member_role", args=[pk]), {"role": "editor"}),
        (reverse("member_remove", args=[pk]), {}),
        (reverse("team_leave", args=[team.pk]), {}),
    ):
        response = client.post(url, posted)
        assert response.status_code == 422
        assert "Alice is the last owner of Night shift. Make somebody else an owner first." in response.content.decode()
    assert roles(team)["Alice"] == "owner"
    assert not Activity.objects.exists()


def test_an_owner_who_is_shut_out_does_not_count(team: Team, alice: User, bob: User):
    members.change_role(of(bob), Role.OWNER, alice)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    with pytest.raises(ValidationError, match="last owner"):
        members.leave(team.pk, alice)


def test_removing_takes_effect_at_the_next_request(as_user: AsUser, project: Project, alice: User, bob: User):
    his, url = as_user(bob), reverse("storyboard", args=[project.pk])
    assert his.get(url).status_code == 200
    remove = reverse("member_remove", args=[of(bob).pk])
    owner = as_user(alice)
    assert owner.post(remove).status_code == 302
    assert (his.get(url).status_code, owner.post(remove).status_code) == (404, 404)
    assert list(Activity.objects.values_list("verb", "what")) == [(Verb.REMOVED, "Bob")]


def test_what_a_removed_member_made_stays(team: Team, alice: User, bob: User):
    project = Project.objects.create(team=team, title="Bob's", created_by=bob)
    members.remove(of(bob), alice)
    project.refresh_from_db()
    assert (project.created_by, project.deleted_at) == (bob, None)


def test_anybody_may_leave(as_user: AsUser, project: Project, vera: User):
    client = as_user(vera)
    response = client.post(reverse("team_leave", args=[project.team_id]), follow=True)
    assert "You have left Night shift." in response.content.decode()
    assert client.get(reverse("storyboard", args=[project.pk])).status_code == 404
    assert list(Activity.objects.values_list("verb", "actor_name")) == [(Verb.LEFT, "Vera")]
    assert client.post(reverse("team_leave", args=[project.team_id])).status_code == 404


def test_invitations_of_who_is_no_owner_any_more_end(team: Team, alice: User, bob: User):
    members.change_role(of(bob), Role.OWNER, alice)
    token = invitations.invite(team.pk, "friend@example.com", Role.OWNER, bob).token
    members.remove(of(bob), alice)
    assert Invitation.objects.get().ending == Invitation.Ending.REVOKED
    with pytest.raises(invitations.InvitationClosed):
        invitations.find_open_invitation(token)


def test_who_is_no_owner_by_then_changes_nothing(team: Team, alice: User, bob: User, vera: User):
    """The request was let in as an owner's; the role was taken away before it came to its turn."""
    with pytest.raises(PermissionDenied):
        members.change_role(of(vera), Role.OWNER, bob)
    members.leave(team.pk, bob)
    with pytest.raises(PermissionDenied):
        members.remove(of(vera), bob)
    assert roles(team) == {"Alice": "owner", "Vera": "viewer"}


def test_the_command_keeps_the_last_owner_too(team: Team, alice: User):
    with pytest.raises(CommandError, match="last owner"):
        call_command("signin_link", alice.email, "--add", "viewer")
    assert of(alice).role == Role.OWNER


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(3))
def test_two_owners_who_demote_each_other_at_once(
    team: Team, alice: User, bob: User, at_once: Callable[..., list[Any]], attempt: int
):
    Membership.objects.filter(user=bob).update(role=Role.OWNER)
    hers, his = of(alice), of(bob)
    answers = at_once(
        lambda: members.change_role(his, Role.EDITOR, alice), lambda: members.change_role(hers, Role.EDITOR, bob)
    )
    assert sorted(answers, key=str) == [PermissionDenied, None]
    assert sorted(roles(team).values()) == ["editor", "owner", "viewer"]


@pytest.mark.django_db(transaction=True)
def test_all_owners_leaving_at_once_leaves_one(team: Team, alice: User, bob: User, at_once: Callable[..., list[Any]]):
    Membership.objects.update(role=Role.OWNER)
    people = [member.user for member in Membership.objects.select_related("user")]
    answers = at_once(*(lambda person=person: members.leave(team.pk, person) for person in people))
    assert sorted(answers, key=str) == [ValidationError, None, None]
    assert list(roles(team).values()) == ["owner"]
