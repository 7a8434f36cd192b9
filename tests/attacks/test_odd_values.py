"""Every URL with values that no form of the application would send: an answer, never a server error."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.attacks.access_table import ROWS, Row, Who
from tests.attacks.world import PATTERNS, World, rolled_back

pytestmark = pytest.mark.django_db

#: Every name that a view or form of the application reads.
NAMES = tuple(
    """
    a action act after answer aspect_ratio at b before by camera_move cap_month cap_total clip column confirm_above
    count download duration email expected field file fit format from include kind label model model_id moment name note
    once only_empty overlay page pair panels person position preview previewed price prompt required resolution role rows
    scene scenes script seconds seed seen size style take take_number team text title to v value warn_at was write
    """.split()  # noqa: SIM905  # one name per line would fill the file
)
HUGE = "9" * 40
ODD = [
    pytest.param("\x00", id="nul"),
    pytest.param(HUGE, id="huge"),
    pytest.param(f"-{HUGE}", id="hugely negative"),
    pytest.param("1e999999", id="infinite"),
    pytest.param("²", id="a digit that int() refuses"),
    pytest.param(f"1-{HUGE}-x", id="a list of ids"),
    pytest.param("ab\r\nSet-Cookie: a=b", id="header"),
    pytest.param("🎬" * 500, id="long"),
    pytest.param("🎬" * 5_000, id="very long", marks=pytest.mark.long),
]
SIGNED_IN_URLS = [pattern for pattern in PATTERNS if ROWS.get(str(pattern.name), Row()) != Row(read=Who.ANYONE)]


@pytest.mark.parametrize("value", ODD)
def test_odd_values_never_cause_a_server_error(value: str, world: World, visitors: dict[str, Client]):
    owner = visitors["alice"]
    everything = dict.fromkeys(NAMES, value)
    broken = []
    for pattern in SIGNED_IN_URLS:
        address = world.address(pattern)
        for send in (
            lambda at=address: owner.get(at, everything),
            lambda at=address: owner.post(at, everything, query_params=everything, headers={"HX-Request": "true"}),
        ):
            with rolled_back(owner):
                response = send()
            if response.status_code >= 500:
                broken.append((str(pattern.name), response.status_code))
            assert "a" not in response.cookies
    assert broken == []


def test_unexpected_files_never_cause_a_server_error(world: World, visitors: dict[str, Client]):
    def file() -> SimpleUploadedFile:
        return SimpleUploadedFile("../../\x00evil.php", b"<?php system($_GET[0]);", content_type="image/png")

    broken = []
    for pattern in SIGNED_IN_URLS:
        with rolled_back(visitors["alice"]):
            response = visitors["alice"].post(world.address(pattern), {name: file() for name in NAMES})
        if response.status_code >= 500:
            broken.append((str(pattern.name), response.status_code))
    assert broken == []


@pytest.mark.parametrize("number", [HUGE, "0", "00000000001"])
def test_an_unknown_id_answers_404(number: str, world: World, visitors: dict[str, Client]):
    for pattern in SIGNED_IN_URLS:
        first, *_ = pattern.pattern.converters or [""]
        if first == "pk" and number != "00000000001":
            parts = world.address(pattern).split("/")
            parts[2] = number
            assert visitors["alice"].get("/".join(parts)).status_code in (404, 405)
            assert visitors["alice"].post("/".join(parts)).status_code in (404, 405)
