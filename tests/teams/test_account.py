"""The account page: name and sessions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from teams.models import User
from teams.sessions import SEEN_AT, SEEN_EVERY_SECONDS, describe_device
from tests.queries import count_queries
from tests.teams.conftest import PASSWORD

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0"
CHROME = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36"


@pytest.fixture
def sign_in(alice: User) -> Callable[[str], Client]:
    """Signs Alice in with another browser."""

    def sign_in(user_agent: str) -> Client:
        client = Client(headers={"User-Agent": user_agent})
        client.post(reverse("account_login"), {"login": alice.email, "password": PASSWORD})
        client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
        return client

    return sign_in


def is_signed_in(client: Client) -> bool:
    return bool(client.get(reverse("account")).status_code == 200)


def test_saving_the_account_changes_the_name_only(client: Client, alice: User):
    client.force_login(alice)
    assert client.post(reverse("account"), {"name": "Alice B.", "email": "boss@example.com"}).status_code == 302
    alice.refresh_from_db()
    assert (alice.name, alice.email) == ("Alice B.", "alice@example.com")


def test_a_name_that_is_too_long_is_rejected_422(client: Client, alice: User):
    client.force_login(alice)
    response = client.post(reverse("account"), {"name": "x" * 81})
    assert response.status_code == 422
    assert "at most 80 characters" in response.content.decode()


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (FIREFOX, "Firefox on Linux"),
        (IPHONE, "Safari on iPhone"),
        (EDGE, "Edge on Windows"),
        (CHROME, "Chrome on Android"),
        ("curl/8", "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
def test_a_user_agent_is_described_as_browser_and_system(user_agent: str, device: str):
    assert describe_device(user_agent) == device


def test_all_sessions_are_listed_and_the_current_one_is_marked(sign_in: Callable[[str], Client]):
    sign_in(IPHONE)
    page = sign_in(FIREFOX).get(reverse("account"))
    assert [(row.device, row.is_current) for row in page.context["sessions"]] == [
        ("Firefox on Linux", True),
        ("Safari on iPhone", False),
    ]
    assert page.content.decode().count("This browser") == 1


def test_one_session_can_be_ended(sign_in: Callable[[str], Client]):
    phone, laptop, desk = sign_in(IPHONE), sign_in(FIREFOX), sign_in(EDGE)
    row = UserSession.objects.get(user_agent=IPHONE)
    laptop.post(reverse("session_end", args=[row.pk]))
    assert (is_signed_in(phone), is_signed_in(laptop), is_signed_in(desk)) == (False, True, True)


def test_ending_the_current_session_signs_out(sign_in: Callable[[str], Client]):
    phone, laptop = sign_in(IPHONE), sign_in(FIREFOX)
    row = UserSession.objects.get(user_agent=FIREFOX)
    laptop.post(reverse("session_end", args=[row.pk]))
    assert (is_signed_in(phone), is_signed_in(laptop)) == (True, False)


def test_all_other_sessions_can_be_ended(sign_in: Callable[[str], Client]):
    phone, laptop, desk = sign_in(IPHONE), sign_in(FIREFOX), sign_in(EDGE)
    laptop.post(reverse("sessions_end_others"))
    assert (is_signed_in(phone), is_signed_in(laptop), is_signed_in(desk)) == (False, True, False)


def test_ending_other_sessions_requires_reauthentication(sign_in: Callable[[str], Client], alice: User):
    phone = sign_in(IPHONE)
    other = Client()
    other.force_login(alice)
    response = other.post(reverse("sessions_end_others"))
    assert response.headers["Location"].startswith(reverse("account_reauthenticate"))
    assert is_signed_in(phone)
    other.post(response.headers["Location"], {"password": PASSWORD, "next": reverse("sessions_end_others")})
    assert not is_signed_in(phone)


def test_another_users_session_cannot_be_ended_404(sign_in: Callable[[str], Client], bob: User):
    phone = sign_in(IPHONE)
    other = Client()
    other.force_login(bob)
    assert other.post(reverse("session_end", args=[UserSession.objects.get().pk])).status_code == 404
    assert is_signed_in(phone)


def test_changing_the_password_ends_all_other_sessions(sign_in: Callable[[str], Client]):
    phone, laptop = sign_in(IPHONE), sign_in(FIREFOX)
    new = {"oldpassword": PASSWORD, "password1": "battery staple", "password2": "battery staple"}
    assert laptop.post(reverse("account_change_password"), new).headers["Location"] == reverse("account")
    assert (is_signed_in(phone), is_signed_in(laptop)) == (False, True)


def test_last_seen_is_not_written_with_every_request(sign_in: Callable[[str], Client]):
    phone = sign_in(IPHONE)
    with count_queries() as queries:
        phone.get(reverse("queue"))
    assert [query["sql"] for query in queries if query["sql"].startswith(("UPDATE", "INSERT"))] == []


def test_last_seen_is_written_every_few_minutes(sign_in: Callable[[str], Client]):
    phone = sign_in(IPHONE)
    UserSession.objects.update(last_seen_at=timezone.now() - timedelta(days=2))
    session = phone.session
    session[SEEN_AT] -= SEEN_EVERY_SECONDS
    session.save()
    phone.get(reverse("queue"))
    assert timezone.now() - UserSession.objects.get().last_seen_at < timedelta(minutes=1)


def test_a_session_without_a_record_gets_one_with_the_next_request(client: Client, alice: User):
    client.force_login(alice)
    session = client.session
    del session[SEEN_AT]
    session.save()
    client.get(reverse("queue"))
    assert UserSession.objects.get().session_key == session.session_key


def test_signing_in_changes_the_session_key(client: Client, alice: User):
    client.get(reverse("account_login"))
    session = client.session
    session["planted"] = True
    session.save()
    before = session.session_key
    client.cookies["sessionid"] = str(before)
    client.post(reverse("account_login"), {"login": alice.email, "password": PASSWORD})
    assert client.session.session_key != before
