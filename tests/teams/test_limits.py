"""Guessing, enumerating and redirecting."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache, caches
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse

from teams.models import SignInLink, User
from tests.teams.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def attempt(password: str, *, login: str = "alice@example.com", **headers: str) -> str:
    """What a new visitor is answered, beside the form; empty where it signs in."""
    response = Client(headers=headers).post(reverse("account_login"), {"login": login, "password": password})
    if response.status_code == 302:
        return ""
    errors: list[str] = response.context["form"].non_field_errors()
    return errors[0]


WRONG = "The e-mail address and the password do not belong together."
TOO_MANY = "Too many attempts failed. Wait five minutes, then try again."


def test_passwords_cannot_be_tried_out(alice: User):
    assert [attempt(f"guess {number}") for number in range(5)] == [WRONG] * 5
    assert attempt(PASSWORD) == TOO_MANY


def test_an_unknown_address_is_answered_as_a_known_one(alice: User):
    answers = {attempt("wrong", login=login) for login in ("alice@example.com", "nobody@example.com")}
    assert answers == {WRONG}


def test_attempts_are_counted_where_all_web_processes_look(settings: Any):
    assert settings.CACHES["default"]["BACKEND"].endswith("DatabaseCache")
    assert settings.Q_CLUSTER["cache"] == "queue"
    cache.set("counted", 1)
    assert caches["queue"].get("counted") is None


def test_a_header_does_not_make_another_visitor(alice: User):
    answers = [attempt("x", login=f"{n}@example.com", **{"X-Forwarded-For": f"203.0.113.{n}"}) for n in range(11)]
    assert answers == [WRONG] * 10 + [TOO_MANY]


def test_behind_a_proxy_the_address_is_what_the_proxy_says(alice: User, settings: Any):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    others = [attempt("x", login=f"{n}@example.com", **{"X-Forwarded-For": f"203.0.113.{n}"}) for n in range(11)]
    assert others == [WRONG] * 11
    forged = [
        attempt("x", login=f"{n}@example.org", **{"X-Forwarded-For": f"10.0.0.{n}, 198.51.100.7"}) for n in range(11)
    ]
    assert forged == [WRONG] * 10 + [TOO_MANY]


def test_sign_in_links_cannot_be_tried_out(alice: User):
    client = Client()
    statuses = [client.post(reverse("sign_in", args=[f"guess-{number}"])).status_code for number in range(31)]
    assert statuses == [410] * 30 + [429]
    answer = client.post(reverse("sign_in", args=[SignInLink.issue(alice)]))
    assert answer.status_code == 429
    assert "Too many attempts" in answer.content.decode()


def test_opening_links_counts_too():
    client = Client()
    statuses = {client.get(reverse("sign_in", args=[f"guess-{number}"])).status_code for number in range(31)}
    assert statuses == {200, 429}


def test_asking_for_a_new_password_does_not_tell_who_has_an_account(
    client: Client, alice: User, mailoutbox: list[EmailMessage]
):
    answers = set()
    for email in ("alice@example.com", "nobody@example.com"):
        response = client.post(reverse("account_reset_password"), {"email": email})
        answers.add((response.status_code, response.headers["Location"]))
    assert answers == {(302, reverse("account_reset_password_done"))}
    assert [(mail.to, mail.subject) for mail in mailoutbox] == [
        (["alice@example.com"], "Set a new password"),
        (["nobody@example.com"], "No account with this address"),
    ]


def test_new_passwords_cannot_be_asked_for_without_end(client: Client, alice: User, mailoutbox: list[EmailMessage]):
    statuses = [
        client.post(reverse("account_reset_password"), {"email": "alice@example.com"}).status_code for _ in range(6)
    ]
    assert statuses == [302] * 5 + [429]
    assert len(mailoutbox) == 5


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/queue", "/queue"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("https:evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("http://localhost/queue", "/"),  # one of ALLOWED_HOSTS, but not the one that was asked
        ("http://testserver/queue", "http://testserver/queue"),
    ],
)
def test_next_leads_to_this_host_only(client: Client, alice: User, wanted: str, reached: str):
    response = client.post(reverse("account_login"), {"login": alice.email, "password": PASSWORD, "next": wanted})
    assert response.headers["Location"] == reached
