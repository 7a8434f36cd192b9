"""Response headers, and the limit for request bodies."""

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
def test_the_observatory_score_is_155(alice: User, scene: Scene):
    client = Client()
    sign_in = client.get(reverse("account_login"), secure=True)
    client.force_login(alice)
    board = client.get(reverse("storyboard", args=[scene.project_id]), secure=True)
    assert (sign_in.status_code, board.status_code) == (200, 200)
    assert (score(sign_in), score(board)) == (155, 155)


@pytest.mark.django_db
@pytest.mark.usefixtures("in_production")
def test_http_redirects_to_https(client: Client):
    response = client.get(reverse("account_login"))
    assert (response.status_code, response.headers["Location"]) == (301, "https://testserver/accounts/login/")


@pytest.mark.django_db
def test_pages_are_not_cached_and_media_is(alice: User, scene: Scene, make_take: Any):
    take: Generation = make_take(scene, clip=b"clip")
    client = Client()
    client.force_login(alice)
    cache_control = {
        name: client.get(reverse(name, args=[pk]), {"v": take.files_version}).headers["Cache-Control"]
        for name, pk in [("scene_page", scene.pk), ("take_strip", scene.pk), ("take_poster", take.pk)]
    }
    forever = "private, max-age=31536000, immutable"
    assert cache_control == {"scene_page": "no-store", "take_strip": "no-store", "take_poster": forever}


@pytest.mark.django_db
def test_media_has_its_own_type_and_is_for_this_site_only(alice: User, scene: Scene, make_take: Any):
    take: Generation = make_take(scene, clip=b"<html>not a clip</html>")
    client = Client()
    client.force_login(alice)
    headers = client.get(reverse("take_clip", args=[take.pk])).headers
    assert headers["Content-Type"] == "video/mp4"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.django_db
def test_signing_out_clears_the_browser_cache(alice: User):
    client = Client()
    client.force_login(alice)
    page, signed_out = client.get(reverse("account_logout")), client.post(reverse("account_logout"))
    cleared = [response.headers.get("Clear-Site-Data") for response in (page, signed_out)]
    assert cleared == [None, '"cache", "storage"']
    assert client.get(reverse("project_list")).status_code == 302


def test_the_deployment_check_finds_no_issues(tmp_path: Path):
    checked = subprocess.run(
        [sys.executable, ROOT / "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        env=clean_environment() | PRODUCTION | {"IMAGEAI_DATA": str(tmp_path), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout.strip()) == (0, "System check identified no issues (0 silenced).")


# -- The limit for request bodies --------------------------------------------------------------------------------------


async def reads_all(scope: Any, receive: Any, send: Any) -> None:
    """Like Django: reads the whole body, then responds; does not respond after a disconnect."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"read"})


async def send_body(*chunks: bytes, method: str = "POST", is_stream: bool = False, **headers: str) -> tuple[int, bytes]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await limits.cap_body(reads_all, scope, receive, send, reads_bodies=not is_stream)

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": "/", "headers": named}
    communicator = ApplicationCommunicator(app, scope)
    for chunk in chunks:
        await communicator.send_input({"type": "http.request", "body": chunk, "more_body": True})
    await communicator.send_input({"type": "http.request", "body": b"", "more_body": False})
    start, body = await communicator.receive_output(), await communicator.receive_output()
    return start["status"], body["body"]


async def test_a_request_of_the_maximum_size_is_read(settings: Any):
    settings.MAX_REQUEST_BYTES = 10
    assert await send_body(b"12345", b"67890", content_length="10") == (200, b"read")


async def test_a_request_declared_too_large_is_not_read_413(settings: Any):
    settings.MAX_REQUEST_BYTES = 10 * 1024**2
    status, page = await send_body(content_length=str(4 * 1024**3))
    assert status == 413
    assert "This upload is larger than 10 MB" in page.decode()
    assert "Nothing changed." in page.decode()


async def test_a_request_that_grows_too_large_is_cut_off_413(settings: Any):
    settings.MAX_REQUEST_BYTES = 10
    status, message = await send_body(b"123456", b"7890abc", hx_request="true")
    assert status == 413
    assert message.startswith(b"This upload is larger than 0 KB")


async def test_an_invalid_length_is_rejected_413(settings: Any):
    assert (await send_body(content_length="-5"))[0] == 413


@pytest.mark.parametrize(("method", "is_stream"), [("GET", False), ("HEAD", False), ("GET", True), ("POST", True)])
async def test_where_no_body_is_read_a_large_one_is_refused_413(method: str, is_stream: bool):
    """Signed in or not: Django would spool it to disk first."""
    chunk = b"x" * limits.UNREAD_BYTES
    assert await send_body(chunk, method=method, is_stream=is_stream) == (200, b"read")
    assert (await send_body(chunk, b"x", method=method, is_stream=is_stream))[0] == 413
    declared = str(limits.UNREAD_BYTES + 1)
    assert (await send_body(method=method, is_stream=is_stream, content_length=declared))[0] == 413


async def test_a_body_that_arrives_too_slowly_is_cut_off_408(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.05)
    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"hx-request", b"true")]}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await limits.cap_body(reads_all, scope, receive, send)

    communicator = ApplicationCommunicator(app, scope)
    await communicator.send_input({"type": "http.request", "body": b"x", "more_body": True})
    start, body = await communicator.receive_output(), await communicator.receive_output()
    assert (start["status"], body["body"]) == (408, b"This upload took too long and was stopped. Nothing changed.")
