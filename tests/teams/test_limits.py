"""Guessing, account enumeration and open redirects."""

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
    """The error that a new visitor sees; empty after a successful sign-in."""
    response = Client(headers=headers).post(reverse("account_login"), {"login": login, "password": password})
    if response.status_code == 302:
        return ""
    errors: list[str] = response.context["form"].non_field_errors()
    return errors[0]


WRONG = "Wrong e-mail or password."
TOO_MANY = "Too many failed attempts. Try again in 5 minutes."


def test_guessing_passwords_is_limited(alice: User):
    assert [attempt(f"guess {number}") for number in range(5)] == [WRONG] * 5
    assert attempt(PASSWORD) == TOO_MANY


def test_unknown_and_known_addresses_get_the_same_error(alice: User):
    answers = {attempt("wrong", login=login) for login in ("alice@example.com", "eve@example.com")}
    assert answers == {WRONG}


def test_attempts_are_counted_in_the_cache_all_web_processes_share(settings: Any):
    assert settings.CACHES["default"]["BACKEND"].endswith("DatabaseCache")
    assert settings.Q_CLUSTER["cache"] == "queue"
    cache.set("counted", 1)
    assert caches["queue"].get("counted") is None


def test_forwarded_addresses_are_ignored_without_a_proxy(alice: User):
    answers = [attempt("x", login=f"{n}@example.com", **{"X-Forwarded-For": f"203.0.113.{n}"}) for n in range(11)]
    assert answers == [WRONG] * 10 + [TOO_MANY]


def test_behind_a_proxy_only_the_address_it_added_counts(alice: User, settings: Any):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    others = [attempt("x", login=f"{n}@example.com", **{"X-Forwarded-For": f"203.0.113.{n}"}) for n in range(11)]
    assert others == [WRONG] * 11
    forged = [
        attempt("x", login=f"{n}@example.org", **{"X-Forwarded-For": f"10.0.0.{n}, 198.51.100.7"}) for n in range(11)
    ]
    assert forged == [WRONG] * 10 + [TOO_MANY]


def test_guessing_sign_in_links_is_limited(alice: User):
    client = Client()
    statuses = [client.post(reverse("sign_in", args=[f"guess-{number}"])).status_code for number in range(31)]
    assert statuses == [410] * 30 + [429]
    answer = client.post(reverse("sign_in", args=[SignInLink.issue(alice)]))
    assert answer.status_code == 429
    assert "Too many attempts" in answer.content.decode()


def test_opening_sign_in_links_counts_towards_the_limit():
    client = Client()
    statuses = {client.get(reverse("sign_in", args=[f"guess-{number}"])).status_code for number in range(31)}
    assert statuses == {200, 429}


def test_a_password_reset_does_not_reveal_who_has_an_account(
    client: Client, alice: User, mailoutbox: list[EmailMessage]
):
    answers = set()
    for email in ("alice@example.com", "eve@example.com"):
        response = client.post(reverse("account_reset_password"), {"email": email})
        answers.add((response.status_code, response.headers["Location"]))
    assert answers == {(302, reverse("account_reset_password_done"))}
    assert [(mail.to, mail.subject) for mail in mailoutbox] == [
        (["alice@example.com"], "Set a new password"),
        (["eve@example.com"], "No account with this address"),
    ]


def test_password_reset_e_mails_are_limited(client: Client, alice: User, mailoutbox: list[EmailMessage]):
    statuses = [
        client.post(reverse("account_reset_password"), {"email": "alice@example.com"}).status_code for _ in range(6)
    ]
    assert statuses == [302] * 5 + [429]
    assert len(mailoutbox) == 5


@pytest.mark.parametrize(
    ("next_url", "redirect"),
    [
        ("/queue", "/queue"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("https:evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("http://localhost/queue", "/"),  # in ALLOWED_HOSTS, but not the requested host
        ("http://testserver/queue", "http://testserver/queue"),
    ],
)
def test_sign_in_redirects_to_the_requested_host_only(client: Client, alice: User, next_url: str, redirect: str):
    response = client.post(reverse("account_login"), {"login": alice.email, "password": PASSWORD, "next": next_url})
    assert response.headers["Location"] == redirect
