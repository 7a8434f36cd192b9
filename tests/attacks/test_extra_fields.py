"""Fields that no form has are ignored: creator, cost, team, status, role."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from generation.models import Generation, LedgerEntry
from projects.models import Project, Scene
from teams.models import Membership, User

pytestmark = pytest.mark.django_db

EXTRA: dict[str, Any] = {
    "id": "999",
    "pk": "999",
    "team": "999",
    "team_id": "999",
    "project": "999",
    "project_id": "999",
    "position": "77",
    "number": "77",
    "created_by": "999",
    "created_at": "2001-01-01",
    "deleted_at": "2001-01-01",
    "is_selected": "on",
    "status": "completed",
    "estimated_cost": "0",
    "actual_cost": "0",
    "reserved": "0",
    "spent": "0",
    "cap_total": "999999",
    "role": "owner",
    "is_staff": "1",
    "is_superuser": "1",
    "user": "999",
}


def values(row: Any, *but: str) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.fields if field.attname not in but}


def test_extra_fields_do_not_change_a_scene(scene: Scene, bob: User, as_user: Callable[[User], Client]):
    before = values(scene, "title", "changed_at", "edited_at", "saved_at", "version")
    page = reverse("scene_page", args=[scene.pk])
    as_user(bob).post(page, EXTRA | {"title": "New", "action": scene.action, "duration": "1"})
    scene.refresh_from_db()
    assert scene.title == "New"
    after = values(scene)
    assert {name: after[name] for name in before} == before


def test_extra_fields_do_not_change_a_project(project: Project, bob: User, as_user: Callable[[User], Client]):
    client = as_user(bob)
    client.post(reverse("project_edit", args=[project.pk]), EXTRA | {"title": "New", "aspect_ratio": "16:9"})
    team, maker = project.team_id, project.created_by_id
    project.refresh_from_db()
    assert (project.team_id, project.created_by_id, project.deleted_at) == (team, maker, None)


def test_extra_fields_do_not_change_a_take(scene: Scene, bob: User, as_user: Callable[[User], Client]):
    as_user(bob).post(reverse("generate", args=[scene.pk]), EXTRA | {"take": "1"})
    take = Generation.objects.get(scene=scene)
    assert (take.status, take.number, take.created_by, take.actual_cost) == ("queued", 1, bob, None)


def test_extra_fields_do_not_raise_caps_or_roles(project: Project, bob: User, as_user: Callable[[User], Client]):
    client = as_user(bob)
    assert (
        client.post(reverse("project_budget", args=[project.pk]), EXTRA | {"project-cap_total": "9"}).status_code == 403
    )
    client.post(reverse("project_edit", args=[project.pk]), EXTRA | {"title": "New"})
    assert LedgerEntry.objects.count() == 0
    assert Membership.objects.get(user=bob).role == "editor"
    bob.refresh_from_db()
    assert (bob.is_staff, bob.is_superuser) == (False, False)
