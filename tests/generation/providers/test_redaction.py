"""Keys are taken out of texts: whole, quoted, cut off, and as tokens of others."""

from __future__ import annotations

import json

import pytest

from generation.providers.base import Account
from generation.providers.redaction import redact

KEY = "sk-Redaction-0123456789-abcdef"


@pytest.fixture(autouse=True)
def known() -> None:
    Account(key=KEY)
    Account(key=f"{KEY}-and-longer")
    Account(key=f"{KEY[3:]}-of-another-account-which-begins-as-the-first-ends")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nothing of the kind", "Nothing of the kind"),
        (f"Bad key {KEY}.", "Bad key (the key)."),
        (f"Bad key {KEY}", "Bad key (the key)"),
        (f"{KEY}, {KEY}", "(the key), (the key)"),
        (f"{KEY}-and-longer", "(the key)"),
        (f"Bad key {KEY[:12]}", "Bad key (the key)"),
        (f"Bad key {KEY}, again {KEY[:9]}", "Bad key (the key), again (the key)"),
        (f"Bad key {KEY[:5]}", f"Bad key {KEY[:5]}"),
        ("Authorization: Bearer ya29.another-accounts", "Authorization: Bearer (the key)"),
    ],
)
def test_secrets_are_replaced_by_a_placeholder(text: str, expected: str):
    assert redact(text) == expected


def test_a_short_secret_is_not_redacted():
    Account(key="none")
    assert redact("There is none.") == "There is none."


def test_the_secret_fields_of_a_service_account_are_redacted(service_account: dict[str, str]):
    Account(key=json.dumps(service_account))
    line = service_account["private_key"].splitlines()[3]
    text = f"{json.dumps(service_account)} {line} {service_account['private_key_id']} {service_account['private_key']}"
    redacted = redact(text)
    assert (line in redacted, service_account["private_key_id"] in redacted, "PRIVATE KEY" in redacted) == (
        False,
        False,
        False,
    )
