"""Error pages, the content security policy, and our templates for allauth's pages."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.template.loader import get_template
from django.test import Client
from django.urls import get_resolver, reverse

from imageai_web.urls import ALLAUTH_PAGES
from projects.models import Project
from teams.models import User
from tests.attacks.world import all_patterns

pytestmark = pytest.mark.django_db
LOADED = re.compile(r"{% load ([\w ]+) %}")


def test_an_unknown_page_is_explained_404(client: Client, alice: User):
    client.force_login(alice)
    response = client.get("/nowhere")
    assert response.status_code == 404
    assert "Page not found" in response.content.decode()


def test_an_htmx_request_gets_errors_as_plain_text(client: Client, alice: User):
    client.force_login(alice)
    response = client.get("/nowhere", headers={"HX-Request": "true"})
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "<" not in response.content.decode()


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_an_unknown_host_is_rejected_400(client: Client, headers: dict[str, str]):
    response = client.get(reverse("account_login"), headers=headers | {"Host": "elsewhere.example"})
    assert response.status_code == 400
    assert "The server did not understand the request. Nothing changed." in response.content.decode()


def test_a_server_error_page_needs_no_database_500(alice: User, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Project.objects, "for_person", lambda user: 1 / 0)
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    response = client.get(reverse("project_list"))
    assert response.status_code == 500
    assert "Something went wrong on this server" in response.content.decode()


def test_the_policy_allows_only_this_host(client: Client):
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


def test_a_post_requires_the_csrf_token_403(alice: User):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.post(reverse("project_create"), {"title": "x"}).status_code == 403


OUR_TEMPLATES = Path(settings.BASE_DIR) / "templates"


@pytest.mark.parametrize("name", sorted(ALLAUTH_PAGES))
def test_every_allauth_page_uses_our_template(name: str):
    patterns = [pattern for pattern in all_patterns(get_resolver().url_patterns) if pattern.name == name]
    callback: Any = patterns[0].callback
    view = callback.view_class
    if name == "mfa_login_webauthn":
        return  # responds with JSON or a redirect
    template: Any = get_template(getattr(view, "template_name_signup_closed", view.template_name))
    assert Path(template.template.origin.name).is_relative_to(OUR_TEMPLATES)


def test_no_other_allauth_page_is_served():
    names = {
        pattern.name
        for pattern in all_patterns(get_resolver().url_patterns)
        if pattern.callback.__module__.startswith("allauth.")
    }
    assert names == ALLAUTH_PAGES | {"account_set_password"}


TAGS_OF_TEAMS = {"icons", "once", "teams"}
TAGS_OF_LIBRARIES = {"django_htmx", "humanize", "socialaccount", "static"}


def test_pages_of_teams_and_accounts_load_no_tags_of_higher_apps():
    templates = [*OUR_TEMPLATES.glob("*.html")]
    for folder in ("account", "allauth", "mfa", "socialaccount", "teams"):
        templates += (OUR_TEMPLATES / folder).rglob("*.html")
    loaded = {name for path in templates for names in LOADED.findall(path.read_text()) for name in names.split()}
    assert loaded <= TAGS_OF_TEAMS | TAGS_OF_LIBRARIES
