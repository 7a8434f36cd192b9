"""What every page shares: errors in words, headers, and no way to write by GET."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from generation.models import Generation, ImageGeneration
from generation.states import Status
from imageai_web.urls import ALLAUTH_PAGES
from projects.models import Act, Project, Reference, Scene
from teams.models import Team, User

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


def all_patterns(patterns: list[URLPattern | URLResolver]) -> list[URLPattern]:
    found: list[URLPattern] = []
    for pattern in patterns:
        found += all_patterns(pattern.url_patterns) if isinstance(pattern, URLResolver) else [pattern]
    return found


def is_ours(pattern: URLPattern) -> bool:
    return pattern.callback.__module__.split(".")[0] in {"teams", "projects", "generation", "imageai_web"}


OPEN = {"sign_in", "healthz", "readyz", "openid_connect_login", "openid_connect_callback"}
PATTERNS = [
    pattern for pattern in all_patterns(get_resolver().url_patterns) if is_ours(pattern) and pattern.name not in OPEN
]


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: str(pattern.name))
def test_every_address_asks_a_stranger_to_sign_in(client: Client, pattern: URLPattern):
    url = reverse(str(pattern.name), args=[1] * len(pattern.pattern.converters))
    for method in (client.get, client.post):
        response = method(url)
        assert (response.status_code, response.headers["Location"]) == (302, f"/accounts/login/?next={url}")


#: Connections belong to the installation, presets are the same for everybody, sessions are a person's own.
OF_NO_TEAM = {"connection_test", "preset_pictures", "session_end"}
OF_AN_OBJECT = [pattern for pattern in PATTERNS if pattern.pattern.converters and pattern.name not in OF_NO_TEAM]


@pytest.fixture
def address_of(scene: Scene, make_take: Callable[..., Generation]) -> Callable[[URLPattern], str]:
    """The address that a pattern has for something of the team."""
    take = make_take(scene, status=Status.COMPLETED, clip=b"clip")
    picture = Reference.objects.create(
        project=scene.project, scene=scene, role="start_frame", image="none.png", width=9, height=9
    )
    objects = {
        "teams": scene.project.team,
        "projects": scene.project,
        "scenes": scene,
        "takes": take,
        "pictures": picture,
        "images": ImageGeneration.objects.create(project=scene.project, role="reference", estimated_cost=0, prompt="x"),
        "acts": Act.objects.create(project=scene.project, changes={}),
    }

    def address(pattern: URLPattern) -> str:
        kind = str(pattern.pattern).split("/")[0]
        rest = ["crop"] * (len(pattern.pattern.converters) - 1)
        return reverse(str(pattern.name), args=[objects[kind].pk, *rest])

    return address


@pytest.mark.parametrize("pattern", OF_AN_OBJECT, ids=lambda pattern: str(pattern.name))
def test_every_address_of_an_object_is_404_to_another_team(
    client: Client, mallory: User, address_of: Callable[[URLPattern], str], pattern: URLPattern
):
    client.force_login(mallory)
    url = address_of(pattern)
    statuses = {client.get(url).status_code, client.post(url).status_code}
    assert 404 in statuses
    assert statuses <= {404, 405}


@pytest.mark.parametrize("pattern", OF_AN_OBJECT, ids=lambda pattern: str(pattern.name))
def test_every_address_of_an_object_is_closed_without_the_second_factor_its_team_requires(
    client: Client, team: Team, alice: User, address_of: Callable[[URLPattern], str], pattern: URLPattern
):
    Team.objects.filter(pk=team.pk).update(requires_second_factor=True)
    client.force_login(alice)
    url = address_of(pattern)
    answers = [answer for answer in (client.get(url), client.post(url)) if answer.status_code != 405]
    if pattern.name in {"project_restore", "scene_restore"}:  # nothing is deleted here that could be
        assert {answer.status_code for answer in answers} == {404}
    else:
        assert {answer.status_code for answer in answers} == {403}
        assert all("Night shift asks everybody for one" in answer.content.decode() for answer in answers)


@pytest.mark.parametrize("name", ["project_list", "queue", "costs", "project_create"])
def test_lists_hold_nothing_of_a_team_that_requires_a_second_factor(
    client: Client, team: Team, alice: User, scene: Scene, make_take: Callable[..., Generation], name: str
):
    make_take(scene, status=Status.FAILED, estimated_cost=1)
    client.force_login(alice)
    assert ("The ferry" in client.get(reverse(name)).content.decode()) is (name != "project_create")
    Team.objects.filter(pk=team.pk).update(requires_second_factor=True)
    assert "The ferry" not in client.get(reverse(name)).content.decode()
    assert "Night shift" not in client.get(reverse("project_create")).content.decode()


OURS = Path(settings.BASE_DIR) / "templates"


@pytest.mark.parametrize("name", sorted(ALLAUTH_PAGES))
def test_every_page_of_allauth_looks_like_ours(name: str):
    """Its own templates are for nobody's eyes here: each page that can be reached is made of one of ours."""
    patterns = [pattern for pattern in all_patterns(get_resolver().url_patterns) if pattern.name == name]
    view = patterns[0].callback.view_class  # type: ignore[attr-defined]  # of a view that is a class
    if name == "mfa_login_webauthn":
        return  # answers with options or a redirect
    template = get_template(getattr(view, "template_name_signup_closed", view.template_name))
    assert Path(template.origin.name).is_relative_to(OURS)  # type: ignore[attr-defined]


def test_nothing_else_of_allauth_exists():
    names = {
        pattern.name
        for pattern in all_patterns(get_resolver().url_patterns)
        if pattern.callback.__module__.startswith("allauth.")
    }
    assert names == ALLAUTH_PAGES | {"account_set_password"}
