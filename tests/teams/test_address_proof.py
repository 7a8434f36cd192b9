"""The first proof of an address drops everything that was set before it."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from teams import invitations
from teams.address_proof import prove_address
from teams.models import Role, SignInLink, Team, User

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]
VICTIM, PASSWORD = "victim@corp.example", "a lamp on the sill"


def sign_in_with_password(password: str) -> bool:
    client = Client()
    client.post("/accounts/login/", {"login": VICTIM, "password": password})
    return "_auth_user_id" in client.session


@pytest.fixture
def intruder(mallory: User, as_user: AsUser, settings: Any) -> Client:
    """Mallory has invited the victim, seen the link, and used it herself."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    team = mallory.teams.get()
    page = as_user(mallory).post(reverse("team_invite", args=[team.pk]), {"email": VICTIM, "role": "editor"})
    link = re.findall(r"http://testserver(/invitations/[\w-]+)", page.content.decode())[0]
    browser = Client()
    browser.post(link, {"name": "Victim", "password": PASSWORD})
    assert (browser.get(reverse("account")).status_code, sign_in_with_password(PASSWORD)) == (200, True)
    Authenticator.objects.create(user=User.objects.get(email=VICTIM), type=Authenticator.Type.TOTP, data={})
    return browser


def expect_nothing_left(intruder: Client) -> None:
    victim = User.objects.get(email=VICTIM)
    assert (victim.has_usable_password(), Authenticator.objects.filter(user=victim).count()) == (False, 0)
    assert not sign_in_with_password(PASSWORD)
    assert intruder.get(reverse("account")).status_code == 302


def test_the_operators_link_drops_what_an_inviter_set(intruder: Client, team: Team):
    out = StringIO()
    call_command("signin_link", VICTIM, "--add", "owner", "--team", str(team.pk), stdout=out)
    victim = Client()
    victim.post("/sign-in/" + out.getvalue().strip().rpartition("/")[2])
    assert victim.get(reverse("project_list")).status_code == 200
    expect_nothing_left(intruder)


def test_a_mailed_reset_keeps_only_the_new_password(intruder: Client, settings: Any):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    client = Client()
    client.post("/accounts/password/reset/", {"email": VICTIM})
    link = re.findall(r"http://testserver(/\S+)", str(mail.outbox[-1].body))[0]
    form = client.get(link, follow=True)
    client.post(form.redirect_chain[-1][0], {"password1": "another lamp", "password2": "another lamp"})
    assert (sign_in_with_password(PASSWORD), sign_in_with_password("another lamp")) == (False, True)
    assert Authenticator.objects.filter(user__email=VICTIM).count() == 0
    assert intruder.get(reverse("account")).status_code == 302


def test_a_second_proof_drops_nothing(alice: User):
    assert not prove_address(alice)
    alice.refresh_from_db()
    assert alice.check_password("correct horse")


def test_a_mailed_invitation_proves_the_address(team: Team, alice: User, client: Client):
    token = invitations.invite(team.pk, "dave@example.com", Role.EDITOR, alice).token
    client.post(reverse("invitation", args=[token]), {"name": "Dave", "password": PASSWORD})
    dave = User.objects.get(email="dave@example.com")
    assert dave.address_proven_at is not None
    Client().post(reverse("sign_in", args=[SignInLink.issue(dave)]))
    dave.refresh_from_db()
    assert dave.check_password(PASSWORD)


def test_a_proof_is_kept_with_its_time(db: None):
    user = User.objects.create_user(VICTIM, PASSWORD)
    before = timezone.now()
    assert prove_address(user)
    assert user.address_proven_at is not None
    assert user.address_proven_at >= before.replace(microsecond=0)
