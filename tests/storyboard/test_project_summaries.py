"""What the cards of the project list show."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from generation.models import Budget, Generation
from generation.states import Status
from projects.models import Project, Scene
from storyboard.project_summaries import summarize_projects
from teams.models import Team
from tests.queries import count_queries

pytestmark = pytest.mark.django_db
MakeScenes = Callable[..., list[Scene]]
MakeTake = Callable[..., Generation]
DONE = {"status": Status.COMPLETED, "clip": b"clip"}


def test_summary_of_an_empty_project(project: Project):
    (card,) = summarize_projects([project])
    assert (card.first_scene, card.poster_take, card.scenes, card.with_clip, card.running) == (None, None, 0, 0, 0)
    assert card.spent == 0


def test_summary_counts_scenes_clips_running_takes_and_money(
    project: Project, make_scenes: MakeScenes, make_take: MakeTake
):
    first, second, third, gone = make_scenes(4)
    Budget.objects.create(team=project.team, project=project, spent=Decimal("0.95"))
    make_take(first, status=Status.FAILED)
    make_take(second, **DONE)
    make_take(second, **DONE)
    make_take(third, status=Status.RUNNING)
    make_take(third, status=Status.RUNNING, deleted_at=first.created_at)
    make_take(gone, **DONE)
    make_take(gone, status=Status.RUNNING)
    Scene.objects.filter(pk=gone.pk).update(deleted_at=first.created_at)
    (card,) = summarize_projects([project])
    assert (card.first_scene, card.scenes, card.with_clip, card.running) == (first, 3, 1, 1)
    assert card.spent == Decimal("0.95")


def test_previz_is_no_clip_once_another_model_is_chosen(project: Project, make_scenes: MakeScenes, make_take: MakeTake):
    first, second, third = make_scenes(3)
    for scene in (first, second, third):
        make_take(scene, **DONE)
    assert summarize_projects([project])[0].with_clip == 3
    Scene.objects.filter(pk=second.pk).update(model_id="sora-2")
    assert summarize_projects([project])[0].with_clip == 2
    Project.objects.update(model_id="sora-2")
    make_take(third, **DONE, provider="sora", model_id="sora-2")
    (card,) = summarize_projects([project])
    assert (card.with_clip, card.poster_take is not None) == (1, True)


def test_poster_is_of_the_first_scene_with_a_clip(project: Project, make_scenes: MakeScenes, make_take: MakeTake):
    _first, second, third = make_scenes(3)
    make_take(third, **DONE)
    selected, newest, deleted = (make_take(second, **DONE) for _ in range(3))
    Generation.objects.filter(pk=deleted.pk).update(deleted_at=second.created_at)
    assert summarize_projects([project])[0].poster_take == newest
    Generation.objects.filter(pk=selected.pk).update(is_selected=True)
    assert summarize_projects([project])[0].poster_take == selected


def test_summaries_take_three_queries_and_load_no_prompts(
    project: Project, team: Team, make_scenes: MakeScenes, make_take: MakeTake
):
    counts = []
    for more in (1, 9):
        for scene in make_scenes(more):
            make_take(scene, **DONE, prompt="A boat.")
        Project.objects.create(team=team, title="Another")
        with count_queries() as queries:
            for card in summarize_projects(list(Project.objects.all())):
                assert card.poster_take is None or card.poster_take.version
        counts.append((len(queries), "A boat." in str(queries), '"prompt"' in str(queries)))
    assert counts == [(4, False, False), (4, False, False)]
