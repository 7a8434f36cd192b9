"""Reading the identity provider from the environment."""

from __future__ import annotations

from typing import Any

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured

from imageai_web import oidc

COMPLETE = {
    "OIDC_ISSUER": "https://id.example.com/realms/film/",
    "OIDC_CLIENT_ID": "imageai",
    "OIDC_CLIENT_SECRET": "open sesame",
}


def providers(variables: dict[str, str]) -> dict[str, Any]:
    env = environ.Env()
    env.ENVIRON = variables
    return oidc.providers(env)


def test_without_variables_there_is_no_provider():
    assert providers({}) == {}
    assert providers(dict.fromkeys(COMPLETE, " ")) == {}


def test_a_complete_set_of_variables_configures_a_provider_with_pkce():
    assert providers(COMPLETE | {"OIDC_NAME": "Keycloak"}) == {
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


@pytest.mark.parametrize("missing", sorted(COMPLETE))
def test_a_missing_variable_is_named(missing: str):
    with pytest.raises(ImproperlyConfigured, match=f"but not {missing}"):
        providers({name: value for name, value in COMPLETE.items() if name != missing})


def test_all_missing_variables_are_named():
    with pytest.raises(ImproperlyConfigured, match="OIDC_NAME is set, but not OIDC_ISSUER and OIDC_CLIENT_ID and"):
        providers({"OIDC_NAME": "Keycloak"})


def test_an_invalid_issuer_is_rejected():
    with pytest.raises(ImproperlyConfigured, match=r"OIDC_ISSUER is not a valid http\(s\) URL: 'id\.example\.com'"):
        providers(COMPLETE | {"OIDC_ISSUER": "id.example.com"})
