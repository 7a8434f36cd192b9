"""Changing roles, removing members and leaving. A team always keeps an owner."""

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


def load_membership(user: User) -> Membership:
    return Membership.objects.select_related("user", "team").get(user=user)


def roles(team: Team) -> dict[str, str]:
    return dict(team.memberships.values_list("user__name", "role"))


def test_an_owner_can_change_a_role(as_user: AsUser, team: Team, alice: User, vera: User):
    client, url = as_user(alice), reverse("member_role", args=[load_membership(vera).pk])
    for _ in range(2):
        response = client.post(url, {"role": "editor", "user": alice.pk, "team": "9"})
        assert response.headers["Location"] == reverse("team_page", args=[team.pk])
    assert roles(team) == {"Alice": "owner", "Bob": "editor", "Vera": "editor"}
    assert list(Activity.objects.values_list("verb", "what", "actor")) == [
        (Verb.ROLE_CHANGED, "Vera: Viewer → Editor", alice.pk)
    ]


@pytest.mark.parametrize("role", ["", "superuser", "Owner"])
def test_an_invalid_role_is_rejected_422(as_user: AsUser, team: Team, alice: User, vera: User, role: str):
    response = as_user(alice).post(reverse("member_role", args=[load_membership(vera).pk]), {"role": role})
    assert (response.status_code, "Choose a role." in response.content.decode()) == (422, True)
    assert load_membership(vera).role == Role.VIEWER


def test_the_only_owner_cannot_be_demoted_removed_or_leave(as_user: AsUser, team: Team, alice: User):
    client, pk = as_user(alice), load_membership(alice).pk
    for url, posted in (
        (reverse("member_role", args=[pk]), {"role": "editor"}),
        (reverse("member_remove", args=[pk]), {}),
        (reverse("team_leave", args=[team.pk]), {}),
    ):
        response = client.post(url, posted)
        assert response.status_code == 422
        assert (
            "Alice is the only owner of Night shift. Make another member an owner first." in response.content.decode()
        )
    assert roles(team)["Alice"] == "owner"
    assert not Activity.objects.exists()


def test_a_deactivated_owner_does_not_count(team: Team, alice: User, bob: User):
    members.change_role(load_membership(bob), Role.OWNER, alice)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    with pytest.raises(ValidationError, match="only owner"):
        members.leave(team.pk, alice)


def test_a_removed_member_loses_access_with_the_next_request(as_user: AsUser, project: Project, alice: User, bob: User):
    client, url = as_user(bob), reverse("storyboard", args=[project.pk])
    assert client.get(url).status_code == 200
    remove = reverse("member_remove", args=[load_membership(bob).pk])
    owner = as_user(alice)
    assert owner.post(remove).status_code == 302
    assert (client.get(url).status_code, owner.post(remove).status_code) == (404, 404)
    assert list(Activity.objects.values_list("verb", "what")) == [(Verb.REMOVED, "Bob")]


def test_projects_of_a_removed_member_stay(team: Team, alice: User, bob: User):
    project = Project.objects.create(team=team, title="Bob's", created_by=bob)
    members.remove(load_membership(bob), alice)
    project.refresh_from_db()
    assert (project.created_by, project.deleted_at) == (bob, None)


def test_every_member_can_leave(as_user: AsUser, project: Project, vera: User):
    client = as_user(vera)
    response = client.post(reverse("team_leave", args=[project.team_id]), follow=True)
    assert "You left Night shift." in response.content.decode()
    assert client.get(reverse("storyboard", args=[project.pk])).status_code == 404
    assert list(Activity.objects.values_list("verb", "actor_name")) == [(Verb.LEFT, "Vera")]
    assert client.post(reverse("team_leave", args=[project.team_id])).status_code == 404


def test_invitations_of_a_removed_owner_are_revoked(team: Team, alice: User, bob: User):
    members.change_role(load_membership(bob), Role.OWNER, alice)
    token = invitations.invite(team.pk, "friend@example.com", Role.OWNER, bob).token
    members.remove(load_membership(bob), alice)
    assert Invitation.objects.get().ending == Invitation.Ending.REVOKED
    with pytest.raises(invitations.InvitationClosed):
        invitations.find_open_invitation(token)


def test_the_role_is_checked_again_before_a_change(team: Team, alice: User, bob: User, vera: User):
    """The request passed the first check as an owner's; the role was removed before it got the lock."""
    with pytest.raises(PermissionDenied):
        members.change_role(load_membership(vera), Role.OWNER, bob)
    members.leave(team.pk, bob)
    with pytest.raises(PermissionDenied):
        members.remove(load_membership(vera), bob)
    assert roles(team) == {"Alice": "owner", "Vera": "viewer"}


def test_the_command_cannot_demote_the_only_owner(team: Team, alice: User):
    with pytest.raises(CommandError, match="only owner"):
        call_command("signin_link", alice.email, "--add", "viewer")
    assert load_membership(alice).role == Role.OWNER


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(3))
def test_of_two_owners_who_demote_each_other_at_once_one_stays(
    team: Team, alice: User, bob: User, at_once: Callable[..., list[Any]], attempt: int
):
    Membership.objects.filter(user=bob).update(role=Role.OWNER)
    first, second = load_membership(alice), load_membership(bob)
    results = at_once(
        lambda: members.change_role(second, Role.EDITOR, alice), lambda: members.change_role(first, Role.EDITOR, bob)
    )
    assert sorted(results, key=str) == [PermissionDenied, None]
    assert sorted(roles(team).values()) == ["editor", "owner", "viewer"]


@pytest.mark.django_db(transaction=True)
def test_of_owners_who_all_leave_at_once_one_stays(
    team: Team, alice: User, bob: User, at_once: Callable[..., list[Any]]
):
    Membership.objects.update(role=Role.OWNER)
    people = [member.user for member in Membership.objects.select_related("user")]
    results = at_once(*(lambda person=person: members.leave(team.pk, person) for person in people))
    assert sorted(results, key=str) == [ValidationError, None, None]
    assert list(roles(team).values()) == ["owner"]
