"""Service accounts of Google Cloud, from the text of the file that Google gives for one."""

from __future__ import annotations

import json
from functools import lru_cache

from google.auth.exceptions import GoogleAuthError
from google.oauth2.service_account import Credentials

from generation.providers.base import ErrorKind, ProviderError

#: Named, so that a file cannot have what is signed with it sent elsewhere.
GRANTED_AT = "https://oauth2.googleapis.com/token"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
#: What is read of a file.
FIELDS = ("client_email", "private_key", "private_key_id", "project_id")


@lru_cache(maxsize=32)
def credentials_from(text: str) -> Credentials:
    """Raises ProviderError."""
    try:
        told = json.loads(text)
        fields = {name: str(told[name]) for name in FIELDS} | {"token_uri": GRANTED_AT, "type": "service_account"}
        credentials: Credentials = Credentials.from_service_account_info(fields, scopes=[SCOPE])
    except (ValueError, KeyError, TypeError, GoogleAuthError) as error:
        message = "That is no service account's file. Download its key from Google Cloud as JSON."
        raise ProviderError(ErrorKind.AUTH, message) from error
    return credentials
