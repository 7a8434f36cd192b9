"""The team page, and the team switch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from projects.models import Project
from teams.models import Activity, Invitation, Membership, Role, Team, User, Verb
from teams.views.team import PERMISSIONS
from tests.queries import count_queries

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]


@pytest.fixture
def day_shift(alice: User) -> Team:
    team = Team.objects.create(name="Day shift")
    team.add(alice, Role.OWNER)
    return team


def page(client: Client, team: Team) -> str:
    return client.get(reverse("team_page", args=[team.pk])).content.decode()


def test_every_member_sees_all_members_with_owners_first(as_user: AsUser, team: Team, vera: User):
    html = page(as_user(vera), team)
    positions = [html.index(address) for address in ("alice@example.com", "bob@example.com", "vera@example.com")]
    assert positions == sorted(positions)
    assert "Roles" in html


def test_the_documentation_has_the_same_table_of_roles():
    documentation = (Path(settings.BASE_DIR) / "docs" / "teams.md").read_text()
    for action, lowest in PERMISSIONS:
        cells = "".join(" yes |" if role.includes(lowest) else " |" for role in Role)
        assert f"\n| {action} |{cells}\n" in documentation


def test_only_owners_see_invitations_and_forms(as_user: AsUser, team: Team, alice: User, bob: User, vera: User):
    Invitation.objects.create(team=team, email="carol@example.com", role=Role.EDITOR, token_hash="x")
    assert "carol@example.com" in page(as_user(alice), team)
    for person in (bob, vera):
        html = page(as_user(person), team)
        assert "carol@example.com" not in html
        assert "team_invite" not in html
        assert reverse("team_rename", args=[team.pk]) not in html
        assert reverse("team_leave", args=[team.pk]) in html


def test_the_page_needs_as_many_queries_for_twelve_members_as_for_three(as_user: AsUser, team: Team, alice: User):
    client, url = as_user(alice), reverse("team_page", args=[team.pk])
    with count_queries() as three:
        client.get(url)
    for number in range(9):
        team.add(User.objects.create_user(f"m{number}@example.com"), Role.VIEWER)
        Invitation.objects.create(team=team, email=f"i{number}@example.com", role="viewer", token_hash=f"{number}")
    with count_queries() as twelve:
        client.get(url)
    assert (len(three), len(twelve)) == (8, 8)


@pytest.mark.parametrize("name", ["team_page", "team_activity", "team_rename", "team_leave", "team_invite"])
def test_outsiders_get_404_or_405(as_user: AsUser, team: Team, mallory: User, name: str):
    url = reverse(name, args=[team.pk])
    client = as_user(mallory)
    assert {client.get(url).status_code, client.post(url).status_code} <= {404, 405}


@pytest.mark.parametrize("name", ["bob", "vera"])
def test_editors_and_viewers_cannot_act_as_owners_403(as_user: AsUser, team: Team, alice: User, name: str):
    invitation = Invitation.objects.create(team=team, email="carol@example.com", role="editor", token_hash="x")
    client = as_user(User.objects.get(name__iexact=name))
    owner = Membership.objects.get(user=alice)
    addresses = [
        *(reverse(url_name, args=[team.pk]) for url_name in ("team_rename", "team_invite")),
        *(reverse(url_name, args=[owner.pk]) for url_name in ("member_role", "member_remove")),
        *(reverse(url_name, args=[invitation.pk]) for url_name in ("invitation_resend", "invitation_revoke")),
    ]
    posted = {"name": "Mine", "email": "me@example.com", "role": "owner", "team": team.pk}
    assert [client.post(url, posted).status_code for url in addresses] == [403] * 6
    assert list(Membership.objects.filter(team=team, role=Role.OWNER)) == [owner]
    assert (Invitation.objects.get(), Team.objects.get().name) == (invitation, "Night shift")


def test_creating_a_team_makes_its_creator_the_owner(as_user: AsUser, team: Team, alice: User):
    client = as_user(alice)
    response = client.post(reverse("team_create"), {"name": " Second \n unit ", "members": "1", "role": "viewer"})
    created = Team.objects.get(name="Second unit")
    assert response.headers["Location"] == reverse("team_page", args=[created.pk])
    assert list(created.memberships.values_list("user", "role")) == [(alice.pk, Role.OWNER)]
    assert Activity.objects.get().verb == Verb.TEAM_CREATED
    assert client.session["team"] == created.pk


def test_a_team_name_is_required_422(as_user: AsUser, team: Team, alice: User):
    response = as_user(alice).post(reverse("team_create"), {"name": " "})
    assert (response.status_code, "Enter a team name." in response.content.decode()) == (422, True)
    assert Team.objects.count() == 1


@pytest.mark.parametrize(("founders", "allowed"), [("owners", {"alice"}), ("editors", {"alice", "bob", "mallory"})])
def test_only_founders_create_teams_403(
    as_user: AsUser, team: Team, alice: User, bob: User, vera: User, mallory: User, settings, founders: str, allowed
):
    """Mallory owns another team, which is not the first."""
    settings.TEAM_FOUNDERS = founders
    for user in (alice, bob, vera, mallory):
        client, expected = as_user(user), 200 if user.name.lower() in allowed else 403
        assert ("New team" in client.get(reverse("costs")).content.decode()) == (expected == 200), user
        assert client.get(reverse("team_create")).status_code == expected
        if expected == 403:
            assert client.post(reverse("team_create"), {"name": "Mine"}).status_code == 403
    assert not Team.objects.filter(name="Mine").exists()


def test_renaming_a_team(as_user: AsUser, team: Team, alice: User):
    client, url = as_user(alice), reverse("team_rename", args=[team.pk])
    assert client.post(url, {"name": ""}).status_code == 422
    for _ in range(2):
        assert client.post(url, {"name": "Late shift"}).status_code == 302
    assert Team.objects.get().name == "Late shift"
    assert list(Activity.objects.values_list("verb", "what")) == [(Verb.TEAM_RENAMED, "Night shift → Late shift")]


# -- The team switch -----------------------------------------------------------------------------------------------------


def titles(client: Client) -> set[str]:
    html = client.get(reverse("project_list")).content.decode()
    return {title for title in ("The ferry", "The mill") if title in html}


def choose(client: Client, pk: object) -> None:
    response = client.post(reverse("team_choose"), {"team": pk})
    assert (response.status_code, response.headers["Location"]) == (302, reverse("project_list"))


def test_the_project_list_shows_the_chosen_team(as_user: AsUser, project: Project, day_shift: Team, alice: User):
    Project.objects.create(team=day_shift, title="The mill")
    client = as_user(alice)
    assert titles(client) == {"The ferry", "The mill"}
    choose(client, day_shift.pk)
    assert titles(client) == {"The mill"}
    choose(client, "")
    assert titles(client) == {"The ferry", "The mill"}


@pytest.mark.parametrize("pk", ["another", "x", "9" * 30, "-1"])
def test_an_outsider_cannot_switch_to_a_team(as_user: AsUser, project: Project, mallory: User, alice: User, pk: str):
    client = as_user(alice)
    choose(client, mallory.teams.get().pk if pk == "another" else pk)
    assert "team" not in client.session
    assert titles(client) == {"The ferry"}


def test_a_chosen_team_is_ignored_after_leaving_it(as_user: AsUser, project: Project, day_shift: Team, alice: User):
    client = as_user(alice)
    choose(client, day_shift.pk)
    assert titles(client) == set()
    Membership.objects.filter(team=day_shift).delete()
    assert titles(client) == {"The ferry"}


def test_the_switch_is_shown_to_members_of_several_teams_only(
    as_user: AsUser, team: Team, day_shift: Team, alice: User, bob: User
):
    assert "team-switch" in page(as_user(alice), team)
    assert "team-switch" not in page(as_user(bob), team)


def test_a_new_project_defaults_to_the_chosen_team(as_user: AsUser, team: Team, day_shift: Team, alice: User):
    client = as_user(alice)
    for chosen in (team, day_shift):
        choose(client, chosen.pk)
        html = client.get(reverse("project_create")).content.decode()
        assert f'<option value="{chosen.pk}" selected>' in html
