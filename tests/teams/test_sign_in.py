import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from teams.models import Membership, Role, SignInLink, Team, User

pytestmark = pytest.mark.django_db


def test_opening_the_link_does_not_use_it_up(client: Client, alice: User):
    url = reverse("sign_in", args=[SignInLink.issue(alice)])
    assert client.get(url).status_code == 200
    assert client.get(url).status_code == 200
    assert "_auth_user_id" not in client.session
    response = client.post(url)
    assert (response.status_code, response.headers["Location"]) == (302, reverse("project_list"))
    assert client.session["_auth_user_id"] == str(alice.pk)


def test_the_link_works_once(client: Client, alice: User):
    url = reverse("sign_in", args=[SignInLink.issue(alice)])
    client.post(url)
    again = Client()
    response = again.post(url)
    assert response.status_code == 410
    assert "This link is no longer valid" in response.content.decode()
    assert "_auth_user_id" not in again.session


def test_a_new_link_invalidates_the_old_one(alice: User):
    old = SignInLink.issue(alice)
    new = SignInLink.issue(alice)
    assert SignInLink.redeem(old) is None
    assert SignInLink.redeem(new) == alice


def test_a_link_expires_after_a_day(alice: User):
    token = SignInLink.issue(alice)
    SignInLink.objects.update(created_at=Now() - SignInLink.VALID_FOR)
    assert SignInLink.redeem(token) is None


def test_only_a_hash_of_the_link_is_stored(alice: User):
    token = SignInLink.issue(alice)
    assert list(SignInLink.objects.values_list("token_hash", flat=True)) == [SignInLink.digest(token)]


def test_a_deactivated_user_cannot_use_a_link(alice: User):
    token = SignInLink.issue(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert SignInLink.redeem(token) is None


def test_the_command_prints_a_link_for_the_first_owner(team: Team, alice: User):
    out = StringIO()
    call_command("signin_link", "--base-url", "http://127.0.0.1:9000", stdout=out)
    match = re.fullmatch(r"Sign in: http://127\.0\.0\.1:9000/sign-in/(\S+)\n", out.getvalue())
    assert match
    assert SignInLink.redeem(match[1]) == alice


def test_the_command_adds_a_member(team: Team):
    out = StringIO()
    call_command("signin_link", "Carol@Example.com", "--add", "editor", stdout=out)
    membership = Membership.objects.get(user__email="carol@example.com")
    assert (membership.team, membership.role) == (team, Role.EDITOR)


def test_the_command_names_an_unknown_address(team: Team):
    with pytest.raises(CommandError, match=r"No user has the e-mail address who@example\.com"):
        call_command("signin_link", "who@example.com")


def test_a_user_cannot_change_their_address_404(client: Client, vera: User):
    client.force_login(vera)
    assert client.post("/accounts/email/", {"action_add": "", "email": "boss@example.com"}).status_code == 404


def test_the_command_reports_a_changed_role(team: Team, vera: User):
    out, err = StringIO(), StringIO()
    call_command("signin_link", vera.email, "--add", "editor", stdout=out, stderr=err)
    assert err.getvalue() == "Changed vera@example.com from viewer to editor in Night shift.\n"
    assert Membership.objects.get(user=vera).role == Role.EDITOR


def test_the_command_rejects_an_invalid_address(team: Team):
    with pytest.raises(CommandError, match="who is not an e-mail address"):
        call_command("signin_link", "who", "--add", "editor")


def test_a_password_signs_in(client: Client, alice: User):
    response = client.post(reverse("account_login"), {"login": "alice@example.com", "password": "correct horse"})
    assert (response.status_code, response.headers["Location"]) == (302, reverse("project_list"))


def test_a_wrong_password_shows_an_error(client: Client, alice: User):
    response = client.post(reverse("account_login"), {"login": "alice@example.com", "password": "wrong"})
    assert response.status_code == 200
    assert "Wrong e-mail or password." in response.content.decode()


def test_sign_up_is_closed(client: Client):
    response = client.post(reverse("account_signup"), {"email": "eve@example.com", "password1": "long enough pw"})
    assert User.objects.count() == 0
    assert "No account found" in response.content.decode()


def test_pages_redirect_to_sign_in(client: Client):
    response = client.get(reverse("project_list"))
    assert (response.status_code, response.headers["Location"]) == (302, "/accounts/login/?next=/")


@pytest.mark.parametrize(
    ("role", "included"),
    [
        (Role.VIEWER, {Role.VIEWER}),
        (Role.EDITOR, {Role.VIEWER, Role.EDITOR}),
        (Role.OWNER, {Role.VIEWER, Role.EDITOR, Role.OWNER}),
    ],
)
def test_a_role_includes_the_roles_below_it(role: Role, included: set[Role]):
    assert {other for other in Role if role.includes(other)} == included
