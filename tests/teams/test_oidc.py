"""Sign-in through an identity provider, over real HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import environ
import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from django.urls import reverse

from core import bounded_session
from imageai_web import oidc
from teams.models import User
from tests.standin import hostile
from tests.teams.conftest import PASSWORD, show_code
from tests.teams.identity import CLIENT_ID, CLIENT_SECRET, IdentityProvider, identity_provider, new_key

pytestmark = pytest.mark.django_db


def deeply_nested(start: bytes) -> Iterator[bytes]:
    yield hostile.JSON_HEAD + b"Connection: close\r\n\r\n" + b"[" * 100_000


LOGIN = "/accounts/oidc/sso/login/"
CALLBACK = "/accounts/oidc/sso/login/callback/"


@pytest.fixture
def provider(settings: Any) -> Iterator[IdentityProvider]:
    with identity_provider() as running:
        env = environ.Env()
        env.ENVIRON = {
            "OIDC_ISSUER": running.url,
            "OIDC_CLIENT_ID": CLIENT_ID,
            "OIDC_CLIENT_SECRET": CLIENT_SECRET,
            "OIDC_NAME": "Keycloak",
        }
        settings.SOCIALACCOUNT_PROVIDERS = oidc.providers(env)
        yield running


def start(client: Client, **query: str) -> str:
    """Returns the URL at the provider that the browser is redirected to."""
    response = client.get(LOGIN, query)
    assert response.status_code == 302
    return str(response.headers["Location"])


def finish(client: Client, provider_url: str) -> Any:
    """Our response after the user has agreed at the provider."""
    redirect = requests.get(provider_url, allow_redirects=False, timeout=5).headers["Location"]
    parts = urlsplit(redirect)
    assert parts.path == CALLBACK
    return client.get(f"{parts.path}?{parts.query}")


def sign_in(client: Client, **query: str) -> Any:
    return finish(client, start(client, **query))


def user_id(client: Client) -> str | None:
    return client.session.get("_auth_user_id")


def test_the_button_is_shown_only_if_a_provider_is_configured(
    client: Client, provider: IdentityProvider, settings: Any
):
    assert "Sign in with Keycloak" in client.get(reverse("account_login")).content.decode()
    settings.SOCIALACCOUNT_PROVIDERS = {}
    assert "Keycloak" not in client.get(reverse("account_login")).content.decode()
    assert client.get(LOGIN).status_code == 404
    assert client.get(CALLBACK).status_code == 404


@pytest.mark.parametrize("attack", [hostile.bomb, hostile.endless, hostile.dripping_body, deeply_nested])
def test_a_hostile_provider_is_cut_off(
    client: Client, provider: IdentityProvider, settings: Any, monkeypatch, attack: Any
):
    monkeypatch.setattr(bounded_session, "MAX_SECONDS", 0.5)
    with hostile.hostile_server(attack) as url:
        settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["settings"]["server_url"] = url
        began, response = time.monotonic(), client.get(LOGIN)
    assert time.monotonic() - began < 5
    assert (response.status_code, "Location" in response.headers) == (401, False)


def test_keys_without_end_sign_no_user_in(client: Client, provider: IdentityProvider, monkeypatch):
    monkeypatch.setattr(bounded_session, "MAX_BYTES", 5_000)
    url = start(client)
    provider.padding = "x" * 10_000
    finish(client, url)
    assert user_id(client) is None


def test_a_user_is_matched_by_verified_address(client: Client, alice: User, provider: IdentityProvider):
    response = sign_in(client, next="/queue")
    assert (response.status_code, response.headers["Location"]) == (302, "/queue")
    assert user_id(client) == str(alice.pk)
    alice.refresh_from_db()
    assert (alice.name, alice.check_password(PASSWORD)) == ("Alice", True)
    assert SocialAccount.objects.get().extra_data == {
        "userinfo": {
            "sub": "user-1",
            "email": "Alice@Example.com",
            "email_verified": True,
            "name": "Alice at the provider",
        }
    }


def test_the_first_sign_in_drops_a_password_that_was_set_before_any_proof(
    client: Client, alice: User, provider: IdentityProvider
):
    User.objects.filter(pk=alice.pk).update(address_proven_at=None)
    sign_in(client)
    alice.refresh_from_db()
    assert (user_id(client), alice.has_usable_password()) == (str(alice.pk), False)


def test_a_connected_user_is_matched_by_the_providers_id(client: Client, alice: User, provider: IdentityProvider):
    sign_in(client)
    provider.userinfo |= {"email": "new@example.com", "email_verified": False}
    again = Client()
    sign_in(again)
    assert user_id(again) == str(alice.pk)


def test_the_authorization_request_ignores_the_query_string(client: Client, provider: IdentityProvider):
    query = parse_qs(urlsplit(start(client, scope="admin", auth_params="prompt=none", process="connect")).query)
    assert {"state", "nonce", "code_challenge"} <= set(query)
    assert sorted(query.pop("scope")[0].split()) == ["email", "openid", "profile"]
    assert {name: query[name] for name in query if name not in {"state", "nonce", "code_challenge"}} == {
        "client_id": [CLIENT_ID],
        "redirect_uri": [f"http://testserver{CALLBACK}"],
        "response_type": ["code"],
        "code_challenge_method": ["S256"],
    }


@pytest.mark.parametrize("verified", [False, None, "false", "true", 1])
def test_an_unverified_address_signs_no_user_in(
    client: Client, alice: User, provider: IdentityProvider, settings: Any, verified: object
):
    settings.OIDC_SIGNUP = True
    provider.userinfo["email_verified"] = verified
    assert "No account found" in sign_in(client).content.decode()
    assert user_id(client) is None
    assert User.objects.count() == 1


def test_an_unknown_user_gets_no_account(client: Client, alice: User, provider: IdentityProvider):
    provider.userinfo["email"] = "eve@example.com"
    assert "No account found" in sign_in(client).content.decode()
    assert User.objects.count() == 1


def test_an_unknown_user_gets_an_account_with_oidc_signup(client: Client, provider: IdentityProvider, settings: Any):
    settings.OIDC_SIGNUP = True
    provider.userinfo["email"] = "Eve@example.com"
    assert sign_in(client).headers["Location"] == reverse("project_list")
    eve = User.objects.get()
    assert (eve.email, eve.name, eve.has_usable_password(), list(eve.teams.all())) == (
        "eve@example.com",
        "Alice at the provider",
        False,
        [],
    )
    assert "You're not in a team yet" in client.get(reverse("project_list")).content.decode()


def test_a_second_factor_is_still_required(client: Client, alice: User, secret: str, provider: IdentityProvider):
    assert sign_in(client).headers["Location"] == reverse("mfa_authenticate")
    assert user_id(client) is None
    client.post(reverse("mfa_authenticate"), {"code": show_code(secret)})
    assert user_id(client) == str(alice.pk)


def test_a_deactivated_user_cannot_sign_in(client: Client, alice: User, provider: IdentityProvider):
    User.objects.update(is_active=False)
    sign_in(client)
    assert user_id(client) is None


def is_refused(client: Client, response: Any) -> bool:
    return response.status_code == 401 and "Sign-in failed" in response.content.decode() and user_id(client) is None


def test_a_response_to_another_browser_is_refused(client: Client, alice: User, provider: IdentityProvider):
    """Sign-in CSRF: a victim opens the response to an attacker's request."""
    provider_url = start(Client())
    start(client)
    assert is_refused(client, finish(client, provider_url))


def test_a_response_works_once(client: Client, alice: User, provider: IdentityProvider):
    provider_url = start(client)
    redirect = urlsplit(requests.get(provider_url, allow_redirects=False, timeout=5).headers["Location"])
    client.get(f"{redirect.path}?{redirect.query}")
    client.post(reverse("account_logout"))
    assert is_refused(client, client.get(f"{redirect.path}?{redirect.query}"))


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another nonce"},
        {"nonce": None},
        {"aud": "another application"},
        {"iss": "https://elsewhere.example"},
        {"exp": 1},
        {"exp": None},
        {"sub": "another user"},
    ],
)
def test_a_token_with_wrong_claims_is_refused(
    client: Client, alice: User, provider: IdentityProvider, claims: dict[str, Any]
):
    provider.claims = claims
    assert is_refused(client, sign_in(client))


def test_a_token_signed_with_another_key_is_refused(client: Client, alice: User, provider: IdentityProvider):
    provider.signs_with = new_key()
    assert is_refused(client, sign_in(client))


@pytest.mark.parametrize(("algorithm", "key"), [("HS256", CLIENT_SECRET), ("none", None)])
def test_a_token_without_a_public_key_signature_is_refused(
    client: Client, alice: User, provider: IdentityProvider, algorithm: str, key: Any
):
    provider.algorithm, provider.signs_with = algorithm, key
    assert is_refused(client, sign_in(client))


def test_a_code_without_its_verifier_is_refused(client: Client, alice: User, provider: IdentityProvider):
    """Shows that the stand-in checks PKCE."""
    provider_url = start(client)
    redirect = requests.get(provider_url, allow_redirects=False, timeout=5).headers["Location"]
    next(iter(provider.requests.values()))["code_challenge"] = "another"
    assert is_refused(client, client.get(urlsplit(redirect)._replace(scheme="", netloc="").geturl()))


def test_cancelling_at_the_provider_is_explained(client: Client, provider: IdentityProvider):
    state = parse_qs(urlsplit(start(client)).query)["state"][0]
    response = client.get(CALLBACK, {"error": "access_denied", "state": state}, follow=True)
    assert "Sign-in cancelled" in response.content.decode()


def test_an_unreachable_provider_is_explained(client: Client, settings: Any, provider: IdentityProvider):
    settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["settings"]["server_url"] = "http://127.0.0.1:9"
    assert is_refused(client, client.get(LOGIN))
