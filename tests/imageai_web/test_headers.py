"""What every answer carries, and what is not read at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.test import Client
from django.urls import reverse

from bench.installation import ROOT, clean_environment
from generation.models import Generation
from imageai_web import limits
from projects.models import Scene
from teams.models import User
from tests.imageai_web.observatory import score

PRODUCTION = {"HTTPS": "true", "BEHIND_PROXY": "true", "ALLOWED_HOSTS": "film.example"}


@pytest.fixture
def in_production(settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 63_072_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True


@pytest.mark.django_db
@pytest.mark.usefixtures("in_production")
def test_the_score_of_the_headers(alice: User, scene: Scene):
    client = Client()
    sign_in = client.get(reverse("account_login"), secure=True)
    client.force_login(alice)
    board = client.get(reverse("storyboard", args=[scene.project_id]), secure=True)
    assert (sign_in.status_code, board.status_code) == (200, 200)
    assert (score(sign_in), score(board)) == (155, 155)


@pytest.mark.django_db
@pytest.mark.usefixtures("in_production")
def test_http_is_sent_to_https(client: Client):
    response = client.get(reverse("account_login"))
    assert (response.status_code, response.headers["Location"]) == (301, "https://testserver/accounts/login/")


@pytest.mark.django_db
def test_pages_are_not_kept_by_the_browser(alice: User, scene: Scene, make_take: Any):
    take: Generation = make_take(scene, clip=b"clip")
    client = Client()
    client.force_login(alice)
    kept = {
        name: client.get(reverse(name, args=[pk])).headers["Cache-Control"]
        for name, pk in [("scene_page", scene.pk), ("take_strip", scene.pk), ("take_poster", take.pk)]
    }
    for_ever = "private, max-age=31536000, immutable"
    assert kept == {"scene_page": "no-store", "take_strip": "no-store", "take_poster": for_ever}


@pytest.mark.django_db
def test_media_is_what_it_says_and_for_this_site_only(alice: User, scene: Scene, make_take: Any):
    take: Generation = make_take(scene, clip=b"<html>not a clip</html>")
    client = Client()
    client.force_login(alice)
    headers = client.get(reverse("take_clip", args=[take.pk])).headers
    assert headers["Content-Type"] == "video/mp4"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.django_db
def test_signing_out_clears_what_the_browser_has_kept(alice: User):
    client = Client()
    client.force_login(alice)
    asked, done = client.get(reverse("account_logout")), client.post(reverse("account_logout"))
    cleared = [response.headers.get("Clear-Site-Data") for response in (asked, done)]
    assert cleared == [None, '"cache", "storage"']
    assert client.get(reverse("project_list")).status_code == 302


def test_the_deployment_check_has_nothing_to_say(tmp_path: Path):
    checked = subprocess.run(
        [sys.executable, ROOT / "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        env=clean_environment() | PRODUCTION | {"IMAGEAI_DATA": str(tmp_path), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout.strip()) == (0, "System check identified no issues (0 silenced).")


# -- Too large ---------------------------------------------------------------------------------------------------------


async def reads_all(scope: Any, receive: Any, send: Any) -> None:
    """As Django does: the whole body, then an answer; nothing for one that has gone."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"read"})


async def answer_to(*chunks: bytes, **headers: str) -> tuple[int, bytes]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await limits.cap_body(reads_all, scope, receive, send)

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    asked = ApplicationCommunicator(app, {"type": "http", "path": "/", "headers": named})
    for chunk in chunks:
        await asked.send_input({"type": "http.request", "body": chunk, "more_body": True})
    await asked.send_input({"type": "http.request", "body": b"", "more_body": False})
    start, body = await asked.receive_output(), await asked.receive_output()
    return start["status"], body["body"]


async def test_a_request_of_the_allowed_size_is_read(settings: Any):
    settings.MAX_REQUEST_BYTES = 10
    assert await answer_to(b"12345", b"67890", content_length="10") == (200, b"read")


async def test_a_request_that_says_it_is_too_large_is_not_read(settings: Any):
    settings.MAX_REQUEST_BYTES = 10 * 1024**2
    status, page = await answer_to(content_length=str(4 * 1024**3))
    assert status == 413
    assert "That is more than 10 MB" in page.decode()
    assert "Nothing was changed." in page.decode()


async def test_a_request_that_turns_out_too_large_is_cut_off(settings: Any):
    settings.MAX_REQUEST_BYTES = 10
    status, sentence = await answer_to(b"123456", b"7890abc", hx_request="true")
    assert status == 413
    assert sentence.startswith(b"That is more than 0 MB")


async def test_a_length_that_is_no_number_is_refused(settings: Any):
    assert (await answer_to(content_length="-5"))[0] == 413
