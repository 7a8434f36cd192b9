"""Keys are taken out of texts: whole, quoted, cut off, and as tokens of others."""

from __future__ import annotations

import json

import pytest

from generation.providers.base import Account
from generation.providers.redaction import redacted

KEY = "sk-Redaction-0123456789-abcdef"


@pytest.fixture(autouse=True)
def known() -> None:
    Account(key=KEY)
    Account(key=f"{KEY}-and-longer")
    Account(key=f"{KEY[3:]}-of-somebody-else-which-begins-as-the-other-ends")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Nothing of the kind", "Nothing of the kind"),
        (f"Bad key {KEY}.", "Bad key (the key)."),
        (f"Bad key {KEY}", "Bad key (the key)"),
        (f"{KEY}, {KEY}", "(the key), (the key)"),
        (f"{KEY}-and-longer", "(the key)"),
        (f"Bad key {KEY[:12]}", "Bad key (the key)"),
        (f"Bad key {KEY}, again {KEY[:9]}", "Bad key (the key), again (the key)"),
        (f"Bad key {KEY[:5]}", f"Bad key {KEY[:5]}"),
        ("Authorization: Bearer ya29.somebody-elses", "Authorization: Bearer (the key)"),
    ],
)
def test_what_is_left_of_a_text(text: str, left: str):
    assert redacted(text) == left


def test_short_words_are_no_secrets():
    Account(key="none")
    assert redacted("There is none.") == "There is none."


def test_a_service_accounts_secret_lines(service_account: dict[str, str]):
    Account(key=json.dumps(service_account))
    line = service_account["private_key"].splitlines()[3]
    told = f"{json.dumps(service_account)} {line} {service_account['private_key_id']} {service_account['private_key']}"
    left = redacted(told)
    assert (line in left, service_account["private_key_id"] in left, "PRIVATE KEY" in left) == (False, False, False)
