"""What every page shares: errors in words, headers, and no way to write by GET."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from generation.models import Connection, Generation, ImageGeneration
from generation.states import Status
from projects.models import Act, Project, Reference, Scene
from teams.models import User

pytestmark = pytest.mark.django_db


def test_a_page_that_is_not_there(client: Client, alice: User):
    client.force_login(alice)
    response = client.get("/nowhere")
    assert response.status_code == 404
    assert "There is no such page, or it belongs to a team you are not a member of." in response.content.decode()


def test_an_error_inside_a_page_is_a_sentence(client: Client, alice: User):
    client.force_login(alice)
    response = client.get("/nowhere", headers={"HX-Request": "true"})
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "<" not in response.content.decode()


def test_a_defect_is_answered_without_the_database(alice: User, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Project.objects, "for_person", lambda user: 1 / 0)
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    response = client.get(reverse("project_list"))
    assert response.status_code == 500
    assert "Something went wrong on this server" in response.content.decode()


def test_the_policy_allows_nothing_from_elsewhere(client: Client):
    headers = client.get(reverse("account_login")).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "media-src": "'self'",
        "font-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_a_post_needs_the_token(alice: User):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.post(reverse("project_create"), {"title": "x"}).status_code == 403


def own_patterns(patterns: list[URLPattern | URLResolver]) -> list[URLPattern]:
    found: list[URLPattern] = []
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            found += own_patterns(pattern.url_patterns)
        elif pattern.callback.__module__.split(".")[0] in {"teams", "projects", "generation", "imageai_web"}:
            found.append(pattern)
    return found


OPEN = {"sign_in", "healthz", "readyz"}
PATTERNS = [pattern for pattern in own_patterns(get_resolver().url_patterns) if pattern.name not in OPEN]


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: str(pattern.name))
def test_every_address_asks_a_stranger_to_sign_in(client: Client, pattern: URLPattern):
    url = reverse(str(pattern.name), args=[1] * len(pattern.pattern.converters))
    for method in (client.get, client.post):
        response = method(url)
        assert (response.status_code, response.headers["Location"]) == (302, f"/accounts/login/?next={url}")


#: The environment's connections belong to the installation, not to a team; presets are the same for everybody.
OF_NO_TEAM = {"connection_test", "preset_pictures"}
OF_AN_OBJECT = [pattern for pattern in PATTERNS if pattern.pattern.converters and pattern.name not in OF_NO_TEAM]


@pytest.mark.parametrize("pattern", OF_AN_OBJECT, ids=lambda pattern: str(pattern.name))
def test_every_address_of_an_object_is_404_to_another_team(
    client: Client, mallory: User, scene: Scene, make_take: Callable[..., Generation], pattern: URLPattern
):
    take = make_take(scene, status=Status.COMPLETED, clip=b"clip")
    picture = Reference.objects.create(
        project=scene.project, scene=scene, role="start_frame", image="none.png", width=9, height=9
    )
    images = ImageGeneration.objects.create(project=scene.project, role="reference", estimated_cost=0, prompt="x")
    kind = str(pattern.pattern).split("/")[0]
    act = Act.objects.create(project=scene.project, changes={})
    objects = {
        "teams": scene.project.team,
        "projects": scene.project,
        "scenes": scene,
        "takes": take,
        "pictures": picture,
        "images": images,
        "acts": act,
        "connections": Connection.objects.create(team=scene.project.team, provider="sora", name="Ours"),
    }
    pk = objects[kind].pk
    rest = ["sora"] * (len(pattern.pattern.converters) - 1)
    url = reverse(str(pattern.name), args=[pk, *rest])
    client.force_login(mallory)
    statuses = {client.get(url).status_code, client.post(url).status_code}
    assert 404 in statuses
    assert statuses <= {404, 405}
