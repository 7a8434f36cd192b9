"""The cast: Alice owns the team, Bob edits, Vera only views, Mallory belongs to another team."""

from __future__ import annotations

import signal
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from generation import catalogue
from generation.models import Generation
from generation.quoting.freshness import request_digest
from projects.models import Project, Scene
from teams.models import Role, Team, User
from tests.commands import everywhere, frame, run
from tests.fixtures import (
    advance,
    clip_bytes,
    end_lease,
    local_take,
    long_clip,
    remote_take,
    service_account,
    sora,
    stand_in,
    studio,
    undeclare,
)

__all__ = [
    "advance",
    "clip_bytes",
    "end_lease",
    "everywhere",
    "frame",
    "local_take",
    "long_clip",
    "remote_take",
    "run",
    "service_account",
    "sora",
    "stand_in",
    "studio",
    "undeclare",
]


#: Files and folders whose tests are marked `database`, in addition to every test that commits: they lock, race, count,
#: constrain, search, or read each page once. tests/row_locks.py reports locks that none of them takes.
ON_BOTH_DATABASES = [
    "attacks/test_access.py::test_get_requests_change_nothing",
    "attacks/test_foreign_ids.py",
    "core/test_secrets.py",
    "generation/billing",
    "generation/connections/test_team_connections.py",
    "generation/jobs",
    "generation/management/test_resolve.py",
    "generation/pipeline",
    "generation/quoting/test_batches.py",
    "generation/takes",
    "storyboard/test_edit_conflicts.py",
    "storyboard/test_filters.py",
    "storyboard/test_live.py",
    "storyboard/test_undo.py",
    "teams/test_members.py",
]
TESTS = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for name in ON_BOTH_DATABASES:
        path, _, function = name.partition("::")
        exists = (TESTS / path).exists() and (not function or f"def {function}(" in (TESTS / path).read_text())
        assert exists, f"ON_BOTH_DATABASES: there is no tests/{name}"
    prefixes = tuple(f"tests/{name}" for name in ON_BOTH_DATABASES)
    for item in items:
        uses_database = item.get_closest_marker("django_db")
        commits = uses_database and uses_database.kwargs.get("transaction")
        if commits or item.nodeid.startswith(prefixes):
            item.add_marker(pytest.mark.database)


def pytest_configure() -> None:
    """A shell ignores SIGINT for what it starts in the background, but tests press Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def own_data(settings: Any, tmp_path: Path) -> None:
    """Give every test its own data directory, and serve static files without collecting them."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.DATA_DIR = tmp_path
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "media", "allow_overwrite": True},
        },
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user(
        "alice@example.com", "correct horse", name="Alice", address_proven_at=timezone.now()
    )


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user("bob@example.com", name="Bob", address_proven_at=timezone.now())


@pytest.fixture
def vera(db: None) -> User:
    return User.objects.create_user("vera@example.com", name="Vera", address_proven_at=timezone.now())


@pytest.fixture
def mallory(db: None) -> User:
    user = User.objects.create_user("mallory@example.com", name="Mallory", address_proven_at=timezone.now())
    Team.objects.create(name="Another team").add(user, Role.OWNER)
    return user


@pytest.fixture
def team(alice: User, bob: User, vera: User) -> Team:
    team = Team.objects.create(name="Night shift")
    team.add(alice, Role.OWNER)
    team.add(bob, Role.EDITOR)
    team.add(vera, Role.VIEWER)
    return team


@pytest.fixture
def project(team: Team, alice: User) -> Project:
    return Project.objects.create(team=team, title="The ferry", created_by=alice)


@pytest.fixture
def make_scenes(project: Project) -> Callable[..., list[Scene]]:
    def make(count: int = 3, **fields: Any) -> list[Scene]:
        values = {"action": "Something happens.", "duration": Decimal(1)} | fields
        first = project.scenes.count() + 1
        return Scene.objects.bulk_create(
            Scene(project=project, position=position, title=f"Scene {position}", **values)
            for position in range(first, first + count)
        )

    return make


@pytest.fixture
def scene(make_scenes: Callable[..., list[Scene]]) -> Scene:
    return make_scenes(1)[0]


@pytest.fixture
def make_take(alice: User) -> Callable[..., Generation]:
    """Call it to create a take as the pipeline would leave it; `clip` is the content of its file."""

    def make(scene: Scene, *, clip: bytes = b"", **fields: Any) -> Generation:
        from django.core.files.base import ContentFile

        model = catalogue.default_video_model()
        number = scene.takes.count() + 1
        values = {"provider": model.provider, "model_id": model.id, "width": 320, "height": 180, "duration": Decimal(1)}
        values |= {"created_by": alice, "estimated_cost": Decimal(0)}
        made_with = catalogue.all_models().get(fields.get("model_id", model.id))
        values["scene_digest"] = request_digest(scene, made_with) if made_with else ""
        take = Generation.objects.create(scene=scene, number=number, shot=scene.shot(), **values)
        if clip:
            take.clip.save("clip.mp4", ContentFile(clip), save=False)
            take.poster.save("poster.webp", ContentFile(b"poster"), save=False)
            fields |= {"clip": take.clip.name, "poster": take.poster.name, "clip_bytes": len(clip)}
        Generation.objects.filter(pk=take.pk).update(**fields)
        return Generation.objects.select_related("scene__project").get(pk=take.pk)

    return make


@pytest.fixture
def as_user() -> Callable[[User], Client]:
    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in
