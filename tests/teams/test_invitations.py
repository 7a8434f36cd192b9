"""Inviting an address, and accepting the invitation once, with that address only."""

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
from django.utils import timezone

from projects.models import Project
from teams import invitations
from teams.invitations import HasAccount, InvitationClosed
from teams.models import Activity, Invitation, Membership, Role, SignInLink, Team, User, Verb

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]
PASSWORD = "a lamp on the sill"


@pytest.fixture
def carol(db: None) -> User:
    """Has an account and belongs to no team."""
    return User.objects.create_user(
        "carol@example.com", "correct horse", name="Carol", address_proven_at=timezone.now()
    )


def invite(team: Team, email: str = "carol@example.com", role: Role = Role.EDITOR) -> str:
    """Returns the path of the link."""
    owner = User.objects.get(name="Alice")
    return reverse("invitation", args=[invitations.invite(team.pk, email, role, owner).token])


def post_invitation(client: Client, team: Team, email: str = "carol@example.com", **more: str):
    return client.post(reverse("team_invite", args=[team.pk]), {"email": email, "role": "editor"} | more)


def find_link(text: str) -> str:
    (path,) = set(re.findall(r"http://testserver(/invitations/[\w-]+)", text))
    return path


def find_mailed_link() -> str:
    return find_link(str(mail.outbox[-1].body))


@pytest.fixture
def no_mail(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"


# -- Inviting ------------------------------------------------------------------------------------------------------------


def test_an_owner_can_invite_by_e_mail(as_user: AsUser, team: Team, alice: User):
    client = as_user(alice)
    response = post_invitation(client, team, "Carol@Example.com")
    assert "The e-mail is on its way." in response.content.decode()
    assert "http://testserver/invitations/" not in response.content.decode()
    path = find_mailed_link()
    (message,) = mail.outbox
    assert message.to == ["carol@example.com"]
    assert f"http://testserver{path}" in message.body
    assert "Alice invites you to the team “Night shift” on ImageAI, as editor." in message.body
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.role, invitation.invited_by) == ("carol@example.com", Role.EDITOR, alice)
    assert invitation.token_hash == SignInLink.digest(path.rpartition("/")[2])
    assert list(Activity.objects.values_list("verb", "what")) == [(Verb.INVITED, "carol@example.com as editor")]


def test_without_a_mail_server_the_link_is_shown_once_and_not_stored(
    as_user: AsUser, team: Team, alice: User, no_mail: None
):
    client = as_user(alice)
    page = post_invitation(client, team).content.decode()
    assert "This server can&#x27;t send e-mails." in page or "This server can't send e-mails." in page
    path = find_link(page)
    assert Invitation.objects.get().was_shown
    token = path.rpartition("/")[2]
    assert token not in client.get(reverse("team_page", args=[team.pk])).content.decode()
    assert token not in str(dict(client.session))
    assert token not in str(list(Invitation.objects.values())) + str(list(Activity.objects.values()))


def test_a_link_whose_e_mail_could_not_be_sent_is_not_shown(as_user: AsUser, team: Team, alice: User, settings: Any):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    html = post_invitation(as_user(alice), team).content.decode()
    assert "The e-mail could not be sent. Resend it once the mail server works." in html
    assert "http://testserver/invitations/" not in html


@pytest.mark.parametrize(
    ("email", "message"),
    [
        ("bob@example.com", "bob@example.com is already a member, as editor."),
        ("BOB@example.com", "bob@example.com is already a member, as editor."),
        ("not an address", "Enter a valid email address."),
        ("", "Enter an e-mail address."),
    ],
)
def test_members_and_invalid_addresses_cannot_be_invited_422(
    as_user: AsUser, team: Team, alice: User, email: str, message: str
):
    response = post_invitation(as_user(alice), team, email)
    assert (response.status_code, message in response.content.decode()) == (422, True)
    assert (Invitation.objects.count(), mail.outbox) == (0, [])


@pytest.mark.parametrize("role", ["", "admin"])
def test_inviting_with_an_invalid_role_is_rejected_422(as_user: AsUser, team: Team, alice: User, role: str):
    assert post_invitation(as_user(alice), team, role=role).status_code == 422
    assert not Invitation.objects.exists()


def test_inviting_an_address_twice_is_rejected(as_user: AsUser, team: Team, alice: User):
    invite(team)
    response = post_invitation(as_user(alice), team)
    assert "carol@example.com has already been invited." in response.content.decode()
    assert Invitation.objects.count() == 1


def test_an_expired_invitation_can_be_replaced(as_user: AsUser, team: Team, alice: User):
    invite(team)
    Invitation.objects.update(created_at=Now() - Invitation.VALID_FOR)
    assert post_invitation(as_user(alice), team).status_code == 200
    assert list(Invitation.objects.values_list("ending", flat=True)) == ["replaced", ""]


def test_open_invitations_of_a_team_are_limited(as_user: AsUser, team: Team, alice: User, monkeypatch: Any):
    monkeypatch.setattr(invitations, "MAX_OPEN", 2)
    client = as_user(alice)
    statuses = [post_invitation(client, team, f"{name}@example.com").status_code for name in "abc"]
    assert (statuses, Invitation.objects.count()) == ([200, 200, 422], 2)


def test_invitations_by_one_user_are_limited_per_hour(as_user: AsUser, team: Team, alice: User, monkeypatch: Any):
    # Over all teams: creating another one is quick.
    monkeypatch.setattr(invitations, "MAX_PER_HOUR", 2)
    other = Team.objects.create(name="Other")
    other.add(alice, Role.OWNER)
    client = as_user(alice)
    assert [post_invitation(client, each, "a@example.com").status_code for each in (team, other)] == [200, 200]
    response = post_invitation(client, other, "b@example.com")
    assert (response.status_code, len(mail.outbox)) == (422, 2)
    assert "Try again later." in response.content.decode()
    Invitation.objects.update(created_at=Now() - timedelta(hours=1))
    assert post_invitation(client, other, "b@example.com").status_code == 200


def test_invitations_to_one_address_are_limited_per_day(as_user: AsUser, team: Team, alice: User):
    invite(team)
    client = as_user(alice)
    for _ in range(invitations.MAX_PER_DAY - 1):
        pk = Invitation.objects.get(ending="").pk
        assert client.post(reverse("invitation_resend", args=[pk])).status_code == 200
    pk = Invitation.objects.get(ending="").pk
    response = client.post(reverse("invitation_resend", args=[pk]))
    assert (response.status_code, len(mail.outbox)) == (422, invitations.MAX_PER_DAY - 1)
    assert Invitation.objects.get(ending="").pk == pk


def test_resending_invalidates_the_old_link(as_user: AsUser, team: Team, alice: User, client: Client):
    old = invite(team)
    pk = Invitation.objects.get().pk
    owner, url = as_user(alice), reverse("invitation_resend", args=[pk])
    assert owner.post(url).status_code == 200
    new = find_mailed_link()
    closed = client.get(old)
    assert (closed.status_code, client.get(new).status_code) == (410, 200)
    assert "Only the newest link works." in closed.content.decode()
    assert owner.post(url).status_code == 422


def test_a_revoked_invitation_cannot_be_accepted_410(as_user: AsUser, team: Team, alice: User, carol: User):
    path = invite(team)
    url = reverse("invitation_revoke", args=[Invitation.objects.get().pk])
    owner = as_user(alice)
    for _ in range(2):
        assert owner.post(url).status_code == 302
    response = as_user(carol).post(path)
    assert (response.status_code, "has been revoked" in response.content.decode()) == (410, True)
    assert Activity.objects.filter(verb=Verb.INVITATION_REVOKED).count() == 1
    assert not Membership.objects.filter(user=carol).exists()


# -- Accepting -----------------------------------------------------------------------------------------------------------


def test_opening_the_link_does_not_use_it_up(as_user: AsUser, team: Team, carol: User, client: Client):
    path = invite(team)
    before = list(Invitation.objects.values())
    for visitor in (client, as_user(carol)):
        assert [visitor.get(path).status_code, visitor.head(path).status_code] == [200, 200]
    assert list(Invitation.objects.values()) == before
    assert not Membership.objects.filter(user=carol).exists()


def test_a_user_with_an_account_joins_with_one_click(as_user: AsUser, project: Project, carol: User):
    path, client = invite(project.team), as_user(carol)
    response = client.post(path, {"role": "owner", "team": "9"}, follow=True)
    assert response.redirect_chain == [(reverse("project_list"), 302)]
    assert project.title in response.content.decode()
    assert Membership.objects.get(user=carol).role == Role.EDITOR
    assert client.session["team"] == project.team_id
    again = client.post(path)
    assert (again.status_code, "has already been used" in again.content.decode()) == (410, True)
    joined = Activity.objects.get(verb=Verb.JOINED)
    assert (joined.actor, joined.what) == (carol, "as editor")


def test_a_user_with_another_address_cannot_accept_403(as_user: AsUser, team: Team, mallory: User):
    path, client = invite(team), as_user(mallory)
    for response in (client.get(path), client.post(path)):
        assert response.status_code == 403
        assert "It is for carol@example.com. You are signed in as mallory@example.com." in response.content.decode()
    assert not Membership.objects.filter(user=mallory, team=team).exists()
    assert Invitation.objects.open().count() == 1


def test_an_invitation_expires_after_a_week_410(as_user: AsUser, team: Team, carol: User):
    path = invite(team)
    Invitation.objects.update(created_at=Now() - Invitation.VALID_FOR)
    for response in (as_user(carol).get(path), as_user(carol).post(path)):
        assert (response.status_code, "has expired after 7 days" in response.content.decode()) == (410, True)
    assert not Membership.objects.filter(user=carol).exists()


def test_accepting_as_a_member_keeps_the_role_409(as_user: AsUser, team: Team, carol: User):
    path = invite(team, role=Role.VIEWER)
    team.add(carol, Role.OWNER)
    response = as_user(carol).post(path)
    assert (response.status_code, "Your role in Night shift is owner." in response.content.decode()) == (409, True)
    assert Membership.objects.get(user=carol).role == Role.OWNER


@pytest.mark.parametrize("token", ["x", "A" * 32, "é"])
def test_an_unknown_link_is_answered_410(client: Client, token: str):
    for response in (client.get(f"/invitations/{token}"), client.post(f"/invitations/{token}")):
        assert (response.status_code, "Invitation not found." in response.content.decode()) == (410, True)


def test_accepting_without_an_account_creates_one(client: Client, project: Project):
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
    ("name", "password", "message"),
    [
        ("", PASSWORD, "Enter your name."),
        ("Dave", "", "Enter a password."),
        ("Dave", "short", "This password is too short."),
        ("Dave", "password123", "This password is too common."),
        ("Dave", "dave@example.com", "too similar to the e-mail address"),
    ],
)
def test_a_new_account_requires_a_name_and_a_strong_password(
    client: Client, team: Team, name: str, password: str, message: str
):
    path = invite(team, "dave@example.com")
    response = client.post(path, {"name": name, "password": password})
    assert (response.status_code, message in response.content.decode()) == (422, True)
    assert Invitation.objects.open().count() == 1
    assert not User.objects.filter(email="dave@example.com").exists()


def test_the_link_does_not_change_an_existing_account_409(client: Client, team: Team, carol: User):
    path = invite(team)
    response = client.post(path, {"name": "Not Carol", "password": PASSWORD})
    assert (response.status_code, "already has an account. Sign in to join." in response.content.decode()) == (
        409,
        True,
    )
    carol.refresh_from_db()
    assert (carol.name, carol.check_password("correct horse")) == ("Carol", True)
    assert "_auth_user_id" not in client.session
    assert is_open(path)


def is_open(path: str) -> bool:
    return Client().get(path).status_code == 200


def test_the_page_does_not_reveal_whether_there_is_an_account(client: Client, team: Team, carol: User):
    has, has_not = (client.get(invite(team, email)).content.decode() for email in (carol.email, "cargo@example.com"))

    def plain(html: str) -> str:
        html = re.sub(r"ca(rol|rgo)@example\.com", "someone", html)
        return re.sub(r'value="\w{64}"|"X-CSRFToken": "\w+"|invitations/[\w-]+', "", html)

    assert plain(has) == plain(has_not)


def test_signing_in_returns_to_the_invitation(client: Client, team: Team, carol: User):
    path = invite(team)
    (login,) = re.findall(r'href="(/accounts/login/[^"]+)"', client.get(path).content.decode())
    response = client.post(login, {"login": carol.email, "password": "correct horse", "next": path})
    assert response.headers["Location"] == path


@pytest.mark.django_db(transaction=True)
def test_accepting_twice_at_once_adds_one_member(team: Team, carol: User, at_once: Callable[..., list[Any]]):
    path = invite(team)
    loaded = [invitations.find_open_invitation(path.rpartition("/")[2]) for _ in range(4)]
    results = at_once(*(lambda each=each: invitations.accept(each, carol) for each in loaded))
    assert sorted(results, key=str) == [InvitationClosed, InvitationClosed, InvitationClosed, True]
    assert Membership.objects.filter(user=carol).count() == 1


@pytest.mark.django_db(transaction=True)
def test_creating_an_account_twice_at_once_creates_one(team: Team, alice: User, at_once: Callable[..., list[Any]]):
    """With the same link twice, and with a link of another team at the same moment."""
    other = Team.objects.create(name="Other")
    other.add(alice, Role.OWNER)
    tokens = [invite(each, "dave@example.com").rpartition("/")[2] for each in (team, other)]
    loaded = [invitations.find_open_invitation(token) for token in (*tokens, tokens[0])]
    results = at_once(*(lambda each=each: invitations.accept_as_new(each, "Dave", PASSWORD) for each in loaded))
    (dave,) = User.objects.filter(email="dave@example.com")
    assert [result for result in results if isinstance(result, User)] == [dave]
    assert set(results) <= {dave, InvitationClosed, HasAccount}
    assert dave.memberships.count() == 1


@pytest.mark.django_db(transaction=True)
def test_either_revoking_or_accepting_wins(team: Team, alice: User, carol: User, at_once: Callable[..., list[Any]]):
    invitation = invitations.find_open_invitation(invite(team).rpartition("/")[2])
    results = at_once(
        lambda: ("revoked", invitations.revoke(invitation, alice)),
        lambda: ("accepted", invitations.accept(Invitation.objects.get(), carol)),
    )
    is_member = Membership.objects.filter(user=carol).exists()
    assert (("accepted", True) in results) == is_member
    assert (("revoked", True) in results) != is_member


@pytest.mark.django_db(transaction=True)
def test_inviting_an_address_at_once_creates_one_invitation(team: Team, alice: User, at_once: Callable[..., list[Any]]):
    at_once(*(lambda: invitations.invite(team.pk, "carol@example.com", Role.EDITOR, alice) for _ in range(4)))
    assert Invitation.objects.count() == 1
