"""Credentials from the key file of a Google Cloud service account."""

from __future__ import annotations

import json
from functools import lru_cache

from google.auth.exceptions import GoogleAuthError
from google.oauth2.service_account import Credentials

from generation.providers.base import ErrorKind, ProviderError

#: Fixed, because a team's file could name another host to send signed assertions to.
GRANT_URL = "https://oauth2.googleapis.com/token"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
#: No other field of the file is read.
FIELDS = ("client_email", "private_key", "private_key_id", "project_id")


@lru_cache(maxsize=32)
def read_credentials(text: str) -> Credentials:
    """Raises ProviderError."""
    try:
        file = json.loads(text)
        fields = {name: str(file[name]) for name in FIELDS} | {"token_uri": GRANT_URL, "type": "service_account"}
        credentials: Credentials = Credentials.from_service_account_info(fields, scopes=[SCOPE])
    except (ValueError, RecursionError, KeyError, TypeError, GoogleAuthError) as error:
        message = "Not a service account key file. Download the key from Google Cloud as JSON."
        raise ProviderError(ErrorKind.AUTH, message) from error
    return credentials
