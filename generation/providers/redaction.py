"""Knows this process's secrets and removes them from text.

Each `Account` registers its key when it is created; each `ProviderError` and log line passes through `redacted`.
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict

INSTEAD = "(the key)"
#: Anything shorter occurs in other words by chance.
LEAST_CHARACTERS = 6
#: The least recently used keys are forgotten first.
MOST_SECRETS = 1_000
#: Fields of a service account's file.
SECRET_FIELDS = ("private_key", "private_key_id")

_known: OrderedDict[str, None] = OrderedDict()
_BEARER = re.compile(r"(?i)\b(bearer\s+|ya29\.)[\w.~+/=-]{6,}")


def remember(secret: str) -> None:
    for text in _parts_of(secret):
        if len(text) >= LEAST_CHARACTERS:
            _known[text] = None
            _known.move_to_end(text)
    while len(_known) > MOST_SECRETS:
        _known.popitem(last=False)


def redacted(text: str) -> str:
    """Also removes the beginning of a secret from the end of a text that was cut off."""
    for secret in sorted(_known, key=len, reverse=True):  # longest first: a secret may begin with another
        text = text.replace(secret, INSTEAD)
    cut = max((_beginning_at_end(text, secret) for secret in _known), default=0)
    if cut >= LEAST_CHARACTERS:
        text = text[:-cut] + INSTEAD
    return _BEARER.sub(rf"\1{INSTEAD}", text)


def _beginning_at_end(text: str, secret: str) -> int:
    """How many characters of the secret the text ends with."""
    start = secret[:LEAST_CHARACTERS]
    at = text.rfind(start, max(0, len(text) - len(secret)))
    return len(text) - at if at >= 0 and secret.startswith(text[at:]) else 0


def _parts_of(secret: str) -> list[str]:
    """A key itself; for a service account's file, also its secret fields and their lines, however they are escaped."""
    if not secret.lstrip().startswith("{"):
        return [secret]
    try:
        file = json.loads(secret)
    except ValueError:
        return [secret]
    found = [secret]
    for name in SECRET_FIELDS:
        value = file.get(name) if isinstance(file, dict) else None
        if isinstance(value, str):
            found += [value, *(line for line in value.splitlines() if not line.startswith("-----"))]
    return found
