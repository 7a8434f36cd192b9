"""The one place that knows which secrets must not be told, and takes them out of a text.

An `Account` makes its key known here when it is made; every `ProviderError` and every line of the log passes through
`redacted`.
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict

INSTEAD = "(the key)"
#: What is shorter is in many words by chance.
LEAST_CHARACTERS = 6
#: Keys of this process's accounts; those that were used longest ago are forgotten.
MOST_SECRETS = 1_000
#: Of a service account's file.
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
    """Also without the beginning of a secret that the text ends with, as one does that was cut off."""
    for secret in sorted(_known, key=len, reverse=True):  # one may be the beginning of another
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
    """A key itself; of a service account's file its secret lines as well, however they are written down."""
    if not secret.lstrip().startswith("{"):
        return [secret]
    try:
        told = json.loads(secret)
    except ValueError:
        return [secret]
    found = [secret]
    for name in SECRET_FIELDS:
        value = told.get(name) if isinstance(told, dict) else None
        if isinstance(value, str):
            found += [value, *(line for line in value.splitlines() if not line.startswith("-----"))]
    return found
