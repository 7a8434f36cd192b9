"""An editor of one team names rows of another in fields and queries of their own pages: nothing comes of it."""

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

OF_A_PROJECT = [
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
OF_A_SCENE = [
    "scene_page",
    "scene_autosave",
    "scene_move",
    "scene_card_edit",
    "generate",
    "scene_picture_make",
    "scene_chain",
]


@pytest.fixture
def mine(mallory: User) -> Project:
    team = Team.objects.get(memberships__user=mallory)
    project = Project.objects.create(team=team, title="Mine", created_by=mallory)
    Scene.objects.bulk_create(
        Scene(project=project, position=position, title=f"Mine {position}", duration=Decimal(1)) for position in (1, 2)
    )
    return project


@pytest.fixture
def theirs(scene: Scene, make_scenes: Callable[..., list[Scene]], make_take: Callable[..., Generation]) -> Scene:
    make_scenes(2)
    for _ in range(2):
        make_take(scene, status=Status.COMPLETED, clip=b"clip", remote_id="clip_of_theirs")
    return scene


def of_theirs(before: dict[str, list[Any]], project: Project, team: Team) -> dict[str, list[Any]]:
    """Rows of the other team, as they are."""
    scenes = set(Scene.objects.filter(project=project).values_list("pk", flat=True))
    kept = {}
    for label, rows in before.items():
        kept[label] = [
            row
            for row in rows
            if row.get("team_id") == team.pk or row.get("project_id") == project.pk or row.get("scene_id") in scenes
        ]
    return kept


def everything_about(theirs: Scene) -> dict[str, str]:
    take = theirs.takes.first()
    assert take
    scenes = " ".join(str(scene.pk) for scene in theirs.project.scenes.all())
    return {
        "team": str(theirs.project.team_id),
        "project": str(theirs.project_id),
        "scene": str(theirs.pk),
        "scenes": str(theirs.pk),
        "rows": scenes,
        "after": str(theirs.pk),
        "include": str(theirs.pk),
        "take": str(take.pk),
        "a": str(take.number),
        "b": str(take.number),
        "clip": take.remote_id,
        "before": str(theirs.project_id),
    }


def test_no_field_reaches_into_another_team(
    theirs: Scene, mine: Project, mallory: User, as_user: Callable[[User], Client]
):
    Reference.objects.create(
        project=theirs.project, scene=theirs, role="start_frame", image="theirs.png", width=90, height=90
    )
    before = of_theirs(state(), theirs.project, theirs.project.team)
    client, scene = as_user(mallory), mine.scenes.all()[0]
    stolen = everything_about(theirs)
    for act in ("delete", "move", "duration", "model_id"):
        asked = stolen | {"act": act, "behind": "1", "duration": "9", "model_id": "animatic"}
        client.post(reverse("scenes_bulk", args=[mine.pk]), asked)
    client.post(reverse("project_create"), stolen | {"title": "Taken"})
    for name in OF_A_PROJECT:
        client.post(reverse(name, args=[mine.pk]), stolen | {"title": "x", "text": "x\ty"}, query_params=stolen)
    for name in [
        "scene_page",
        "scene_autosave",
        "scene_move",
        "scene_card_edit",
        "generate",
        "scene_picture_make",
        "scene_chain",
    ]:
        client.post(reverse(name, args=[scene.pk]), stolen | {"title": "x"}, query_params=stolen)
    assert of_theirs(state(), theirs.project, theirs.project.team) == before
    assert set(Project.objects.filter(title="Taken").values_list("team", flat=True)) <= {mine.team_id}


def test_nothing_of_theirs_is_shown_on_pages_of_ones_own(
    theirs: Scene, mine: Project, mallory: User, as_user: Callable[[User], Client]
):
    secret = "The lighthouse turns at midnight"
    Scene.objects.filter(pk=theirs.pk).update(title=secret)
    Project.objects.filter(pk=theirs.project_id).update(title=secret)
    client, stolen, scene = as_user(mallory), everything_about(theirs), mine.scenes.all()[0]
    of_project = [
        "storyboard",
        "table",
        "animatic",
        "storyboard_print",
        "scene_create",
        "script_import",
        "model_comparison",
    ]
    pages = [reverse(name, args=[mine.pk]) for name in of_project]
    pages += [reverse(name, args=[scene.pk]) for name in ("scene_page", "compare", "scene_player", "take_strip")]
    pages += [reverse(name) for name in ("project_list", "queue", "costs", "connections", "project_create")]
    shown = [page for page in pages if secret in client.get(page, stolen).content.decode()]
    assert shown == []
