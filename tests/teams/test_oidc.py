"""Signing in through an identity provider, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import environ
import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from django.urls import reverse

from imageai_web import oidc
from teams.models import User
from tests.teams.conftest import PASSWORD, code_of
from tests.teams.identity import CLIENT_ID, CLIENT_SECRET, IdentityProvider, identity_provider, new_key

pytestmark = pytest.mark.django_db

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


def ask(client: Client, **query: str) -> str:
    """The address at the provider that the browser is sent to."""
    response = client.get(LOGIN, query)
    assert response.status_code == 302
    return str(response.headers["Location"])


def come_back(client: Client, at_provider: str) -> Any:
    """What our server answers once the person has agreed."""
    agreed = requests.get(at_provider, allow_redirects=False, timeout=5).headers["Location"]
    parts = urlsplit(agreed)
    assert parts.path == CALLBACK
    return client.get(f"{parts.path}?{parts.query}")


def sign_in(client: Client, **query: str) -> Any:
    return come_back(client, ask(client, **query))


def who(client: Client) -> str | None:
    return client.session.get("_auth_user_id")


def test_the_button_is_there_when_it_is_configured(client: Client, provider: IdentityProvider, settings: Any):
    assert "Sign in with Keycloak" in client.get(reverse("account_login")).content.decode()
    settings.SOCIALACCOUNT_PROVIDERS = {}
    assert "Keycloak" not in client.get(reverse("account_login")).content.decode()
    assert client.get(LOGIN).status_code == 404
    assert client.get(CALLBACK).status_code == 404


def test_a_person_is_known_by_the_verified_address(client: Client, alice: User, provider: IdentityProvider):
    response = sign_in(client, next="/queue")
    assert (response.status_code, response.headers["Location"]) == (302, "/queue")
    assert who(client) == str(alice.pk)
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


def test_and_by_the_account_from_then_on(client: Client, alice: User, provider: IdentityProvider):
    sign_in(client)
    provider.userinfo |= {"email": "new@example.com", "email_verified": False}
    again = Client()
    sign_in(again)
    assert who(again) == str(alice.pk)


def test_what_is_sent_along(client: Client, provider: IdentityProvider):
    query = parse_qs(urlsplit(ask(client, scope="admin", auth_params="prompt=none", process="connect")).query)
    assert {"state", "nonce", "code_challenge"} <= set(query)
    assert sorted(query.pop("scope")[0].split()) == ["email", "openid", "profile"]
    assert {name: query[name] for name in query if name not in {"state", "nonce", "code_challenge"}} == {
        "client_id": [CLIENT_ID],
        "redirect_uri": [f"http://testserver{CALLBACK}"],
        "response_type": ["code"],
        "code_challenge_method": ["S256"],
    }


@pytest.mark.parametrize("verified", [False, None, "false", "true", 1])
def test_an_address_that_is_not_verified_is_nobodys(
    client: Client, alice: User, provider: IdentityProvider, settings: Any, verified: object
):
    settings.OIDC_SIGNUP = True
    provider.userinfo["email_verified"] = verified
    assert "There is no account for you here" in sign_in(client).content.decode()
    assert who(client) is None
    assert User.objects.count() == 1


def test_a_stranger_gets_no_account(client: Client, alice: User, provider: IdentityProvider):
    provider.userinfo["email"] = "eve@example.com"
    assert "There is no account for you here" in sign_in(client).content.decode()
    assert User.objects.count() == 1


def test_a_stranger_gets_one_where_the_operator_wants_it(client: Client, provider: IdentityProvider, settings: Any):
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


def test_a_second_factor_is_asked_for_all_the_same(
    client: Client, alice: User, secret: str, provider: IdentityProvider
):
    assert sign_in(client).headers["Location"] == reverse("mfa_authenticate")
    assert who(client) is None
    client.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    assert who(client) == str(alice.pk)


def test_an_account_that_is_closed_stays_closed(client: Client, alice: User, provider: IdentityProvider):
    User.objects.update(is_active=False)
    sign_in(client)
    assert who(client) is None


def refused(client: Client, response: Any) -> bool:
    return (
        response.status_code == 401 and "That did not sign you in" in response.content.decode() and who(client) is None
    )


def test_another_browsers_answer_is_refused(client: Client, alice: User, provider: IdentityProvider):
    """Somebody who is made to open the answer to a request of somebody else."""
    at_provider = ask(Client())
    ask(client)
    assert refused(client, come_back(client, at_provider))


def test_an_answer_counts_once(client: Client, alice: User, provider: IdentityProvider):
    at_provider = ask(client)
    agreed = urlsplit(requests.get(at_provider, allow_redirects=False, timeout=5).headers["Location"])
    client.get(f"{agreed.path}?{agreed.query}")
    client.post(reverse("account_logout"))
    assert refused(client, client.get(f"{agreed.path}?{agreed.query}"))


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "of another request"},
        {"nonce": None},
        {"aud": "another application"},
        {"iss": "https://elsewhere.example"},
        {"exp": 1},
        {"exp": None},
        {"sub": "somebody else"},
    ],
)
def test_a_token_that_is_not_the_answer_is_refused(
    client: Client, alice: User, provider: IdentityProvider, claims: dict[str, Any]
):
    provider.claims = claims
    assert refused(client, sign_in(client))


def test_a_token_signed_by_somebody_else_is_refused(client: Client, alice: User, provider: IdentityProvider):
    provider.signs_with = new_key()
    assert refused(client, sign_in(client))


@pytest.mark.parametrize(("algorithm", "key"), [("HS256", CLIENT_SECRET), ("none", None)])
def test_a_token_that_anybody_could_have_made_is_refused(
    client: Client, alice: User, provider: IdentityProvider, algorithm: str, key: Any
):
    provider.algorithm, provider.signs_with = algorithm, key
    assert refused(client, sign_in(client))


def test_a_code_without_the_verifier_is_worth_nothing(client: Client, alice: User, provider: IdentityProvider):
    """Of the stand-in: PKCE is really checked."""
    at_provider = ask(client)
    agreed = requests.get(at_provider, allow_redirects=False, timeout=5).headers["Location"]
    next(iter(provider.requests.values()))["code_challenge"] = "another"
    assert refused(client, client.get(urlsplit(agreed)._replace(scheme="", netloc="").geturl()))


def test_a_person_who_changes_their_mind(client: Client, provider: IdentityProvider):
    state = parse_qs(urlsplit(ask(client)).query)["state"][0]
    response = client.get(CALLBACK, {"error": "access_denied", "state": state}, follow=True)
    assert "You stopped signing in" in response.content.decode()


def test_a_provider_that_is_not_there(client: Client, settings: Any, provider: IdentityProvider):
    settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["settings"]["server_url"] = "http://127.0.0.1:9"
    assert refused(client, client.get(LOGIN))
