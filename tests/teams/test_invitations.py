"""Inviting an address, and the link that lets exactly its owner in, once."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from projects.models import Project
from teams import invitations
from teams.invitations import HasAccount, InvitationClosed
from teams.models import Activity, Invitation, Membership, Role, SignInLink, Team, User, Verb

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]
PASSWORD = "a lamp on the sill"


@pytest.fixture
def carol(db: None) -> User:
    """Has an account, and is in no team."""
    return User.objects.create_user("carol@example.com", "correct horse", name="Carol")


def invite(team: Team, email: str = "carol@example.com", role: Role = Role.EDITOR) -> str:
    """The path of the link."""
    owner = User.objects.get(name="Alice")
    return reverse("invitation", args=[invitations.invite(team.pk, email, role, owner).token])


def post_invitation(client: Client, team: Team, email: str = "carol@example.com", **more: str):
    return client.post(reverse("team_invite", args=[team.pk]), {"email": email, "role": "editor"} | more)


def link_in(html: str) -> str:
    (path,) = set(re.findall(r"http://testserver(/invitations/[\w-]+)", html))
    return path


# -- Inviting ------------------------------------------------------------------------------------------------------------


def test_an_owner_invites(as_user: AsUser, team: Team, alice: User):
    client = as_user(alice)
    response = post_invitation(client, team, "Carol@Example.com")
    path = link_in(response.content.decode())
    (message,) = mail.outbox
    assert message.to == ["carol@example.com"]
    assert f"http://testserver{path}" in message.body
    assert "Alice invites you to the team “Night shift” of ImageAI, as editor." in message.body
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.role, invitation.invited_by) == ("carol@example.com", Role.EDITOR, alice)
    assert invitation.token_hash == SignInLink.digest(path.rpartition("/")[2])
    assert list(Activity.objects.values_list("verb", "what")) == [(Verb.INVITED, "carol@example.com as editor")]


def test_the_link_is_shown_once_and_kept_nowhere(as_user: AsUser, team: Team, alice: User):
    client = as_user(alice)
    path = link_in(post_invitation(client, team).content.decode())
    token = path.rpartition("/")[2]
    assert token not in client.get(reverse("team_page", args=[team.pk])).content.decode()
    assert token not in str(dict(client.session))
    assert token not in str(list(Invitation.objects.values())) + str(list(Activity.objects.values()))


def test_an_e_mail_that_cannot_be_sent_costs_nothing_but_itself(
    as_user: AsUser, team: Team, alice: User, settings: Any
):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    html = post_invitation(as_user(alice), team).content.decode()
    assert "The e-mail could not be sent: hand over this link yourself." in html
    assert Client().get(link_in(html)).status_code == 200


@pytest.mark.parametrize(
    ("email", "words"),
    [
        ("bob@example.com", "bob@example.com is a member already, as editor."),
        ("BOB@example.com", "bob@example.com is a member already, as editor."),
        ("nobody", "Enter a valid email address."),
        ("", "Enter the address of the person you invite."),
    ],
)
def test_whom_an_invitation_cannot_reach(as_user: AsUser, team: Team, alice: User, email: str, words: str):
    response = post_invitation(as_user(alice), team, email)
    assert (response.status_code, words in response.content.decode()) == (422, True)
    assert (Invitation.objects.count(), mail.outbox) == (0, [])


@pytest.mark.parametrize("role", ["", "admin"])
def test_a_role_that_is_none(as_user: AsUser, team: Team, alice: User, role: str):
    assert post_invitation(as_user(alice), team, role=role).status_code == 422
    assert not Invitation.objects.exists()


def test_inviting_twice_is_told(as_user: AsUser, team: Team, alice: User):
    invite(team)
    response = post_invitation(as_user(alice), team)
    assert "carol@example.com has been invited already." in response.content.decode()
    assert Invitation.objects.count() == 1


def test_an_expired_invitation_makes_room_for_a_new_one(as_user: AsUser, team: Team, alice: User):
    invite(team)
    Invitation.objects.update(created_at=Now() - Invitation.VALID_FOR)
    assert post_invitation(as_user(alice), team).status_code == 200
    assert list(Invitation.objects.values_list("ending", flat=True)) == ["replaced", ""]


def test_a_team_has_so_many_open_invitations(as_user: AsUser, team: Team, alice: User, monkeypatch: Any):
    monkeypatch.setattr(invitations, "MOST_OPEN", 2)
    client = as_user(alice)
    statuses = [post_invitation(client, team, f"{name}@example.com").status_code for name in "abc"]
    assert (statuses, Invitation.objects.count()) == ([200, 200, 422], 2)


def test_a_person_sends_so_many_an_hour(as_user: AsUser, team: Team, alice: User, monkeypatch: Any):
    """Whatever the team: another one is made in no time."""
    monkeypatch.setattr(invitations, "MOST_AN_HOUR", 2)
    other = Team.objects.create(name="Other")
    other.add(alice, Role.OWNER)
    client = as_user(alice)
    assert [post_invitation(client, one, "a@example.com").status_code for one in (team, other)] == [200, 200]
    response = post_invitation(client, other, "b@example.com")
    assert (response.status_code, len(mail.outbox)) == (422, 2)
    assert "Wait a while, then go on." in response.content.decode()
    Invitation.objects.update(created_at=Now() - timedelta(hours=1))
    assert post_invitation(client, other, "b@example.com").status_code == 200


def test_an_address_is_sent_so_many_a_day(as_user: AsUser, team: Team, alice: User):
    invite(team)
    client = as_user(alice)
    for _ in range(invitations.MOST_A_DAY - 1):
        pk = Invitation.objects.get(ending="").pk
        assert client.post(reverse("invitation_resend", args=[pk])).status_code == 200
    pk = Invitation.objects.get(ending="").pk
    response = client.post(reverse("invitation_resend", args=[pk]))
    assert (response.status_code, len(mail.outbox)) == (422, invitations.MOST_A_DAY - 1)
    assert Invitation.objects.get(ending="").pk == pk


def test_sending_again_ends_the_old_link(as_user: AsUser, team: Team, alice: User, client: Client):
    old = invite(team)
    pk = Invitation.objects.get().pk
    owner, url = as_user(alice), reverse("invitation_resend", args=[pk])
    new = link_in(owner.post(url).content.decode())
    gone = client.get(old)
    assert (gone.status_code, client.get(new).status_code) == (410, 200)
    assert "only the newest link works" in gone.content.decode()
    assert owner.post(url).status_code == 422


def test_a_withdrawn_invitation_lets_nobody_in(as_user: AsUser, team: Team, alice: User, carol: User):
    path = invite(team)
    url = reverse("invitation_revoke", args=[Invitation.objects.get().pk])
    owner = as_user(alice)
    for _ in range(2):
        assert owner.post(url).status_code == 302
    response = as_user(carol).post(path)
    assert (response.status_code, "has been withdrawn" in response.content.decode()) == (410, True)
    assert Activity.objects.filter(verb=Verb.INVITATION_REVOKED).count() == 1
    assert not Membership.objects.filter(user=carol).exists()


# -- Accepting -----------------------------------------------------------------------------------------------------------


def test_opening_the_link_changes_nothing(as_user: AsUser, team: Team, carol: User, client: Client):
    path = invite(team)
    before = list(Invitation.objects.values())
    for visitor in (client, as_user(carol)):
        assert [visitor.get(path).status_code, visitor.head(path).status_code] == [200, 200]
    assert list(Invitation.objects.values()) == before
    assert not Membership.objects.filter(user=carol).exists()


def test_one_click_lets_a_person_with_an_account_in(as_user: AsUser, project: Project, carol: User):
    path, client = invite(project.team), as_user(carol)
    response = client.post(path, {"role": "owner", "team": "9"}, follow=True)
    assert response.redirect_chain == [(reverse("project_list"), 302)]
    assert project.title in response.content.decode()
    assert Membership.objects.get(user=carol).role == Role.EDITOR
    assert client.session["team"] == project.team_id
    again = client.post(path)
    assert (again.status_code, "It works once." in again.content.decode()) == (410, True)
    joined = Activity.objects.get(verb=Verb.JOINED)
    assert (joined.actor, joined.what) == (carol, "as editor")


def test_a_person_of_another_address_is_told(as_user: AsUser, team: Team, mallory: User):
    path, client = invite(team), as_user(mallory)
    for response in (client.get(path), client.post(path)):
        assert response.status_code == 403
        assert "It is for carol@example.com, and you are signed in as mallory@example.com." in response.content.decode()
    assert not Membership.objects.filter(user=mallory, team=team).exists()
    assert Invitation.objects.open().count() == 1


def test_it_ends_after_a_week(as_user: AsUser, team: Team, carol: User):
    path = invite(team)
    Invitation.objects.update(created_at=Now() - Invitation.VALID_FOR)
    for response in (as_user(carol).get(path), as_user(carol).post(path)):
        assert (response.status_code, "has expired: it worked for 7 days" in response.content.decode()) == (410, True)
    assert not Membership.objects.filter(user=carol).exists()


def test_a_member_keeps_the_role_they_have(as_user: AsUser, team: Team, carol: User):
    path = invite(team, role=Role.VIEWER)
    team.add(carol, Role.OWNER)
    response = as_user(carol).post(path)
    assert (response.status_code, "You belong to Night shift as owner." in response.content.decode()) == (409, True)
    assert Membership.objects.get(user=carol).role == Role.OWNER


@pytest.mark.parametrize("token", ["x", "A" * 32, "é"])
def test_a_link_that_never_was(client: Client, token: str):
    for response in (client.get(f"/invitations/{token}"), client.post(f"/invitations/{token}")):
        assert (response.status_code, "There is no such invitation." in response.content.decode()) == (410, True)


def test_a_person_without_an_account_makes_it(client: Client, project: Project):
    path = invite(project.team, "dave@example.com", Role.VIEWER)
    posted = {"name": "Dave", "password": PASSWORD, "email": "boss@example.com", "is_superuser": "1", "role": "owner"}
    response = client.post(path, posted, follow=True)
    assert project.title in response.content.decode()
    dave = User.objects.get(name="Dave")
    assert (dave.email, dave.is_superuser, dave.check_password(PASSWORD)) == ("dave@example.com", False, True)
    assert list(dave.memberships.values_list("team", "role")) == [(project.team_id, Role.VIEWER)]
    assert client.session["_auth_user_id"] == str(dave.pk)
    assert Client().post(path, posted).status_code == 410


@pytest.mark.parametrize(
    ("name", "password", "words"),
    [
        ("", PASSWORD, "Say what the others may call you."),
        ("Dave", "", "Choose a password."),
        ("Dave", "short", "This password is too short."),
        ("Dave", "password123", "This password is too common."),
        ("Dave", "dave@example.com", "too similar to the e-mail address"),
    ],
)
def test_an_account_needs_a_name_and_a_good_password(client: Client, team: Team, name: str, password: str, words: str):
    path = invite(team, "dave@example.com")
    response = client.post(path, {"name": name, "password": password})
    assert (response.status_code, words in response.content.decode()) == (422, True)
    assert Invitation.objects.open().count() == 1
    assert not User.objects.filter(email="dave@example.com").exists()


def test_nobody_takes_an_account_that_is_there(client: Client, team: Team, carol: User):
    path = invite(team)
    response = client.post(path, {"name": "Not Carol", "password": PASSWORD})
    assert (response.status_code, "has one already. Sign in to join." in response.content.decode()) == (409, True)
    carol.refresh_from_db()
    assert (carol.name, carol.check_password("correct horse")) == ("Carol", True)
    assert "_auth_user_id" not in client.session
    assert as_open(path)


def as_open(path: str) -> bool:
    return Client().get(path).status_code == 200


def test_the_page_is_the_same_whether_there_is_an_account(client: Client, team: Team, carol: User):
    has, has_not = (client.get(invite(team, email)).content.decode() for email in (carol.email, "cargo@example.com"))

    def plain(html: str) -> str:
        html = re.sub(r"ca(rol|rgo)@example\.com", "someone", html)
        return re.sub(r'value="\w{64}"|"X-CSRFToken": "\w+"|invitations/[\w-]+', "", html)

    assert plain(has) == plain(has_not)


def test_signing_in_leads_back_to_the_invitation(client: Client, team: Team, carol: User):
    path = invite(team)
    (login,) = re.findall(r'href="(/accounts/login/[^"]+)"', client.get(path).content.decode())
    response = client.post(login, {"login": carol.email, "password": "correct horse", "next": path})
    assert response.headers["Location"] == path


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one_member(team: Team, carol: User, at_once: Callable[..., list[Any]]):
    path = invite(team)
    found = [invitations.find_open_invitation(path.rpartition("/")[2]) for _ in range(4)]
    answers = at_once(*(lambda one=one: invitations.accept(one, carol) for one in found))
    assert sorted(answers, key=str) == [InvitationClosed, InvitationClosed, InvitationClosed, True]
    assert Membership.objects.filter(user=carol).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_accounts_at_once_make_one(team: Team, alice: User, at_once: Callable[..., list[Any]]):
    """By the same link twice, and by one into another team at the same moment."""
    other = Team.objects.create(name="Other")
    other.add(alice, Role.OWNER)
    tokens = [invite(one, "dave@example.com").rpartition("/")[2] for one in (team, other)]
    found = [invitations.find_open_invitation(token) for token in (*tokens, tokens[0])]
    answers = at_once(*(lambda one=one: invitations.accept_as_new(one, "Dave", PASSWORD) for one in found))
    (dave,) = User.objects.filter(email="dave@example.com")
    assert [answer for answer in answers if isinstance(answer, User)] == [dave]
    assert set(answers) <= {dave, InvitationClosed, HasAccount}
    assert dave.memberships.count() == 1


@pytest.mark.django_db(transaction=True)
def test_withdrawing_and_accepting_at_once(team: Team, alice: User, carol: User, at_once: Callable[..., list[Any]]):
    invitation = invitations.find_open_invitation(invite(team).rpartition("/")[2])
    answers = at_once(
        lambda: ("revoked", invitations.revoke(invitation, alice)),
        lambda: ("accepted", invitations.accept(Invitation.objects.get(), carol)),
    )
    is_member = Membership.objects.filter(user=carol).exists()
    assert (("accepted", True) in answers) == is_member
    assert (("revoked", True) in answers) != is_member


@pytest.mark.django_db(transaction=True)
def test_inviting_an_address_twice_at_once(team: Team, alice: User, at_once: Callable[..., list[Any]]):
    at_once(*(lambda: invitations.invite(team.pk, "carol@example.com", Role.EDITOR, alice) for _ in range(4)))
    assert Invitation.objects.count() == 1
