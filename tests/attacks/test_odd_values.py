"""Every address that takes something, given what no form of ours would send: an answer, never a defect."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.attacks.access_table import ROWS, Row, Who
from tests.attacks.world import PATTERNS, World, taken_back

pytestmark = pytest.mark.django_db

#: Every name that a view or form of ours reads.
NAMES = tuple(
    """
    a action act after answer aspect_ratio at b before behind by camera_move cap_month cap_total clip column confirm_above
    count duration email expected field file fit format from include kind label model model_id moment name note
    only_empty page panels person position preview previewed price prompt required resolution role rows scene scenes
    script seed seen size style take take_number team text title to value warn_at was write
    """.split()  # noqa: SIM905  # a list of one name a line would be all there is to see here
)
HUGE = "9" * 40
ODD = [
    pytest.param("\x00", id="nul"),
    pytest.param(HUGE, id="huge"),
    pytest.param(f"-{HUGE}", id="hugely negative"),
    pytest.param("1e999999", id="endless"),
    pytest.param("²", id="a digit that is none"),
    pytest.param(f"1-{HUGE}-x", id="a list of ids"),
    pytest.param("ab\r\nSet-Cookie: a=b", id="header"),
    pytest.param("🎬" * 500, id="long"),
    pytest.param("🎬" * 5_000, id="very long", marks=pytest.mark.long),
]
TAKES = [pattern for pattern in PATTERNS if ROWS.get(str(pattern.name), Row()) != Row(read=Who.EVERYBODY)]


@pytest.mark.parametrize("value", ODD)
def test_nothing_sent_is_a_defect(value: str, world: World, visitors: dict[str, Client]):
    owner = visitors["alice"]
    everything = dict.fromkeys(NAMES, value)
    broken = []
    for pattern in TAKES:
        address = world.address(pattern)
        for ask in (
            lambda at=address: owner.get(at, everything),
            lambda at=address: owner.post(at, everything, query_params=everything, headers={"HX-Request": "true"}),
        ):
            with taken_back(owner):
                response = ask()
            if response.status_code >= 500:
                broken.append((str(pattern.name), response.status_code))
            assert "a" not in response.cookies
    assert broken == []


def test_files_where_none_belong(world: World, visitors: dict[str, Client]):
    def file() -> SimpleUploadedFile:
        return SimpleUploadedFile("../../\x00evil.php", b"<?php system($_GET[0]);", content_type="image/png")

    broken = []
    for pattern in TAKES:
        with taken_back(visitors["alice"]):
            response = visitors["alice"].post(world.address(pattern), {name: file() for name in NAMES})
        if response.status_code >= 500:
            broken.append((str(pattern.name), response.status_code))
    assert broken == []


@pytest.mark.parametrize("number", [HUGE, "0", "00000000001"])
def test_a_number_that_no_row_has(number: str, world: World, visitors: dict[str, Client]):
    for pattern in TAKES:
        first, *_ = pattern.pattern.converters or [""]
        if first == "pk" and number != "00000000001":
            parts = world.address(pattern).split("/")
            parts[2] = number
            assert visitors["alice"].get("/".join(parts)).status_code in (404, 405)
            assert visitors["alice"].post("/".join(parts)).status_code in (404, 405)
