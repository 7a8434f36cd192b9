"""Filters and sorting: what they show, and that they change nothing."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from generation.connections import roster_for
from generation.models import Generation, with_takes
from generation.states import Status
from projects.models import Project, Scene
from storyboard.filters import SceneFilter
from teams.models import User

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]
MakeScenes = Callable[..., list[Scene]]


def filter_titles(project: Project, query: str) -> list[str]:
    scenes = with_takes(Scene.objects.filter(project=project))
    return [
        scene.title
        for scene in SceneFilter.from_query(QueryDict(query)).apply(scenes, lambda: roster_for(project.team_id))
    ]


@pytest.fixture
def scenes(make_scenes: MakeScenes, make_take: Callable[..., Generation]) -> dict[str, Scene]:
    """One scene for each state."""
    names = ["untouched", "running", "done", "failed", "failed again", "unknown", "cancelled", "stale"]
    scenes = dict(zip(names, make_scenes(len(names)), strict=True))
    for name, scene in scenes.items():
        Scene.objects.filter(pk=scene.pk).update(title=name)
        scene.refresh_from_db()
    clip = {"status": Status.COMPLETED, "clip": b"clip"}
    make_take(scenes["running"], status=Status.RUNNING)
    make_take(scenes["done"], **clip)
    make_take(scenes["failed"], status=Status.FAILED)
    make_take(scenes["failed again"], **clip)
    make_take(scenes["failed again"], status=Status.FAILED)
    make_take(scenes["unknown"], status=Status.UNKNOWN)
    make_take(scenes["cancelled"], status=Status.CANCELLED)
    make_take(scenes["stale"], **clip)
    Scene.objects.filter(title="stale").update(action="Something else.")
    return scenes


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("no-take", ["untouched", "failed", "unknown", "cancelled"]),
        ("running", ["running"]),
        ("done", ["done", "failed again", "stale"]),
        ("failed", ["failed", "failed again", "unknown"]),
        ("stale", ["stale"]),
    ],
)
def test_filter_by_state(project: Project, scenes: dict[str, Scene], state: str, expected: list[str]):
    assert filter_titles(project, f"state={state}") == expected


@pytest.mark.parametrize(
    "query", ["", "state=", "state=whatever", "sort=whatever", "sort=--title", "text=%20", "sort=pk"]
)
def test_unknown_filters_are_ignored(project: Project, make_scenes: MakeScenes, query: str):
    make_scenes(3)
    assert filter_titles(project, query) == ["Scene 1", "Scene 2", "Scene 3"]


@pytest.mark.parametrize(("text", "expected"), [("FERRY", ["A"]), ("night", ["A", "B"]), ("zzz", []), ("%", [])])
def test_filter_by_text(project: Project, make_scenes: MakeScenes, text: str, expected: list[str]):
    first, second, _ = make_scenes(3)
    Scene.objects.filter(pk=first.pk).update(title="A", action="The ferry leaves.", notes="Shot at night")
    Scene.objects.filter(pk=second.pk).update(title="B", dialogue="KEEPER: Not at Night.")
    assert filter_titles(project, f"text={text}") == expected


@pytest.mark.parametrize("text", ["Café", "Cafe\u0301", "CAFE", "zoé"])
def test_a_search_ignores_case_accents_and_composition(project: Project, make_scenes: MakeScenes, text: str):
    first, second, _ = make_scenes(3)
    Scene.objects.filter(pk=first.pk).update(title="Café Zoë")
    Scene.objects.filter(pk=second.pk).update(title="Cafe\u0301 Zoe\u0308")
    assert filter_titles(project, f"text={text}") == ["Café Zoë", "Cafe\u0301 Zoe\u0308"]


def test_accents_do_not_sort_last(project: Project, make_scenes: MakeScenes):
    for scene, title in zip(make_scenes(3), ["zebra", "Éclair", "apple"], strict=True):
        Scene.objects.filter(pk=scene.pk).update(title=title)
    assert filter_titles(project, "sort=title") == ["apple", "Éclair", "zebra"]


def test_filter_by_model(project: Project, make_scenes: MakeScenes):
    first, *_ = make_scenes(3)
    Scene.objects.filter(pk=first.pk).update(model_id="sora-2")
    assert filter_titles(project, "model=sora-2") == ["Scene 1"]
    assert filter_titles(project, "model=animatic") == ["Scene 2", "Scene 3"]


def test_filters_combine(project: Project, scenes: dict[str, Scene]):
    assert filter_titles(project, "state=failed&text=again") == ["failed again"]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("title", ["a", "B", "c"]),
        ("-title", ["c", "B", "a"]),
        ("duration", ["B", "a", "c"]),
        ("time_of_day", ["a", "c", "B"]),
        ("location", ["c", "B", "a"]),
        ("-number", ["a", "c", "B"]),
    ],
)
def test_sort_by_column(project: Project, make_scenes: MakeScenes, sort: str, expected: list[str]):
    values = {
        "B": {"duration": 2, "time_of_day": "night", "location": "Sea"},
        "c": {"duration": 10, "time_of_day": "noon", "location": "rock"},
        "a": {"duration": 9, "time_of_day": "dawn"},
    }
    for scene, (title, fields) in zip(make_scenes(3), values.items(), strict=True):
        Scene.objects.filter(pk=scene.pk).update(title=title, **fields)
    assert filter_titles(project, f"sort={sort}") == expected
    assert list(project.scenes.values_list("title", flat=True)) == ["B", "c", "a"]


def test_filter_is_kept_in_the_query_string():
    scene_filter = SceneFilter.from_query(QueryDict("state=done&text=a%26b&model=&sort=title&more=x"))
    assert scene_filter.query == "?state=done&text=a%26b&sort=title"
    assert scene_filter.sorted_by("title").query == "?state=done&text=a%26b&sort=-title"
    assert scene_filter.sorted_by("duration").sorted_by("duration").sorted_by("duration").sort == "duration"
    assert SceneFilter().query == ""


def test_board_shows_only_matching_scenes(as_user: AsUser, project: Project, make_scenes: MakeScenes, vera: User):
    first, second, _ = make_scenes(3)
    Scene.objects.filter(pk=second.pk).update(title="The gangway", duration=Decimal(5))
    page = as_user(vera).get(reverse("storyboard", args=[project.pk]), {"text": "gangway"}).content.decode()
    assert (f'id="scene-{second.pk}"' in page, f'id="scene-{first.pk}"' in page) == (True, False)
    assert "1 of 3 scenes." in page
    assert f'href="{reverse("table", args=[project.pk])}?text=gangway"' in page
    assert page.count("3 scenes · 7 s") == 1


def test_htmx_filter_replaces_the_url_without_empty_parameters(
    as_user: AsUser, project: Project, scene: Scene, vera: User
):
    url = reverse("storyboard", args=[project.pk])
    query = {"text": "gangway", "state": "", "model": ""}
    response = as_user(vera).get(url, query, headers={"HX-Request": "true", "HX-Trigger": "filters"})
    assert response.headers["HX-Replace-Url"] == f"{url}?text=gangway"
    assert "HX-Replace-Url" not in as_user(vera).get(url, query).headers
