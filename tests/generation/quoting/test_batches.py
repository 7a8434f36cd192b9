"""Many takes with one button: the price on it is the price charged, and scenes that cannot be made are named."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from generation import pipeline
from generation.models import Budget, Generation, next_take_number, with_takes
from generation.quoting import batches
from generation.states import Status
from projects.models import Project, Scene
from teams.models import User
from tests.queries import count_queries
from tests.standin import StandIn

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]
TOO_LONG = "Animatic clips are 1 to 60 s; this scene is 61 s."


def page_of(client: Client, project: Project, query: str = "") -> str:
    response = client.get(reverse("project_generate", args=[project.pk]) + query)
    assert response.status_code == 200
    return response.content.decode()


def press(client: Client, project: Project, takes: list[str], expected: str, **more: str) -> Any:
    url = reverse("project_generate", args=[project.pk])
    return client.post(url, {"take": takes, "expected": expected} | more, follow=True)


def made() -> list[tuple[int, int, str]]:
    return list(Generation.objects.order_by("pk").values_list("scene__position", "number", "model_id"))


# -- Missing -----------------------------------------------------------------------------------------------------------


def test_previz_leaves_a_scene_missing_once_another_model_is_chosen(project: Project, make_scenes, make_take):
    previsualised, remade, _empty = make_scenes(3)
    make_take(previsualised, status=Status.COMPLETED, clip=b"clip")
    for fields in ({}, {"provider": "sora", "model_id": "sora-2"}):
        make_take(remade, status=Status.COMPLETED, clip=b"clip", **fields)

    def missing() -> list[int]:
        return [scene.position for scene in with_takes(project.scenes.all()) if batches.is_missing(scene)]

    assert missing() == [3]
    Project.objects.update(model_id="sora-2")
    assert missing() == [1, 3]
    Scene.objects.filter(pk=previsualised.pk).update(model_id="animatic")
    assert missing() == [3]


def test_blocked_scenes_are_left_out_of_the_button_and_of_the_click(
    as_user: AsUser, project: Project, make_scenes, bob: User
):
    make_scenes(3)
    Scene.objects.filter(position__in=[1, 2]).update(duration=61)
    client = as_user(bob)
    assert 'value="1 scene · $0.00"' in client.get(reverse("storyboard", args=[project.pk])).content.decode()
    answer = client.post(
        reverse("generate_missing", args=[project.pk]), {"expected": "1 scene · $0.00"}, follow=True
    ).content.decode()
    assert (made(), f"Scenes 1-2: {TOO_LONG}" in answer) == ([(3, 1, "animatic")], True)
    assert "2 scenes blocked" in client.get(reverse("storyboard", args=[project.pk])).content.decode()
    assert f"Scenes 1-2: {TOO_LONG}" in page_of(client, project, "?which=missing")


def test_a_price_that_changed_before_the_click_starts_nothing(paid: StandIn, project: Project, bob: User):
    with pytest.raises(ValidationError, match=r"The batch is now 2 scenes · \$0.80."):
        pipeline.enqueue_missing(project, member=bob, expected="2 scenes · $0.00")
    assert made() == []


@pytest.fixture
def paid(sora: StandIn, project: Project, make_scenes) -> StandIn:
    """Two scenes whose takes cost $0.40 each."""
    make_scenes(2)
    Project.objects.update(model_id="sora-2")
    return sora


@pytest.fixture
def with_two_takes(make_scenes, make_take) -> list[Scene]:
    """Three scenes, of which the first two have a take; the second has changed since."""
    scenes: list[Scene] = make_scenes(3)
    for scene in scenes[:2]:
        make_take(scene, status=Status.COMPLETED, clip=b"clip")
    Scene.objects.filter(pk=scenes[1].pk).update(action="Something else happens.")
    return scenes


def test_scenes_with_takes_get_one_more(as_user: AsUser, project: Project, with_two_takes: list[Scene], bob: User):
    client, (first, second, _) = as_user(bob), with_two_takes
    page = page_of(client, project, f"?scene={first.pk}&scene={second.pk}")
    for choice in (f"{first.pk}:2", f"{second.pk}:2"):
        assert f'value="{choice}" checked' in page
    assert 'value="2 scenes · $0.00"' in page
    takes = [f"{first.pk}:2", f"{second.pk}:2"]
    assert "2 takes started." in press(client, project, takes, "2 scenes · $0.00").content.decode()
    assert made()[2:] == [(1, 2, "animatic"), (2, 2, "animatic")]
    page = press(client, project, takes, "2 scenes · $0.00").content.decode()
    assert ("A scene has changed since this page was opened." in page, len(made())) == (True, 4)


@pytest.mark.parametrize(
    ("query", "ticked"), [("?which=stale", [2]), ("?which=missing", [3]), ("", [3]), ("?which=all", [1, 2, 3])]
)
def test_the_link_selects_the_scenes(
    as_user: AsUser, project: Project, with_two_takes: list[Scene], bob: User, query: str, ticked: list[int]
):
    page = page_of(as_user(bob), project, query)
    is_selected = [
        scene.position
        for scene in Scene.objects.all()
        if f'value="{scene.pk}:{next_take_number(scene)}" checked' in page
    ]
    assert is_selected == ticked


def test_another_model_makes_all_takes_and_the_scenes_keep_theirs(
    as_user: AsUser, paid: StandIn, project: Project, bob: User
):
    Project.objects.update(model_id="animatic")
    client, takes = as_user(bob), [f"{scene.pk}:1" for scene in Scene.objects.all()]
    query = "?model=sora-2" + "".join(f"&take={quote(take)}" for take in takes)
    response = client.get(reverse("project_generate", args=[project.pk]) + query, headers={"HX-Request": "true"})
    plan = response.content.decode()
    assert ('value="2 scenes · $0.80"' in plan, "<html" in plan) == (True, False)
    press(client, project, takes, "2 scenes · $0.80", model="sora-2")
    assert made() == [(1, 1, "sora-2"), (2, 1, "sora-2")]
    assert set(Scene.objects.values_list("model_id", flat=True)) == {""}


def test_the_page_shows_the_new_price_and_starts_nothing(as_user: AsUser, paid: StandIn, project: Project, bob: User):
    takes = [f"{scene.pk}:1" for scene in Scene.objects.all()]
    answer = press(as_user(bob), project, takes, "2 scenes · $0.00").content.decode()
    assert ("The batch is now 2 scenes · $0.80." in answer, made()) == (True, [])


def test_a_batch_above_the_threshold_needs_confirmation(as_user: AsUser, paid: StandIn, project: Project, bob: User):
    Budget.objects.create(team=project.team, project=project, confirm_above=Decimal("0.50"))
    takes = [f"{scene.pk}:1" for scene in Scene.objects.all()]
    response = press(as_user(bob), project, takes, "2 scenes · $0.80")
    assert (response.status_code, made()) == (409, [])
    assert "This costs $0.80, above the confirmation threshold of $0.50. Continue?" in response.content.decode()
    press(as_user(bob), project, takes, "2 scenes · $0.80", confirmed="1")
    assert len(made()) == 2


def test_a_batch_above_the_cap_starts_nothing(as_user: AsUser, paid: StandIn, project: Project, bob: User):
    Budget.objects.create(team=project.team, project=project, cap_total=Decimal("0.50"))
    takes = [f"{scene.pk}:1" for scene in Scene.objects.all()]
    answer = press(as_user(bob), project, takes, "2 scenes · $0.80").content.decode()
    assert ("Scene 1 would fit." in answer, made()) == (True, [])


def test_the_storyboards_selection_opens_this_page(
    as_user: AsUser, project: Project, with_two_takes: list[Scene], bob: User
):
    scenes = with_two_takes
    url, posted = reverse("scenes_bulk", args=[project.pk]), {"act": "generate", "scene": [scenes[0].pk, scenes[2].pk]}
    wanted = f"{reverse('project_generate', args=[project.pk])}?scene={scenes[0].pk}&scene={scenes[2].pk}"
    assert as_user(bob).post(url, posted).headers["Location"] == wanted
    assert as_user(bob).post(url, posted, headers={"HX-Request": "true"}).headers["HX-Redirect"] == wanted


@pytest.mark.parametrize("takes", [[], ["1"], ["0:1"], ["nonsense:1"]])
def test_an_invalid_choice_starts_nothing_422(
    as_user: AsUser, project: Project, with_two_takes: list[Scene], bob: User, takes: list[str]
):
    assert press(as_user(bob), project, takes, "1 scene · $0.00").status_code == 422
    assert len(made()) == 2


def test_a_project_without_scenes_says_so(as_user: AsUser, project: Project, bob: User):
    assert "No scenes yet." in page_of(as_user(bob), project)


def test_scenes_of_another_team_are_refused_422(
    as_user: AsUser, project: Project, with_two_takes: list[Scene], mallory: User
):
    other_project = Project.objects.create(team=mallory.memberships.get().team, title="Theirs", created_by=mallory)
    response = press(as_user(mallory), other_project, [f"{with_two_takes[2].pk}:1"], "1 scene · $0.00")
    assert (response.status_code, len(made())) == (422, 2)


def test_the_page_needs_as_many_queries_for_twelve_scenes_as_for_three(
    as_user: AsUser, project: Project, make_scenes, bob: User
):
    client = as_user(bob)
    make_scenes(3)
    page_of(client, project)
    with count_queries() as few:
        page_of(client, project)
    make_scenes(9)
    with count_queries() as many:
        page_of(client, project)
    assert len(few) == len(many) == 10
