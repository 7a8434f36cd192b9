"""The identity provider as the environment describes it."""

from __future__ import annotations

from typing import Any

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured

from imageai_web import oidc

WHOLE = {
    "OIDC_ISSUER": "https://id.example.com/realms/film/",
    "OIDC_CLIENT_ID": "imageai",
    "OIDC_CLIENT_SECRET": "open sesame",
}


def providers(variables: dict[str, str]) -> dict[str, Any]:
    env = environ.Env()
    env.ENVIRON = variables
    return oidc.providers(env)


def test_nothing_set_is_no_provider():
    assert providers({}) == {}
    assert providers(dict.fromkeys(WHOLE, " ")) == {}


def test_a_provider_with_pkce():
    assert providers(WHOLE | {"OIDC_NAME": "Keycloak"}) == {
        "openid_connect": {
            "APPS": [
                {
                    "provider_id": "sso",
                    "name": "Keycloak",
                    "client_id": "imageai",
                    "secret": "open sesame",
                    "settings": {
                        "server_url": "https://id.example.com/realms/film",
                        "oauth_pkce_enabled": True,
                    },
                }
            ]
        }
    }


@pytest.mark.parametrize("missing", sorted(WHOLE))
def test_half_of_it_stops_the_start_with_what_is_missing(missing: str):
    with pytest.raises(ImproperlyConfigured, match=f"but {missing} is not"):
        providers({name: value for name, value in WHOLE.items() if name != missing})


def test_a_name_alone_is_half_of_it():
    with pytest.raises(ImproperlyConfigured, match="OIDC_NAME is set, but OIDC_ISSUER and OIDC_CLIENT_ID and"):
        providers({"OIDC_NAME": "Keycloak"})


def test_an_address_that_is_none():
    with pytest.raises(ImproperlyConfigured, match=r"OIDC_ISSUER is 'id\.example\.com', which is no address"):
        providers(WHOLE | {"OIDC_ISSUER": "id.example.com"})
