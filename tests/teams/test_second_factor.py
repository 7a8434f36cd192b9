"""Setting up, entering and removing second factors."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from teams.models import SignInLink, User
from tests.teams.conftest import PASSWORD, add_app, show_code

pytestmark = pytest.mark.django_db
Confirmed = Callable[[], Client]


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def sign_in(client: Client, password: str = PASSWORD) -> str:
    """Returns the URL of the redirect."""
    response = client.post(reverse("account_login"), {"login": "alice@example.com", "password": password})
    return response.headers["Location"]


def set_up(client: Client) -> str:
    """Sets up an authenticator app through its page; returns the secret."""
    page = client.get(reverse("mfa_activate_totp")).content.decode()
    match = re.search(r'<code class="secret">(\w+)</code>', page)
    assert match
    response = client.post(reverse("mfa_activate_totp"), {"code": show_code(match[1])})
    assert response.headers["Location"] == reverse("mfa_view_recovery_codes")
    return match[1]


def test_setting_up_an_app_requires_reauthentication(client: Client, alice: User):
    client.force_login(alice)
    response = client.get(reverse("mfa_activate_totp"))
    next_url = "%2Faccounts%2Fsecond-factor%2Ftotp%2Factivate%2F"
    assert response.headers["Location"] == f"/accounts/reauthenticate/?next={next_url}"


def test_a_wrong_password_does_not_reauthenticate(client: Client, alice: User):
    client.force_login(alice)
    answer = client.post(reverse("account_reauthenticate"), {"password": "wrong"}).content.decode()
    assert "Wrong password." in answer
    assert client.get(reverse("mfa_activate_totp")).status_code == 302


def test_an_app_is_set_up_with_a_code_and_its_secret_is_encrypted(confirmed: Confirmed, alice: User):
    secret = set_up(confirmed())
    stored = json.dumps(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored
    assert alice.has_second_factor


def test_the_qr_code_satisfies_the_content_security_policy(confirmed: Confirmed):
    page = confirmed().get(reverse("mfa_activate_totp")).content.decode()
    assert 'src="data:image/svg+xml;base64,' in page
    assert "style=" not in page.split('<main id="main"')[1]
    assert "<script>" not in page


def test_a_wrong_code_does_not_set_up_an_app(confirmed: Confirmed, alice: User):
    client = confirmed()
    client.get(reverse("mfa_activate_totp"))
    answer = client.post(reverse("mfa_activate_totp"), {"code": "000000"}).content.decode()
    assert "This code is wrong, expired or already used." in answer
    assert not alice.has_second_factor


def test_recovery_codes_are_shown_once_with_a_download(confirmed: Confirmed):
    client = confirmed()
    set_up(client)
    first = client.get(reverse("mfa_view_recovery_codes")).content.decode()
    codes = re.findall(r"<li>\s*<code>(\d{8})</code>", first)
    assert len(codes) == 10
    assert f'href="data:text/plain;charset=utf-8,{"%0A".join(codes)}%0A"' in first
    again = client.get(reverse("mfa_view_recovery_codes")).content.decode()
    assert [code for code in codes if code in again] == []
    assert "10 of 10 codes left." in again


def test_new_recovery_codes_replace_the_old_ones(confirmed: Confirmed, alice: User, secret: str):
    client = confirmed()
    old = Authenticator.objects.get(user=alice, type="recovery_codes").wrap().get_unused_codes()
    response = client.post(reverse("mfa_generate_recovery_codes"))
    assert response.headers["Location"] == reverse("mfa_view_recovery_codes")
    page = client.get(reverse("mfa_view_recovery_codes")).content.decode()
    shown = re.findall(r"<li>\s*(?:<code>)?\s*(\d{8})\b", page)
    assert (len(shown), set(shown) & set(old)) == (10, set())


def test_a_password_alone_does_not_sign_in(client: Client, secret: str):
    assert sign_in(client) == reverse("mfa_authenticate")
    assert not is_signed_in(client)
    assert client.get(reverse("project_list")).status_code == 302
    response = client.post(reverse("mfa_authenticate"), {"code": show_code(secret)})
    assert response.headers["Location"] == reverse("project_list")
    assert is_signed_in(client)


def test_a_sign_in_link_alone_does_not_sign_in(client: Client, alice: User, secret: str):
    response = client.post(reverse("sign_in", args=[SignInLink.issue(alice)]))
    assert response.headers["Location"] == reverse("mfa_authenticate")
    assert not is_signed_in(client)
    client.post(reverse("mfa_authenticate"), {"code": show_code(secret)})
    assert is_signed_in(client)


def test_a_link_for_another_user_ends_the_current_session(client: Client, alice: User, bob: User, secret: str):
    client.force_login(bob)
    client.post(reverse("sign_in", args=[SignInLink.issue(alice)]))
    assert not is_signed_in(client)


@pytest.mark.parametrize("code", ["000000", "", "12345678"])
def test_a_wrong_code_does_not_sign_in(client: Client, secret: str, code: str):
    sign_in(client)
    assert client.post(reverse("mfa_authenticate"), {"code": code}).status_code == 200
    assert not is_signed_in(client)


def test_a_code_is_valid_for_one_period_more_but_not_for_three(client: Client, secret: str):
    sign_in(client)
    client.post(reverse("mfa_authenticate"), {"code": show_code(secret, periods=-3)})
    assert not is_signed_in(client)
    client.post(reverse("mfa_authenticate"), {"code": show_code(secret, periods=-1)})
    assert is_signed_in(client)


def test_a_code_works_once(client: Client, secret: str):
    code = show_code(secret)
    sign_in(client)
    client.post(reverse("mfa_authenticate"), {"code": code})
    thief = Client()
    sign_in(thief)
    answer = thief.post(reverse("mfa_authenticate"), {"code": f"{code[:3]} {code[3:]}"}).content.decode()
    assert "This code is wrong, expired or already used." in answer
    assert not is_signed_in(thief)


def test_a_recovery_code_works_once(client: Client, alice: User, secret: str):
    code = Authenticator.objects.get(user=alice, type="recovery_codes").wrap().get_unused_codes()[0]
    sign_in(client)
    client.post(reverse("mfa_authenticate"), {"code": code})
    assert is_signed_in(client)
    thief = Client()
    sign_in(thief)
    thief.post(reverse("mfa_authenticate"), {"code": code})
    assert not is_signed_in(thief)


def test_guessing_codes_is_limited(client: Client, secret: str):
    sign_in(client)
    for _ in range(5):
        client.post(reverse("mfa_authenticate"), {"code": "000000"})
    answer = client.post(reverse("mfa_authenticate"), {"code": show_code(secret)}).content.decode()
    assert "Too many failed attempts." in answer
    assert not is_signed_in(client)


def test_removing_the_app_removes_its_recovery_codes(confirmed: Confirmed, alice: User, secret: str):
    response = confirmed().post(reverse("mfa_deactivate_totp"))
    assert response.status_code == 302
    assert list(Authenticator.objects.filter(user=alice)) == []


def test_removing_the_app_requires_reauthentication(client: Client, alice: User, secret: str):
    client.force_login(alice)
    client.post(reverse("mfa_deactivate_totp"))
    assert alice.has_second_factor


def test_setting_a_first_password_requires_the_second_factor(client: Client, bob: User):
    add_app(bob)
    client.force_login(bob)
    response = client.post(
        reverse("account_set_password"), {"password1": "battery staple", "password2": "battery staple"}
    )
    assert response.headers["Location"].startswith(reverse("mfa_reauthenticate"))
    bob.refresh_from_db()
    assert not bob.has_usable_password()


def test_removing_a_factor_sends_a_notification(confirmed: Confirmed, secret: str, mailoutbox: list[EmailMessage]):
    confirmed().post(reverse("mfa_deactivate_totp"))
    assert [(mail.to, mail.subject) for mail in mailoutbox] == [
        (["alice@example.com"], "The authenticator app was removed")
    ]
    assert "If this wasn't you" in str(mailoutbox[0].body)


def test_a_notification_that_cannot_be_sent_stops_nothing(
    confirmed: Confirmed, alice: User, secret: str, settings: Any, caplog: pytest.LogCaptureFixture
):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    confirmed().post(reverse("mfa_deactivate_totp"))
    assert not alice.has_second_factor
    assert "Could not send the notification to alice@example.com" in caplog.text


def test_passkey_options_are_for_the_requested_host(client: Client):
    answer = client.get(reverse("mfa_login_webauthn"), headers={"Accept": "application/json", "Host": "localhost:8000"})
    options = answer.json()["request_options"]["publicKey"]
    assert (options["rpId"], options["userVerification"]) == ("localhost", "required")


@pytest.mark.parametrize("credential", ["", "{}", "[]", '"x"', '{"id": "x", "response": {"userHandle": "x"}}'])
def test_a_malformed_passkey_does_not_sign_in(client: Client, alice: User, credential: str):
    client.get(reverse("mfa_login_webauthn"), headers={"Accept": "application/json"})
    response = client.post(reverse("mfa_login_webauthn"), {"credential": credential})
    assert response.headers["Location"] == reverse("account_login")
    assert not is_signed_in(client)


@pytest.mark.parametrize("credential", ["", "{}", '"x"', '{"id": "x", "response": {"attestationObject": "x"}}'])
def test_a_malformed_passkey_is_not_added(confirmed: Confirmed, alice: User, credential: str):
    client = confirmed()
    client.get(reverse("mfa_add_webauthn"))
    assert client.post(reverse("mfa_add_webauthn"), {"credential": credential, "name": "x"}).status_code == 200
    assert not alice.has_second_factor


def test_the_command_resets_a_second_factor(alice: User, secret: str, caplog: pytest.LogCaptureFixture):
    out = StringIO()
    call_command("reset_second_factor", "Alice@example.com", "--yes", stdout=out)
    assert list(Authenticator.objects.filter(user=alice)) == []
    assert "alice@example.com has: TOTP Authenticator, Recovery codes." in out.getvalue()
    assert "second factors of alice@example.com were removed" in caplog.text


def test_the_command_asks_for_confirmation(alice: User, secret: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("builtins.input", lambda question: "no")
    with pytest.raises(CommandError, match="Nothing was removed"):
        call_command("reset_second_factor", "alice@example.com", stdout=StringIO())
    assert alice.has_second_factor


def test_resetting_a_user_without_a_second_factor_changes_nothing(alice: User):
    out = StringIO()
    call_command("reset_second_factor", "alice@example.com", stdout=out)
    assert out.getvalue() == "alice@example.com has no second factor.\n"
    with pytest.raises(CommandError, match=r"No user has the e-mail address who@example\.com"):
        call_command("reset_second_factor", "who@example.com")


def test_a_user_can_switch_accounts_instead_of_entering_a_code(client: Client, secret: str):
    sign_in(client)
    assert client.get(reverse("account_login")).headers["Location"] == reverse("mfa_authenticate")
    client.post(reverse("account_logout"), {"next": reverse("account_login")})
    assert client.get(reverse("account_login")).status_code == 200
    assert client.get(reverse("mfa_authenticate")).headers["Location"] == reverse("account_login")
