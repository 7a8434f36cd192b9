"""One object of every kind, and every kind of visitor: for tests that walk all URLs."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models.functions import Now
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from PIL import Image

from core.secrets import Sealed
from generation.models import Connection, Generation, ImageJob
from generation.states import Status
from projects.models import Project, Reference, Scene, UndoEntry
from teams.models import Invitation, User

#: The application's own apps; pages of other packages are not tested here.
OURS = {"core", "generation", "imageai_web", "projects", "storyboard", "teams"}
#: Values for the second parameter of a URL.
SECOND_PARTS = {"name": "sora", "fit": "crop", "column": "title", "provider": "sora"}


def all_patterns(patterns: list[URLPattern | URLResolver]) -> list[URLPattern]:
    flat: list[URLPattern] = []
    for pattern in patterns:
        flat += all_patterns(pattern.url_patterns) if isinstance(pattern, URLResolver) else [pattern]
    return flat


def is_ours(pattern: URLPattern) -> bool:
    return pattern.callback.__module__.split(".")[0] in OURS


PATTERNS = [pattern for pattern in all_patterns(get_resolver().url_patterns) if is_ours(pattern)]


@dataclass
class World:
    """One object of every kind, by the first part of its URL."""

    objects: dict[str, Any]
    #: By URL name, for URLs of deleted objects.
    deleted: dict[str, Any]

    def address(self, pattern: URLPattern) -> str:
        first, *more = pattern.pattern.converters or [""]
        kind = str(pattern.pattern).split("/")[0]
        values = {"token": "no-such-token", "slug": "sora", "field": "camera_move", "provider_id": "oidc"}
        target: Any = self.deleted.get(str(pattern.name)) or self.objects.get(kind)
        kwargs = {first: values.get(first) or target.pk} if first else {}
        return reverse(str(pattern.name), kwargs=kwargs | {part: SECOND_PARTS[part] for part in more})


@pytest.fixture
def world(
    alice: User,
    scene: Scene,
    make_scenes: Callable[..., list[Scene]],
    make_take: Callable[..., Generation],
    settings: Any,
) -> World:
    account = {"provider": "sora", "name": "Sora", "key": "none", "base_url": "http://127.0.0.1:9/v1"}
    settings.CONNECTIONS = {"sora": account | {"max_in_flight": 2, "requests_per_minute": 60}}
    _, gone = make_scenes(2)
    Scene.objects.filter(pk=gone.pk).update(deleted_at=Now())
    takes = [make_take(scene, status=Status.COMPLETED, clip=b"clip", remote_id="one") for _ in range(2)]
    takes[0].filmstrip.save("filmstrip.webp", ContentFile(b"filmstrip"))
    Generation.objects.filter(pk=takes[0].pk).update(is_selected=True)
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
            "members": project.team.memberships.get(user__name="Bob"),
            "invitations": Invitation.objects.create(
                team=project.team, email="carol@example.com", role="editor", token_hash="x"
            ),
            "account": UserSession.objects.create(user=alice, ip="127.0.0.1", session_key="elsewhere"),
            "connections": Connection.objects.create(
                team=project.team,
                provider="sora",
                name="Ours",
                base_url="https://127.0.0.1:9/v1",
                key=Sealed.from_text("key"),
            ),
            "projects": project,
            "scenes": scene,
            "takes": takes[0],
            "pictures": picture,
            "images": ImageJob.objects.create(
                project=project, role="reference", estimated_cost=0, prompt="x", status=Status.UNKNOWN
            ),
            "undo": UndoEntry.objects.create(project=project, changes={}),
        },
        {"project_restore": old, "scene_restore": gone},
    )


def state() -> dict[str, list[Any]]:
    """Everything a visitor could have changed."""
    models = [model for model in apps.get_models() if model._meta.app_label in OURS]
    return {model._meta.label: [plain(row) for row in model._base_manager.order_by("pk").values()] for model in models}


def plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.token if isinstance(value, Sealed) else value for name, value in row.items()}


def outer_transaction() -> transaction.Atomic:
    """One that the application does not take for its own: see core/slow_work.py."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    return block


@contextmanager
def rolled_back(visitor: Client) -> Iterator[None]:
    """Undo what the block changes in the database, and keep the visitor signed in."""
    session = visitor.cookies["sessionid"].value
    with outer_transaction():
        yield
        transaction.set_rollback(True)
    visitor.cookies["sessionid"] = session


@pytest.fixture
def visitors(alice: User, bob: User, vera: User, mallory: User, as_user: Callable[[User], Client]) -> dict[str, Client]:
    people = {"alice": alice, "bob": bob, "vera": vera, "mallory": mallory}
    clients = {name: as_user(person) for name, person in people.items()} | {"stranger": Client()}
    for client in clients.values():
        client.raise_request_exception = False
    return clients
