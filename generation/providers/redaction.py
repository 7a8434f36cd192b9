"""Removes this process's secrets from text.

Each `Account` registers its key when it is created. Each `ProviderError` and log line passes through `redact`.
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict

PLACEHOLDER = "(the key)"
#: Shorter secrets are not redacted, because they occur in ordinary words.
MIN_CHARACTERS = 6
#: Above this, the least recently used secrets are forgotten.
MAX_SECRETS = 1_000
#: Fields of a service account's file.
SECRET_FIELDS = ("private_key", "private_key_id")

_secrets: OrderedDict[str, None] = OrderedDict()
_BEARER = re.compile(r"(?i)\b(bearer\s+|ya29\.)[\w.~+/=-]{6,}")


def remember(secret: str) -> None:
    for part in _split_secret(secret):
        if len(part) >= MIN_CHARACTERS:
            _secrets[part] = None
            _secrets.move_to_end(part)
    while len(_secrets) > MAX_SECRETS:
        _secrets.popitem(last=False)


def redact(text: str) -> str:
    """The text with a placeholder for each secret, and for the start of one at the end of a text that was cut off."""
    for secret in sorted(_secrets, key=len, reverse=True):  # longest first: a secret may begin with another
        text = text.replace(secret, PLACEHOLDER)
    length = max((_count_cut_off(text, secret) for secret in _secrets), default=0)
    if length >= MIN_CHARACTERS:
        text = text[:-length] + PLACEHOLDER
    return _BEARER.sub(rf"\1{PLACEHOLDER}", text)


def _count_cut_off(text: str, secret: str) -> int:
    # With how many first characters of the secret the text ends.
    start = secret[:MIN_CHARACTERS]
    at = text.rfind(start, max(0, len(text) - len(secret)))
    return len(text) - at if at >= 0 and secret.startswith(text[at:]) else 0


def _split_secret(secret: str) -> list[str]:
    # A key itself. Of a service account's key file also the secret fields and their lines, which survive JSON escaping.
    if not secret.lstrip().startswith("{"):
        return [secret]
    try:
        file = json.loads(secret)
    except (ValueError, RecursionError):
        return [secret]
    parts = [secret]
    for name in SECRET_FIELDS:
        value = file.get(name) if isinstance(file, dict) else None
        if isinstance(value, str):
            parts += [value, *(line for line in value.splitlines() if not line.startswith("-----"))]
    return parts
