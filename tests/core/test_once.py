"""A form that is sent again, as after the back button, creates nothing new."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core.once import KEPT
from generation.models import Connection
from projects.models import Project, Scene
from teams.models import Team, User

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]
SCENE = {"title": "The gangway", "action": "It is pulled in.", "duration": "4"}


def token_of(client: Client, url: str) -> str:
    found = re.search(r'name="once" value="([^"]+)"', client.get(url).content.decode())
    assert found, url
    return found[1]


@pytest.fixture
def forms(project: Project) -> dict[str, tuple[str, dict[str, Any], type]]:
    """By name: the address of a form that creates something, its fields, and what it creates."""
    team = project.team_id
    return {
        "scene": (reverse("scene_create", args=[project.pk]), SCENE, Scene),
        "project": (reverse("project_create"), {"title": "New", "aspect_ratio": "16:9", "resolution": "720p"}, Project),
        "team": (reverse("team_create"), {"name": "Second unit"}, Team),
        "connection": (
            reverse("connection_add", args=[team, "omni"]),
            {"name": "Ours", "key": "k" * 20, "max_in_flight": 2, "requests_per_minute": 60},
            Connection,
        ),
    }


@pytest.mark.parametrize("name", ["scene", "project", "team", "connection"])
def test_a_form_sent_again_leads_to_what_it_created(as_user: AsUser, alice: User, forms: dict[str, Any], name: str):
    client, (url, fields, model) = as_user(alice), forms[name]
    before, once = model.objects.count(), {"once": token_of(client, url)}
    first = client.post(url, fields | once)
    again = client.post(url, fields | once)
    assert (first.status_code, again.headers["Location"]) == (302, first.headers["Location"])
    assert model.objects.count() == before + 1
    assert "This was already saved" in client.get(reverse("costs")).content.decode()
    client.post(url, fields | {"once": token_of(client, url)})
    assert model.objects.count() == before + 2


def test_a_form_with_an_error_keeps_its_token(as_user: AsUser, alice: User, project: Project):
    client, url = as_user(alice), reverse("scene_create", args=[project.pk])
    once = token_of(client, url)
    page = client.post(url, SCENE | {"title": "", "once": once}).content.decode()
    assert f'name="once" value="{once}"' in page
    assert client.post(url, SCENE | {"once": once}).status_code == 302
    assert project.scenes.count() == 1


@pytest.mark.parametrize("token", ["", "x", "\x00", "9" * 5_000])
def test_a_form_without_a_valid_token_is_sent_as_before(as_user: AsUser, alice: User, project: Project, token: str):
    client, url = as_user(alice), reverse("scene_create", args=[project.pk])
    for _ in range(2):
        client.post(url, SCENE | {"once": token})
    assert project.scenes.count() == 2


def test_a_session_remembers_the_last_forms_only(as_user: AsUser, alice: User, project: Project):
    client, url = as_user(alice), reverse("scene_create", args=[project.pk])
    for number in range(KEPT + 5):
        client.post(url, SCENE | {"once": f"{number:032x}"})
    assert len(client.session["once"]) == KEPT
