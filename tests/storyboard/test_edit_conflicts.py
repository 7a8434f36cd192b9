"""Two people edit one scene: different fields merge, the same field conflicts, nothing is lost silently."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from projects.models import Scene
from teams.models import User
from tests.queries import count_queries

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]


def opened(client: Client, scene: Scene) -> dict[str, str]:
    """The values the scene's form would send back unchanged."""
    page = client.get(reverse("scene_page", args=[scene.pk])).content.decode()
    form = client.get(reverse("scene_page", args=[scene.pk])).context["form"]
    values = {name: str(form[name].value() if form[name].value() is not None else "") for name in form.fields}
    seen = re.search(r'name="seen"[^>]*value="([^"]*)"', page)
    assert seen
    return values | {"seen": html.unescape(seen[1])}


def choices(page: str) -> list[str]:
    return [html.unescape(value) for value in re.findall(r'name="resolve"\s+value="([^"]*)"', page)]


@pytest.fixture
def url(scene: Scene) -> str:
    return reverse("scene_page", args=[scene.pk])


@pytest.fixture
def autosave(scene: Scene) -> str:
    return reverse("scene_autosave", args=[scene.pk])


# -- Saving a stale page ----------------------------------------------------------------------------------------------------


def test_different_fields_merge_silently(as_user: AsUser, scene: Scene, url: str, alice: User, bob: User):
    alices, bobs = opened(as_user(alice), scene), opened(as_user(bob), scene)
    as_user(alice).post(url, alices | {"weather": "rain"})
    assert as_user(bob).post(url, bobs | {"subject": "A boat"}).status_code == 302
    scene.refresh_from_db()
    assert (scene.weather, scene.subject) == ("rain", "A boat")


def test_same_field_conflicts_and_shows_both_values(as_user: AsUser, scene: Scene, url: str, alice: User, bob: User):
    bobs = opened(as_user(bob), scene)
    Scene.objects.update(action="Alice's boat.", weather="fog")
    page = as_user(bob).post(url, bobs | {"action": "Bob's boat.", "weather": "rain", "subject": "A boat"})
    text = html.unescape(page.content.decode())
    assert page.status_code == 422
    shown = re.findall(r'class="conflict-text">(.*?)</pre>', text, re.DOTALL)
    assert shown == ["Alice's boat.", "Bob's boat.", "Fog", "Rain"]
    scene.refresh_from_db()
    assert (scene.action, scene.weather, scene.subject) == ("Alice's boat.", "fog", "")


@pytest.mark.parametrize(("side", "action"), [("mine", "Bob's boat."), ("theirs", "Alice's boat.")])
def test_choosing_one_value_resolves_the_conflict(
    as_user: AsUser, scene: Scene, url: str, bob: User, side: str, action: str
):
    client = as_user(bob)
    mine = opened(client, scene) | {"action": "Bob's boat.", "subject": "A boat"}
    Scene.objects.update(action="Alice's boat.")
    (choice,) = [choice for choice in choices(client.post(url, mine).content.decode()) if f" {side} " in choice]
    assert client.post(url, mine | {"resolve": choice}).status_code == 302
    scene.refresh_from_db()
    assert (scene.action, scene.subject) == (action, "A boat")


def test_choice_is_refused_if_the_stored_value_changed_again(as_user: AsUser, scene: Scene, url: str, bob: User):
    client = as_user(bob)
    mine = opened(client, scene) | {"action": "Bob's boat."}
    Scene.objects.update(action="Alice's boat.")
    keep_mine, _ = choices(client.post(url, mine).content.decode())
    Scene.objects.update(action="Alice's ship.")
    page = client.post(url, mine | {"resolve": keep_mine})
    assert (page.status_code, "Alice&#x27;s ship." in page.content.decode()) == (422, True)
    scene.refresh_from_db()
    assert scene.action == "Alice's ship."


def test_two_conflicts_are_resolved_one_after_the_other(as_user: AsUser, scene: Scene, url: str, bob: User):
    client = as_user(bob)
    mine = opened(client, scene) | {"action": "Bob's boat.", "subject": "Bob"}
    Scene.objects.update(action="Alice's boat.", subject="Alice")
    first = choices(client.post(url, mine).content.decode())
    asked = ["subject mine", "subject theirs", "action mine", "action theirs"]
    assert sorted(choice.rsplit(" ", 1)[0] for choice in first) == sorted(asked)
    page = client.post(url, mine | {"resolve": next(choice for choice in first if choice.startswith("subject theirs"))})
    form = page.context["form"]
    again = mine | {"seen": str(form.seen), "subject": form["subject"].value()}
    second = choices(page.content.decode())
    assert [choice.rsplit(" ", 1)[0] for choice in second] == ["action mine", "action theirs"]
    assert client.post(url, again | {"resolve": second[0]}).status_code == 302
    scene.refresh_from_db()
    assert (scene.action, scene.subject) == ("Bob's boat.", "Alice")


def test_same_value_from_both_does_not_conflict(as_user: AsUser, scene: Scene, url: str, bob: User):
    mine = opened(as_user(bob), scene) | {"action": "A boat."}
    Scene.objects.update(action="A boat.")
    assert as_user(bob).post(url, mine).status_code == 302


def test_unchanged_form_writes_nothing(as_user: AsUser, scene: Scene, url: str, bob: User):
    Scene.objects.update(action="One\nTwo", duration=Decimal("4.0"), notes=" a\r\nb ")
    mine = opened(as_user(bob), scene)
    before = Scene.objects.values().get()
    as_user(bob).post(url, mine | {"action": "One\r\nTwo", "duration": "4"})
    assert Scene.objects.values().get() == before


@pytest.mark.parametrize("seen", ["", "nonsense", "[]", "7", '{"title": ["x"], "nothing": 1}', '{"action": null}'])
def test_invalid_digests_are_ignored(as_user: AsUser, scene: Scene, url: str, bob: User, seen: str):
    values = {"title": "The match", "action": scene.action, "duration": "1", "seen": seen}
    assert as_user(bob).post(url, values).status_code in (302, 422)


def test_card_shows_conflicts(as_user: AsUser, scene: Scene, bob: User):
    client, url = as_user(bob), reverse("scene_card_edit", args=[scene.pk])
    form = client.get(url).context["form"]
    mine = {"title": "Bob's", "action": scene.action, "duration": "1", "seen": str(form.seen)}
    Scene.objects.update(title="Alice's")
    page = client.post(url, mine, headers={"HX-Request": "true"})
    assert (page.status_code, len(choices(page.content.decode()))) == (422, 2)
    client.post(url, mine | {"resolve": choices(page.content.decode())[0]}, headers={"HX-Request": "true"})
    scene.refresh_from_db()
    assert scene.title == "Bob's"


# -- Autosave -----------------------------------------------------------------------------------------------


def test_autosave_saves_valid_fields(as_user: AsUser, scene: Scene, autosave: str, bob: User):
    client = as_user(bob)
    mine = opened(client, scene)
    answer = client.post(autosave, mine | {"weather": "rain"})
    text = answer.content.decode()
    assert (answer.status_code, "Saved\n" in text, "but for what is marked" in text) == (200, True, False)
    scene.refresh_from_db()
    assert scene.weather == "rain"
    again = mine | {"weather": "fog", "seen": str(answer.context["form"].seen)}
    assert 'class="conflict"' not in client.post(autosave, again).content.decode()
    scene.refresh_from_db()
    assert scene.weather == "fog"


def test_autosave_marks_invalid_fields_and_saves_the_rest(as_user: AsUser, scene: Scene, autosave: str, bob: User):
    answer = as_user(bob).post(
        autosave, opened(as_user(bob), scene) | {"title": "", "duration": "soon", "lens": "wide"}
    )
    text = answer.content.decode()
    note = re.search(r'id="id_duration_note"[^>]*>(.*?)</div>', text, re.DOTALL)
    assert note
    assert "Enter the seconds as a number" in note[1]
    assert "Saved, except the marked fields." in text
    scene.refresh_from_db()
    assert (scene.title, scene.lens) == ("Scene 1", "wide")


def test_autosave_keeps_the_stored_value_of_a_conflict(as_user: AsUser, scene: Scene, autosave: str, bob: User):
    mine = opened(as_user(bob), scene)
    Scene.objects.update(action="Alice's boat.")
    text = as_user(bob).post(autosave, mine | {"action": "Bob's boat.", "weather": "rain"}).content.decode()
    assert len(choices(text)) == 2
    scene.refresh_from_db()
    assert (scene.action, scene.weather) == ("Alice's boat.", "rain")


def test_autosave_does_not_take_unseen_values_for_seen(as_user: AsUser, scene: Scene, autosave: str, bob: User):
    """Bob's page still shows the old weather: writing over it later must ask."""
    client = as_user(bob)
    mine = opened(client, scene)
    Scene.objects.update(weather="fog")
    answer = client.post(autosave, mine | {"subject": "A boat"})
    later = mine | {"subject": "A boat", "weather": "rain", "seen": str(answer.context["form"].seen)}
    assert len(choices(client.post(autosave, later).content.decode())) == 2
    scene.refresh_from_db()
    assert (scene.subject, scene.weather) == ("A boat", "fog")


def test_autosave_without_changes_writes_nothing(as_user: AsUser, scene: Scene, autosave: str, bob: User):
    client = as_user(bob)
    mine = opened(client, scene)
    with count_queries() as queries:
        client.post(autosave, mine)
    assert [query["sql"] for query in queries if query["sql"].startswith("UPDATE")] == []


def test_autosave_updates_the_prices(as_user: AsUser, scene: Scene, autosave: str, bob: User):
    answer = as_user(bob).post(autosave, opened(as_user(bob), scene) | {"scene_resolution": "1080p"})
    assert "Prices for this scene at 1080p" in answer.content.decode()


def test_only_editors_of_the_team_can_autosave(as_user: AsUser, scene: Scene, autosave: str, vera: User, mallory: User):
    values = {"title": "x", "action": "y", "duration": "4"}
    assert as_user(vera).post(autosave, values).status_code == 403
    assert as_user(mallory).post(autosave, values).status_code == 404
    scene.refresh_from_db()
    assert scene.title == "Scene 1"


def test_scene_page_of_thirty_scenes_takes_the_queries_of_three(
    as_user: AsUser, scene: Scene, url: str, make_scenes, bob: User
):
    client = as_user(bob)
    make_scenes(2)
    with count_queries() as few:
        client.get(url)
    make_scenes(27)
    with count_queries() as many:
        client.get(url)
    assert len(few) == len(many)
