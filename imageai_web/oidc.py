"""The identity provider that the environment describes, as allauth wants it in settings.SOCIALACCOUNT_PROVIDERS.

Half of it stops the start with the name of what is missing.
"""

from __future__ import annotations

from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from imageai_web.provider_env import address, text

NEEDED = ("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET")
OPTIONAL = ("OIDC_NAME", "OIDC_SIGNUP")


def providers(env: environ.Env) -> dict[str, Any]:
    given = [name for name in (*NEEDED, *OPTIONAL) if text(env, name)]
    missing = [name for name in NEEDED if name not in given]
    if not given:
        return {}
    if missing:
        raise ImproperlyConfigured(
            f"{given[0]} is set, but {' and '.join(missing)} is not: signing in through an identity provider needs "
            f"{', '.join(NEEDED)}. Set {'it' if len(missing) == 1 else 'them'}, or leave all OIDC settings out."
        )
    app = {
        "provider_id": "sso",
        "name": text(env, "OIDC_NAME") or "single sign-on",
        "client_id": text(env, "OIDC_CLIENT_ID"),
        "secret": text(env, "OIDC_CLIENT_SECRET"),
        "settings": {"server_url": address(env, "OIDC_ISSUER"), "oauth_pkce_enabled": True},
    }
    return {"openid_connect": {"APPS": [app]}}
