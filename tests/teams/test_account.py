"""The page of one's account: the name, and where one is signed in."""

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
    """Alice in one more browser."""

    def sign_in(user_agent: str) -> Client:
        client = Client(headers={"User-Agent": user_agent})
        client.post(reverse("account_login"), {"login": alice.email, "password": PASSWORD})
        client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
        return client

    return sign_in


def is_signed_in(client: Client) -> bool:
    return bool(client.get(reverse("account")).status_code == 200)


def test_the_name_is_saved(client: Client, alice: User):
    client.force_login(alice)
    assert client.post(reverse("account"), {"name": "Alice B.", "email": "boss@example.com"}).status_code == 302
    alice.refresh_from_db()
    assert (alice.name, alice.email) == ("Alice B.", "alice@example.com")


def test_a_name_too_long_is_answered_beside_its_field(client: Client, alice: User):
    client.force_login(alice)
    response = client.post(reverse("account"), {"name": "x" * 81})
    assert response.status_code == 422
    assert "at most 80 characters" in response.content.decode()


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (IPHONE, "Safari on iPhone"),
        (EDGE, "Edge on Windows"),
        (CHROME, "Chrome on Android"),
        ("curl/8", "A browser"),
        ("", "A browser"),
    ],
)
def test_devices_in_words(user_agent: str, words: str):
    assert describe_device(user_agent) == words


def test_every_browser_is_listed_and_this_one_marked(sign_in: Callable[[str], Client]):
    sign_in(IPHONE)
    page = sign_in(FIREFOX).get(reverse("account"))
    assert [(row.device, row.is_this) for row in page.context["sessions"]] == [
        ("Firefox on Linux", True),
        ("Safari on iPhone", False),
    ]
    assert page.content.decode().count("This one") == 1


def test_one_browser_is_signed_out(sign_in: Callable[[str], Client]):
    phone, laptop, desk = sign_in(IPHONE), sign_in(FIREFOX), sign_in(EDGE)
    row = UserSession.objects.get(user_agent=IPHONE)
    laptop.post(reverse("session_end", args=[row.pk]))
    assert (is_signed_in(phone), is_signed_in(laptop), is_signed_in(desk)) == (False, True, True)


def test_all_others_are_signed_out(sign_in: Callable[[str], Client]):
    phone, laptop, desk = sign_in(IPHONE), sign_in(FIREFOX), sign_in(EDGE)
    laptop.post(reverse("sessions_end_others"))
    assert (is_signed_in(phone), is_signed_in(laptop), is_signed_in(desk)) == (False, True, False)


def test_signing_out_elsewhere_asks_first_whether_it_is_you(sign_in: Callable[[str], Client], alice: User):
    phone = sign_in(IPHONE)
    other = Client()
    other.force_login(alice)
    response = other.post(reverse("sessions_end_others"))
    assert response.headers["Location"].startswith(reverse("account_reauthenticate"))
    assert is_signed_in(phone)
    other.post(response.headers["Location"], {"password": PASSWORD, "next": reverse("sessions_end_others")})
    assert not is_signed_in(phone)


def test_nobody_ends_the_session_of_somebody_else(sign_in: Callable[[str], Client], bob: User):
    phone = sign_in(IPHONE)
    other = Client()
    other.force_login(bob)
    assert other.post(reverse("session_end", args=[UserSession.objects.get().pk])).status_code == 404
    assert is_signed_in(phone)


def test_another_password_signs_out_everywhere_else(sign_in: Callable[[str], Client]):
    phone, laptop = sign_in(IPHONE), sign_in(FIREFOX)
    new = {"oldpassword": PASSWORD, "password1": "battery staple", "password2": "battery staple"}
    assert laptop.post(reverse("account_change_password"), new).headers["Location"] == reverse("account")
    assert (is_signed_in(phone), is_signed_in(laptop)) == (False, True)


def test_when_a_browser_was_seen_is_not_written_with_every_request(sign_in: Callable[[str], Client]):
    phone = sign_in(IPHONE)
    with count_queries() as queries:
        phone.get(reverse("queue"))
    assert [query["sql"] for query in queries if query["sql"].startswith(("UPDATE", "INSERT"))] == []


def test_when_a_browser_was_seen_is_written_every_few_minutes(sign_in: Callable[[str], Client]):
    phone = sign_in(IPHONE)
    UserSession.objects.update(last_seen_at=timezone.now() - timedelta(days=2))
    session = phone.session
    session[SEEN_AT] -= SEEN_EVERY_SECONDS
    session.save()
    phone.get(reverse("queue"))
    assert timezone.now() - UserSession.objects.get().last_seen_at < timedelta(minutes=1)


def test_a_session_from_before_they_were_noted_is_found(client: Client, alice: User):
    client.force_login(alice)
    session = client.session
    del session[SEEN_AT]
    session.save()
    client.get(reverse("queue"))
    assert UserSession.objects.get().session_key == session.session_key


def test_the_session_key_changes_with_signing_in(client: Client, alice: User):
    client.get(reverse("account_login"))
    session = client.session
    session["planted"] = True
    session.save()
    before = session.session_key
    client.cookies["sessionid"] = str(before)
    client.post(reverse("account_login"), {"login": alice.email, "password": PASSWORD})
    assert client.session.session_key != before
