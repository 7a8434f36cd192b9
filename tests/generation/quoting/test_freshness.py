"""A take is stale when something else would be sent now; an up-to-date take is offered instead of a purchase."""

from __future__ import annotations

import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from generation import catalogue, prompting
from generation.connections import roster_for
from generation.models import Generation, next_take_number, selected_take, shown_take, with_takes
from generation.quoting.freshness import Freshness
from generation.states import Status
from generation.takes import actions
from projects import references
from projects.models import Project, Reference, Scene
from storyboard.cards import build_card
from teams.models import User
from tests.standin import StandIn

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]
MakeTake = Callable[..., Generation]
DONE: dict[str, Any] = {"status": Status.COMPLETED, "clip": b"clip"}
SORA: dict[str, Any] = {"provider": "sora", "model_id": "sora-2"}


def fresh(scene: Scene) -> Scene:
    return with_takes(Scene.objects.all()).get(pk=scene.pk)


def is_stale(scene: Scene) -> bool:
    current = fresh(scene)
    take = shown_take(current)
    assert take is not None
    return Freshness(current, roster_for(current.project.team_id)).is_stale(take)


@pytest.mark.parametrize("model_id", [model.id for model in catalogue.all_models().values() if model.kind == "video"])
def test_the_title_and_the_notes_are_not_sent(scene: Scene, model_id: str):
    scene.title, scene.notes = "Zanzibar", "Quagmire"
    text = prompting.render(scene, catalogue.find(model_id))
    assert ("Something happens" in text, "Zanzibar" in text, "Quagmire" in text) == (True, False, False)


@pytest.mark.parametrize(
    ("before", "change", "stale"),
    [
        ({}, {"title": "Renamed"}, False),
        ({}, {"notes": "Only for us."}, False),
        ({}, {"position": 9}, False),
        ({}, {"action": "Something else happens."}, True),
        ({}, {"scene_resolution": "1080p"}, True),
        ({}, {"duration": Decimal(8)}, True),
        # Sora makes 4, 8 or 12 s: 3 s and 4 s are the same order.
        ({"duration": Decimal(3)}, {"duration": Decimal(4)}, False),
        # Not an option of Sora's.
        ({}, {"audio": "off"}, False),
        ({"custom_prompt": "A boat."}, {"action": "Something else happens."}, False),
        ({"custom_prompt": "A boat."}, {"weather": "storm"}, False),
        ({"custom_prompt": "A boat."}, {"custom_prompt": "A ship."}, True),
        ({"custom_prompt": "A boat."}, {"negative_prompt": "Text"}, True),
        # Another model makes no take stale by itself.
        ({}, {"model_id": "animatic"}, False),
    ],
)
def test_a_take_is_stale_when_something_else_would_be_sent(
    sora: StandIn, scene: Scene, make_take: MakeTake, before: dict[str, Any], change: dict[str, Any], stale: bool
):
    Scene.objects.update(**{"model_id": "sora-2", "duration": Decimal(4)} | before)
    make_take(fresh(scene), **SORA, **DONE)
    assert not is_stale(scene)
    Scene.objects.update(**change)
    assert is_stale(scene) == stale


@pytest.mark.parametrize(("change", "stale"), [({"weather": "storm"}, True), ({"physics": "Heavy rain"}, False)])
def test_previz_is_stale_when_something_else_would_be_drawn(
    scene: Scene, make_take: MakeTake, change: dict[str, Any], stale: bool
):
    Scene.objects.update(custom_prompt="A boat.")
    make_take(fresh(scene), **DONE)
    Scene.objects.update(**change)
    assert is_stale(scene) == stale


def test_a_picture_makes_takes_of_models_stale_that_accept_it(
    sora: StandIn, scene: Scene, project: Project, make_take: MakeTake, bob: User
):
    make_take(fresh(scene), **SORA, **DONE)
    written = io.BytesIO()
    Image.new("RGB", (128, 72)).save(written, "PNG")
    picture = references.clean_picture(written, written.tell())
    references.add_reference(project, scene, Reference.Role.REFERENCE, picture, member=bob)
    assert not is_stale(scene)
    references.add_reference(project, scene, Reference.Role.START_FRAME, picture, member=bob)
    assert is_stale(scene)


# -- An up-to-date take instead of a purchase --------------------------------------------------------------------------


@pytest.fixture
def reverted(sora: StandIn, make_scenes: Callable[..., list[Scene]], make_take: MakeTake) -> list[Scene]:
    """Two scenes whose text was changed, made and changed back: take 1 is up to date, take 2 is shown and stale. A third
    is only stale."""
    Project.objects.update(model_id="sora-2")
    scenes = make_scenes(3)
    for scene in scenes:
        make_take(fresh(scene), **SORA, **DONE)
    Scene.objects.update(action="Something else.")
    for scene in scenes[:2]:
        make_take(fresh(scene), **SORA, **DONE, is_selected=True)
    Scene.objects.filter(pk__in=[scene.pk for scene in scenes[:2]]).update(action="Something happens.")
    return scenes


def pairs(scenes: list[Scene]) -> str:
    numbers = [(scene.takes.get(number=1).pk, scene.takes.get(number=2).pk) for scene in scenes]
    return "?" + "&".join(f"pair={new}%3A{old}" for new, old in numbers)


def selected(scenes: list[Scene]) -> list[int | None]:
    takes = [selected_take(fresh(scene)) for scene in scenes]
    return [take.number if take else None for take in takes]


def test_the_batch_page_offers_up_to_date_takes_and_buys_only_the_rest(
    as_user: AsUser, reverted: list[Scene], project: Project, bob: User
):
    client, url = as_user(bob), reverse("project_generate", args=[project.pk])
    page = client.get(url, {"which": "stale"}).content.decode()
    assert "2 scenes have an up-to-date take that is not selected" in page
    assert 'value="1 scene · $0.40"' in page
    assert f"{reverse('takes_select', args=[project.pk])}{pairs(reverted[:2])}".replace("&", "&amp;") in page
    takes = [f"{scene.pk}:{next_take_number(scene)}" for scene in reverted]
    answer = client.post(url, {"take": takes, "expected": "1 scene · $0.40"}, follow=True).content.decode()
    assert "1 take started." in answer
    assert "2 scenes not generated: an up-to-date take exists." in answer
    assert [scene.takes.count() for scene in reverted] == [2, 2, 2]


@pytest.mark.database
def test_all_up_to_date_takes_are_selected_at_once_and_undone(
    as_user: AsUser, reverted: list[Scene], project: Project, bob: User
):
    client, url = as_user(bob), reverse("takes_select", args=[project.pk])
    page = client.post(url + pairs(reverted[:2]), follow=True).content.decode()
    assert ("2 takes selected." in page, selected(reverted[:2])) == (True, [1, 1])
    undo = "?" + "&".join(
        "pair=" + "%3A".join(pair[5:].split("%3A")[::-1]) for pair in pairs(reverted[:2])[1:].split("&")
    )
    assert f"{url}{undo}".replace("&", "&amp;") in page
    actions.select(reverted[1].takes.get(number=2))
    client.post(url + undo)
    assert selected(reverted[:2]) == [2, 2]
    assert "Nothing was selected" in client.post(url + undo, follow=True).content.decode()


@pytest.mark.parametrize("pair", ["", "?pair=", "?pair=x:y", "?pair=1", "?pair=9999:1", "?pair=" + "9" * 40 + ":1"])
def test_an_unknown_pair_selects_nothing(
    as_user: AsUser, reverted: list[Scene], project: Project, bob: User, pair: str
):
    assert as_user(bob).post(reverse("takes_select", args=[project.pk]) + pair).status_code == 302
    assert selected(reverted) == [2, 2, None]


def test_takes_of_another_scene_or_project_are_not_selected(
    as_user: AsUser, reverted: list[Scene], project: Project, bob: User, mallory: User
):
    first, second = reverted[:2]
    crossed = f"?pair={first.takes.get(number=1).pk}:{second.takes.get(number=2).pk}"
    as_user(bob).post(reverse("takes_select", args=[project.pk]) + crossed)
    other = Project.objects.create(team=mallory.memberships.get().team, title="Theirs", created_by=mallory)
    as_user(mallory).post(reverse("takes_select", args=[other.pk]) + pairs(reverted[:2]))
    assert selected(reverted[:2]) == [2, 2]


def test_card_and_scene_page_offer_the_up_to_date_take(as_user: AsUser, reverted: list[Scene], bob: User, vera: User):
    scene = reverted[0]
    url = reverse("take_select", args=[scene.takes.get(number=1).pk])
    for name, args in (("storyboard", [scene.project_id]), ("scene_page", [scene.pk]), ("table", [scene.project_id])):
        page = as_user(bob).get(reverse(name, args=args)).content.decode()
        assert (f"{url}?from={name.removesuffix('_page')}" in page, "Select take 1" in page) == (True, True), name
    assert "Select take 1" not in as_user(vera).get(reverse("storyboard", args=[scene.project_id])).content.decode()
    as_user(bob).post(url)
    card = build_card(fresh(scene), roster_for(scene.project.team_id))
    assert (card.shown.number if card.shown else None, card.is_stale, card.offer) == (1, False, None)


def test_a_take_that_finished_after_one_was_selected_is_offered(
    as_user: AsUser, sora: StandIn, scene: Scene, make_take: MakeTake, bob: User
):
    Scene.objects.update(model_id="sora-2")
    first = make_take(fresh(scene), **SORA, **DONE, finished_at=timezone.now())
    make_take(fresh(scene), **SORA, **DONE, finished_at=timezone.now())
    actions.select(first)
    url = reverse("storyboard", args=[scene.project_id])
    assert "ready · Use" not in as_user(bob).get(url).content.decode()
    third = make_take(fresh(scene), **SORA, **DONE, finished_at=timezone.now())
    page = as_user(bob).get(url).content.decode()
    assert ("Take 3 ready · Use" in page, reverse("take_select", args=[third.pk]) in page) == (True, True)
    as_user(bob).post(reverse("take_select", args=[third.pk]))
    assert "ready · Use" not in as_user(bob).get(url).content.decode()
