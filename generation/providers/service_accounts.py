"""Credentials from the text of a Google Cloud service account's key file."""

from __future__ import annotations

import json
from functools import lru_cache

from google.auth.exceptions import GoogleAuthError
from google.oauth2.service_account import Credentials

from generation.providers.base import ErrorKind, ProviderError

#: Fixed, so that a team's file cannot have signed assertions sent to another host.
GRANTED_AT = "https://oauth2.googleapis.com/token"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
#: The only fields that are read.
FIELDS = ("client_email", "private_key", "private_key_id", "project_id")


@lru_cache(maxsize=32)
def credentials_from(text: str) -> Credentials:
    """Raises ProviderError."""
    try:
        file = json.loads(text)
        fields = {name: str(file[name]) for name in FIELDS} | {"token_uri": GRANTED_AT, "type": "service_account"}
        credentials: Credentials = Credentials.from_service_account_info(fields, scopes=[SCOPE])
    except (ValueError, KeyError, TypeError, GoogleAuthError) as error:
        message = "That is no service account's file. Download its key from Google Cloud as JSON."
        raise ProviderError(ErrorKind.AUTH, message) from error
    return credentials
