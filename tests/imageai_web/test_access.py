"""Every address, asked in every way by everybody: owner, editor, viewer, a member of another team, and a stranger."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models.functions import Now
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from PIL import Image

from generation.models import Generation, ImageGeneration
from generation.states import Status
from projects.models import Act, Project, Reference, Scene
from teams.models import User
from tests.imageai_web.access_table import ROWS, Row, Who

pytestmark = pytest.mark.django_db

OURS = {"teams", "projects", "generation", "imageai_web"}
SAFE = ("get", "head")
OTHER = ("put", "patch", "delete", "options")
#: What each kind of visitor has, as the table counts it.
POWERS = {
    "alice": {Who.EVERYBODY, Who.SIGNED_IN, Who.VIEWER, Who.EDITOR, Who.OWNER, Who.EDITS_SOMEWHERE},
    "bob": {Who.EVERYBODY, Who.SIGNED_IN, Who.VIEWER, Who.EDITOR, Who.EDITS_SOMEWHERE},
    "vera": {Who.EVERYBODY, Who.SIGNED_IN, Who.VIEWER},
    "mallory": {Who.EVERYBODY, Who.SIGNED_IN, Who.EDITS_SOMEWHERE},
    "stranger": {Who.EVERYBODY},
}
OF_A_TEAM = {Who.VIEWER, Who.EDITOR, Who.OWNER}
#: What stands for the second part of an address with two.
SECOND_PARTS = {"name": "sora", "fit": "crop", "column": "title"}


def own_patterns(patterns: list[URLPattern | URLResolver]) -> list[URLPattern]:
    found: list[URLPattern] = []
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            found += own_patterns(pattern.url_patterns)
        elif pattern.callback.__module__.split(".")[0] in OURS:
            found.append(pattern)
    return found


PATTERNS = own_patterns(get_resolver().url_patterns)


def test_the_table_has_a_row_for_every_address():
    names = [str(pattern.name) for pattern in PATTERNS]
    assert sorted(names) == sorted(ROWS)


@dataclass
class World:
    """One of everything, by the first part of its address."""

    objects: dict[str, Any]
    #: What stands for it where only something deleted can be meant, by the address's name.
    deleted: dict[str, Any]

    def address(self, pattern: URLPattern) -> str:
        first, *more = pattern.pattern.converters or [""]
        kind = str(pattern.pattern).split("/")[0]
        values = {"token": "no-such-token", "slug": "sora", "field": "camera_move"}
        meant = self.deleted.get(str(pattern.name)) or self.objects.get(kind)
        given = {first: values.get(first) or meant.pk} if first else {}
        return reverse(str(pattern.name), kwargs=given | {part: SECOND_PARTS[part] for part in more})


@pytest.fixture
def world(
    scene: Scene, make_scenes: Callable[..., list[Scene]], make_take: Callable[..., Generation], settings: Any
) -> World:
    account = {"provider": "sora", "name": "Sora", "key": "none", "base_url": "http://127.0.0.1:9/v1"}
    settings.CONNECTIONS = {"sora": account | {"max_in_flight": 2, "requests_per_minute": 60}}
    _, gone = make_scenes(2)
    Scene.objects.filter(pk=gone.pk).update(deleted_at=Now())
    takes = [make_take(scene, status=Status.COMPLETED, clip=b"clip", remote_id="one") for _ in range(2)]
    takes[0].filmstrip.save("filmstrip.webp", ContentFile(b"filmstrip"))
    Scene.objects.filter(pk=scene.pk).update(selected_take=takes[0])
    project = scene.project
    drawn = io.BytesIO()
    Image.new("RGB", (90, 90)).save(drawn, "PNG")
    picture = Reference.objects.create(
        project=project, scene=scene, role="start_frame", image=ContentFile(drawn.getvalue(), "drawn.png")
    )
    old = Project.objects.create(team=project.team, title="Old", created_by=project.created_by, deleted_at=Now())
    return World(
        {
            "teams": project.team,
            "projects": project,
            "scenes": scene,
            "takes": takes[0],
            "pictures": picture,
            "images": ImageGeneration.objects.create(
                project=project, role="reference", estimated_cost=0, prompt="x", status=Status.UNKNOWN
            ),
            "acts": Act.objects.create(project=project, changes={}),
        },
        {"project_restore": old, "scene_restore": gone},
    )


@pytest.fixture
def visitors(alice: User, bob: User, vera: User, mallory: User, as_user: Callable[[User], Client]) -> dict[str, Client]:
    people = {"alice": alice, "bob": bob, "vera": vera, "mallory": mallory}
    found = {name: as_user(person) for name, person in people.items()} | {"stranger": Client()}
    for client in found.values():
        client.raise_request_exception = False
    return found


def outcome(response: HttpResponseBase) -> str:
    """In one word what the server made of it; anything it answers to somebody who may ask is `served`."""
    location = response.headers.get("Location", "")
    if response.status_code == 302 and location.startswith("/accounts/login/"):
        return "sign in"
    refused = {403: "forbidden", 404: "not found", 405: "no such method"}
    if response.status_code >= 500 and response.status_code != 503:  # which is how readyz says no
        return f"broken: {response.status_code}"
    return refused.get(response.status_code, "served")


def expected(visitor: str, row: Row, method: str) -> str:
    needed = row.read if method in SAFE else row.write if method == "post" else Who.NOBODY
    powers = POWERS[visitor]
    is_open = Who.EVERYBODY in (row.read, row.write)
    if visitor == "stranger" and not is_open:
        return "sign in"
    if needed is Who.NOBODY:
        return "no such method"
    if needed in powers:
        return "served"
    return "not found" if needed in OF_A_TEAM and visitor == "mallory" else "forbidden"


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: str(pattern.name))
def test_who_is_served(pattern: URLPattern, world: World, visitors: dict[str, Client]):
    name = str(pattern.name)
    row, address = ROWS[name], world.address(pattern)
    wrong = []
    for visitor, method in product(POWERS, (*SAFE, "post", *OTHER)):
        with transaction.atomic():
            response = getattr(visitors[visitor], method)(address)
            transaction.set_rollback(True)
        found, wanted = outcome(response), expected(visitor, row, method)
        if found != wanted:
            wrong.append(f"{method.upper()} by {visitor}: {found} ({response.status_code}), not {wanted}")
    assert wrong == []


WRITES = [
    pattern for pattern in PATTERNS if ROWS.get(str(pattern.name), Row()).write not in (Who.NOBODY, Who.EVERYBODY)
]


@pytest.mark.parametrize("pattern", WRITES, ids=lambda pattern: str(pattern.name))
def test_a_write_needs_the_token(pattern: URLPattern, world: World, alice: User):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    response = client.post(world.address(pattern))
    assert (response.status_code, "CSRF" in response.content.decode()) == (403, True)


def state() -> dict[str, list[Any]]:
    """Everything a visitor could have changed."""
    from django.apps import apps

    models = [model for model in apps.get_models() if model._meta.app_label in OURS]
    return {model._meta.label: list(model._base_manager.order_by("pk").values()) for model in models}


READS = [pattern for pattern in PATTERNS if ROWS.get(str(pattern.name), Row()).read is not Who.NOBODY]


@pytest.mark.parametrize("pattern", READS, ids=lambda pattern: str(pattern.name))
def test_reading_changes_nothing(pattern: URLPattern, world: World, visitors: dict[str, Client]):
    before = state()
    visitors["alice"].get(world.address(pattern))
    assert state() == before


def test_of_another_team_everything_is_as_before(world: World, visitors: dict[str, Client]):
    before = state()
    for pattern, method in product(PATTERNS, ("get", "post")):
        getattr(visitors["mallory"], method)(world.address(pattern))
        getattr(visitors["vera"], method)(world.address(pattern))
    assert state() == before


def test_projects_of_another_team_are_not_listed(project: Project, visitors: dict[str, Client]):
    for name in ("project_list", "queue", "costs"):
        assert project.title not in visitors["mallory"].get(reverse(name)).content.decode()
