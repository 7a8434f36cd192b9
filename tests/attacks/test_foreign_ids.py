"""An editor sends ids of another team's rows in forms and queries of their own pages: nothing happens."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from generation.models import Generation
from generation.states import Status
from projects.models import Project, Reference, Scene
from teams.models import Team, User
from tests.attacks.world import state

pytestmark = pytest.mark.django_db

PROJECT_URLS = [
    "project_edit",
    "project_style",
    "script_import",
    "scene_create",
    "table_paste",
    "project_chain",
    "model_switch",
    "generate_missing",
    "project_budget",
    "project_picture_make",
]
SCENE_URLS = [
    "scene_page",
    "scene_autosave",
    "scene_move",
    "scene_card_edit",
    "generate",
    "scene_picture_make",
    "scene_chain",
]


@pytest.fixture
def own_project(mallory: User) -> Project:
    team = Team.objects.get(memberships__user=mallory)
    project = Project.objects.create(team=team, title="Mine", created_by=mallory)
    Scene.objects.bulk_create(
        Scene(project=project, position=position, title=f"Mine {position}", duration=Decimal(1)) for position in (1, 2)
    )
    return project


@pytest.fixture
def foreign_scene(scene: Scene, make_scenes: Callable[..., list[Scene]], make_take: Callable[..., Generation]) -> Scene:
    make_scenes(2)
    for _ in range(2):
        make_take(scene, status=Status.COMPLETED, clip=b"clip", remote_id="clip_of_theirs")
    return scene


def select_rows(before: dict[str, list[Any]], project: Project, team: Team) -> dict[str, list[Any]]:
    """Select the rows of this team from `before`."""
    scenes = set(Scene.objects.filter(project=project).values_list("pk", flat=True))
    kept = {}
    for label, rows in before.items():
        kept[label] = [
            row
            for row in rows
            if row.get("team_id") == team.pk or row.get("project_id") == project.pk or row.get("scene_id") in scenes
        ]
    return kept


def fields_naming(foreign_scene: Scene) -> dict[str, str]:
    take = foreign_scene.takes.first()
    assert take
    scenes = " ".join(str(scene.pk) for scene in foreign_scene.project.scenes.all())
    return {
        "team": str(foreign_scene.project.team_id),
        "project": str(foreign_scene.project_id),
        "scene": str(foreign_scene.pk),
        "scenes": str(foreign_scene.pk),
        "rows": scenes,
        "after": str(foreign_scene.pk),
        "include": str(foreign_scene.pk),
        "take": str(take.pk),
        "a": str(take.number),
        "b": str(take.number),
        "clip": take.remote_id,
        "before": str(foreign_scene.project_id),
    }


def test_ids_of_another_team_change_nothing_there(
    foreign_scene: Scene, own_project: Project, mallory: User, as_user: Callable[[User], Client]
):
    Reference.objects.create(
        project=foreign_scene.project,
        scene=foreign_scene,
        role="start_frame",
        image="frame.png",
        width=90,
        height=90,
    )
    before = select_rows(state(), foreign_scene.project, foreign_scene.project.team)
    client, scene = as_user(mallory), own_project.scenes.all()[0]
    foreign_ids = fields_naming(foreign_scene)
    for act in ("delete", "move", "duration", "model_id"):
        fields = foreign_ids | {"act": act, "after": "1", "duration": "9", "model_id": "animatic"}
        client.post(reverse("scenes_bulk", args=[own_project.pk]), fields)
    client.post(reverse("project_create"), foreign_ids | {"title": "Taken"})
    for name in PROJECT_URLS:
        client.post(
            reverse(name, args=[own_project.pk]), foreign_ids | {"title": "x", "text": "x\ty"}, query_params=foreign_ids
        )
    for name in SCENE_URLS:
        client.post(reverse(name, args=[scene.pk]), foreign_ids | {"title": "x"}, query_params=foreign_ids)
    assert select_rows(state(), foreign_scene.project, foreign_scene.project.team) == before
    assert set(Project.objects.filter(title="Taken").values_list("team", flat=True)) <= {own_project.team_id}


def test_ids_of_another_team_show_nothing_of_it(
    foreign_scene: Scene, own_project: Project, mallory: User, as_user: Callable[[User], Client]
):
    secret = "The lighthouse turns at midnight"
    Scene.objects.filter(pk=foreign_scene.pk).update(title=secret)
    Project.objects.filter(pk=foreign_scene.project_id).update(title=secret)
    client, foreign_ids, scene = as_user(mallory), fields_naming(foreign_scene), own_project.scenes.all()[0]
    project_pages = [
        "storyboard",
        "table",
        "animatic",
        "storyboard_print",
        "scene_create",
        "script_import",
        "model_comparison",
    ]
    pages = [reverse(name, args=[own_project.pk]) for name in project_pages]
    pages += [reverse(name, args=[scene.pk]) for name in ("scene_page", "compare", "scene_player", "take_strip")]
    pages += [reverse(name) for name in ("project_list", "queue", "costs", "connections", "project_create")]
    shown = [page for page in pages if secret in client.get(page, foreign_ids).content.decode()]
    assert shown == []
