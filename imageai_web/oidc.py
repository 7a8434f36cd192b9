"""Reads the identity provider from the environment, in the form of settings.SOCIALACCOUNT_PROVIDERS."""

from __future__ import annotations

from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from imageai_web.provider_env import address, text

REQUIRED = ("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET")
OPTIONAL = ("OIDC_NAME", "OIDC_SIGNUP")


def providers(env: environ.Env) -> dict[str, Any]:
    """Empty if nothing is set. Raises ImproperlyConfigured, naming the missing variables, if only some are."""
    given = [name for name in (*REQUIRED, *OPTIONAL) if text(env, name)]
    missing = [name for name in REQUIRED if name not in given]
    if not given:
        return {}
    if missing:
        raise ImproperlyConfigured(
            f"{given[0]} is set, but not {' and '.join(missing)}. Sign-in through an identity provider requires "
            f"{', '.join(REQUIRED)}. Set all of them, or remove all OIDC settings."
        )
    app = {
        "provider_id": "sso",
        "name": text(env, "OIDC_NAME") or "single sign-on",
        "client_id": text(env, "OIDC_CLIENT_ID"),
        "secret": text(env, "OIDC_CLIENT_SECRET"),
        "settings": {"server_url": address(env, "OIDC_ISSUER"), "oauth_pkce_enabled": True},
    }
    return {"openid_connect": {"APPS": [app]}}
